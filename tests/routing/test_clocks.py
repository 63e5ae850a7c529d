"""The first-outreach clock from start to met, or to the manager."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.decisions.business_time import WEEKDAYS, read_calendar
from routing.decisions.clocks import Breach, Clock, Escalate, Reroute, Rest, Wait, Warn, decide_clock, meet_clock, start_clock
from routing.decisions.policy import ClockRules

CHICAGO = ZoneInfo("America/Chicago")
CALENDAR = read_calendar({day: [["09:00", "17:00"]] for day in WEEKDAYS[:5]}, timezone="America/Chicago")
FOUR_HOURS = ClockRules(first_outreach_seconds=4 * 3600)
DAYS = ClockRules.model_validate({"first_outreach_business_days": {"rep_requested": 1, "default": 5}})
SECOND = timedelta(seconds=1)


def local(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=CHICAGO)


# 2026-02-27 is a Friday.
FRIDAY_AFTERNOON = local("2026-02-27T15:00")


def clock(rules: ClockRules = FOUR_HOURS, **changes: Any) -> Clock:
    return start_clock(rules, calendar=CALENDAR, **{"started_at": FRIDAY_AFTERNOON, **changes})


def test_a_clock_starts_running_with_its_times_in_open_seconds() -> None:
    started = clock()
    assert (started.kind, started.state, started.started_at) == ("first_outreach", "running", FRIDAY_AFTERNOON)
    assert started.due_at == local("2026-03-02T11:00")
    assert started.warn_at == local("2026-03-02T10:00")
    assert started.extended_due_at == local("2026-03-02T15:00")


@pytest.mark.parametrize(
    ("rules", "rep_requested", "due"),
    [
        pytest.param(DAYS, False, "2026-03-06T15:00", id="five working days"),
        pytest.param(DAYS, True, "2026-03-02T15:00", id="one working day where a rep was asked for"),
        pytest.param(
            ClockRules.model_validate({"first_outreach_business_days": {"default": 2}}),
            True,
            "2026-03-03T15:00",
            id="the default otherwise",
        ),
        pytest.param(
            ClockRules.model_validate({"first_outreach_seconds": 3600, "first_outreach_business_days": {"default": 5}}),
            True,
            "2026-02-27T16:00",
            id="seconds win over days",
        ),
    ],
)
def test_a_clock_is_due_by_the_policys_rules(rules: ClockRules, rep_requested: bool, due: str) -> None:
    assert clock(rules, rep_requested=rep_requested).due_at == local(due)


def test_a_clock_in_working_days_warns_at_three_quarters_of_its_open_time() -> None:
    started = clock(DAYS, rep_requested=True)
    assert started.warn_at == local("2026-03-02T13:00")
    assert started.extended_due_at == local("2026-03-03T15:00")


def test_before_its_warning_a_clock_waits_for_it() -> None:
    assert decide_clock(clock(), now=clock().warn_at - SECOND) == Wait(clock().warn_at)


def test_a_clock_goes_through_warning_breach_and_one_more_period_to_another_rep() -> None:
    started = clock()
    warning = decide_clock(started, now=started.warn_at)
    assert warning == Warn(replace(started, state="warned", warned_at=started.warn_at))
    warned = warning.clock
    assert decide_clock(warned, now=started.due_at - SECOND) == Wait(started.due_at)
    breach = decide_clock(warned, now=started.due_at)
    assert breach == Breach(replace(warned, state="breached", breached_at=started.due_at))
    breached = breach.clock
    assert decide_clock(breached, now=started.due_at) == Wait(started.extended_due_at)
    rerouting = decide_clock(breached, now=started.extended_due_at)
    assert rerouting == Reroute(replace(breached, escalated_at=started.extended_due_at))
    assert decide_clock(rerouting.clock, now=started.extended_due_at + timedelta(days=9)) == Rest()


def test_after_a_reroute_the_end_of_the_period_goes_to_the_manager() -> None:
    late = clock(reroutes=1).extended_due_at
    breach = decide_clock(clock(reroutes=1), now=late)
    assert isinstance(breach, Breach)
    assert isinstance(decide_clock(breach.clock, now=late), Escalate)


def test_a_clock_found_past_its_due_time_is_breached_without_a_late_warning() -> None:
    decision = decide_clock(clock(), now=clock().due_at + timedelta(days=30))
    assert isinstance(decision, Breach)
    assert decision.clock.warned_at is None


@pytest.mark.parametrize("state", ["met", "paused"])
def test_a_clock_that_is_not_running_rests(state: Any) -> None:
    assert decide_clock(replace(clock(), state=state), now=clock().extended_due_at) == Rest()


def test_an_attempt_meets_the_clock() -> None:
    met = meet_clock(clock(), attempted_at=clock().due_at)
    assert (met.state, met.met_at, met.met_late) == ("met", clock().due_at, False)


def test_an_attempt_after_the_due_time_meets_it_late() -> None:
    assert meet_clock(clock(), attempted_at=clock().due_at + SECOND).met_late


def test_a_breach_stays_on_record_though_the_attempt_reported_later_was_in_time() -> None:
    breached = replace(clock(), state="breached", breached_at=clock().due_at)
    met = meet_clock(breached, attempted_at=clock().due_at - SECOND)
    assert (met.state, met.breached_at, met.met_late) == ("met", clock().due_at, False)


def test_an_attempt_from_a_device_whose_time_is_behind_counts_from_the_start() -> None:
    assert meet_clock(clock(), attempted_at=FRIDAY_AFTERNOON - timedelta(hours=1)).met_at == FRIDAY_AFTERNOON


@given(minutes=st.permutations([5, 60, 600, 6000]))
def test_of_several_attempts_the_earliest_counts_in_whatever_order_they_are_reported(minutes: list[int]) -> None:
    met = clock()
    for each in minutes:
        met = meet_clock(met, attempted_at=FRIDAY_AFTERNOON + timedelta(minutes=each))
    assert met.met_at == FRIDAY_AFTERNOON + timedelta(minutes=5)


@given(
    start=st.datetimes(datetime(2026, 1, 1), datetime(2026, 12, 31), timezones=st.just(UTC)),  # noqa: DTZ001
    rules=st.one_of(
        st.integers(min_value=1, max_value=400_000).map(lambda seconds: ClockRules(first_outreach_seconds=seconds)),
        st.integers(min_value=1, max_value=20).map(
            lambda days: ClockRules.model_validate({"first_outreach_business_days": {"default": days}})
        ),
    ),
)
def test_the_times_of_a_clock_are_in_order(start: datetime, rules: ClockRules) -> None:
    started = clock(rules, started_at=start)
    assert started.started_at <= started.warn_at <= started.due_at < started.extended_due_at
