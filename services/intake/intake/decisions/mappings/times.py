"""When an event happened, in whatever form its platform writes it."""

import re
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from intake.decisions import moments
from intake.decisions.mappings.document import TimeAt
from intake.decisions.moments import Reading, UnusableTime

_DIGITS = re.compile(r"[0-9]{1,16}", re.ASCII)
_TEXT_CHARS_MAX = 60
_UNREADABLE = UnusableTime("time_unreadable", "The event's time is not written in the form its mapping states.")


def moment(value: object, form: TimeAt) -> Reading:
    """The time a value states in that form, in UTC, or why it states none."""
    match form.format:
        case "rfc_3339":
            return moments.from_rfc_3339(value)
        case "epoch_seconds":
            return moments.from_epoch_seconds(value)
        case "epoch_milliseconds":
            return moments.from_epoch_milliseconds(_whole(value))
        case "written":
            return _from_text(value, form)


def _whole(value: object) -> object:
    """A whole number as forms write it, and as some write whole numbers: 1772446500000.0."""
    if isinstance(value, str) and _DIGITS.fullmatch(value):
        return int(value)
    return int(value) if isinstance(value, float) and value.is_integer() else value


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
