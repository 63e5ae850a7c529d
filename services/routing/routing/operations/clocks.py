"""Warns of clocks and breaches them when their time has come."""

from datetime import datetime
from typing import Any, assert_never

from sqlalchemy import select

from routing import tables
from routing.decisions.clocks import Breach, Clock, Escalate, Reroute, Rest, Wait, Warn, decide_clock
from routing.operations.desk import Desk, clear, hold_free_contacts, lay_out
from routing.operations.stages import about
from routing.tables import Lead
from shared.database import Database
from shared.events.leads import ClockBreached, ClockWarned

CLOCKS_AT_ONCE = 200


async def tick_clocks(database: Database, *, now: datetime) -> int:
    """Acts on the clocks whose next moment has come, and returns how many did something."""
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
        ticked = [_tick(desk, lead) for lead in desk.leads.values() if lead.id in desk.clocks]
        await clear(session, desk)
    return sum(ticked)


def _tick(desk: Desk, lead: Lead) -> bool:
    clock = desk.clocks[lead.id]
    decision = decide_clock(clock, now=desk.now)
    match decision:
        case Warn(warned):
            desk.set_clock(lead, warned)
            desk.say(lead, ClockWarned(**_times(lead, warned), warned_at=desk.now))
            return True
        case Breach(breached):
            desk.set_clock(lead, breached)
            desk.say(lead, ClockBreached(**_times(lead, breached), breached_at=desk.now))
            return True
        case Wait() | Rest() | Reroute() | Escalate():
            return False  # a breached clock rests: nothing follows from a second period yet
        case _:
            assert_never(decision)


def _times(lead: Lead, clock: Clock) -> dict[str, Any]:
    return {**about(lead), "kind": clock.kind, "rep_id": lead.rep_id, "started_at": clock.started_at, "due_at": clock.due_at}
