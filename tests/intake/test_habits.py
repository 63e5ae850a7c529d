"""Habits: a source is quiet only against what it did itself at the same time of the weeks before."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intake.decisions.habits import HOUR, REMEMBERED, WEEK, WINDOWS, Habit, expectations, is_quiet, quiet_since

MONDAY = datetime(2026, 3, 2, tzinfo=UTC)
NOW = MONDAY + timedelta(days=3, hours=12, minutes=20)
HOURS_OF_WEEK = st.dictionaries(st.integers(0, 167), st.integers(0, 200), max_size=168)


def habit_of(week: dict[int, int], *, weeks: int = 5, until: datetime = NOW) -> Habit:
    """The same week again and again, as far back as is remembered, up to `until`."""
    hours = {MONDAY + number * HOUR - back * WEEK: count for back in range(weeks) for number, count in week.items() if count}
    kept = {hour: count for hour, count in hours.items() if hour <= until}
    return Habit(kept, since=min(kept, default=until))


def steady(count: int = 20) -> dict[int, int]:
    return dict.fromkeys(range(168), count)


def office_hours(count: int = 50) -> dict[int, int]:
    return {day * 24 + hour: count for day in range(5) for hour in range(8, 18)}


@given(week=HOURS_OF_WEEK, seconds=st.integers(0, 3_599))
def test_a_source_that_posted_within_the_hour_is_not_quiet_whatever_its_habit(week: dict[int, int], seconds: int) -> None:
    expected = expectations(habit_of(week), now=NOW)
    assert not is_quiet(expected, last_at=NOW - timedelta(seconds=seconds), now=NOW)


@given(week=HOURS_OF_WEEK, hours=st.integers(0, 167))
def test_a_source_that_goes_on_as_ever_is_never_quiet(week: dict[int, int], hours: int) -> None:
    now = MONDAY + hours * HOUR + timedelta(minutes=10)
    habit = habit_of(week, until=now)
    last_at = max((hour for hour in habit.receipts if hour <= now), default=None)
    assert not is_quiet(expectations(habit, now=now), last_at=last_at, now=now)


@given(hours=st.integers(0, 167), count=st.integers(10, 1_000))
def test_a_steady_source_that_stops_is_quiet_within_two_hours(hours: int, count: int) -> None:
    stopped = MONDAY + hours * HOUR
    habit = habit_of(steady(count), until=stopped - HOUR)
    last_at, now = stopped - timedelta(minutes=1), stopped + 2 * HOUR
    assert is_quiet(expectations(habit, now=now), last_at=last_at, now=now)
    assert expectations(habit, now=now)[0].gap_seconds == 3_600 / count


@given(week=HOURS_OF_WEEK, days=st.integers(0, 14))
def test_before_two_weeks_nobody_has_a_habit(week: dict[int, int], days: int) -> None:
    whole = habit_of(week)
    since = NOW - timedelta(days=days)
    habit = Habit({hour: count for hour, count in whole.receipts.items() if hour >= since}, since=since)
    assert expectations(habit, now=NOW) == []


@given(week=HOURS_OF_WEEK, hours=st.integers(0, 400), more=st.integers(0, 100))
def test_more_of_the_same_habit_never_excuses_a_silence(week: dict[int, int], hours: int, more: int) -> None:
    now = NOW + hours * HOUR
    busier = {hour: count + more for hour, count in week.items()}
    before, after = (expectations(habit_of(each), now=now) for each in (week, busier))
    if is_quiet(before, last_at=NOW, now=now):
        assert is_quiet(after, last_at=NOW, now=now)


@pytest.mark.parametrize("shift", [-HOUR, HOUR])
@pytest.mark.parametrize("hour", range(168))
def test_clocks_that_were_moved_by_an_hour_make_nobody_quiet(shift: timedelta, hour: int) -> None:
    habit = habit_of(office_hours(), until=MONDAY - HOUR)
    now = MONDAY + hour * HOUR + timedelta(minutes=1)
    posted = [MONDAY + number * HOUR + shift for number in office_hours()] + list(habit.receipts)
    last_at = max(at for at in posted if at <= now)
    counted = {at: 50 for at in posted if at <= now}
    assert not is_quiet(expectations(Habit(counted, habit.since), now=now), last_at=last_at, now=now)


def test_office_hours_that_bring_nothing_are_noticed_and_nights_are_not() -> None:
    habit = habit_of(office_hours(), until=MONDAY - HOUR)
    friday = MONDAY - timedelta(days=3) + 18 * HOUR
    for hour, quiet in {3: False, 8: False, 9: False, 10: True, 15: True}.items():
        now = MONDAY + hour * HOUR + timedelta(minutes=30)
        assert is_quiet(expectations(habit, now=now), last_at=friday, now=now) is quiet, hour


def test_one_mailing_makes_no_habit_and_one_every_tuesday_does() -> None:
    tuesdays = {24 + 9: 4_000, 24 + 10: 2_000, 24 + 11: 500}
    last_at = MONDAY - timedelta(days=5)
    after = MONDAY + timedelta(days=2)
    once = Habit({MONDAY - WEEK + 33 * HOUR: 5_000}, since=MONDAY - 5 * WEEK)
    assert not is_quiet(expectations(once, now=after), last_at=last_at, now=after)
    every = habit_of(tuesdays, until=MONDAY)
    assert is_quiet(expectations(every, now=after), last_at=last_at, now=after)


def test_what_once_is_quiet_stays_so_until_it_posts() -> None:
    habit = habit_of(office_hours(), until=MONDAY - HOUR)
    friday, monday, night = MONDAY - timedelta(days=3) + 18 * HOUR, MONDAY + 12 * HOUR, MONDAY + 23 * HOUR
    noticed = quiet_since(None, expected=expectations(habit, now=monday), last_at=friday, now=monday)
    assert noticed == monday
    assert quiet_since(noticed, expected=expectations(habit, now=night), last_at=friday, now=night) == monday
    assert quiet_since(noticed, expected=expectations(habit, now=night), last_at=night, now=night) is None


def test_all_that_is_looked_at_is_remembered() -> None:
    assert max(WINDOWS) + 4 * WEEK + HOUR < REMEMBERED
