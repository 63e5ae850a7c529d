"""Leads and their clocks, as the operations load them."""

from collections.abc import Collection, Iterable
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from routing.decisions.clocks import Clock
from routing.tables import Lead

# Only one lead of a contact x brand is open, and it is the newest.
_CURRENT = text(
    """
    SELECT ranked.*, kind, state, started_at, warn_at, due_at, extended_due_at, warned_at, breached_at, met_at
    FROM (
        SELECT *, row_number() OVER (PARTITION BY contact_id, brand_id ORDER BY qualified_at DESC, id DESC) AS rank
        FROM leads WHERE contact_id = ANY(:contact_ids)
    ) AS ranked
    LEFT JOIN clocks ON clocks.lead_id = ranked.id
    WHERE rank = 1 OR ranked.id = ANY(:lead_ids)
    """
)
_CLOCKS = text("SELECT * FROM clocks WHERE lead_id = ANY(:lead_ids)")


async def current_leads(
    session: AsyncSession, contact_ids: Collection[str], *, lead_ids: Collection[UUID] = ()
) -> tuple[list[Lead], dict[UUID, Clock]]:
    """The newest lead of each brand of these contacts, and the leads of these ids, with the clocks of those that have one."""
    rows = (await session.execute(_CURRENT, {"contact_ids": list(contact_ids), "lead_ids": list(lead_ids)})).all()
    return [lead_of(row) for row in rows], {row.id: clock_of(row) for row in rows if row.kind is not None}


async def clocks(session: AsyncSession, lead_ids: Collection[UUID]) -> dict[UUID, Clock]:
    """The first-outreach clocks of the leads that have one."""
    return {row.lead_id: clock_of(row) for row in await session.execute(_CLOCKS, {"lead_ids": list(lead_ids)})}


def lead_of(row: Any) -> Lead:
    """A lead from its row, belonging to no session: it is written when its desk is cleared."""
    return Lead(**{name: value for name, value in row._mapping.items() if name in _LEAD_COLUMNS})


def clock_of(row: Any) -> Clock:
    """A clock from its row."""
    return Clock(
        kind=row.kind,
        state=row.state,
        started_at=row.started_at,
        warn_at=row.warn_at,
        due_at=row.due_at,
        extended_due_at=row.extended_due_at,
        warned_at=row.warned_at,
        breached_at=row.breached_at,
        met_at=row.met_at,
    )


def lead_columns() -> Iterable[str]:
    """The names of a lead's columns."""
    return _LEAD_COLUMNS


_LEAD_COLUMNS = frozenset(column.name for column in Lead.__table__.columns)
