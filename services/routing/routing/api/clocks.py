"""`/v1/leads/{id}/clocks/{kind}/pause` and `/resume`: a clock stands still while there is a reason, and goes on with what was left."""

from datetime import UTC, datetime, timedelta
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter

from routing.api.lead_answers import ClockAnswer
from routing.decisions.clocks.rules import ClockKind
from routing.operations.clocks.pausing import Asked, ClockIsOver, pause_or_resume
from routing.queries.lead_pages import is_in_scope
from routing.queries.scope import in_scope
from shared import problems
from shared.auth import Identity, require
from shared.bodies import Body, Moment, ReasonCode
from shared.database import Database
from shared.problems import FieldError
from shared.routes import StrictRoute

PAUSE_MAX = timedelta(days=366)
"""Whoever is to be called later than that is recycled, with a date."""

MayPause = Annotated[Identity, require("sales_ops", "rep", "manager")]


class PauseBody(Body):
    """Why, and until when; without `until` it stands still until somebody resumes it."""

    reason_code: ReasonCode
    until: Moment | None = None


class ResumeBody(Body):
    reason_code: ReasonCode = "resumed"


def routes(database: Database) -> APIRouter:
    """The addresses of clocks."""
    router = APIRouter(prefix="/v1/leads/{lead_id}/clocks/{kind}", tags=["leads"], route_class=StrictRoute)

    @router.post("/pause")
    async def pause_clock(lead_id: UUID, kind: ClockKind, body: PauseBody, identity: MayPause) -> ClockAnswer:
        """What is left of its open time is kept. Pausing it again changes the reason and the date."""
        now = datetime.now(UTC)
        if body.until is not None and not now < body.until <= now + PAUSE_MAX:
            raise problems.unprocessable(
                "A pause ends later than now.", FieldError("/until", f"must lie ahead, by {PAUSE_MAX.days} days at most")
            )
        asked = Asked("pause", body.reason_code, _role_of(identity), body.until)
        return await _ask(database, lead_id, kind, asked, identity, now=now)

    @router.post("/resume")
    async def resume_clock(lead_id: UUID, kind: ClockKind, identity: MayPause, body: ResumeBody | None = None) -> ClockAnswer:
        """It goes on with what was left; one that runs is left alone."""
        asked = Asked("resume", (body or ResumeBody()).reason_code, _role_of(identity))
        return await _ask(database, lead_id, kind, asked, identity, now=datetime.now(UTC))

    return router


async def _ask(database: Database, lead_id: UUID, kind: ClockKind, asked: Asked, identity: Identity, *, now: datetime) -> ClockAnswer:
    async with database.transaction() as session:
        if not await is_in_scope(session, in_scope(identity), lead_id):
            raise problems.not_found("No such lead in your scope.")
        try:
            clock = await pause_or_resume(session, lead_id, kind, asked, now=now)
        except ClockIsOver as over:
            raise problems.conflict(f"The clock is over: it {_over(over)}.") from None
    if clock is None:
        raise problems.not_found("The lead has no such clock.")
    return ClockAnswer.of(clock)


def _over(over: ClockIsOver) -> str:
    return "was met" if over.clock.state == "met" else f"ended ({over.clock.reason})"


def _role_of(identity: Identity) -> str:
    return next(role for role in ("sales_ops", "manager", "rep") if identity.has(role))
