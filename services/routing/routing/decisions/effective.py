"""Dates between which something holds: days in UTC, the first and the last one included; None is open."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta

ONE_DAY = timedelta(days=1)


def day_of(moment: datetime) -> date:
    """The day in UTC on which a moment lies."""
    return moment.astimezone(UTC).date()


def holds_on(day: date, *, valid_from: date | None, valid_until: date | None) -> bool:
    """Whether something holds on a day."""
    return (valid_from is None or valid_from <= day) and (valid_until is None or day <= valid_until)


def begins_at(first_day: date) -> datetime:
    """The moment from which something holds."""
    return datetime.combine(first_day, time(), tzinfo=UTC)


def ends_at(last_day: date) -> datetime:
    """The moment from which something does not hold any more."""
    return begins_at(last_day + ONE_DAY)


def next_last_day(last_days: Iterable[date], *, day: date) -> date | None:
    """The first of these last days that isn't over on a day; None if all are."""
    return min((last_day for last_day in last_days if last_day >= day), default=None)
