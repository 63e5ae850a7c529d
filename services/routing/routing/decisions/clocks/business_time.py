"""Time that counts only while a territory is open: weekly hours in a time zone but for holidays, read through summer and winter time.

A wall time that the clocks skip in spring is read with the offset before the change, one that they repeat in autumn is its first
occurrence; in between real seconds count, so a block is an hour longer or shorter on such a day. Openings never count twice.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import count
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from routing.decisions.clocks.public_holidays import HolidaysKept, PublicHolidays

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
MINUTES_PER_DAY = 24 * 60
WALL_TIME = re.compile(r"([01]\d|2[0-3]):([0-5]\d)|24:00", re.ASCII)
ONE_DAY = timedelta(days=1)

LOOK_AHEAD_MAX = timedelta(days=20 * 366)
"""Ends a search in a calendar that is open for too little; an hour a week suffices for the longest clock a policy may ask for,
though some of them fall on holidays."""


class CalendarRefused(ValueError):
    """Hours or a zone that can't be; `problems` are (path, sentence) pairs, all that were found."""

    def __init__(self, *problems: tuple[str, str]) -> None:
        super().__init__("; ".join(f"{path}: {sentence}" for path, sentence in problems))
        self.problems = problems


class DueOutOfReach(ValueError):
    """The calendar isn't open long enough within the look-ahead."""


@dataclass(frozen=True, slots=True, order=True)
class Block:
    """One opening of a day, in minutes after its midnight; `closes_minute` may be 1440, the end of the day."""

    opens_minute: int
    closes_minute: int


@dataclass(frozen=True, slots=True)
class Calendar:
    """Weekly opening hours, Monday first, in a zone, closed on holidays if it keeps any. One that never opens can't be made."""

    zone: ZoneInfo
    week: tuple[tuple[Block, ...], ...]
    holidays: PublicHolidays | None = None

    def __post_init__(self) -> None:
        if not any(self.week):
            raise CalendarRefused(("hours", "there is no opening in the whole week, so no time would ever be due"))

    def openings_on(self, day: date) -> tuple[Block, ...]:
        """The openings of a date."""
        blocks = self.week[day.weekday()]
        return () if blocks and self.holidays is not None and self.holidays.include(day) else blocks

    def keeps_holidays(self, start: datetime, end: datetime) -> HolidaysKept:
        """Whether holidays count from one moment to the other."""
        if self.holidays is None:
            return "not_kept"
        first, last = (_utc(moment).astimezone(self.zone).date() for moment in (start, end))
        return "kept" if self.holidays.are_known(first, last) else "unknown"


@dataclass(frozen=True, slots=True)
class _Span:
    """One opening as it really happened or will, in UTC."""

    opens_at: datetime
    closes_at: datetime


def read_calendar(hours: Mapping[str, Sequence[Sequence[str]]], *, timezone: str, holidays: PublicHolidays | None = None) -> Calendar:
    """Read `{mon: [["09:00", "17:00"], ...], ...}` and an IANA zone, or raise CalendarRefused with every problem in words.

    Who is open around the clock on every day of the week is so on holidays too.
    """
    problems: list[tuple[str, str]] = [
        (f"hours.{day}", f"unknown day; days are {', '.join(WEEKDAYS)}") for day in hours if day not in WEEKDAYS
    ]
    week = tuple(tuple(_read_day(day, hours.get(day, ()), problems)) for day in WEEKDAYS)
    zone = _read_zone(timezone, problems)
    if problems or zone is None:
        raise CalendarRefused(*problems)
    return Calendar(zone, week, None if _is_around_the_clock(week) else holidays)


def due_after_open_seconds(start: datetime, *, seconds: float, calendar: Calendar) -> datetime:
    """Return the moment (UTC) at which `seconds` of open time have passed since `start`.

    Time that runs out with the block is due at its closing. Raises DueOutOfReach past the look-ahead.
    """
    start = _utc(start)
    remaining = timedelta(seconds=seconds)
    if remaining < timedelta():
        raise ValueError("open seconds can't be negative")
    for span in _openings(calendar, since=start):
        length = span.closes_at - span.opens_at
        if remaining <= length:
            return span.opens_at + remaining
        if span.closes_at - start > LOOK_AHEAD_MAX:
            break
        remaining -= length
    raise DueOutOfReach(f"the calendar isn't open for {seconds:.0f} seconds within {LOOK_AHEAD_MAX.days} days")


def due_after_working_days(start: datetime, *, days: int, calendar: Calendar) -> datetime:
    """Return the same local time `days` working days on (UTC), moved to the next opening if it is closed then.

    A working day is one with opening hours; the day of `start` isn't counted, so one working day after any time on a Saturday is Monday.
    Raises DueOutOfReach past the look-ahead.
    """
    if days < 1:
        raise ValueError("at least one working day")
    local = _utc(start).astimezone(calendar.zone)
    day, last_day = local.date(), local.date() + LOOK_AHEAD_MAX
    for _ in range(days):
        day += ONE_DAY
        while not calendar.openings_on(day):
            day += ONE_DAY
            if day > last_day:
                raise DueOutOfReach(f"the calendar has not {days} working days within {LOOK_AHEAD_MAX.days} days")
    same_time = datetime.combine(day, local.time().replace(fold=0), tzinfo=calendar.zone)
    return due_after_open_seconds(same_time, seconds=0, calendar=calendar)


def open_seconds_between(start: datetime, end: datetime, *, calendar: Calendar) -> float:
    """Return the open seconds from `start` to `end`; 0 when `end` isn't later."""
    start, end = _utc(start), _utc(end)
    total = timedelta()
    for span in _openings(calendar, since=start):
        if span.opens_at >= end:
            break
        total += min(span.closes_at, end) - span.opens_at
    return total.total_seconds()


def _is_around_the_clock(week: Sequence[Sequence[Block]]) -> bool:
    return all(sum(block.closes_minute - block.opens_minute for block in blocks) == MINUTES_PER_DAY for blocks in week)


def _openings(calendar: Calendar, *, since: datetime) -> Iterator[_Span]:
    """Yield what is open from `since` on, in order and without overlap: day by day, not second by second.

    It ends where there is nothing in a whole look-ahead.
    """
    # The day before, in case a change of clocks carries its last block past midnight.
    first_day = since.astimezone(calendar.zone).date() - ONE_DAY
    counted_until = since
    for days_on in count():
        day = first_day + timedelta(days=days_on)
        for block in calendar.openings_on(day):
            opens_at = max(_instant(day, block.opens_minute, calendar.zone), counted_until)
            closes_at = _instant(day, block.closes_minute, calendar.zone)
            if closes_at > opens_at:
                yield _Span(opens_at, closes_at)
                counted_until = closes_at
        if day - counted_until.date() > LOOK_AHEAD_MAX:
            return


def _instant(day: date, minute: int, zone: ZoneInfo) -> datetime:
    if minute == MINUTES_PER_DAY:
        day, minute = day + ONE_DAY, 0
    return datetime.combine(day, time(minute // 60, minute % 60), tzinfo=zone).astimezone(UTC)


def _utc(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise ValueError("a moment needs its time zone")
    return moment.astimezone(UTC)


def _read_zone(timezone: str, problems: list[tuple[str, str]]) -> ZoneInfo | None:
    try:
        return ZoneInfo(timezone)
    # Besides unknown names ZoneInfo refuses paths (ValueError) and stumbles over its own directories ("America": OSError).
    except (ZoneInfoNotFoundError, ValueError, OSError):
        problems.append(("timezone", "unknown zone; give an IANA name such as America/Chicago"))
        return None


def _read_day(day: str, blocks: Sequence[Sequence[str]], problems: list[tuple[str, str]]) -> Iterator[Block]:
    previous: Block | None = None
    for block, place in sorted(_read_blocks(day, blocks, problems)):
        if previous and block.opens_minute < previous.closes_minute:
            problems.append((place, "overlaps another opening of the day"))
        previous = block
        yield block


def _read_blocks(day: str, blocks: Sequence[Sequence[str]], problems: list[tuple[str, str]]) -> Iterator[tuple[Block, str]]:
    for number, bounds in enumerate(blocks):
        place = f"hours.{day}[{number}]"
        if len(bounds) != 2 or not all(WALL_TIME.fullmatch(bound) for bound in bounds):
            problems.append((place, 'an opening is a pair of times such as ["09:00", "17:00"]; only an end may be 24:00'))
            continue
        opens_minute, closes_minute = (int(bound[:2]) * 60 + int(bound[3:]) for bound in bounds)
        if closes_minute <= opens_minute:
            problems.append((place, "ends before it starts; hours past midnight are two openings, on two days"))
            continue
        yield Block(opens_minute, closes_minute), place


OFFICE_HOURS: Mapping[str, Sequence[Sequence[str]]] = {day: [["09:00", "17:00"]] for day in WEEKDAYS[:5]}
"""The hours of a territory that states none."""

CALENDAR_WITHOUT_TERRITORY = read_calendar(OFFICE_HOURS, timezone="UTC")
"""The hours of a lead whose postal code lies in no territory: it waits in the queue, and its clock runs there."""
