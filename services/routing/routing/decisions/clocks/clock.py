"""Clocks on a lead: when each warns, when it is breached and what follows, what meets, pauses and ends it.

- `first_outreach` starts at qualification, runs in the queue too, and is met by the first attempt to reach the person. Once breached, one
  more period of the same length runs; at its end the lead is re-routed once, the next time it goes to the manager.
- `follow_up` starts with every attempt that leaves the next step to the rep, and is met by the next attempt. The end of its one more period
  is told to the manager: nobody in conversation loses the lead.
- `report` measures how soon an attempt was told: from when it happened to when its report came. What came of a meeting is due from the
  meeting's own time on, so its clock stands there before it begins.

All run in the open hours of the lead's territory. A clock that was breached goes on measuring how late it is met.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal, assert_never

from routing.decisions.clocks.business_time import Calendar, due_after_open_seconds, due_after_working_days, open_seconds_between
from routing.decisions.clocks.public_holidays import HolidaysKept
from routing.decisions.clocks.rules import ClockKind, Period

ClockState = Literal["running", "warned", "breached", "met", "paused", "ended"]

OPEN_STATES: frozenset[str] = frozenset({"running", "warned", "breached"})
"""The states in which time runs."""

WARNED_SHARE = 0.75
"""Of the open time from start to due."""

FOLLOWED_UP_STAGES: frozenset[str] = frozenset({"assigned", "accepted", "contacted", "sql", "meeting_held"})
"""Where an attempt leaves the next step to the rep. A booked meeting is a next step itself, and an opportunity is past following up."""


@dataclass(frozen=True, slots=True)
class Clock:
    """A target time and what has become of it. Times in UTC."""

    kind: ClockKind
    state: ClockState
    started_at: datetime
    warn_at: datetime
    due_at: datetime
    extended_due_at: datetime
    """The end of the one more period a breach starts."""
    holidays: HolidaysKept = "not_kept"
    """Whether public holidays counted when these times were found."""
    reroutes: int = 0
    """How often the lead was re-routed because its clock ran out, before this clock or by it."""
    warned_at: datetime | None = None
    breached_at: datetime | None = None
    escalated_at: datetime | None = None
    """When the end of the one more period was acted upon."""
    met_at: datetime | None = None
    late_seconds: float | None = None
    """Open seconds from the due time to the attempt that met it; None unless that came after it."""
    paused_at: datetime | None = None
    paused_until: datetime | None = None
    """When it goes on by itself; None: when somebody says so."""
    paused_seconds: float = 0.0
    """Open seconds it stood still in pauses that are over."""
    excused_seconds: float = 0.0
    """Those of them that came after its due time: nobody was late then."""
    ended_at: datetime | None = None
    reason: str | None = None
    """Why it is paused, or ended without being met."""

    @property
    def met_late(self) -> bool:
        """Whether the attempt that met it came after the due time, whenever it was reported."""
        return self.met_at is not None and self.met_at > self.due_at


@dataclass(frozen=True, slots=True)
class ClockEffect:
    """What a decision did to a clock, and how the clock stood before: it is kept with the decision."""

    kind: ClockKind
    effect: Literal["restarted", "extended", "breached", "rerouted", "escalated", "paused", "resumed", "ended"]
    state: ClockState
    started_at: datetime
    due_at: datetime
    elapsed_seconds: float | None
    """Open seconds it had run; None where nobody asked."""
    by: str | None = None
    """The role of whoever asked for it; None: the rules did."""


@dataclass(frozen=True, slots=True)
class Holder:
    """Who has the lead, as far as it matters here. `may_lose_it` until contact was made: then it is their conversation."""

    is_owned: bool
    may_lose_it: bool


@dataclass(frozen=True, slots=True)
class Wait:
    """Nothing to do before `until`."""

    until: datetime


@dataclass(frozen=True, slots=True)
class Resume:
    """The pause ended `at`: what comes next is decided on the resumed clock."""

    at: datetime


@dataclass(frozen=True, slots=True)
class Warn:
    """Three quarters of the time are gone; `clock` is the clock afterwards, as in the decisions below."""

    clock: Clock


@dataclass(frozen=True, slots=True)
class Breach:
    """The due time passed without an attempt."""

    clock: Clock


@dataclass(frozen=True, slots=True)
class Reroute:
    """The second period passed too: the lead goes to another rep, with a fresh clock that counts this re-route."""

    clock: Clock


@dataclass(frozen=True, slots=True)
class Escalate:
    """The same, where re-routing was tried already or can't be: it is the manager's."""

    clock: Clock


@dataclass(frozen=True, slots=True)
class Rest:
    """Nothing is left to come by time alone."""


ClockDecision = Wait | Resume | Warn | Breach | Reroute | Escalate | Rest


def start_clock(kind: ClockKind, period: Period, *, started_at: datetime, calendar: Calendar, reroutes: int = 0) -> Clock:
    """Start a clock: at what began it, or afresh for a new owner."""
    due_at = _period_end(started_at, period, calendar)
    extended_due_at = _period_end(due_at, period, calendar)
    open_seconds = open_seconds_between(started_at, due_at, calendar=calendar)
    return Clock(
        kind=kind,
        state="running",
        started_at=started_at,
        warn_at=due_after_open_seconds(started_at, seconds=open_seconds * WARNED_SHARE, calendar=calendar),
        due_at=due_at,
        extended_due_at=extended_due_at,
        holidays=calendar.keeps_holidays(started_at, extended_due_at),
        reroutes=reroutes,
    )


def decide_clock(clock: Clock, *, now: datetime, holder: Holder) -> ClockDecision:
    """Decide what a clock's time has come for: one thing at a time, the due time before everything (a late warning helps nobody).

    While nobody owns the lead a breach has no second end: the queue is trying already.
    """
    match clock.state:
        case "met" | "ended":
            return Rest()
        case "paused":
            if clock.paused_until is None:
                return Rest()
            return Resume(clock.paused_until) if now >= clock.paused_until else Wait(clock.paused_until)
        case "running" | "warned":
            return _decide_running(clock, now)
        case "breached":
            return _decide_breached(clock, now, holder)
        case _:
            assert_never(clock.state)


def _decide_running(clock: Clock, now: datetime) -> Breach | Warn | Wait:
    if now >= clock.due_at:
        return Breach(replace(clock, state="breached", breached_at=now))
    if clock.state == "warned":
        return Wait(clock.due_at)
    if now >= clock.warn_at:
        return Warn(replace(clock, state="warned", warned_at=now))
    return Wait(clock.warn_at)


def _decide_breached(clock: Clock, now: datetime, holder: Holder) -> Rest | Wait | Reroute | Escalate:
    if clock.escalated_at is not None or not holder.is_owned:
        return Rest()
    if now < clock.extended_due_at:
        return Wait(clock.extended_due_at)
    escalated = replace(clock, escalated_at=now)
    if clock.kind == "first_outreach" and clock.reroutes == 0 and holder.may_lose_it:
        return Reroute(replace(escalated, reroutes=1))
    return Escalate(escalated)


def next_moment(clock: Clock, *, is_owned: bool) -> datetime | None:
    """When the clock needs attention next; None when nothing is left to come by time alone."""
    match clock.state:
        case "running":
            return clock.warn_at
        case "warned":
            return clock.due_at
        case "breached":
            return clock.extended_due_at if is_owned and clock.escalated_at is None else None
        case "paused":
            return clock.paused_until
        case "met" | "ended":
            return None
        case _:
            assert_never(clock.state)


def meet_clock(clock: Clock, *, attempted_at: datetime, calendar: Calendar) -> Clock:
    """Return the clock met by an attempt at `attempted_at`, the rep's own time, which may be reported much later.

    Of several attempts the earliest counts, in whatever order they are reported, and none counts before the start. A warning or breach
    that was announced stays on record: whether the clock was met late is for `met_late` to say, not for `breached_at`. A pause ends
    with the attempt.
    """
    met_at = max(attempted_at, clock.started_at)
    if clock.met_at is not None:
        met_at = min(met_at, clock.met_at)
    clock = resume_clock(clock, at=met_at, calendar=calendar)
    late_seconds = None
    if met_at > clock.due_at:
        late_seconds = max(0.0, open_seconds_between(clock.due_at, met_at, calendar=calendar) - clock.excused_seconds)
    return replace(clock, state="met", met_at=met_at, late_seconds=late_seconds, ended_at=None, reason=None)


def pause_clock(clock: Clock, *, at: datetime, reason: str, until: datetime | None = None) -> Clock:
    """Return the clock standing still from `at` on, what is left of its open time kept; of one that does already the reason changes.

    One that was met or has ended has nothing left to keep, and stays as it is.
    """
    if clock.state == "paused":
        return replace(clock, paused_until=until, reason=reason)
    if clock.state not in OPEN_STATES:
        return clock
    return replace(clock, state="paused", paused_at=at, paused_until=until, reason=reason)


def resume_clock(clock: Clock, *, at: datetime, calendar: Calendar) -> Clock:
    """Return a paused clock running on from `at`: what lay ahead comes later by the open time of the pause. Any other stays as it is."""
    if clock.state != "paused" or clock.paused_at is None:
        return clock
    # One that has not begun yet loses nothing before it does.
    paused_at = max(clock.paused_at, clock.started_at)
    stood_still = open_seconds_between(paused_at, at, calendar=calendar)

    def moved(mark: datetime) -> datetime:
        # Without open time in between nothing moves, not even from a closing to the next opening.
        return due_after_open_seconds(mark, seconds=stood_still, calendar=calendar) if mark > paused_at and stood_still else mark

    return replace(
        clock,
        state="breached" if clock.breached_at else "warned" if clock.warned_at else "running",
        warn_at=moved(clock.warn_at),
        due_at=moved(clock.due_at),
        extended_due_at=moved(clock.extended_due_at),
        paused_seconds=clock.paused_seconds + stood_still,
        excused_seconds=clock.excused_seconds + (stood_still if clock.due_at <= paused_at else 0.0),
        paused_at=None,
        paused_until=None,
        reason=None,
    )


def extend_clock(clock: Clock, period: Period, *, at: datetime, calendar: Calendar) -> Clock:
    """Return a breached clock whose one more period begins `at`: somebody owns the lead now, and the queue's time is not theirs."""
    return replace(clock, extended_due_at=_period_end(at, period, calendar), escalated_at=None)


def end_clock(clock: Clock, *, at: datetime, reason: str) -> Clock:
    """Return the clock ended without being met: what it waits for is no longer due. One that was met or has ended stays as it is."""
    if clock.state in {"met", "ended"}:
        return clock
    return replace(clock, state="ended", ended_at=at, reason=reason, paused_at=None, paused_until=None)


def pressing(clocks: Sequence[Clock]) -> Clock | None:
    """The clock whose time is next: of those that run, else of those that are paused, else the first; None where there is none."""
    for states in (OPEN_STATES, {"paused"}):
        among = [clock for clock in clocks if clock.state in states]
        if among:
            return min(among, key=lambda clock: clock.due_at)
    return clocks[0] if clocks else None


def elapsed_open_seconds(clock: Clock, *, at: datetime, calendar: Calendar) -> float:
    """The open seconds a clock has run at a moment: up to the attempt that met it, its pause or its end, if that came before."""
    stopped_at = min(moment for moment in (at, clock.met_at, clock.paused_at, clock.ended_at) if moment is not None)
    return max(0.0, open_seconds_between(clock.started_at, stopped_at, calendar=calendar) - clock.paused_seconds)


def _period_end(start: datetime, period: Period, calendar: Calendar) -> datetime:
    if period.open_seconds is not None:
        return due_after_open_seconds(start, seconds=period.open_seconds, calendar=calendar)
    return due_after_working_days(start, days=period.working_days or 0, calendar=calendar)
