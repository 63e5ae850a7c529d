"""`?from=&until=`: a range of time in a query, by RFC 3339 times or by dates, which are whole UTC days."""

import re
from datetime import UTC, datetime, time, timedelta
from typing import Annotated

from fastapi import Query
from pydantic import BeforeValidator, TypeAdapter, ValidationError, WithJsonSchema

from shared.bodies import Day, Moment

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_AS_DAY: TypeAdapter[Day] = TypeAdapter(Day)
_AS_MOMENT: TypeAdapter[Moment] = TypeAdapter(Moment)


def _since(value: object) -> datetime:
    return _bound(value, day_ends=False)


def _until(value: object) -> datetime:
    return _bound(value, day_ends=True)


def _bound(value: object, *, day_ends: bool) -> datetime:
    try:
        if isinstance(value, str) and _DAY.fullmatch(value):
            return datetime.combine(_AS_DAY.validate_python(value) + timedelta(days=day_ends), time.min, UTC)
        return _AS_MOMENT.validate_python(value)
    except ValidationError as invalid:
        raise ValueError(str(invalid.errors()[0]["ctx"]["error"])) from None


_SCHEMA = WithJsonSchema({"type": "string", "description": "An RFC 3339 time, or a date, which is a whole UTC day."})
Since = Annotated[datetime | None, BeforeValidator(_since), _SCHEMA, Query(alias="from")]
"""Where a range begins, itself included; None: nowhere."""
Until = Annotated[datetime | None, BeforeValidator(_until), _SCHEMA]
"""Where it ends, itself excluded, but for a date, which is in it; None: nowhere."""
