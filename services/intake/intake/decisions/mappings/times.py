"""When an event happened, in whatever form its platform writes it."""

import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from intake.decisions import moments
from intake.decisions.mappings.document import TimeAt
from intake.decisions.moments import Reading, UnusableTime

_NUMBER = re.compile(r"[0-9]{1,16}(\.[0-9]{1,9})?", re.ASCII)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TEXT_CHARS_MAX = 60
_UNREADABLE = UnusableTime("time_unreadable", "The event's time is not written in the form its mapping states.")


def moment(value: object, form: TimeAt) -> Reading:
    """The time a value states in that form, in UTC, or why it states none."""
    match form.format:
        case "rfc_3339":
            return moments.from_rfc_3339(value)
        case "epoch_seconds":
            return _from_epoch(value, per_second=1)
        case "epoch_milliseconds":
            return _from_epoch(value, per_second=1_000)
        case "written":
            return _from_text(value, form)


def _from_epoch(value: object, *, per_second: int) -> Reading:
    if isinstance(value, str) and _NUMBER.fullmatch(value.strip()):
        value = float(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return _UNREADABLE
    try:
        return _EPOCH + timedelta(seconds=value / per_second)
    except (OverflowError, ValueError):
        return UnusableTime("time_out_of_bounds", "The event's time lies outside of the calendar.")


def _from_text(value: object, form: TimeAt) -> Reading:
    if not isinstance(value, str) or len(value) > _TEXT_CHARS_MAX:
        return _UNREADABLE
    try:
        written = datetime.strptime(value.strip(), form.pattern) if form.pattern else datetime.fromisoformat(value.strip())  # noqa: DTZ007
        if written.tzinfo is None:
            # An hour that comes twice when clocks go back is taken for the first.
            written = written.replace(tzinfo=ZoneInfo(form.zone or "UTC"))
        return written.astimezone(UTC)
    except (ValueError, OverflowError):
        return _UNREADABLE
