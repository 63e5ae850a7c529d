"""An engagement as it stands, with what counts it as a machine's; and the word of somebody who looked, which stands over evidence."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter

from intake.decisions.machines import MachineEvidence
from intake.operations.restating import NotJudged, UnknownEngagement, Word, restate_by_word
from intake.queries.received import find_engagement
from intake.tables import Engagement, Restatement
from shared import problems
from shared.auth import Identity, reading, require
from shared.bodies import Answer, Body, Flag, Moment, ReasonCode
from shared.database import Database
from shared.events.engagements import EngagementContext, EngagementFlag, EngagementKind
from shared.problems import FieldError
from shared.routes import StrictRoute


class WordBody(Body):
    """Whether a machine did it, and the code of why somebody says so."""

    machine: Flag
    reason_code: ReasonCode


class RestatementAnswer(Answer):
    """One time it was told anew. `cause`: `evidence` that came later, or somebody's `word`."""

    version: int
    restated_at: Moment
    cause: str
    machine: bool
    machine_evidence: list[MachineEvidence]
    reason_code: str | None
    said_by: str | None


class EngagementAnswer(Answer):
    """An engagement as it stands. `machine_word` is what somebody said who looked, and then is the verdict; null if nobody did."""

    id: UUID
    receipt_id: UUID
    source: str
    source_event_id: str
    contact_id: str
    kind: EngagementKind
    channel: str
    context: EngagementContext
    asset_id: str | None
    campaign_id: str | None
    brand_id: str | None
    topics: list[str]
    occurred_at: Moment
    received_at: Moment
    machine: bool
    machine_evidence: list[MachineEvidence]
    machine_word: bool | None
    attributes: dict[str, int | float | bool | str]
    flags: list[EngagementFlag]
    version: int
    restatements: list[RestatementAnswer]


def routes(database: Database) -> APIRouter:
    """`GET /v1/engagements/{id}` and `POST /v1/engagements/{id}/restate`."""
    router = APIRouter(prefix="/v1", route_class=StrictRoute, tags=["engagements"])

    @router.get("/engagements/{engagement_id}", dependencies=[reading("integration", "marketing", "admin")])
    async def get_engagement(engagement_id: UUID) -> EngagementAnswer:
        """One engagement as it stands, and how it came to be told so."""
        async with database.reading() as session:
            return _answer(await find_engagement(session, engagement_id))

    @router.post("/engagements/{engagement_id}/restate")
    async def restate(
        engagement_id: UUID, body: WordBody, identity: Annotated[Identity, require("integration", "admin")]
    ) -> EngagementAnswer:
        """Says of an open or a click whether a machine did it. It stands over all evidence; the same again changes nothing."""
        word = Word(body.machine, body.reason_code, identity.sub)
        async with database.transaction() as session:
            try:
                await restate_by_word(session, engagement_id, word, now=datetime.now(UTC))
            except UnknownEngagement:
                raise _unknown() from None
            except NotJudged:
                told = "Only of what was opened or clicked is it asked whether a machine did it."
                raise problems.unprocessable(told, FieldError("/machine", told)) from None
            found = await find_engagement(session, engagement_id)
        return _answer(found)

    return router


def _unknown() -> problems.Problem:
    return problems.not_found("There is no engagement with this id.")


def _answer(found: tuple[Engagement, Sequence[Restatement]] | None) -> EngagementAnswer:
    if found is None:
        raise _unknown()
    engagement, restatements = found
    stated: dict[str, Any] = {column.key: getattr(engagement, column.key) for column in Engagement.__table__.columns}
    told = [{column.key: getattr(one, column.key) for column in Restatement.__table__.columns} for one in restatements]
    return EngagementAnswer.model_validate(
        {name: value for name, value in stated.items() if name in EngagementAnswer.model_fields}
        | {"restatements": [{name: one[name] for name in RestatementAnswer.model_fields} for one in told]}
    )
