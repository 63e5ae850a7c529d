"""The field force as assignment sees it: where a contact lies, when it is open there, and who could call."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from routing.decisions.assignment import Rep
from routing.decisions.business_time import CALENDAR_WITHOUT_TERRITORY, OFFICE_HOURS, Calendar, read_calendar
from routing.decisions.facts import Account, Contact
from routing.decisions.territories import TerritoryIndex, TerritoryPatterns, index_territories, territory_of

_TERRITORIES = text("SELECT * FROM territories")
_HOLD_REPS = text("SELECT * FROM reps WHERE id = ANY(:rep_ids) OR territory_ids && CAST(:territory_ids AS text[]) ORDER BY id FOR UPDATE")
_OPEN_LEADS = text(
    """
    SELECT rep_id, count(*) AS open_leads FROM leads
    WHERE ended_at IS NULL AND rep_id = ANY(:rep_ids) AND id <> ALL(CAST(:besides AS uuid[]))
    GROUP BY rep_id
    """
)


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


async def geography(session: AsyncSession) -> Geography:
    """The territories as they stand now."""
    rows = {row.id: row for row in await session.execute(_TERRITORIES)}
    patterns = [TerritoryPatterns(row.id, row.country, tuple(row.postal_codes)) for row in rows.values()]
    return Geography(index_territories(patterns), rows)


async def hold_reps(
    session: AsyncSession, *, rep_ids: Collection[str], territory_ids: Collection[str], besides_lead_ids: Collection[UUID]
) -> dict[str, Rep]:
    """The reps named and those of the territories, locked in id order until the transaction ends, with the open leads they have.

    `besides_lead_ids` are not counted: their owners are being decided. Whoever gives a lead to a rep holds the rep, so the count is exact.
    """
    rows = (await session.execute(_HOLD_REPS, {"rep_ids": list(rep_ids), "territory_ids": list(territory_ids)})).all()
    counted = {"rep_ids": [row.id for row in rows], "besides": list(besides_lead_ids)}
    open_leads = {row.rep_id: row.open_leads for row in await session.execute(_OPEN_LEADS, counted)}
    return {row.id: rep_of(row, open_leads=open_leads.get(row.id, 0)) for row in rows}


def rep_of(row: Any, *, open_leads: int) -> Rep:
    """A rep from their row."""
    return Rep(
        rep_id=row.id,
        role=row.role,
        active=row.active,
        brand_ids=frozenset(row.brand_ids),
        territory_ids=frozenset(row.territory_ids),
        max_open_leads=row.max_open_leads,
        weight=row.weight,
        open_leads=open_leads,
    )
