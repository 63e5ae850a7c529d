"""`GET /v1/trace/{id}`: the whole circle one id is part of."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter

from reporting.decisions.trace import Entry, trace
from reporting.queries import journal
from shared import problems
from shared.auth import Identity, reading
from shared.bodies import Answer, Id, Moment
from shared.database import Database
from shared.routes import StrictRoute


class TraceEntry(Answer):
    """One event. `caused_by` is another entry's id, null where the cause isn't part of this trace."""

    at: Moment
    service: str
    type: str
    id: UUID
    caused_by: UUID | None
    summary: str


class TraceAnswer(Answer):
    """The events in time order. Only the auditor's has those about cases."""

    entries: list[TraceEntry]


def routes(database: Database) -> APIRouter:
    """The trace."""
    router = APIRouter(prefix="/v1", tags=["trace"], route_class=StrictRoute)

    @router.get("/trace/{id}")
    async def get_trace(
        id: Id,  # noqa: A002  the contract's name
        identity: Annotated[Identity, reading("sales_ops", "marketing", "manager")],
    ) -> TraceAnswer:
        entries = await _walk(database, id, with_cases=identity.has("auditor"))
        if not entries:
            raise problems.not_found("Nothing is known of this id.")
        if len(entries) > journal.ENTRIES_MAX:
            detail = f"This trace has over {journal.ENTRIES_MAX} entries; ask for one of its leads or reports."
            raise problems.unprocessable(detail)
        shown = {entry.event_id for entry in entries}
        return TraceAnswer(entries=[_answer(entry, shown) for entry in entries])

    return router


async def _walk(database: Database, sought: str, *, with_cases: bool) -> list[Entry]:
    async with database.reading() as session:
        walk = trace(sought)
        lookup = next(walk)
        while True:
            found = await journal.find(session, lookup, with_cases=with_cases)
            try:
                lookup = walk.send(found)
            except StopIteration as end:
                entries: list[Entry] = end.value
                return entries


def _answer(entry: Entry, shown: set[UUID]) -> TraceEntry:
    return TraceEntry(
        at=entry.occurred_at,
        service=entry.service,
        type=entry.event_type,
        id=entry.event_id,
        caused_by=entry.causation_id if entry.causation_id in shown else None,
        summary=entry.summary,
    )
