"""What JSON bodies are made of: the bases of requests and answers, and the field types that mean the same in every service."""

import re
import unicodedata
from datetime import UTC, date, datetime
from functools import cache
from typing import Annotated
from urllib.parse import urlsplit
from uuid import UUID
from zoneinfo import available_timezones

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    Strict,
    StringConstraints,
    WithJsonSchema,
)

EARLIEST_YEAR, LATEST_YEAR = 1970, 2100  # outside, a clock or a unit is wrong

_RFC_3339 = re.compile(
    r"(?P<day>\d{4}-\d{2}-\d{2})[Tt](?P<hour>\d{2}):\d{2}:(?P<second>\d{2})(?:\.\d{1,9})?(?P<zone>[Zz]|[+-]\d{2}:\d{2})", re.ASCII
)
_ZONELESS = re.compile(r"\d{4}-\d{2}-\d{2}(?:[Tt ]\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?)?", re.ASCII)
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_LINE_BREAKS = "\u2028\u2029"  # the two that are not control characters


class Body(BaseModel):
    """A JSON object someone sends us: unknown fields are refused and nothing is converted, so "5" is no number and 1 no boolean."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Answer(BaseModel):
    """A JSON object we send. Fields of type `Moment` go out in UTC with a Z."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def utc_text(moment: datetime) -> str:
    """An aware datetime as RFC 3339 in UTC with a Z."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _moment(value: object) -> datetime:
    match value:
        case datetime() if value.tzinfo is not None:
            return value.astimezone(UTC)
        case str() if found := _RFC_3339.fullmatch(value):
            return _moment_of(value, found)
        case str() if _ZONELESS.fullmatch(value):
            raise ValueError("must name its zone: write 2026-03-01T09:30:00Z or 2026-03-01T09:30:00+01:00")
        case _:
            raise ValueError("must be an RFC 3339 time in a string, such as 2026-03-01T09:30:00Z")


def _moment_of(text: str, found: re.Match[str]) -> datetime:
    if found["hour"] == "24":
        raise ValueError("must not use 24:00; write 00:00 of the next day")
    if found["second"] == "60":
        raise ValueError("must not be a leap second")
    try:
        moment = datetime.fromisoformat(text.upper()).astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValueError("must be a time that exists in the calendar") from None
    _check_year(moment)
    return moment


def _day(value: object) -> date:
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    if not isinstance(value, str) or not _DAY.fullmatch(value):
        raise ValueError("must be a date in a string, such as 2026-03-01")
    try:
        day = date.fromisoformat(value)
    except ValueError:
        raise ValueError("must be a date that exists in the calendar") from None
    _check_year(day)
    return day


def _moment_or_day(value: object) -> date:
    if isinstance(value, datetime) or (isinstance(value, str) and not _DAY.fullmatch(value)):
        return _moment(value)
    return _day(value)


def _check_year(when: date) -> None:
    if not EARLIEST_YEAR <= when.year <= LATEST_YEAR:
        raise ValueError(f"must lie in the years {EARLIEST_YEAR} to {LATEST_YEAR}")


def _one_line(text: str) -> str:
    if not text.isprintable() and any(unicodedata.category(char) == "Cc" or char in _LINE_BREAKS for char in text):
        raise ValueError("must not contain control characters or line breaks")
    return text


_ID_CHARS_MAX = 200


def _identity(text: str) -> str:
    if text != text.strip():
        raise ValueError("must not begin or end with blanks")
    normal = unicodedata.normalize("NFC", _one_line(text))
    if len(normal) > _ID_CHARS_MAX:  # some characters have a longer normal form
        raise ValueError(f"must have at most {_ID_CHARS_MAX} characters in its normal form")
    return normal


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())


def _zone(name: str) -> str:
    if name not in _zones():
        raise ValueError("must be the name of an IANA time zone, such as America/Chicago")
    return name


def _link(text: str) -> str:
    try:
        parts = urlsplit(text)
        well_formed = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.username is None and parts.port != 0
    except ValueError:
        well_formed = False
    if not well_formed or not text.isprintable() or " " in text:
        raise ValueError("must be an http or https address")
    return text


Moment = Annotated[
    datetime,
    BeforeValidator(_moment),
    PlainSerializer(utc_text, return_type=str, when_used="json"),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]
"""A point in time: RFC 3339 with its zone in, an aware UTC datetime inside, RFC 3339 with Z out."""

Day = Annotated[date, BeforeValidator(_day), WithJsonSchema({"type": "string", "format": "date"})]
"""A calendar date, YYYY-MM-DD."""

MomentOrDay = Annotated[
    datetime | date,
    BeforeValidator(_moment_or_day),
    PlainSerializer(lambda when: utc_text(when) if isinstance(when, datetime) else when.isoformat(), return_type=str, when_used="json"),
    WithJsonSchema({"anyOf": [{"type": "string", "format": "date-time"}, {"type": "string", "format": "date"}]}),
]
"""A point in time, or a whole day."""

Uuid = Annotated[UUID, Strict(False)]
"""A UUID, written as a string in JSON."""

Int = Annotated[int, Strict(), Field(ge=-(2**63), le=2**63 - 1)]
"""A JSON integer that fits 64 bit."""

Number = Annotated[float, Strict(), Field(allow_inf_nan=False)]
"""A finite JSON number."""

Flag = Annotated[bool, Strict()]
"""A JSON boolean."""

# The raw length is checked before normalising: sorting a very long run of combining marks is slow.
Id = Annotated[str, StringConstraints(min_length=1, max_length=_ID_CHARS_MAX), AfterValidator(_identity)]
"""A free identifier of 1 to 200 characters, in its NFC form, so that twins in other normal forms are one."""

Code = Annotated[str, StringConstraints(pattern=r"^[a-z0-9_]{1,40}$")]
"""A machine-readable word."""

ReasonCode = Annotated[str, StringConstraints(pattern=r"^[a-z_]{1,40}$")]
"""Why somebody says or does something: any word; what the ones we know mean each service tells."""

Label = Annotated[str, StringConstraints(min_length=1, max_length=200), AfterValidator(_one_line)]
"""A short text of one line: a name, a title."""

Note = Annotated[str, StringConstraints(max_length=10_000)]
"""What a person typed, kept verbatim."""

Email = Annotated[
    str, StringConstraints(max_length=254, pattern=r"^[^\s@,;:<>()\[\]\\\"]{1,64}@[^\s@,;:<>()\[\]\\\"]+$"), AfterValidator(_one_line)
]
"""An e-mail address by its shape; whether it is the same person's as another is intake's question."""

Country = Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")]
"""An ISO 3166-1 alpha-2 code."""

Zone = Annotated[str, StringConstraints(max_length=60), AfterValidator(_zone)]
"""The name of an IANA time zone."""

Link = Annotated[str, StringConstraints(max_length=2_000), AfterValidator(_link)]
"""An http or https address without credentials."""
