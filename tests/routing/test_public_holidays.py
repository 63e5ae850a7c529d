"""Holidays: days without opening hours, for seconds and for working days alike."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import holidays
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from routing.decisions.clocks.business_time import (
    WEEKDAYS,
    Calendar,
    DueOutOfReach,
    due_after_open_seconds,
    due_after_working_days,
    open_seconds_between,
    read_calendar,
)
from routing.decisions.clocks.public_holidays import PublicHolidays
from tests.routing.minute_by_minute import Counting

Hours = Mapping[str, Sequence[Sequence[str]]]
OFFICE: Hours = {day: [["09:00", "17:00"]] for day in WEEKDAYS[:5]}
TWO_BLOCKS: Hours = {day: [["08:00", "12:00"], ["13:30", "18:00"]] for day in WEEKDAYS[:6]}
LATE: Hours = {day: [["16:00", "24:00"]] for day in WEEKDAYS}
CHICAGO, BERLIN = "America/Chicago", "Europe/Berlin"
HOUR = 3600


def calendar(zone: str, country: str, subdivision: str | None = None, hours: Hours = OFFICE) -> Calendar:
    return read_calendar(hours, timezone=zone, holidays=PublicHolidays(country, subdivision))


def local(text: str, zone: str = CHICAGO) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone))


CHICAGO_US = calendar(CHICAGO, "US")


@pytest.mark.parametrize(
    ("where", "start", "due"),
    [
        pytest.param(CHICAGO_US, "2026-11-25T16:30", "2026-11-27T09:30", id="the day before Thanksgiving"),
        pytest.param(CHICAGO_US, "2026-11-26T10:00", "2026-11-27T10:00", id="on Thanksgiving"),
        pytest.param(CHICAGO_US, "2026-12-24T16:30", "2026-12-28T09:30", id="Christmas on a Friday"),
        pytest.param(CHICAGO_US, "2026-07-02T16:30", "2026-07-06T09:30", id="a holiday on a Saturday is kept on the Friday"),
        pytest.param(calendar(CHICAGO, "US", "IL"), "2026-02-11T16:30", "2026-02-13T09:30", id="a state's own holiday"),
        pytest.param(CHICAGO_US, "2026-02-11T16:30", "2026-02-12T09:30", id="which other states don't keep"),
    ],
)
def test_a_holiday_has_no_open_hour(where: Calendar, start: str, due: str) -> None:
    assert due_after_open_seconds(local(start), seconds=HOUR, calendar=where) == local(due)


@pytest.mark.parametrize(
    ("where", "zone", "start", "days", "due"),
    [
        pytest.param(CHICAGO_US, CHICAGO, "2026-11-25T11:00", 1, "2026-11-27T11:00", id="over Thanksgiving"),
        pytest.param(CHICAGO_US, CHICAGO, "2026-11-25T18:00", 1, "2026-11-30T09:00", id="moved to the next opening, over a weekend"),
        pytest.param(calendar(BERLIN, "DE", "BY"), BERLIN, "2026-04-02T10:00", 2, "2026-04-08T10:00", id="Easter"),
        pytest.param(calendar(BERLIN, "DE", "BY"), BERLIN, "2026-06-03T10:00", 1, "2026-06-05T10:00", id="Corpus Christi in Bavaria"),
        pytest.param(calendar(BERLIN, "DE", "BE"), BERLIN, "2026-06-03T10:00", 1, "2026-06-04T10:00", id="not in Berlin"),
    ],
)
def test_a_holiday_is_no_working_day(where: Calendar, zone: str, start: str, days: int, due: str) -> None:
    assert due_after_working_days(local(start, zone), days=days, calendar=where) == local(due, zone)


def test_who_is_open_around_the_clock_is_so_on_holidays() -> None:
    around_the_clock: Hours = {day: [["00:00", "12:00"], ["12:00", "24:00"]] for day in WEEKDAYS}
    start = local("2026-11-26T10:00")
    assert due_after_open_seconds(start, seconds=60, calendar=calendar(CHICAGO, "US", hours=around_the_clock)) == start + timedelta(
        minutes=1
    )


def test_a_place_or_a_year_the_library_does_not_know_has_no_holidays_and_says_so() -> None:
    christmas_2150 = local("2150-12-25T10:00")
    assert CHICAGO_US.keeps_holidays(local("2026-01-01T10:00"), local("2100-12-31T10:00")) == "kept"
    assert CHICAGO_US.keeps_holidays(local("2099-01-01T10:00"), christmas_2150) == "unknown"
    assert due_after_open_seconds(christmas_2150, seconds=60, calendar=CHICAGO_US) == christmas_2150 + timedelta(minutes=1)
    nowhere = calendar(CHICAGO, "XX")
    assert nowhere.keeps_holidays(local("2026-01-01T10:00"), local("2026-01-02T10:00")) == "unknown"
    assert due_after_working_days(local("2026-12-24T10:00"), days=1, calendar=nowhere) == local("2026-12-25T10:00")
    none = read_calendar(OFFICE, timezone=CHICAGO)
    assert none.keeps_holidays(local("2026-01-01T10:00"), local("2026-01-02T10:00")) == "not_kept"


def test_an_unknown_part_of_a_country_has_the_countrys_holidays() -> None:
    assert PublicHolidays("US", "QQ").include(date(2026, 11, 26))


def test_every_country_the_library_knows_can_be_asked() -> None:
    for country in holidays.list_supported_countries(include_aliases=False):
        known = PublicHolidays(country)
        assert known.are_known(date(2026, 1, 1), date(2026, 12, 31)), country
        assert not known.include(date(3000, 1, 1))


def test_a_calendar_that_holidays_leave_closed_never_searches_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    closed = calendar(CHICAGO, "US", hours={"mon": [["09:00", "10:00"]]})
    monkeypatch.setattr(PublicHolidays, "include", lambda _self, _day: True)
    with pytest.raises(DueOutOfReach):
        due_after_open_seconds(local("2026-01-01T00:00"), seconds=60, calendar=closed)
    with pytest.raises(DueOutOfReach):
        due_after_working_days(local("2026-01-01T00:00"), days=1, calendar=closed)
    assert open_seconds_between(local("2026-01-01T00:00"), local("2027-01-01T00:00"), calendar=closed) == 0


@pytest.mark.parametrize("country", ["US", "JP", "DE", "CO"])
@pytest.mark.parametrize("day", WEEKDAYS[:5])
def test_an_hour_a_week_is_enough_for_the_longest_clock_whatever_the_holidays(country: str, day: str) -> None:
    hour_a_week = calendar("UTC", country, hours={day: [["09:00", "10:00"]]})
    due_after_open_seconds(local("2026-02-25T12:00"), seconds=30 * 24 * HOUR, calendar=hour_a_week)


def _holiday_of(country: str, subdivision: str | None) -> Callable[[date], bool]:
    days = holidays.country_holidays(country, subdiv=subdivision)
    return lambda day: day in days


PLACES = st.sampled_from(
    [
        (CHICAGO, "US", "IL", OFFICE),
        (CHICAGO, "US", None, TWO_BLOCKS),
        (BERLIN, "DE", "BY", TWO_BLOCKS),
        ("Asia/Kolkata", "IN", None, LATE),
        ("Asia/Tokyo", "JP", None, OFFICE),
    ]
)
# Around turns of the year and the changes of clocks, where days are closed or have another length.
MINUTES_OF_STARTS = st.one_of(
    *(
        st.datetimes(start, start + timedelta(days=20), timezones=st.just(UTC)).map(lambda each: each.replace(second=0, microsecond=0))
        for start in (datetime(2026, 3, 1), datetime(2026, 10, 20), datetime(2026, 12, 15), datetime(2027, 4, 25))  # noqa: DTZ001
    )
)


@settings(max_examples=60, deadline=None)  # counting minutes takes its time
@given(place=PLACES, start=MINUTES_OF_STARTS, minutes=st.integers(1, 3_000))
def test_open_time_is_what_counting_minutes_gives(place: tuple[str, str, str | None, Hours], start: datetime, minutes: int) -> None:
    zone, country, subdivision, hours = place
    counting = Counting(hours, zone, _holiday_of(country, subdivision))
    where = calendar(zone, country, subdivision, hours)
    due = due_after_open_seconds(start, seconds=minutes * 60, calendar=where)
    assert due == counting.due(start, minutes)
    assert open_seconds_between(start, due, calendar=where) == 60 * counting.open_minutes(start, due) == 60 * minutes


@settings(max_examples=60, deadline=None)  # counting minutes takes its time
@given(place=PLACES, start=MINUTES_OF_STARTS, days=st.integers(1, 12))
def test_working_days_are_what_counting_days_gives(place: tuple[str, str, str | None, Hours], start: datetime, days: int) -> None:
    zone, country, subdivision, hours = place
    counting = Counting(hours, zone, _holiday_of(country, subdivision))
    assert due_after_working_days(start, days=days, calendar=calendar(zone, country, subdivision, hours)) == counting.working_days_on(
        start, days
    )
