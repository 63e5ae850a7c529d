"""`GET /v1/cases`: the queues of the people who must answer."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query

from feedback import queries
from feedback.decisions.cases import readable_kinds, visible_kinds
from shared import problems
from shared.auth import Identity, reading
from shared.bodies import Answer, Code, Moment
from shared.database import Database
from shared.events.cases import CaseKind, Certainty
from shared.paging import Listing, Page, PageRequest
from shared.routes import StrictRoute

_CASES = Listing("cases", datetime, UUID)

Reader = Annotated[Identity, reading("safety", "medical", "privacy")]


class CaseAnswer(Answer):
    """A case. `text` is what was said, for the case's own role alone, and null when only a flag was raised.

    `rep_id` says who reported it; `lead_id`, `contact_id` and `brand_id` are what the report claimed to be about.
    """

    id: UUID
    kind: CaseKind
    certainty: Certainty
    report_id: UUID
    awareness_at: Moment
    received_at: Moment
    due_at: Moment
    state: str
    rep_id: str | None
    lead_id: str | None
    contact_id: str | None
    brand_id: str | None
    text: str | None


def routes(database: Database) -> APIRouter:
    """Reading cases, each role its own kinds."""
    router = APIRouter(prefix="/v1/cases", tags=["cases"], route_class=StrictRoute)

    @router.get("")
    async def list_cases(
        identity: Reader,
        page: Annotated[PageRequest, Depends(_CASES.request)],
        kind: CaseKind | None = None,
        state: Annotated[Code | None, Query()] = None,
    ) -> Page[CaseAnswer]:
        """The cases of the caller's role, the soonest due first."""
        kinds = visible_kinds(identity.roles) & ({kind} if kind else visible_kinds(identity.roles))
        async with database.reading() as session:
            rows = await queries.cases(session, kinds=kinds, state=state, after=page.after, limit=page.fetch)
        return _CASES.page(rows, page, key=lambda row: (row.due_at, row.id), item=lambda row: _answer(row, identity))

    @router.get("/{case_id}")
    async def get_case(case_id: UUID, identity: Reader) -> CaseAnswer:
        """One case of the caller's role."""
        async with database.reading() as session:
            rows = await queries.cases(session, kinds=visible_kinds(identity.roles), case_id=case_id)
        if not rows:
            raise problems.not_found("No such case in your scope.")
        return _answer(rows[0], identity)

    return router


def _answer(row: Any, identity: Identity) -> CaseAnswer:
    return CaseAnswer(
        id=row.id,
        kind=row.kind,
        certainty=row.certainty,
        report_id=row.report_id,
        awareness_at=row.awareness_at,
        received_at=row.received_at,
        due_at=row.due_at,
        state=row.state,
        rep_id=row.rep_id,
        lead_id=row.lead_id,
        contact_id=row.contact_id,
        brand_id=row.brand_id,
        text=row.text if row.kind in readable_kinds(identity.roles) else None,
    )
