"""Open time: the golden cases, summer and winter time, and what holds for any calendar and any start."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.decisions.clocks.business_time import (
    CALENDAR_WITHOUT_TERRITORY,
    WEEKDAYS,
    Calendar,
    CalendarRefused,
    DueOutOfReach,
    due_after_open_seconds,
    due_after_working_days,
    open_seconds_between,
    read_calendar,
)

Hours = Mapping[str, Sequence[Sequence[str]]]
CHICAGO = "America/Chicago"
WORKDAYS = WEEKDAYS[:5]
HOUR = 3600


def every(days: Sequence[str], *blocks: Sequence[str]) -> Hours:
    return {day: list(blocks) for day in days}


def local(text: str, zone: str = CHICAGO, *, fold: int = 0) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone), fold=fold)


NINE_TO_FIVE = read_calendar(every(WORKDAYS, ["09:00", "17:00"]), timezone=CHICAGO)
TEN_TO_SIX = read_calendar(every(WORKDAYS, ["10:00", "18:00"]), timezone=CHICAGO)
WITH_LUNCH = read_calendar(every(WORKDAYS, ["13:00", "17:00"], ["09:00", "12:00"]), timezone=CHICAGO)
ALWAYS = read_calendar(every(WEEKDAYS, ["00:00", "24:00"]), timezone=CHICAGO)
NIGHTS = read_calendar(every(WEEKDAYS, ["01:00", "04:00"]), timezone=CHICAGO)


# 2026-02-27 is a Friday; Chicago's clocks change on 2026-03-08 and 2026-11-01.
@pytest.mark.parametrize(
    ("calendar", "start", "hours", "due"),
    [
        pytest.param(NINE_TO_FIVE, "2026-02-27T16:30", 1, "2026-03-02T09:30", id="Friday 16:30 and one hour: Monday 09:30"),
        pytest.param(NINE_TO_FIVE, "2026-02-28T16:00", 1, "2026-03-02T10:00", id="Saturday 16:00 and one hour: Monday 10:00"),
        pytest.param(TEN_TO_SIX, "2026-02-25T15:00", 10, "2026-02-26T17:00", id="Wednesday 15:00 and ten hours: Thursday 17:00"),
        pytest.param(TEN_TO_SIX, "2026-02-25T20:00", 10, "2026-02-27T12:00", id="Wednesday 20:00 and ten hours: Friday 12:00"),
        pytest.param(NINE_TO_FIVE, "2026-02-27T16:00", 1, "2026-02-27T17:00", id="time that runs out with the day is due at closing"),
        pytest.param(NINE_TO_FIVE, "2026-02-25T07:00", 0, "2026-02-25T09:00", id="no time at all is due at the next opening"),
        pytest.param(NINE_TO_FIVE, "2026-02-25T12:00", 0, "2026-02-25T12:00", id="no time at all within an opening is due at once"),
        pytest.param(WITH_LUNCH, "2026-02-25T11:30", 1, "2026-02-25T13:30", id="a lunch break doesn't count"),
        pytest.param(WITH_LUNCH, "2026-02-25T09:00", 35, "2026-03-03T17:00", id="five days of two blocks each"),
        pytest.param(ALWAYS, "2026-02-25T09:00", 48, "2026-02-27T09:00", id="always open: plain hours"),
        pytest.param(ALWAYS, "2026-03-07T12:00", 24, "2026-03-08T13:00", id="always open in spring: an hour is skipped"),
        pytest.param(ALWAYS, "2026-10-31T12:00", 24, "2026-11-01T11:00", id="always open in autumn: an hour is repeated"),
        pytest.param(NIGHTS, "2026-03-07T12:00", 2.5, "2026-03-09T01:30", id="a night in spring is an hour shorter"),
        pytest.param(NIGHTS, "2026-10-31T12:00", 4, "2026-11-01T04:00", id="a night in autumn is an hour longer"),
        pytest.param(NINE_TO_FIVE, "2026-03-06T16:00", 2, "2026-03-09T10:00", id="a weekend with a change of clocks in it"),
    ],
)
def test_open_time_runs_out_at(calendar: Calendar, start: str, hours: float, due: str) -> None:
    assert due_after_open_seconds(local(start), seconds=hours * HOUR, calendar=calendar) == local(due)


def test_due_times_are_utc() -> None:
    assert due_after_open_seconds(local("2026-02-25T09:00"), seconds=HOUR, calendar=NINE_TO_FIVE).tzinfo is UTC


@pytest.mark.parametrize(
    ("start", "days", "due"),
    [
        pytest.param("2026-02-25T11:00", 1, "2026-02-26T11:00", id="Wednesday 11:00 and one day: Thursday 11:00"),
        pytest.param("2026-02-27T11:00", 1, "2026-03-02T11:00", id="Friday 11:00 and one day: Monday 11:00"),
        pytest.param("2026-02-27T20:00", 1, "2026-03-03T09:00", id="Friday 20:00 and one day: Monday 20:00 is closed, so Tuesday 09:00"),
        pytest.param("2026-02-28T16:00", 1, "2026-03-02T16:00", id="Saturday 16:00 and one day: Monday 16:00"),
        pytest.param("2026-02-28T06:00", 1, "2026-03-02T09:00", id="Saturday 06:00 and one day: Monday 06:00 is closed, so 09:00"),
        pytest.param("2026-02-25T17:00", 1, "2026-02-27T09:00", id="at closing time it is closed"),
        pytest.param("2026-02-25T11:00", 5, "2026-03-04T11:00", id="five days: a week"),
        pytest.param("2026-03-06T11:00", 1, "2026-03-09T11:00", id="the same local time though the clocks changed"),
    ],
)
def test_working_days_end_at(start: str, days: int, due: str) -> None:
    assert due_after_working_days(local(start), days=days, calendar=NINE_TO_FIVE) == local(due)


def test_a_local_time_the_clocks_skip_is_read_with_the_offset_before() -> None:
    due = due_after_working_days(local("2026-03-07T02:30"), days=1, calendar=ALWAYS)
    assert due == local("2026-03-08T03:30")


@pytest.mark.parametrize(
    ("zone", "start", "end", "hours"),
    [
        pytest.param(CHICAGO, "2026-03-08T00:00", "2026-03-09T00:00", 23, id="a day in spring"),
        pytest.param(CHICAGO, "2026-11-01T00:00", "2026-11-02T00:00", 25, id="a day in autumn"),
        pytest.param("Australia/Lord_Howe", "2026-04-05T00:00", "2026-04-06T00:00", 24.5, id="half an hour of change"),
        pytest.param("Pacific/Apia", "2011-12-29T00:00", "2012-01-01T00:00", 48, id="three dates one of which never was"),
        pytest.param("Africa/Cairo", "2026-04-24T00:00", "2026-04-25T00:00", 23, id="a day whose midnight was skipped"),
    ],
)
def test_a_calendar_that_is_always_open_counts_real_hours(zone: str, start: str, end: str, hours: float) -> None:
    calendar = read_calendar(every(WEEKDAYS, ["00:00", "12:00"], ["12:00", "24:00"]), timezone=zone)
    assert open_seconds_between(local(start, zone), local(end, zone), calendar=calendar) == hours * HOUR


def test_blocks_around_a_skipped_hour_never_count_twice() -> None:
    calendar = read_calendar(every(WEEKDAYS, ["02:00", "02:45"], ["03:00", "05:00"]), timezone=CHICAGO)
    assert open_seconds_between(local("2026-03-08T00:00"), local("2026-03-08T12:00"), calendar=calendar) == 2 * HOUR


def test_an_opening_that_a_change_of_clocks_carries_past_midnight_is_counted_from_there_too() -> None:
    # On 2026-03-28 Nuuk goes from 23:00 straight to midnight, so that what closes at 23:30 closes half an hour into Sunday.
    calendar = read_calendar({"sat": [["20:00", "23:30"]]}, timezone="America/Nuuk")
    start = local("2026-03-29T00:10", "America/Nuuk")
    assert open_seconds_between(start, start + timedelta(hours=12), calendar=calendar) == 20 * 60


def test_no_open_time_lies_between_a_moment_and_an_earlier_one() -> None:
    assert open_seconds_between(local("2026-02-25T12:00"), local("2026-02-25T11:00"), calendar=NINE_TO_FIVE) == 0


def test_a_calendar_open_for_too_little_gives_no_due_time_rather_than_searching_for_ever() -> None:
    minute_a_week = read_calendar({"mon": [["09:00", "09:01"]]}, timezone="UTC")
    with pytest.raises(DueOutOfReach, match="isn't open for 2592000 seconds"):
        due_after_open_seconds(local("2026-02-25T12:00"), seconds=30 * 24 * HOUR, calendar=minute_a_week)


def test_the_longest_clock_a_policy_may_ask_for_is_due_with_an_hour_a_week() -> None:
    hour_a_week = read_calendar({"mon": [["09:00", "10:00"]]}, timezone="UTC")
    due = due_after_open_seconds(local("2026-02-25T12:00"), seconds=30 * 24 * HOUR, calendar=hour_a_week)
    assert due.year == 2039


def test_a_moment_without_a_zone_is_an_error() -> None:
    with pytest.raises(ValueError, match="time zone"):
        due_after_open_seconds(datetime(2026, 2, 25), seconds=1, calendar=NINE_TO_FIVE)  # noqa: DTZ001


def test_open_seconds_cannot_be_negative() -> None:
    with pytest.raises(ValueError, match="negative"):
        due_after_open_seconds(local("2026-02-25T12:00"), seconds=-1, calendar=NINE_TO_FIVE)


def test_no_working_day_at_all_is_an_error() -> None:
    with pytest.raises(ValueError, match="at least one"):
        due_after_working_days(local("2026-02-25T12:00"), days=0, calendar=NINE_TO_FIVE)


@pytest.mark.parametrize(
    ("hours", "zone", "problems"),
    [
        pytest.param({}, "UTC", [("hours", "there is no opening in the whole week")], id="never open"),
        pytest.param({"mon": []}, "UTC", [("hours", "there is no opening in the whole week")], id="a day without openings"),
        pytest.param({"mon": [["17:00", "09:00"]]}, "UTC", [("hours.mon[0]", "ends before it starts")], id="end before start"),
        pytest.param({"mon": [["09:00", "09:00"]]}, "UTC", [("hours.mon[0]", "ends before it starts")], id="no length"),
        pytest.param({"mon": [["09:00", "12:00"], ["11:00", "13:00"]]}, "UTC", [("hours.mon[1]", "overlaps")], id="an overlap"),
        pytest.param({"mon": [["9:00", "17:00"]]}, "UTC", [("hours.mon[0]", "a pair of times")], id="a time without its zero"),
        pytest.param({"mon": [["09:00", "24:01"]]}, "UTC", [("hours.mon[0]", "a pair of times")], id="after the end of the day"),
        pytest.param({"mon": [["09:00\n", "17:00"]]}, "UTC", [("hours.mon[0]", "a pair of times")], id="a line break"),
        pytest.param({"mon": [["٠٩:٠٠", "17:00"]]}, "UTC", [("hours.mon[0]", "a pair of times")], id="other digits"),
        pytest.param({"mon": [["09:00"]]}, "UTC", [("hours.mon[0]", "a pair of times")], id="half a pair"),
        pytest.param({"monday": [["09:00", "17:00"]]}, "UTC", [("hours.monday", "unknown day")], id="an unknown day"),
        pytest.param(every(["mon"], ["09:00", "17:00"]), "Mars/Olympus", [("timezone", "unknown zone")], id="an unknown zone"),
        pytest.param(every(["mon"], ["09:00", "17:00"]), "America", [("timezone", "unknown zone")], id="half a zone"),
        pytest.param(every(["mon"], ["09:00", "17:00"]), "../etc/passwd", [("timezone", "unknown zone")], id="a path"),
        pytest.param(every(["mon"], ["09:00", "17:00"]), "", [("timezone", "unknown zone")], id="no zone"),
        pytest.param(
            {"tues": [], "fri": [["x", "y"]]},
            "Nowhere",
            [("hours.tues", "unknown day"), ("hours.fri[0]", "a pair of times"), ("timezone", "unknown zone")],
            id="several at once",
        ),
    ],
)
def test_hours_that_cannot_be_are_refused_in_words(hours: Hours, zone: str, problems: list[tuple[str, str]]) -> None:
    with pytest.raises(CalendarRefused) as refused:
        read_calendar(hours, timezone=zone)
    assert [path for path, _ in refused.value.problems] == [path for path, _ in problems]
    assert all(said in sentence for (_, sentence), (_, said) in zip(refused.value.problems, problems, strict=True))


def test_a_lead_without_a_territory_has_office_hours() -> None:
    assert open_seconds_between(
        local("2026-03-02T00:00", "UTC"), local("2026-03-09T00:00", "UTC"), calendar=CALENDAR_WITHOUT_TERRITORY
    ) == (40 * HOUR)


def _blocks(bounds: set[int]) -> list[list[str]]:
    """Pair ascending minutes up to openings."""
    times = [f"{minute // 60:02}:{minute % 60:02}" for minute in sorted(bounds)]
    return [list(pair) for pair in zip(times[::2], times[1::2], strict=False)]


CALENDARS = st.builds(
    lambda week, always_open_day, zone: read_calendar(
        {**dict(zip(WEEKDAYS, week, strict=True)), always_open_day: [["08:00", "12:30"]]}, timezone=zone
    ),
    st.lists(st.sets(st.integers(min_value=0, max_value=1440), max_size=6).map(_blocks), min_size=7, max_size=7),
    st.sampled_from(WEEKDAYS),
    st.sampled_from([CHICAGO, "Europe/Berlin", "Australia/Lord_Howe", "Africa/Cairo", "Asia/Kolkata", "UTC"]),
)
# Around the changes of clocks, where it is hard.
STARTS = st.one_of(
    st.datetimes(datetime(2026, 3, 1), datetime(2026, 5, 1), timezones=st.just(UTC)),  # noqa: DTZ001
    st.datetimes(datetime(2026, 10, 1), datetime(2026, 11, 10), timezones=st.just(UTC)),  # noqa: DTZ001
)
SECONDS = st.integers(min_value=0, max_value=100 * HOUR)


def is_open_or_closing(moment: datetime, calendar: Calendar) -> bool:
    second = timedelta(seconds=1)
    return (
        open_seconds_between(moment, moment + second, calendar=calendar) > 0
        or open_seconds_between(moment - second, moment, calendar=calendar) > 0
    )


@given(calendar=CALENDARS, start=STARTS, seconds=SECONDS)
def test_due_lies_in_open_time_exactly_so_many_open_seconds_on(calendar: Calendar, start: datetime, seconds: int) -> None:
    due = due_after_open_seconds(start, seconds=seconds, calendar=calendar)
    assert due >= start
    assert open_seconds_between(start, due, calendar=calendar) == seconds
    assert is_open_or_closing(due, calendar)


@given(calendar=CALENDARS, start=STARTS, seconds=SECONDS, later=st.integers(0, 7 * 86_400), more=SECONDS)
def test_who_starts_later_or_has_more_time_is_never_due_earlier(
    calendar: Calendar, start: datetime, seconds: int, later: int, more: int
) -> None:
    due = due_after_open_seconds(start, seconds=seconds, calendar=calendar)
    assert due_after_open_seconds(start + timedelta(seconds=later), seconds=seconds, calendar=calendar) >= due
    assert due_after_open_seconds(start, seconds=seconds + more, calendar=calendar) >= due


@given(calendar=CALENDARS, start=STARTS, first=SECONDS, second=SECONDS)
def test_open_time_adds_up(calendar: Calendar, start: datetime, first: int, second: int) -> None:
    middle = start + timedelta(seconds=first)
    end = middle + timedelta(seconds=second)
    parts = open_seconds_between(start, middle, calendar=calendar), open_seconds_between(middle, end, calendar=calendar)
    assert open_seconds_between(start, end, calendar=calendar) == pytest.approx(sum(parts), abs=1e-6)
    assert sum(parts) <= first + second


@given(calendar=CALENDARS, start=STARTS, days=st.integers(min_value=1, max_value=20))
def test_working_days_end_in_open_time_no_earlier_than_so_many_working_days_on(calendar: Calendar, start: datetime, days: int) -> None:
    due = due_after_working_days(start, days=days, calendar=calendar)
    assert is_open_or_closing(due, calendar)
    first_day, last_day = (moment.astimezone(calendar.zone).date() for moment in (start, due))
    dates = (first_day + timedelta(days=number) for number in range(1, (last_day - first_day).days + 1))
    assert sum(bool(calendar.week[date.weekday()]) for date in dates) >= days
