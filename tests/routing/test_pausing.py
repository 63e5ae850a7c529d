"""Pauses: what is left of a clock's open time is kept, to the minute that counting gives."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from routing.decisions.clocks.business_time import WEEKDAYS, read_calendar
from routing.decisions.clocks.clock import (
    Clock,
    Holder,
    Resume,
    Wait,
    decide_clock,
    elapsed_open_seconds,
    end_clock,
    meet_clock,
    pause_clock,
    resume_clock,
    start_clock,
)
from routing.decisions.clocks.rules import Period
from tests.routing.minute_by_minute import MINUTE, Counting

ZONE = "America/Chicago"
HOURS = {day: [["09:00", "12:00"], ["13:00", "17:00"]] for day in WEEKDAYS[:5]}
CALENDAR = read_calendar(HOURS, timezone=ZONE)
OWNED = Holder(is_owned=True, may_lose_it=True)


def no_holiday(_day: date) -> bool:
    return False


COUNTING = Counting(HOURS, ZONE, no_holiday)


def local(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(ZONE))


# 2026-02-27 is a Friday.
FRIDAY = local("2026-02-27T15:00")


def clock(*, hours: int = 4, started_at: datetime = FRIDAY, **changes: Any) -> Clock:
    return replace(start_clock("first_outreach", Period(open_seconds=hours * 3600), started_at=started_at, calendar=CALENDAR), **changes)


def test_a_paused_clock_waits_for_somebody_or_for_its_date() -> None:
    paused = pause_clock(clock(), at=FRIDAY, reason="asked_to_wait")
    assert (paused.state, paused.paused_at, paused.reason) == ("paused", FRIDAY, "asked_to_wait")
    assert not isinstance(decide_clock(paused, now=paused.extended_due_at, holder=OWNED), Wait | Resume)
    dated = pause_clock(clock(), at=FRIDAY, reason="asked_to_wait", until=local("2026-03-10T09:00"))
    assert decide_clock(dated, now=local("2026-03-09T09:00"), holder=OWNED) == Wait(local("2026-03-10T09:00"))
    assert decide_clock(dated, now=local("2026-03-11T09:00"), holder=OWNED) == Resume(local("2026-03-10T09:00"))


def test_what_lies_ahead_comes_later_by_the_open_time_of_the_pause() -> None:
    # An hour ran on Friday; three are left on Tuesday at noon, when somebody resumes it.
    paused = pause_clock(clock(), at=local("2026-02-27T16:00"), reason="on_leave")
    resumed = resume_clock(paused, at=local("2026-03-03T12:00"), calendar=CALENDAR)
    assert (resumed.state, resumed.reason, resumed.paused_at) == ("running", None, None)
    assert resumed.warn_at == local("2026-03-03T15:00")
    assert resumed.due_at == local("2026-03-03T16:00")
    assert resumed.extended_due_at == local("2026-03-04T12:00")
    assert elapsed_open_seconds(resumed, at=local("2026-03-03T14:00"), calendar=CALENDAR) == 2 * 3600


@pytest.mark.parametrize(
    ("resumed_at", "due_at"),
    [("2026-03-04T12:00", "2026-03-06T12:00"), ("2026-03-05T15:00", "2026-03-06T12:00"), ("2026-03-06T10:00", "2026-03-06T16:00")],
    ids=["before it begins", "as it begins", "three open hours later"],
)
def test_a_pause_takes_nothing_from_a_clock_before_it_begins(resumed_at: str, due_at: str) -> None:
    ahead = clock(started_at=local("2026-03-05T15:00"), hours=5)
    assert ahead.due_at == local("2026-03-06T12:00")
    paused = pause_clock(ahead, at=local("2026-03-02T10:00"), reason="on_leave")
    resumed = resume_clock(paused, at=local(resumed_at), calendar=CALENDAR)
    assert (resumed.state, resumed.due_at) == ("running", local(due_at))
    assert elapsed_open_seconds(resumed, at=local(resumed_at), calendar=CALENDAR) == 0


def test_what_was_reached_before_a_pause_stays_reached() -> None:
    warned = clock(state="warned", warned_at=clock().warn_at)
    paused = pause_clock(warned, at=warned.warn_at, reason="on_leave")
    resumed = resume_clock(paused, at=warned.warn_at + timedelta(days=7), calendar=CALENDAR)
    assert (resumed.state, resumed.warn_at) == ("warned", warned.warn_at)
    assert resumed.due_at > warned.due_at


def test_a_pause_in_which_nothing_was_open_changes_no_time() -> None:
    # Due at the opening of a Monday, which is the closing of the Friday before by open time.
    at_opening = clock(due_at=local("2026-03-02T09:00"))
    saturday = local("2026-02-28T12:00")
    resumed = resume_clock(pause_clock(at_opening, at=saturday, reason="on_leave"), at=saturday + timedelta(hours=5), calendar=CALENDAR)
    assert resumed == at_opening


def test_pausing_again_changes_the_reason_and_the_date_but_not_what_is_left() -> None:
    paused = pause_clock(clock(), at=FRIDAY, reason="asked_to_wait")
    again = pause_clock(paused, at=FRIDAY + timedelta(days=3), reason="on_leave", until=local("2026-03-10T09:00"))
    assert (again.paused_at, again.reason, again.paused_until) == (FRIDAY, "on_leave", local("2026-03-10T09:00"))


def test_what_is_over_is_neither_paused_nor_resumed() -> None:
    met = meet_clock(clock(), attempted_at=FRIDAY, calendar=CALENDAR)
    ended = end_clock(clock(), at=FRIDAY, reason="lead_ended")
    for over in (met, ended):
        assert pause_clock(over, at=FRIDAY, reason="on_leave") == over
        assert resume_clock(over, at=FRIDAY, calendar=CALENDAR) == over
    assert resume_clock(clock(), at=FRIDAY, calendar=CALENDAR) == clock()


def test_a_paused_clock_ends_with_its_lead() -> None:
    ended = end_clock(pause_clock(clock(), at=FRIDAY, reason="on_leave"), at=FRIDAY, reason="lead_ended")
    assert (ended.state, ended.reason, ended.paused_at) == ("ended", "lead_ended", None)


def test_an_attempt_while_it_is_paused_is_in_time_however_long_that_was() -> None:
    paused = pause_clock(clock(), at=local("2026-03-02T10:30"), reason="asked_to_wait")
    met = meet_clock(paused, attempted_at=local("2026-03-20T10:00"), calendar=CALENDAR)
    assert (met.state, met.met_late, met.late_seconds) == ("met", False, None)


def test_nobody_is_late_while_a_breached_clock_is_paused() -> None:
    breached = clock(state="breached", breached_at=clock().due_at)  # Monday 11:00
    paused = pause_clock(breached, at=local("2026-03-02T12:00"), reason="on_leave")
    resumed = resume_clock(paused, at=local("2026-03-05T12:00"), calendar=CALENDAR)
    assert (resumed.state, resumed.due_at) == ("breached", breached.due_at)
    assert resumed.extended_due_at == local("2026-03-05T16:00")
    assert meet_clock(resumed, attempted_at=local("2026-03-05T14:00"), calendar=CALENDAR).late_seconds == 2 * 3600


MINUTES = st.integers(0, 4_000)


@settings(max_examples=60, deadline=None)  # counting minutes takes its time
@given(
    start=st.datetimes(datetime(2026, 3, 1), datetime(2026, 3, 20), timezones=st.just(UTC)),  # noqa: DTZ001
    hours=st.integers(1, 12),
    pauses=st.lists(st.tuples(MINUTES, MINUTES), max_size=4),
)
def test_a_clock_with_pauses_is_due_when_counting_minutes_without_them_says(
    start: datetime, hours: int, pauses: list[tuple[int, int]]
) -> None:
    start = start.replace(second=0, microsecond=0)
    each, moment = clock(hours=hours, started_at=start), start
    stood: list[tuple[datetime, datetime]] = []
    for runs, stands in pauses:
        paused_at = moment + runs * MINUTE
        if paused_at >= each.due_at:
            break
        moment = paused_at + stands * MINUTE
        stood.append((paused_at, moment))
        left = elapsed_open_seconds(each, at=paused_at, calendar=CALENDAR)
        each = resume_clock(pause_clock(each, at=paused_at, reason="on_leave"), at=moment, calendar=CALENDAR)
        assert elapsed_open_seconds(each, at=moment, calendar=CALENDAR) == left

    def stands_still(at: datetime) -> bool:
        return any(first <= at < last for first, last in stood)

    assert each.due_at == COUNTING.due(start, hours * 60, stands_still=stands_still)
    attempted_at = each.due_at + timedelta(days=2)
    late = COUNTING.open_minutes(each.due_at, attempted_at, stands_still=stands_still)
    assert meet_clock(each, attempted_at=attempted_at, calendar=CALENDAR).late_seconds == (late * 60 or 0)


@settings(max_examples=60, deadline=None)  # counting minutes takes its time
@given(
    start=st.datetimes(datetime(2026, 3, 1), datetime(2026, 11, 20), timezones=st.just(UTC)),  # noqa: DTZ001
    seconds=st.integers(1, 200_000),
    ran=st.integers(0, 400_000),
    stood=st.integers(0, 4_000_000),
)
def test_pausing_for_any_stretch_moves_the_due_time_by_its_open_time(start: datetime, seconds: int, ran: int, stood: int) -> None:
    each = start_clock("follow_up", Period(open_seconds=seconds), started_at=start, calendar=CALENDAR)
    paused_at, resumed_at = start + timedelta(seconds=ran), start + timedelta(seconds=ran + stood)
    resumed = resume_clock(pause_clock(each, at=paused_at, reason="on_leave"), at=resumed_at, calendar=CALENDAR)
    if each.due_at <= paused_at:
        assert resumed.due_at == each.due_at
        return
    assert elapsed_open_seconds(resumed, at=resumed.due_at, calendar=CALENDAR) == pytest.approx(seconds, abs=1e-5)
    assert resumed.warn_at <= resumed.due_at < resumed.extended_due_at
