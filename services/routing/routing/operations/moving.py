"""Moves a lead because somebody says so: on hold and off it, back to marketing, to another rep."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from routing.decisions.lifecycle import Illegal, decide_recycling
from routing.decisions.reasons import recycling_for
from routing.operations.desk import Desk, clear, lay_out
from routing.operations.ledgers import keep_ledgers
from routing.operations.qualifying import decide_pairs
from routing.operations.stages import move, position_of
from routing.queries.lead_pages import is_in_scope
from routing.queries.scope import in_scope
from routing.tables import Lead
from shared import problems
from shared.auth import Identity


@dataclass(frozen=True, slots=True)
class Asked:
    """What somebody asks for: of which lead, who, when, and why."""

    lead_id: UUID
    identity: Identity
    now: datetime
    reason_code: str


async def recycle_lead(session: AsyncSession, asked: Asked, *, track: str | None, return_on: date | None) -> None:
    """Ends the lead's cycle and gives the person back to marketing. Raises 404 outside of their scope, 409 if it has ended otherwise.

    The same again changes nothing.
    """
    desk, lead = await _lay_out_lead(session, asked)
    recycling = recycling_for(asked.reason_code, today=asked.now.date(), track=track, return_on=return_on)
    if lead.stage == "recycled" and (lead.track, lead.resume_on) == (recycling.track, recycling.return_on):
        return
    decision = decide_recycling(position_of(lead), reason=asked.reason_code)
    if isinstance(decision, Illegal):
        raise problems.conflict(decision.reason)
    move(desk, lead, decision, recycling=recycling, by_sub=asked.identity.sub)
    await decide_pairs(session, desk, [])
    await clear(session, desk)


async def _lay_out_lead(session: AsyncSession, asked: Asked) -> tuple[Desk, Lead]:
    """A desk with the lead's person. Raises 404 if the lead isn't in the scope of who asks, also if it left it a moment ago."""
    scope = in_scope(asked.identity)
    contact_id = await session.scalar(select(Lead.contact_id).where(scope, Lead.id == asked.lead_id))
    if contact_id is None:
        raise _no_such_lead()
    desk = await lay_out(session, [contact_id], now=asked.now, lead_ids=[asked.lead_id])
    if not await is_in_scope(session, scope, asked.lead_id):
        raise _no_such_lead()
    await keep_ledgers(session, desk, fresh={})
    return desk, desk.leads[asked.lead_id]


def _no_such_lead() -> problems.Problem:
    return problems.not_found("No such lead in your scope.")
