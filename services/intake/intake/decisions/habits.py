"""Whether a source has gone quiet, against nothing but its own habit.

Its last hour, day and week are set beside the same hour, day and week of the four weeks before. Where each of those brought enough and
this one nothing, it is quiet. A mailing at any time of the week makes no habit; one every Tuesday does.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

HOUR, WEEK = timedelta(hours=1), timedelta(weeks=1)
WINDOWS = (HOUR, timedelta(days=1), WEEK)
WEEKS = 4
REMEMBERED = (WEEKS + 1) * WEEK + 2 * HOUR
"""How far back receipts count."""

# One week is no habit. Fewer receipts than these may be chance: at a steady rate nothing comes once in twenty thousand times.
_WEEKS_MIN = 2
_RECEIPTS_MIN = 10
# Clocks are moved by an hour twice a year, and the receipts of office hours with them.
_SHIFTS = (-HOUR, timedelta(0), HOUR)


@dataclass(frozen=True, slots=True)
class Habit:
    """How many receipts came in which hour (UTC, by its beginning; hours without any may be left out), known `since` then."""

    receipts: Mapping[datetime, int]
    since: datetime


@dataclass(frozen=True, slots=True)
class Expectation:
    """At this time of the week at least so many receipts come in a window of that length."""

    window: timedelta
    at_least: int

    @property
    def gap_seconds(self) -> float:
        """How often one comes."""
        return self.window.total_seconds() / self.at_least


def expectations(habit: Habit, *, now: datetime) -> list[Expectation]:
    """What may be expected of the windows that end with the last full hour: the shortest first, those without a habit left out."""
    end = _hour(now)
    found = []
    for window in WINDOWS:
        weeks = [end - number * WEEK for number in range(1, WEEKS + 1) if end - number * WEEK - window - HOUR >= habit.since]
        fewest = min((_fewest(habit, end=past, window=window) for past in weeks), default=0)
        if len(weeks) >= _WEEKS_MIN and fewest >= _RECEIPTS_MIN:
            found.append(Expectation(window, fewest))
    return found


def is_quiet(expected: list[Expectation], *, last_at: datetime | None, now: datetime) -> bool:
    """Whether nothing came for as long as something should have."""
    return any(last_at is None or last_at < _hour(now) - one.window for one in expected)


def quiet_since(before: datetime | None, *, expected: list[Expectation], last_at: datetime | None, now: datetime) -> datetime | None:
    """Since when the source is quiet; None if it isn't. Once quiet it is until it posts: nights and weekends end nothing."""
    if before is not None and (last_at is None or last_at <= before):
        return before
    return now if is_quiet(expected, last_at=last_at, now=now) else None


def _fewest(habit: Habit, *, end: datetime, window: timedelta) -> int:
    return min(sum(habit.receipts.get(hour, 0) for hour in _hours(end + shift - window, end + shift)) for shift in _SHIFTS)


def _hours(begin: datetime, end: datetime) -> Iterator[datetime]:
    while begin < end:
        yield begin
        begin += HOUR


def _hour(moment: datetime) -> datetime:
    return moment.replace(minute=0, second=0, microsecond=0)
