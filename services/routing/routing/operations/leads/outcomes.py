"""Applies what reps reported: stages, clocks, another owner after a rejection, or a refusal that says why."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import assert_never
from uuid import UUID

import orjson
import structlog
from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from routing import tables
from routing.decisions.lifecycle.meetings import telling_in, telling_of
from routing.decisions.lifecycle.outcomes import ATTEMPTS, Reassign, Refuse, Reopen, ReportedOutcome, Restate, decide_outcome
from routing.decisions.lifecycle.stages import Move, NoChange
from routing.operations.assignment.owners import Search
from routing.operations.clocks.timekeeping import (
    measure_report,
    meet_clocks,
    meet_meeting,
    show_telling,
    start_follow_up,
    start_outreach,
)
from routing.operations.desk import Desk
from routing.operations.laying_out import clear, lay_out
from routing.operations.leads.conversations import guard_conversation
from routing.operations.leads.meetings import keep_meeting, meeting_of
from routing.operations.leads.reports import Reports, reported, reports_on
from routing.operations.leads.stages import enter_late, move, position_of
from routing.operations.ledgers.keeping import keep_ledgers
from routing.operations.qualifying import decide_pairs
from routing.operations.rows import Row, add
from routing.queries.calendars import Calendars, calendars
from routing.tables import Lead
from shared.database import Database, together
from shared.events import Event, RawHeaders, read_event
from shared.events.feedback import OutcomeRecorded
from shared.events.leads import OutcomeRefused

_log = structlog.get_logger()

Taken = Move | Restate | NoChange | Reassign
"""What becomes of a report that isn't refused."""


async def apply_outcomes(session: AsyncSession, events: Sequence[Event], *, now: datetime) -> None:
    """Applies outcomes in order. One of a lead that isn't here is kept until it is; a lead id that is no UUID raises ValueError."""
    told = {event.id: event.fact for event in events if isinstance(event.fact, OutcomeRecorded)}
    if not told:
        return
    lead_ids = {event_id: UUID(fact.lead_id) for event_id, fact in told.items()}
    owners = select(tables.Lead.id, tables.Lead.contact_id).where(tables.Lead.id.in_(set(lead_ids.values())))
    contact_ids = {row.id: row.contact_id for row in await session.execute(owners)}
    early = [event for event in events if lead_ids[event.id] not in contact_ids]
    await _keep(session, early)
    if len(early) == len(events):
        return
    desk = await lay_out(session, set(contact_ids.values()), now=now, lead_ids=list(contact_ids))
    [openings] = await together(session, calendars({lead.territory_id for lead in desk.leads.values()}))
    await keep_ledgers(session, desk, fresh={})
    searches: list[Search] = []
    reports = await reports_on(session, desk, list(contact_ids))
    for event_id, fact in told.items():
        if lead_ids[event_id] in contact_ids:
            searches += _apply(desk, desk.leads[lead_ids[event_id]], fact, reports, openings, cause=event_id)
    await reports.keep(session)
    await decide_pairs(session, desk, list(desk.ledgers), searches=searches)
    await clear(session, desk)


async def apply_early_outcomes(database: Database, *, now: datetime) -> int:
    """Applies kept outcomes whose lead is here now, and returns how many."""
    async with database.transaction() as session:
        early = tables.EarlyOutcome
        here = select(early).join(tables.Lead, tables.Lead.id == early.lead_id).order_by(early.event_id)
        kept = (await session.scalars(here.with_for_update(of=early, skip_locked=True))).all()
        if not kept:
            return 0
        events = [read_event(value=each.body.encode(), headers=_raw(each.headers)) for each in kept]
        await session.execute(delete(early).where(early.event_id.in_([event.id for event in events])))
        await apply_outcomes(session, events, now=now)
    return len(events)


def _raw(headers: Mapping[str, str]) -> RawHeaders:
    return [(name, value.encode()) for name, value in headers.items()]


async def _keep(session: AsyncSession, events: Sequence[Event]) -> None:
    rows: list[Row] = []
    for event in events:
        lead_id = UUID(orjson.loads(event.body)["lead_id"])
        rows.append({"event_id": event.id, "lead_id": lead_id, "headers": event.headers, "body": event.body})
        _log.warning("outcome_of_an_unknown_lead", lead_id=str(lead_id))
    await add(session, tables.EarlyOutcome, rows)


def _apply(desk: Desk, lead: Lead, fact: OutcomeRecorded, reports: Reports, openings: Calendars, *, cause: UUID) -> list[Search]:
    """Applies one outcome with what it does to clocks, and returns the search for another owner if it asks for one."""
    outcome = reported(desk, lead, fact)
    position = position_of(lead, may_reopen=_may_reopen(desk, lead))
    decision = decide_outcome(position, outcome, earlier=reports.earlier(lead))
    if isinstance(decision, Refuse):
        _refuse(desk, lead, outcome, decision.reason, cause=cause)
        return []
    calendar = openings.of(lead.territory_id)
    reports.take(desk, lead, outcome)
    if fact.code not in ATTEMPTS:
        searches = _follow(desk, lead, fact, decision, outcome, reports, cause=cause)
        if isinstance(decision, Reopen):
            start_outreach(desk, lead, calendar, afresh=True)
        guard_conversation(desk, lead)
        return searches
    overruled = decision.overruled if isinstance(decision, Move | Restate) else ()
    standing = reports.standing(lead, overruled=overruled)
    meeting = meeting_of(lead, reports.earlier(lead), standing=standing)
    told = telling_of(outcome, meeting)
    meet_clocks(desk, lead, fact, calendar, cause=cause)
    was_waited_for = meet_meeting(desk, lead, fact, told, calendar, cause=cause)
    searches = _follow(desk, lead, fact, decision, outcome, reports, cause=cause)
    start_follow_up(desk, lead, fact, calendar)
    if not was_waited_for:
        measure_report(desk, lead, fact, told, calendar, cause=cause)
    keep_meeting(desk, lead, meeting, fact, calendar)
    if telling := telling_in(standing, meeting, goes_on=lead.ended_at is None):
        show_telling(desk, lead, telling, calendar)
    guard_conversation(desk, lead)
    return searches


def _follow(
    desk: Desk, lead: Lead, fact: OutcomeRecorded, decision: Taken, outcome: ReportedOutcome, reports: Reports, *, cause: UUID
) -> list[Search]:
    at = outcome.occurred_at
    match decision:
        case Move() | Restate():
            enter_late(desk, lead, decision.late, reason=fact.code, at=at, cause=cause, report=fact)
            for overruled in decision.overruled:
                _refuse(desk, lead, reports.take_back(desk, lead, overruled.report_id), overruled.reason, cause=cause)
            if isinstance(decision, Restate):
                lead.ended_at = decision.at
                enter_late(desk, lead, (decision.entry,), reason=decision.reason, at=decision.at, cause=cause, report=fact)
            else:
                move(desk, lead, decision, cause=cause, at=at, report=fact)
        case Reassign(excluded_rep_id, reason):
            lead.excluded_rep_ids = [*lead.excluded_rep_ids, excluded_rep_id]
            lead.rep_id = lead.owned_from = None
            desk.frees_capacity = True
            return [Search(lead, reason=reason, cause=cause)]
        case NoChange():
            enter_late(desk, lead, decision.late, reason=fact.code, at=at, cause=cause, report=fact)
        case _:
            assert_never(decision)
    return []


def _may_reopen(desk: Desk, lead: Lead) -> bool:
    """Whether the lead is still the newest of its person x brand."""
    return desk.newest_leads.get(desk.pair_of(lead)) is lead


def _refuse(desk: Desk, lead: Lead, outcome: ReportedOutcome, reason: str, *, cause: UUID) -> None:
    refused = OutcomeRefused(
        lead_id=str(lead.id),
        report_id=outcome.report_id,
        rep_id=outcome.rep_id,
        code=outcome.code,
        stage=lead.stage,
        reason=reason,
        refused_at=desk.now,
    )
    desk.say(lead, refused, cause=cause)
    details = {"report_id": outcome.report_id, "rep_id": outcome.rep_id, "code": outcome.code}
    desk.record(lead, "outcome_refused", from_stage=lead.stage, reason=reason, details=details)
