"""Keeps the clocks of a lead on the desk: started, met, measured, paused and resumed, each said and, where it needs a why, recorded."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Literal, cast
from uuid import UUID

from routing.decisions.clocks.business_time import Calendar
from routing.decisions.clocks.clock import (
    FOLLOWED_UP_STAGES,
    OPEN_STATES,
    Breach,
    Clock,
    ClockEffect,
    Holder,
    Warn,
    elapsed_open_seconds,
    extend_clock,
    meet_clock,
    pause_clock,
    resume_clock,
    start_clock,
)
from routing.decisions.clocks.rules import CLOCK_KINDS, ClockKind, Period
from routing.decisions.lifecycle.meetings import Telling
from routing.decisions.lifecycle.stages import Stage, is_legal
from routing.operations.briefs.noticing import give_reason
from routing.operations.desk import Desk
from routing.operations.leads.stages import about_clock, end_clocks
from routing.tables import Lead
from shared.events.feedback import OutcomeRecorded
from shared.events.leads import ClockBreached, ClockMet, ClockPaused, ClockResumed, ClockStarted, ClockWarned

ON_HOLD = "on_hold"
"""The stage of a lead at rest, and why its clocks stand still. Those that somebody paused for a reason of their own stay paused."""

_FOLLOW_UP: Collection[ClockKind] = ["follow_up"]
_REPORT: Collection[ClockKind] = ["report"]


def start_outreach(desk: Desk, lead: Lead, calendar: Calendar, *, afresh: bool) -> None:
    """Sees to the first outreach where an owner was found, or none: its clock starts at qualification, and runs in the queue too.

    `afresh` for an owner who follows another: they get a clock of their own, and what the one before had still to do is no longer due.
    A first owner whose clock was breached in the queue has the one more period from now on. Either is kept with the newest decision.
    """
    former, period = desk.clock(lead), _period(desk, lead, "first_outreach")
    if period is None or (former is not None and not afresh):
        if former is not None and period is not None and former.state == "breached" and lead.rep_id is not None:
            desk.set_clock(lead, extend_clock(former, period, at=desk.now, calendar=calendar))
            desk.note_clocks(lead, [effect_on(former, "extended", at=desk.now, calendar=calendar)])
        return
    started_at = desk.now if afresh else lead.qualified_at
    reroutes = former.reroutes if former else 0
    _start(desk, lead, start_clock("first_outreach", period, started_at=started_at, calendar=calendar, reroutes=reroutes))
    if former is not None:
        ended = end_clocks(desk, lead, at=desk.now, reason="reassigned", kinds=_left_behind(desk, lead))
        effects = [effect_on(clock, "ended", at=desk.now, calendar=calendar) for clock in ended]
        desk.note_clocks(lead, [effect_on(former, "restarted", at=desk.now, calendar=calendar), *effects])


def _left_behind(desk: Desk, lead: Lead) -> Collection[ClockKind]:
    """The clocks that end with an owner. A meeting that lies ahead is handed over; what came of one that is over only they could tell."""
    if lead.meeting_at is not None and lead.meeting_at > desk.now:
        return _FOLLOW_UP
    lead.meeting_at = None
    return [*_FOLLOW_UP, *_REPORT]


def outreach_due_at(desk: Desk, lead: Lead, calendar: Calendar, *, afresh: bool) -> datetime:
    """When the clock runs out that whoever gets the lead works by."""
    clock, period = desk.clock(lead), _period(desk, lead, "first_outreach")
    if period is None or (clock is not None and not afresh):
        return clock.due_at if clock else desk.now
    return start_clock("first_outreach", period, started_at=desk.now if afresh else lead.qualified_at, calendar=calendar).due_at


def meet_clocks(desk: Desk, lead: Lead, report: OutcomeRecorded, calendar: Calendar, *, cause: UUID) -> None:
    """An attempt was reported: it meets the first outreach, and the follow-up that was due before it.

    Each is said once; of the first outreach again only if an earlier attempt reported later changes whether it was late.
    """
    outreach = desk.clock(lead)
    if outreach is not None:
        _meet(desk, lead, outreach, meet_clock(outreach, attempted_at=report.occurred_at, calendar=calendar), report, cause=cause)
    follow_up = desk.clock(lead, "follow_up")
    if follow_up is not None and follow_up.state not in {"met", "ended"} and report.occurred_at > follow_up.started_at:
        met = meet_clock(follow_up, attempted_at=_possible(desk, lead, report.occurred_at), calendar=calendar)
        _meet(desk, lead, follow_up, met, report, cause=cause)


def start_follow_up(desk: Desk, lead: Lead, report: OutcomeRecorded, calendar: Calendar) -> None:
    """An attempt was applied: the next step is due some time after it, unless a meeting is booked, or the lead has ended or moved on.

    An attempt from before the one the clock runs from, reported later, starts nothing.
    """
    former, period = desk.clock(lead, "follow_up"), _period(desk, lead, "follow_up")
    if lead.stage not in FOLLOWED_UP_STAGES:
        if lead.ended_at is None and lead.stage != "on_hold":
            end_clocks(desk, lead, at=desk.now, reason=lead.stage, kinds=_FOLLOW_UP)
        return
    attempted_at = _possible(desk, lead, report.occurred_at)
    if period is not None and (former is None or attempted_at > former.started_at):
        _start(desk, lead, start_clock("follow_up", period, started_at=attempted_at, calendar=calendar))


def measure_report(desk: Desk, lead: Lead, report: OutcomeRecorded, told: Telling, calendar: Calendar, *, cause: UUID) -> None:
    """Says how soon an attempt was told, in open time."""
    period = _period(desk, lead, "report")
    if period is not None:
        desk.say(lead, _fact_met(lead, _measured(period, told, calendar), report), cause=cause)


def meet_meeting(desk: Desk, lead: Lead, report: OutcomeRecorded, told: Telling, calendar: Calendar, *, cause: UUID) -> bool:
    """What came of a meeting was told, which meets its clock; returns whether it was waited for."""
    clock = desk.clock(lead, "report")
    if clock is None or clock.state in {"met", "ended"} or clock.started_at != told.since or told.told_at is None:
        return False
    _meet(desk, lead, clock, meet_clock(clock, attempted_at=told.told_at, calendar=calendar), report, cause=cause)
    return True


def show_telling(desk: Desk, lead: Lead, telling: Telling, calendar: Calendar) -> None:
    """Has the lead's report clock stand for this: what is still to be told has one that is said and runs, the rest was measured."""
    former, period = desk.clock(lead, "report"), _period(desk, lead, "report")
    if period is None:
        return
    if telling.told_at is not None:
        desk.set_clock(lead, _measured(period, telling, calendar, former=former))
    elif former is None or former.state in {"met", "ended"} or former.started_at != telling.since:
        _start(desk, lead, start_clock("report", period, started_at=telling.since, calendar=calendar))
        if former is not None and former.state not in {"met", "ended"}:
            desk.note_clocks(lead, [effect_on(former, "restarted", at=desk.now, calendar=calendar)])
        if lead.stage == ON_HOLD:
            pause_clocks(desk, lead, reason=ON_HOLD, kinds=_REPORT)


def holder_of(lead: Lead) -> Holder:
    """Who has the lead, as its clocks see it. A conversation that rests is one still."""
    stage = lead.held_from or lead.stage
    return Holder(is_owned=lead.rep_id is not None, may_lose_it=is_legal(cast("Stage", stage), "mql"))


def announce(desk: Desk, lead: Lead, clock: Clock, reached: Warn | Breach) -> None:
    """A clock reached its warning or its due time."""
    desk.set_clock(lead, reached.clock)
    give_reason(desk.notes, lead, f"clock_{reached.clock.state}", at=desk.now)
    desk.touched_leads.add(lead.id)
    if isinstance(reached, Warn):
        desk.say(lead, ClockWarned(**about_clock(lead, reached.clock), warned_at=desk.now))
        return
    desk.say(lead, ClockBreached(**about_clock(lead, reached.clock), breached_at=desk.now))
    desk.record(lead, "clock_breached", reason=clock.kind, details={"clocks": [effect_on(clock, "breached")]})


def pause_clocks(
    desk: Desk,
    lead: Lead,
    *,
    reason: str,
    until: datetime | None = None,
    kinds: Collection[ClockKind] = CLOCK_KINDS,
    by: str | None = None,
) -> Sequence[Clock]:
    """Pauses those clocks of the lead in which time runs (of one paused already the reason changes); returns them as they are now."""
    paused: list[Clock] = []
    effects: list[ClockEffect] = []
    for clock in desk.clocks_of(lead):
        if clock.kind not in kinds or clock.state not in OPEN_STATES | {"paused"}:
            continue
        after = pause_clock(clock, at=desk.now, reason=reason, until=until)
        paused.append(after)
        if after == clock:
            continue
        desk.set_clock(lead, after)
        desk.say(lead, ClockPaused(**about_clock(lead, after), reason=reason, paused_at=after.paused_at or desk.now, until=until))
        effects.append(effect_on(clock, "paused", by=by))
    if effects:
        desk.record(lead, "clock_paused", reason=reason, details={"clocks": effects})
    return paused


def resume_clocks(
    desk: Desk,
    lead: Lead,
    calendar: Calendar,
    *,
    reason: str,
    at: datetime | None = None,
    kinds: Collection[ClockKind] = CLOCK_KINDS,
    by: str | None = None,
) -> Sequence[Clock]:
    """Lets the paused clocks of the lead run on from `at` (now, if not given); returns them as they are now."""
    resumed: list[Clock] = []
    effects: list[ClockEffect] = []
    for clock in desk.clocks_of(lead):
        if clock.kind not in kinds or clock.state != "paused":
            continue
        after = resume_clock(clock, at=at or desk.now, calendar=calendar)
        resumed.append(after)
        desk.set_clock(lead, after)
        desk.say(lead, ClockResumed(**about_clock(lead, after), reason=reason, resumed_at=at or desk.now))
        effects.append(effect_on(clock, "resumed", at=desk.now, calendar=calendar, by=by))
    if effects:
        desk.record(lead, "clock_resumed", reason=reason, details={"clocks": effects})
    return resumed


def effect_on(
    clock: Clock,
    effect: Literal["restarted", "extended", "breached", "rerouted", "escalated", "paused", "resumed", "ended"],
    *,
    at: datetime | None = None,
    calendar: Calendar | None = None,
    by: str | None = None,
) -> ClockEffect:
    """What is kept of an effect on a clock, which is given as it was before; with the open time it had run, where it can be told."""
    elapsed = elapsed_open_seconds(clock, at=at, calendar=calendar) if at and calendar else None
    return ClockEffect(clock.kind, effect, clock.state, clock.started_at, clock.due_at, elapsed, by)


def _period(desk: Desk, lead: Lead, kind: ClockKind) -> Period | None:
    return desk.policy_of(lead).policy.clocks.period(kind, rep_requested=lead.rep_requested)


def _possible(desk: Desk, lead: Lead, moment: datetime) -> datetime:
    """A device's time may be wrong; nothing happened before the lead was there, or will have happened later than now."""
    return min(max(moment, lead.qualified_at), desk.now)


def _measured(period: Period, told: Telling, calendar: Calendar, *, former: Clock | None = None) -> Clock:
    """The clock of what was told, with what became of it before if it is the former one: when it was met is found anew."""
    is_same = former is not None and former.started_at == told.since
    clock = replace(former, met_at=None) if is_same and former else start_clock("report", period, started_at=told.since, calendar=calendar)
    return clock if told.told_at is None else meet_clock(clock, attempted_at=told.told_at, calendar=calendar)


def _start(desk: Desk, lead: Lead, clock: Clock) -> None:
    desk.set_clock(lead, clock)
    desk.say(lead, ClockStarted(**about_clock(lead, clock)))


def _meet(desk: Desk, lead: Lead, clock: Clock, met: Clock, report: OutcomeRecorded, *, cause: UUID) -> None:
    desk.set_clock(lead, met)
    if clock.met_at is None or clock.met_late != met.met_late:
        desk.say(lead, _fact_met(lead, met, report), cause=cause)


def _fact_met(lead: Lead, met: Clock, report: OutcomeRecorded) -> ClockMet:
    return ClockMet(
        **about_clock(lead, met),
        met_at=met.met_at or report.received_at,
        late=met.met_late,
        late_seconds=met.late_seconds,
        report_id=report.report_id,
    )
