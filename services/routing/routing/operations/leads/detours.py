"""Brings leads back from their detours when their time has come: those on hold go on, those recycled come back as new leads."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from routing.decisions.clocks.business_time import Calendar
from routing.decisions.clocks.clock import OPEN_STATES, Breach, Warn, decide_clock
from routing.decisions.consent import is_do_not_contact
from routing.decisions.lifecycle.stages import Move, decide_resumption
from routing.operations.assignment.owners import Search
from routing.operations.clocks.timekeeping import ON_HOLD, announce, holder_of, pause_clocks, resume_clocks
from routing.operations.desk import Desk
from routing.operations.laying_out import clear, hold_free_contacts, lay_out
from routing.operations.leads.stages import move, position_of
from routing.operations.ledgers.keeping import keep_ledgers
from routing.operations.qualifying import decide_pairs
from routing.queries.calendars import calendars
from routing.tables import Lead
from shared.database import Database, together

LEADS_AT_ONCE = 100


async def resume_held_leads(database: Database, *, now: datetime) -> int:
    """Lets the leads whose hold has ended go on from where they stood, longest over first, and returns how many did."""
    over = Lead.held_until <= now
    async with database.transaction() as session:
        due = (
            await session.execute(select(Lead.id, Lead.contact_id).where(over).order_by(Lead.held_until, Lead.id).limit(LEADS_AT_ONCE))
        ).all()
        if not due:
            return 0
        desk = await _lay_out_free(session, {row.contact_id for row in due}, now=now)
        resumed = [lead for lead in desk.leads.values() if lead.held_until is not None and lead.held_until <= now]
        [openings] = await together(session, calendars({lead.territory_id for lead in resumed}))
        searches: list[Search] = []
        for lead in resumed:
            decision = decide_resumption(position_of(lead), reason="hold_over")
            if isinstance(decision, Move):
                searches += resume(desk, lead, decision, openings.of(lead.territory_id), at=lead.held_until)
        await decide_pairs(session, desk, [], searches=searches)
        await clear(session, desk)
    return len(resumed)


def hold(desk: Desk, lead: Lead, decision: Move, *, until: datetime | None, by_sub: str) -> None:
    """Lets a lead rest, and its clocks with it; what was warned of or breached by now is told first."""
    running = [clock for clock in desk.clocks_of(lead) if clock.state in OPEN_STATES]
    for clock in running:
        due = decide_clock(clock, now=desk.now, holder=holder_of(lead))
        if isinstance(due, Warn | Breach):
            announce(desk, lead, clock, due)
    move(desk, lead, decision, by_sub=by_sub, details={"until": until})
    lead.held_until = until
    pause_clocks(desk, lead, reason=ON_HOLD, kinds=[clock.kind for clock in running])


def resume(
    desk: Desk, lead: Lead, decision: Move, calendar: Calendar, *, at: datetime | None = None, by_sub: str | None = None
) -> list[Search]:
    """Takes a lead off its hold, and its clocks too, which go on from `at`; returns the search for an owner if it has none."""
    resting = [clock.kind for clock in desk.clocks_of(lead) if clock.state == "paused" and clock.reason == ON_HOLD]
    move(desk, lead, decision, by_sub=by_sub)
    resume_clocks(desk, lead, calendar, reason=decision.reason, at=at, kinds=resting)
    return [Search(lead, reason=decision.reason)] if lead.rep_id is None else []


async def open_returning_leads(database: Database, *, now: datetime) -> int:
    """Opens a new lead for everybody whose day to come back has come, and returns how many recycled leads were looked at.

    Nobody comes back for whom a lead was opened meanwhile, who may not be contacted, or at whom a gate is closed: the day passes, and the
    history of the recycled lead says why.
    """
    has_come = Lead.resume_on <= now.date()
    async with database.transaction() as session:
        due = (
            await session.execute(select(Lead.id, Lead.contact_id).where(has_come).order_by(Lead.resume_on, Lead.id).limit(LEADS_AT_ONCE))
        ).all()
        if not due:
            return 0
        desk = await _lay_out_free(session, {row.contact_id for row in due}, now=now, lead_ids=[row.id for row in due])
        came = [lead for lead in desk.leads.values() if lead.resume_on is not None and lead.resume_on <= now.date()]
        pairs = {desk.pair_of(lead) for lead in came if desk.newest_leads.get(desk.pair_of(lead)) is lead and _may_be_called(desk, lead)}
        await decide_pairs(session, desk, sorted(pairs), returning=pairs)
        for lead in came:
            _say_what_came_of_it(desk, lead, tried=desk.pair_of(lead) in pairs)
        await clear(session, desk)
    return len(came)


def _say_what_came_of_it(desk: Desk, lead: Lead, *, tried: bool) -> None:
    following = desk.newest_leads[desk.pair_of(lead)]
    lead.resume_on = None
    if tried and following is not lead:
        desk.record(lead, "returned", reason=lead.track or "returned", details={"lead_id": str(following.id)})
        return
    reason = "lead_open" if following is not lead else "not_qualified" if _may_be_called(desk, lead) else "consent"
    desk.record(lead, "return_passed", reason=reason)


def _may_be_called(desk: Desk, lead: Lead) -> bool:
    """Whether the lead's person is known, and hasn't said that nobody may contact them."""
    contact = desk.contacts.get(desk.person_of(lead.contact_id))
    return contact is not None and not is_do_not_contact(contact.consents)


async def _lay_out_free(session: AsyncSession, contact_ids: set[str], *, now: datetime, lead_ids: list[UUID] | None = None) -> Desk:
    """A desk with those of the contacts that no one else decides about just now; the others come another time."""
    desk = await lay_out(session, await hold_free_contacts(session, contact_ids), now=now, lead_ids=lead_ids or ())
    await keep_ledgers(session, desk, fresh={})
    return desk
