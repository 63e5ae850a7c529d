"""Clocks from start to met, or to the manager."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.decisions.clocks.business_time import WEEKDAYS, read_calendar
from routing.decisions.clocks.clock import (
    Breach,
    Clock,
    Escalate,
    Holder,
    Reroute,
    Rest,
    Wait,
    Warn,
    decide_clock,
    end_clock,
    extend_clock,
    meet_clock,
    next_moment,
    pressing,
    start_clock,
)
from routing.decisions.clocks.rules import CLOCK_KINDS, ClockRules, Period

CHICAGO = ZoneInfo("America/Chicago")
CALENDAR = read_calendar({day: [["09:00", "17:00"]] for day in WEEKDAYS[:5]}, timezone="America/Chicago")
FOUR_HOURS = ClockRules(first_outreach_seconds=4 * 3600)
DAYS = ClockRules.model_validate({"first_outreach_business_days": {"rep_requested": 1, "default": 5}})
SECOND = timedelta(seconds=1)
OWNED = Holder(is_owned=True, may_lose_it=True)
IN_CONVERSATION = Holder(is_owned=True, may_lose_it=False)
IN_THE_QUEUE = Holder(is_owned=False, may_lose_it=True)


def local(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=CHICAGO)


# 2026-02-27 is a Friday.
FRIDAY_AFTERNOON = local("2026-02-27T15:00")


def clock(rules: ClockRules = FOUR_HOURS, *, kind: Any = "first_outreach", rep_requested: bool = False, **changes: Any) -> Clock:
    period = rules.period(kind, rep_requested=rep_requested)
    assert period is not None
    return start_clock(kind, period, calendar=CALENDAR, **{"started_at": FRIDAY_AFTERNOON, **changes})


def breached_clock(**changes: Any) -> Clock:
    started = clock(**changes)
    return replace(started, state="breached", breached_at=started.due_at)


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
    assert decide_clock(clock(), now=clock().warn_at - SECOND, holder=OWNED) == Wait(clock().warn_at)


def test_a_clock_goes_through_warning_breach_and_one_more_period_to_another_rep() -> None:
    started = clock()
    warning = decide_clock(started, now=started.warn_at, holder=OWNED)
    assert warning == Warn(replace(started, state="warned", warned_at=started.warn_at))
    warned = warning.clock
    assert decide_clock(warned, now=started.due_at - SECOND, holder=OWNED) == Wait(started.due_at)
    breach = decide_clock(warned, now=started.due_at, holder=OWNED)
    assert breach == Breach(replace(warned, state="breached", breached_at=started.due_at))
    breached = breach.clock
    assert decide_clock(breached, now=started.due_at, holder=OWNED) == Wait(started.extended_due_at)
    rerouting = decide_clock(breached, now=started.extended_due_at, holder=OWNED)
    assert rerouting == Reroute(replace(breached, escalated_at=started.extended_due_at, reroutes=1))
    assert decide_clock(rerouting.clock, now=started.extended_due_at + timedelta(days=9), holder=OWNED) == Rest()


def test_after_a_reroute_the_end_of_the_period_goes_to_the_manager() -> None:
    late = clock(reroutes=1).extended_due_at
    breach = decide_clock(clock(reroutes=1), now=late, holder=OWNED)
    assert isinstance(breach, Breach)
    assert isinstance(decide_clock(breach.clock, now=late, holder=OWNED), Escalate)


def test_a_clock_found_past_its_due_time_is_breached_without_a_late_warning() -> None:
    decision = decide_clock(clock(), now=clock().due_at + timedelta(days=30), holder=OWNED)
    assert isinstance(decision, Breach)
    assert decision.clock.warned_at is None


@pytest.mark.parametrize("state", ["met", "paused", "ended"])
def test_a_clock_that_is_not_running_rests(state: Any) -> None:
    assert decide_clock(replace(clock(), state=state), now=clock().extended_due_at, holder=OWNED) == Rest()


def test_in_the_queue_a_clock_warns_and_is_breached_but_takes_the_lead_from_nobody() -> None:
    started = clock()
    assert isinstance(decide_clock(started, now=started.warn_at, holder=IN_THE_QUEUE), Warn)
    breach = decide_clock(started, now=started.due_at, holder=IN_THE_QUEUE)
    assert isinstance(breach, Breach)
    assert decide_clock(breach.clock, now=started.extended_due_at, holder=IN_THE_QUEUE) == Rest()
    assert next_moment(breach.clock, is_owned=False) is None
    assert next_moment(breach.clock, is_owned=True) == started.extended_due_at


def test_who_gets_a_lead_that_was_breached_in_the_queue_has_one_more_period_from_then_on() -> None:
    breached, tuesday = breached_clock(), local("2026-03-03T09:00")
    extended = extend_clock(breached, Period(open_seconds=4 * 3600), at=tuesday, calendar=CALENDAR)
    assert (extended.started_at, extended.due_at) == (breached.started_at, breached.due_at)
    assert decide_clock(extended, now=tuesday, holder=OWNED) == Wait(local("2026-03-03T13:00"))


@pytest.mark.parametrize("kind", ["follow_up", "report"])
def test_only_the_first_outreach_takes_a_lead_away(kind: Any) -> None:
    rules = ClockRules(first_outreach_seconds=1, follow_up_business_days=2, report_seconds=1800)
    breached = breached_clock(rules=rules, kind=kind)
    assert isinstance(decide_clock(breached, now=breached.extended_due_at, holder=OWNED), Escalate)


def test_a_lead_in_conversation_is_not_taken_away() -> None:
    assert isinstance(decide_clock(breached_clock(), now=clock().extended_due_at, holder=IN_CONVERSATION), Escalate)


@pytest.mark.parametrize("state", ["running", "warned", "breached", "paused", "met", "ended"])
def test_a_clock_is_looked_at_again_exactly_when_there_is_something_to_decide(state: Any) -> None:
    each = replace(clock(), state=state, paused_until=clock().due_at if state == "paused" else None)
    moment = next_moment(each, is_owned=True)
    if moment is None:
        assert decide_clock(each, now=each.extended_due_at + timedelta(days=99), holder=OWNED) == Rest()
    else:
        assert decide_clock(each, now=moment - SECOND, holder=OWNED) == Wait(moment)
        assert not isinstance(decide_clock(each, now=moment, holder=OWNED), Wait | Rest)


def test_an_attempt_meets_the_clock() -> None:
    met = meet_clock(clock(), attempted_at=clock().due_at, calendar=CALENDAR)
    assert (met.state, met.met_at, met.met_late) == ("met", clock().due_at, False)


def test_an_attempt_after_the_due_time_meets_it_late() -> None:
    assert meet_clock(clock(), attempted_at=clock().due_at + SECOND, calendar=CALENDAR).met_late


@pytest.mark.parametrize(
    ("attempted", "late_seconds"),
    [
        pytest.param("2026-03-02T11:00", None, id="in time"),
        pytest.param("2026-03-02T11:30", 1800, id="half an hour late"),
        pytest.param("2026-03-02T20:00", 6 * 3600, id="in the evening: late until closing"),
        pytest.param("2026-03-03T10:00", 7 * 3600, id="the next day: the night doesn't count"),
    ],
)
def test_how_late_a_clock_was_met_is_told_in_open_seconds(attempted: str, late_seconds: float | None) -> None:
    assert meet_clock(clock(), attempted_at=local(attempted), calendar=CALENDAR).late_seconds == late_seconds


def test_a_breach_stays_on_record_though_the_attempt_reported_later_was_in_time() -> None:
    breached = replace(clock(), state="breached", breached_at=clock().due_at)
    met = meet_clock(breached, attempted_at=clock().due_at - SECOND, calendar=CALENDAR)
    assert (met.state, met.breached_at, met.met_late) == ("met", clock().due_at, False)


def test_an_attempt_from_a_device_whose_time_is_behind_counts_from_the_start() -> None:
    assert meet_clock(clock(), attempted_at=FRIDAY_AFTERNOON - timedelta(hours=1), calendar=CALENDAR).met_at == FRIDAY_AFTERNOON


@given(minutes=st.permutations([5, 60, 600, 6000]))
def test_of_several_attempts_the_earliest_counts_in_whatever_order_they_are_reported(minutes: list[int]) -> None:
    met = clock()
    for each in minutes:
        met = meet_clock(met, attempted_at=FRIDAY_AFTERNOON + timedelta(minutes=each), calendar=CALENDAR)
    assert met.met_at == FRIDAY_AFTERNOON + timedelta(minutes=5)


def test_a_clock_that_ended_was_not_met_and_one_that_was_met_does_not_end() -> None:
    ended = end_clock(clock(), at=FRIDAY_AFTERNOON, reason="lead_ended")
    assert (ended.state, ended.ended_at, ended.reason, ended.met_at) == ("ended", FRIDAY_AFTERNOON, "lead_ended", None)
    assert end_clock(ended, at=FRIDAY_AFTERNOON + SECOND, reason="again") == ended
    met = meet_clock(clock(), attempted_at=FRIDAY_AFTERNOON, calendar=CALENDAR)
    assert end_clock(met, at=FRIDAY_AFTERNOON, reason="lead_ended") == met


def test_an_attempt_from_before_the_end_that_is_reported_after_it_meets_the_clock() -> None:
    ended = end_clock(clock(), at=FRIDAY_AFTERNOON + timedelta(hours=1), reason="lead_ended")
    met = meet_clock(ended, attempted_at=FRIDAY_AFTERNOON + timedelta(minutes=30), calendar=CALENDAR)
    assert (met.state, met.ended_at, met.reason) == ("met", None, None)


def test_a_policy_says_how_long_each_clock_runs_and_may_leave_out_all_but_the_first() -> None:
    assert [FOUR_HOURS.period(kind) for kind in CLOCK_KINDS] == [Period(open_seconds=4 * 3600), None, None]
    rules = ClockRules(first_outreach_seconds=60, follow_up_business_days=3, report_seconds=1800, report_business_days=1)
    assert rules.period("follow_up") == Period(working_days=3)
    assert rules.period("report") == Period(open_seconds=1800, working_days=1)  # of which the seconds win
    assert clock(rules, kind="report").due_at == local("2026-02-27T15:30")
    assert clock(rules, kind="follow_up").due_at == local("2026-03-04T15:00")


def test_the_clock_that_presses_is_the_next_one_that_runs() -> None:
    first, second = clock(started_at=FRIDAY_AFTERNOON - timedelta(days=1)), clock()
    met = meet_clock(first, attempted_at=FRIDAY_AFTERNOON, calendar=CALENDAR)
    assert pressing([second, first]) == first
    assert pressing([met, second]) == second
    assert pressing([met]) == met
    assert pressing([]) is None


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
