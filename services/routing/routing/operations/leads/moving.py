"""Moves a lead because somebody says so: on hold and off it, back to marketing, to another rep."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from routing.decisions.assignment.by_hand import WORDS, why_not_by_hand
from routing.decisions.effective import day_of
from routing.decisions.lifecycle.reasons import recycling_for
from routing.decisions.lifecycle.stages import Illegal, Move, decide_hold, decide_recycling, decide_resumption
from routing.operations.assignment.handing_over import HandOver, hand_over
from routing.operations.desk import Desk
from routing.operations.laying_out import clear, lay_out
from routing.operations.leads.detours import hold, resume
from routing.operations.leads.stages import move, position_of
from routing.operations.ledgers.keeping import keep_ledgers
from routing.operations.qualifying import decide_pairs
from routing.queries.calendars import calendars
from routing.queries.field_force import holding_reps, rep_of
from routing.queries.lead_pages import is_in_scope
from routing.queries.scope import in_scope, may_ask_for_rep
from routing.tables import Lead
from shared import problems
from shared.auth import Identity
from shared.database import together
from shared.problems import FieldError


@dataclass(frozen=True, slots=True)
class Asked:
    """What somebody asks for: of which lead, who, when, and why."""

    lead_id: UUID
    identity: Identity
    now: datetime
    reason_code: str


async def hold_lead(session: AsyncSession, asked: Asked, *, until: datetime | None) -> None:
    """Lets the lead rest where it stands, its clocks too. Raises 404 outside of their scope, 409 where it can't rest.

    The same again changes nothing.
    """
    desk, lead = await _lay_out_lead(session, asked)
    if lead.stage == "on_hold" and lead.held_until == until:
        return
    hold(desk, lead, _legal(decide_hold(position_of(lead), reason=asked.reason_code)), until=until, by_sub=asked.identity.sub)
    await _finish(session, desk)


async def resume_lead(session: AsyncSession, asked: Asked) -> None:
    """Lets a lead on hold go on from where it stood. Raises 404 outside of their scope, 409 if it isn't on hold."""
    desk, lead = await _lay_out_lead(session, asked)
    decision = _legal(decide_resumption(position_of(lead), reason=asked.reason_code))
    [openings] = await together(session, calendars({lead.territory_id}))
    searches = resume(desk, lead, decision, openings.of(lead.territory_id), by_sub=asked.identity.sub)
    await decide_pairs(session, desk, [], searches=searches)
    await clear(session, desk)


async def recycle_lead(session: AsyncSession, asked: Asked, *, track: str | None, return_on: date | None) -> None:
    """Ends the lead's cycle and gives the person back to marketing. Raises 404 outside of their scope, 409 if it has ended otherwise.

    The same again changes nothing.
    """
    desk, lead = await _lay_out_lead(session, asked)
    recycling = recycling_for(asked.reason_code, today=day_of(asked.now), track=track, return_on=return_on)
    if lead.stage == "recycled" and (lead.track, lead.resume_on) == (recycling.track, recycling.return_on):
        return
    decision = _legal(decide_recycling(position_of(lead), reason=asked.reason_code))
    move(desk, lead, decision, recycling=recycling, by_sub=asked.identity.sub)
    await _finish(session, desk)


async def reassign_lead(session: AsyncSession, asked: Asked, *, rep_id: str) -> None:
    """Gives the lead to a rep, with a fresh clock and a brief; it is nobody's turn. Capacity and hours are theirs to overrule who ask.

    Raises 404 for a lead or, to a manager, a rep outside of their scope, 409 for a lead that has ended, 422 for a rep who can't have it.
    """
    desk, lead = await _lay_out_lead(session, asked)
    if not await may_ask_for_rep(session, asked.identity, rep_id):
        raise problems.not_found("No such rep in your scope.")
    if lead.ended_at is not None:
        raise problems.conflict("The lead has ended.")
    if lead.rep_id == rep_id:
        return
    rows, openings = await together(session, holding_reps(rep_ids={rep_id}, territory_ids=()), calendars({lead.territory_id}))
    reps = {row.id: rep_of(row, open_leads=0, day=day_of(asked.now)) for row in rows}
    why_not = why_not_by_hand(reps.get(rep_id), brand_id=lead.brand_id)
    if why_not is not None:
        raise problems.unprocessable("The rep can't have this lead.", FieldError("/rep_id", WORDS[why_not]))
    lead.excluded_rep_ids = [each for each in lead.excluded_rep_ids if each != rep_id]
    handed = HandOver(lead, rep_id, kind="reassigned", rule="by_hand", reason=asked.reason_code, by_sub=asked.identity.sub)
    await hand_over(session, desk, [handed], openings)
    await _finish(session, desk)


async def _finish(session: AsyncSession, desk: Desk) -> None:
    await decide_pairs(session, desk, [])
    await clear(session, desk)


def _legal(decision: Move | Illegal) -> Move:
    if isinstance(decision, Illegal):
        raise problems.conflict(decision.reason)
    return decision


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
