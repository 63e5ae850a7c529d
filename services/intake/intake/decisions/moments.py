"""When an act happened: a platform's own times read with their zone, and bounds outside of which no clock can be right."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

# No marketing platform we read is older; what lies before is a zero or a unit mistaken.
EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
# A sender's clock may run ahead of ours. More than this is a zone left out or a unit mistaken.
AHEAD_MAX = timedelta(hours=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECONDS_MAX = 10**14  # beyond the year 5000: past it timedelta would overflow before the bounds could speak
_TEXT_CHARS_MAX = 40
_SECONDS_WRITTEN = re.compile(r"[0-9]{1,12}(?:\.[0-9]{1,9})?", re.ASCII)


@dataclass(frozen=True, slots=True)
class UnusableTime:
    """Why a time can't be taken: a code and a sentence."""

    reason: str
    detail: str


Reading = datetime | UnusableTime


def from_rfc_3339(value: object) -> Reading:
    """A time written with its zone, in UTC."""
    if value is None or value == "":
        return UnusableTime("time_missing", "The event doesn't say when it happened.")
    if not isinstance(value, str) or len(value) > _TEXT_CHARS_MAX:
        return UnusableTime("time_unreadable", "The event's time is not an RFC 3339 time in a string.")
    try:
        moment = datetime.fromisoformat(value.strip())
    except ValueError:
        return UnusableTime("time_unreadable", "The event's time is not an RFC 3339 time that exists.")
    if moment.tzinfo is None:
        return UnusableTime("time_without_zone", "The event's time doesn't name its zone.")
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        return UnusableTime("time_out_of_bounds", "The event's time lies outside of the calendar.")


def from_epoch_milliseconds(value: object) -> Reading:
    """A time as milliseconds since 1970."""
    if value is None:
        return UnusableTime("time_missing", "The event doesn't say when it happened.")
    if not isinstance(value, int) or isinstance(value, bool):
        return UnusableTime("time_unreadable", "The event's time is not a whole number of milliseconds.")
    if not 0 <= value <= _MILLISECONDS_MAX:
        return UnusableTime("time_out_of_bounds", "The event's time lies outside of the calendar.")
    return _EPOCH + timedelta(milliseconds=value)


def from_epoch_seconds(value: object) -> Reading:
    """A time as seconds since 1970, whole or with a fraction, as a number or written in digits."""
    if value is None:
        return UnusableTime("time_missing", "The event doesn't say when it happened.")
    if isinstance(value, str) and _SECONDS_WRITTEN.fullmatch(value):
        value = float(value)
    if not isinstance(value, int | float) or isinstance(value, bool):
        return UnusableTime("time_unreadable", "The event's time is not a number of seconds.")
    if not 0 <= value <= _MILLISECONDS_MAX // 1000:
        return UnusableTime("time_out_of_bounds", "The event's time lies outside of the calendar.")
    return _EPOCH + timedelta(seconds=value)


def within_bounds(moment: datetime, *, received_at: datetime) -> Reading:
    """The same time, unless it lies before `EARLIEST` or further ahead of its receipt than clocks differ."""
    if moment < EARLIEST:
        return UnusableTime("time_out_of_bounds", f"The event's time lies before {EARLIEST.year}.")
    if moment > received_at + AHEAD_MAX:
        return UnusableTime("time_out_of_bounds", "The event's time lies in the future.")
    return moment
