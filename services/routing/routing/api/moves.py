"""Moving a lead by hand: who may see it may hold it, resume it and give it back to marketing."""

from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter
from pydantic import StringConstraints

from routing.api.lead_answers import LeadAnswer
from routing.operations.moving import Asked, recycle_lead
from routing.queries import lead_pages
from routing.queries.scope import in_scope
from shared import problems
from shared.auth import Identity, require
from shared.bodies import Body, Code, Day
from shared.database import Database
from shared.problems import FieldError
from shared.routes import StrictRoute

ReasonCode = Annotated[str, StringConstraints(pattern=r"^[a-z_]{1,40}$")]
"""Why; what the codes we know mean is told by `/v1/lifecycle`."""

MayMove = Annotated[Identity, require("sales_ops", "rep", "manager")]


class RecycleBody(Body):
    """Where the person goes, and when a new lead opens by itself: as the reason says, unless told here."""

    reason_code: ReasonCode
    return_on: Day | None = None
    track: Code | None = None


def routes(database: Database) -> APIRouter:
    """The addresses by which leads are moved."""
    router = APIRouter(prefix="/v1/leads/{lead_id}", tags=["leads"], route_class=StrictRoute)

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
    """The lead after it was moved; 404 if it went out of the scope of who moved it."""
    async with database.reading() as session:
        await lead_pages.read_one_moment(session)
        shown = await lead_pages.one_lead(session, in_scope(asked.identity), asked.lead_id, now=asked.now)
    if shown is None:
        raise problems.not_found("No such lead in your scope.")
    return LeadAnswer.of(shown)
