"""The public holidays of a place, by the `holidays` library: days on which nobody is expected to work."""

from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Literal

import holidays

HolidaysKept = Literal["kept", "unknown", "not_kept"]
"""Whether public holidays count in a stretch of time; `unknown` where the library doesn't know the country or a year of it."""


@dataclass(frozen=True, slots=True)
class PublicHolidays:
    """The holidays of a country (ISO 3166-1), and of a part of it (ISO 3166-2, without the country).

    A part the library doesn't know has its country's, a country or a year it doesn't know has none: `are_known` says which.
    """

    country: str
    subdivision: str | None = None

    def include(self, day: date) -> bool:
        """Whether the day is a public holiday, as far as is known."""
        return day in _days(self.country, self.subdivision, day.year)

    def are_known(self, first: date, last: date) -> bool:
        """Whether the library knows every year from one day to the other."""
        years = _years_known(self.country)
        return first.year in years and last.year in years


@lru_cache(maxsize=20_000)
def _days(country: str, subdivision: str | None, year: int) -> frozenset[date]:
    """A year of a place: asked for with every opening of every day, so each is made once."""
    parts = _parts(country)
    if parts is None:
        return frozenset()
    part = subdivision if subdivision in parts else None
    return frozenset(holidays.country_holidays(country, subdiv=part, years=year, expand=False))


@lru_cache(maxsize=1_000)
def _years_known(country: str) -> range:
    if _parts(country) is None:
        return range(0)
    known = type(holidays.country_holidays(country))
    return range(known.start_year, known.end_year + 1)


def _parts(country: str) -> frozenset[str] | None:
    """The parts of a country that have holidays of their own; None for a country the library doesn't know."""
    return _all_parts().get(country)


@lru_cache(maxsize=1)
def _all_parts() -> dict[str, frozenset[str]]:
    return {country: frozenset(parts) for country, parts in holidays.list_supported_countries().items()}
