"""When territories are open. Reading hours costs more than all else about a place, so each reading is kept."""

from collections.abc import Collection, Mapping
from functools import lru_cache
from typing import Any

import orjson

from routing.decisions.clocks.business_time import CALENDAR_WITHOUT_TERRITORY, OFFICE_HOURS, Calendar, read_calendar
from routing.decisions.clocks.public_holidays import PublicHolidays
from shared.database import Statement

_OPENINGS = "SELECT id, timezone, hours, country, subdivision, holidays FROM territories WHERE id = ANY(%(territory_ids)s)"


class Calendars:
    """The calendars of some territories."""

    def __init__(self, by_territory: Mapping[str, Calendar]) -> None:
        self._by_territory = by_territory

    def of(self, territory_id: str | None) -> Calendar:
        """The hours that count in a territory; office hours in UTC where there is none (any more)."""
        return self._by_territory.get(territory_id or "", CALENDAR_WITHOUT_TERRITORY)


def calendars(territory_ids: Collection[str | None]) -> Statement[Calendars]:
    """The calendars of these territories as they stand now."""
    wanted = sorted({territory_id for territory_id in territory_ids if territory_id is not None})
    return Statement(_OPENINGS, {"territory_ids": wanted}, lambda rows: Calendars({row.id: calendar_of(row) for row in rows}))


def calendar_of(row: Any) -> Calendar:
    """A territory's calendar from its row."""
    return read_hours(row.hours, row.timezone, holidays_of(row))


def holidays_of(row: Any) -> PublicHolidays | None:
    """The holidays of a territory from its row; None if it keeps none."""
    return PublicHolidays(row.country, row.subdivision) if row.holidays else None


def read_hours(hours: Mapping[str, Any], timezone: str, holidays: PublicHolidays | None) -> Calendar:
    """The calendar of weekly hours as they are stored; office hours where there are none."""
    return _read(orjson.dumps(hours), timezone, holidays)


@lru_cache(maxsize=10_000)
def _read(hours: bytes, timezone: str, holidays: PublicHolidays | None) -> Calendar:
    return read_calendar(orjson.loads(hours) or OFFICE_HOURS, timezone=timezone, holidays=holidays)
