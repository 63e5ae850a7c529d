"""The field force as assignment sees it: where a contact lies, when it is open there, and who could call."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID

from routing.decisions.assignment import Rep
from routing.decisions.business_time import CALENDAR_WITHOUT_TERRITORY, OFFICE_HOURS, Calendar, read_calendar
from routing.decisions.effective import holds_on
from routing.decisions.facts import Account, Contact
from routing.decisions.territories import TerritoryIndex, TerritoryPatterns, index_territories, territory_of
from shared.database import Statement

_TERRITORIES = "SELECT * FROM territories"
_CONCERNED = "id = ANY(%(rep_ids)s) OR territory_ids && CAST(%(territory_ids)s AS text[])"
_HOLD_REPS = f"SELECT * FROM reps WHERE {_CONCERNED} ORDER BY id FOR UPDATE"  # noqa: S608
_OPEN_LEADS = f"""
    SELECT rep_id, count(*) AS open_leads FROM leads
    WHERE ended_at IS NULL AND rep_id IN (SELECT id FROM reps WHERE {_CONCERNED}) AND id <> ALL(CAST(%(besides)s AS uuid[]))
    GROUP BY rep_id
"""  # noqa: S608


@dataclass(frozen=True, slots=True)
class Place:
    """Where a lead belongs: its territory, if its postal code lies in one, and the hours that count there."""

    territory_id: str | None
    region: str | None
    calendar: Calendar


@dataclass(frozen=True, slots=True)
class Geography:
    """All territories, ready to be asked."""

    index: TerritoryIndex
    rows: Mapping[str, Any]
    places: dict[str, Place] = field(default_factory=dict)
    """Those asked for so far, by territory: reading hours costs more than all else about a place."""

    def place_of(self, contact: Contact, account: Account | None) -> Place:
        """Where a contact's leads belong."""
        match = territory_of(self.index, contact=contact, account=account)
        if match is None:
            return Place(None, None, CALENDAR_WITHOUT_TERRITORY)
        if match.territory_id not in self.places:
            row = self.rows[match.territory_id]
            calendar = read_calendar(row.hours or OFFICE_HOURS, timezone=row.timezone)
            self.places[match.territory_id] = Place(row.id, row.region, calendar)
        return self.places[match.territory_id]


def geography() -> Statement[Geography]:
    """The territories as they stand now."""
    return Statement(_TERRITORIES, {}, _geography)


def _geography(rows: list[Any]) -> Geography:
    patterns = [TerritoryPatterns(row.id, row.country, tuple(row.postal_codes)) for row in rows]
    return Geography(index_territories(patterns), {row.id: row for row in rows})


def holding_reps(*, rep_ids: Collection[str], territory_ids: Collection[str]) -> Statement[list[Any]]:
    """The rows of the reps named and of those of the territories, locked in id order until the transaction ends."""
    return Statement(_HOLD_REPS, {"rep_ids": list(rep_ids), "territory_ids": list(territory_ids)}, list)


def open_leads(*, rep_ids: Collection[str], territory_ids: Collection[str], besides: Collection[UUID]) -> Statement[dict[str, int]]:
    """How many open leads each of those reps has, besides some. Whoever gives a lead to a rep holds the rep: the count is exact."""
    wanted = {"rep_ids": list(rep_ids), "territory_ids": list(territory_ids), "besides": list(besides)}
    return Statement(_OPEN_LEADS, wanted, lambda rows: {row.rep_id: row.open_leads for row in rows})


def rep_of(row: Any, *, open_leads: int, day: date) -> Rep:
    """A rep from their row, as they are on a day: outside of their dates they are not active."""
    return Rep(
        rep_id=row.id,
        role=row.role,
        active=row.active and holds_on(day, valid_from=row.valid_from, valid_until=row.valid_until),
        brand_ids=frozenset(row.brand_ids),
        territory_ids=frozenset(row.territory_ids),
        max_open_leads=row.max_open_leads,
        weight=row.weight,
        open_leads=open_leads,
    )
