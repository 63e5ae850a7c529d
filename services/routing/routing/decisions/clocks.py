"""The first-outreach clock: how long a rep has, when to warn, when it is breached and what follows, and what meets it.

It starts at qualification, runs in the open hours of the lead's territory, in the queue too, and is met by the first attempt to reach
the person. Once breached, one more period of the same length runs; at its end the lead is re-routed once, the next time it goes to the
manager.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal, assert_never

from routing.decisions.business_time import Calendar, due_after_open_seconds, due_after_working_days, open_seconds_between
from routing.decisions.policy import ClockRules

ClockState = Literal["running", "warned", "breached", "met", "paused"]

WARNED_SHARE = 0.75
"""Of the open time from start to due."""


@dataclass(frozen=True, slots=True)
class Clock:
    """A target time and what has become of it. Times in UTC."""

    kind: Literal["first_outreach"]
    state: ClockState
    started_at: datetime
    warn_at: datetime
    due_at: datetime
    extended_due_at: datetime
    """The end of the one more period a breach starts."""
    reroutes: int = 0
    """How many re-routes for breach came before this clock."""
    warned_at: datetime | None = None
    breached_at: datetime | None = None
    escalated_at: datetime | None = None
    """When the end of the one more period was acted upon."""
    met_at: datetime | None = None

    @property
    def met_late(self) -> bool:
        """Whether the attempt that met it came after the due time, whenever it was reported."""
        return self.met_at is not None and self.met_at > self.due_at


@dataclass(frozen=True, slots=True)
class Wait:
    """Nothing to do before `until`."""

    until: datetime


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
    """The same, after a re-route: the lead goes to the manager."""

    clock: Clock


@dataclass(frozen=True, slots=True)
class Rest:
    """Nothing is left to come: met, paused, or escalated already."""


ClockDecision = Wait | Warn | Breach | Reroute | Escalate | Rest


def start_clock(rules: ClockRules, *, calendar: Calendar, started_at: datetime, rep_requested: bool = False, reroutes: int = 0) -> Clock:
    """Start the first-outreach clock: at qualification, or afresh for a new owner."""
    due_at = _period_end(started_at, rules=rules, calendar=calendar, rep_requested=rep_requested)
    open_seconds = open_seconds_between(started_at, due_at, calendar=calendar)
    return Clock(
        kind="first_outreach",
        state="running",
        started_at=started_at,
        warn_at=due_after_open_seconds(started_at, seconds=open_seconds * WARNED_SHARE, calendar=calendar),
        due_at=due_at,
        extended_due_at=_period_end(due_at, rules=rules, calendar=calendar, rep_requested=rep_requested),
        reroutes=reroutes,
    )


def decide_clock(clock: Clock, *, now: datetime) -> ClockDecision:
    """Decide what a clock's time has come for: one thing at a time, the due time before everything (a late warning helps nobody)."""
    match clock.state:
        case "met" | "paused":
            return Rest()
        case "running" | "warned":
            if now >= clock.due_at:
                return Breach(replace(clock, state="breached", breached_at=now))
            if clock.state == "warned":
                return Wait(clock.due_at)
            if now >= clock.warn_at:
                return Warn(replace(clock, state="warned", warned_at=now))
            return Wait(clock.warn_at)
        case "breached":
            if clock.escalated_at is not None:
                return Rest()
            if now < clock.extended_due_at:
                return Wait(clock.extended_due_at)
            escalated = replace(clock, escalated_at=now)
            return Reroute(escalated) if clock.reroutes == 0 else Escalate(escalated)
        case _:
            assert_never(clock.state)


def meet_clock(clock: Clock, *, attempted_at: datetime) -> Clock:
    """Return the clock met by an attempt at `attempted_at`, the rep's own time, which may be reported much later.

    Of several attempts the earliest counts, in whatever order they are reported, and none counts before the start. A warning or breach
    that was announced stays on record: whether the clock was met late is for `met_late` to say, not for `breached_at`.
    """
    met_at = max(attempted_at, clock.started_at)
    if clock.met_at is not None:
        met_at = min(met_at, clock.met_at)
    return replace(clock, state="met", met_at=met_at)


def _period_end(start: datetime, *, rules: ClockRules, calendar: Calendar, rep_requested: bool) -> datetime:
    if rules.first_outreach_seconds is not None:
        return due_after_open_seconds(start, seconds=rules.first_outreach_seconds, calendar=calendar)
    days = rules.first_outreach_business_days
    if days is None:
        raise ValueError("clock rules without any duration")
    requested_days = days.rep_requested if rep_requested else None
    return due_after_working_days(start, days=requested_days or days.default, calendar=calendar)
