"""Acts on clocks whose time has come: pauses end, reps are warned, breaches are told, and what nobody called goes to somebody else."""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from typing import assert_never

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from routing import tables
from routing.decisions.clocks.clock import Breach, Clock, Escalate, Reroute, Rest, Resume, Wait, Warn, decide_clock
from routing.decisions.clocks.escalation import HandUp, StayWithOwner, decide_escalation
from routing.decisions.effective import day_of
from routing.operations.assignment.handing_over import HandOver, hand_over
from routing.operations.assignment.owners import Search
from routing.operations.clocks.timekeeping import announce, effect_on, holder_of, resume_clocks
from routing.operations.desk import Desk
from routing.operations.laying_out import clear, hold_free_contacts, lay_out
from routing.operations.leads.stages import about_clock
from routing.operations.ledgers.keeping import keep_ledgers
from routing.operations.qualifying import decide_pairs
from routing.queries.calendars import Calendars, calendars
from routing.queries.field_force import managers_of
from routing.tables import Lead
from shared.database import Database, together
from shared.events.leads import ClockEscalated

CLOCKS_AT_ONCE = 200


@dataclass(slots=True)
class _Found:
    """What a round of ticking found to do beyond the clocks themselves."""

    acted: int = 0
    reroutes: list[Search] = field(default_factory=list)
    escalated: list[tuple[Lead, Clock]] = field(default_factory=list)


async def tick_clocks(database: Database, *, now: datetime) -> int:
    """Acts on the clocks whose next moment has come, those that have waited longest first, and returns how many did something.

    A round takes so many at most, and none whose contact somebody else decides about just now: after downtime rounds follow each other.
    """
    async with database.transaction() as session:
        due = (
            select(tables.Lead.id, tables.Lead.contact_id)
            .join(tables.Clock, tables.Clock.lead_id == tables.Lead.id)
            .where(tables.Clock.next_at <= now)
            .order_by(tables.Clock.next_at)
            .limit(CLOCKS_AT_ONCE)
        )
        contact_ids = {row.id: row.contact_id for row in await session.execute(due)}
        if not contact_ids:
            return 0
        free = await hold_free_contacts(session, set(contact_ids.values()))
        desk = await lay_out(session, free, now=now, lead_ids=list(contact_ids))
        leads = [desk.leads[lead_id] for lead_id in contact_ids if lead_id in desk.leads]
        openings = await _openings(session, desk, leads)
        found = _Found()
        for lead in leads:
            for clock in desk.clocks_of(lead):
                _tick(desk, lead, clock, openings, found)
        await _find_others(session, desk, found, openings)
        await clear(session, desk)
    return found.acted


async def _openings(session: AsyncSession, desk: Desk, leads: Collection[Lead]) -> Calendars:
    """The hours of those leads whose clocks' times may change; a warning or a breach needs none."""
    changing = {lead.territory_id for lead in leads for clock in desk.clocks_of(lead) if clock.state in {"paused", "breached"}}
    if not changing - {None}:
        return Calendars({})
    [openings] = await together(session, calendars(changing))
    return openings  # type: ignore[no-any-return]  # `together` answers each statement's own type


def _tick(desk: Desk, lead: Lead, clock: Clock, openings: Calendars, found: _Found) -> None:
    decision = decide_clock(clock, now=desk.now, holder=holder_of(lead))
    match decision:
        case Wait() | Rest():
            if clock.state not in {"met", "ended"}:
                desk.set_clock(lead, clock)  # when to look again may have changed with its owner
            return
        case Resume(at):
            [resumed] = resume_clocks(desk, lead, openings.of(lead.territory_id), reason="pause_over", at=at, kinds=(clock.kind,))
            _tick(desk, lead, resumed, openings, found)
        case Warn() | Breach():
            announce(desk, lead, clock, decision)
        case Reroute(ran_out):
            desk.set_clock(lead, ran_out)
            found.reroutes.append(_take_away(desk, lead, clock))
        case Escalate(ran_out):
            desk.set_clock(lead, ran_out)
            found.escalated.append((lead, clock))
        case _:
            assert_never(decision)
    found.acted += 1


def _take_away(desk: Desk, lead: Lead, clock: Clock) -> Search:
    """Takes a lead from the rep who let its clock run out; it needs an owner now."""
    cause = desk.say(lead, ClockEscalated(**about_clock(lead, clock), to="another_rep", escalated_at=desk.now))
    desk.record(lead, "clock_escalated", reason="clock_breached", details={"clocks": [effect_on(clock, "rerouted")]})
    if lead.rep_id is not None:
        lead.excluded_rep_ids = [*lead.excluded_rep_ids, lead.rep_id]
    lead.rep_id = None
    desk.frees_capacity = True
    return Search(lead, reason="clock_breached", cause=cause)


async def _find_others(session: AsyncSession, desk: Desk, found: _Found, openings: Calendars) -> None:
    """Finds who follows the reps who let a clock run out: by the policy's steps the first time, the manager the next."""
    if not found.reroutes and not found.escalated:
        return
    handed: list[HandOver] = []
    if found.escalated:
        owners = {lead.rep_id for lead, _ in found.escalated if lead.rep_id is not None}
        [managers] = await together(session, managers_of(owners, day=day_of(desk.now)))
        for lead, clock in found.escalated:
            escalation = decide_escalation(managers.get(lead.rep_id), may_lose_it=holder_of(lead).may_lose_it)
            said = ClockEscalated(
                **about_clock(lead, clock),
                to="manager" if isinstance(escalation, HandUp) else "owner",
                manager_rep_id=escalation.manager_rep_id,
                escalated_at=desk.now,
            )
            cause = desk.say(lead, said)
            reason = escalation.reason if isinstance(escalation, StayWithOwner) else "clock_breached"
            desk.record(lead, "clock_escalated", reason=reason, details={"clocks": [effect_on(clock, "escalated")]})
            if isinstance(escalation, HandUp):
                handed.append(HandOver(lead, escalation.manager_rep_id, rule="manager", reason="clock_breached", cause=cause))
    await keep_ledgers(session, desk, fresh={})
    await hand_over(session, desk, handed, openings)
    await decide_pairs(session, desk, [], searches=found.reroutes)
