"""Moving a lead by hand: who may see it may hold it, resume it and recycle it; managers and sales operations give it to a rep."""

from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter
from sqlalchemy import true

from routing.api.lead_answers import LeadAnswer
from routing.operations.leads.moving import Asked, hold_lead, reassign_lead, recycle_lead, resume_lead
from routing.queries import lead_pages
from shared import problems
from shared.auth import Identity, require
from shared.bodies import Body, Code, Day, Id, Moment, ReasonCode
from shared.database import Database
from shared.problems import FieldError
from shared.routes import StrictRoute

MayMove = Annotated[Identity, require("sales_ops", "rep", "manager")]


class HoldBody(Body):
    """Why, and until when; without `until` the lead rests until somebody resumes it."""

    reason_code: ReasonCode
    until: Moment | None = None


class ResumeBody(Body):
    reason_code: ReasonCode = "resumed"


class ReassignBody(Body):
    """Who gets the lead, and why. Their capacity and hours are for whoever asks to overrule."""

    rep_id: Id
    reason_code: ReasonCode


class RecycleBody(Body):
    """Where the person goes, and when a new lead opens by itself: as the reason says, unless told here."""

    reason_code: ReasonCode
    return_on: Day | None = None
    track: Code | None = None


def routes(database: Database) -> APIRouter:
    """The addresses by which leads are moved."""
    router = APIRouter(prefix="/v1/leads/{lead_id}", tags=["leads"], route_class=StrictRoute)

    @router.post("/hold")
    async def post_hold(lead_id: UUID, body: HoldBody, identity: MayMove) -> LeadAnswer:
        """The lead rests where it stands, and so do its clocks; at `until` it goes on by itself."""
        asked = Asked(lead_id, identity, datetime.now(UTC), body.reason_code)
        if body.until is not None and body.until <= asked.now:
            raise problems.unprocessable("A hold ends later than now.", FieldError("/until", "must lie ahead"))
        async with database.transaction() as session:
            await hold_lead(session, asked, until=body.until)
        return await _as_it_is_now(database, asked)

    @router.post("/resume")
    async def post_resumption(lead_id: UUID, identity: MayMove, body: ResumeBody | None = None) -> LeadAnswer:
        """The lead goes on from where it stood; one that waited for an owner looks for one."""
        asked = Asked(lead_id, identity, datetime.now(UTC), (body or ResumeBody()).reason_code)
        async with database.transaction() as session:
            await resume_lead(session, asked)
        return await _as_it_is_now(database, asked)

    @router.post("/reassign")
    async def post_reassignment(
        lead_id: UUID, body: ReassignBody, identity: Annotated[Identity, require("sales_ops", "manager")]
    ) -> LeadAnswer:
        """Gives the lead to a rep by hand, with a fresh clock and a brief. It is nobody's turn; a conversation keeps its stage."""
        asked = Asked(lead_id, identity, datetime.now(UTC), body.reason_code)
        async with database.transaction() as session:
            await reassign_lead(session, asked, rep_id=body.rep_id)
        return await _as_it_is_now(database, asked)

    @router.post("/recycle")
    async def post_recycling(lead_id: UUID, body: RecycleBody, identity: MayMove) -> LeadAnswer:
        """Ends the cycle: marketing nurtures on. A new lead opens when the score crosses again, on the day, or when a rep is asked for."""
        asked = Asked(lead_id, identity, datetime.now(UTC), body.reason_code)
        if body.return_on is not None and body.return_on <= asked.now.date():
            raise problems.unprocessable("Nobody comes back in the past.", FieldError("/return_on", "must lie after today (UTC)"))
        async with database.transaction() as session:
            await recycle_lead(session, asked, track=body.track, return_on=body.return_on)
        return await _as_it_is_now(database, asked)

    return router


async def _as_it_is_now(database: Database, asked: Asked) -> LeadAnswer:
    """The lead after it was moved, also where that took it out of the scope of who moved it."""
    async with database.reading() as session:
        await lead_pages.read_one_moment(session)
        shown = await lead_pages.one_lead(session, true(), asked.lead_id, now=asked.now)
    if shown is None:
        raise problems.not_found("No such lead in your scope.")
    return LeadAnswer.of(shown)
