"""Leads and their clocks, as the operations load them."""

from collections.abc import Collection, Iterable
from typing import Any
from uuid import UUID

from sqlalchemy import func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from routing import tables
from routing.decisions.clocks import Clock
from routing.tables import Lead


async def current_leads(session: AsyncSession, contact_ids: Collection[str], *, lead_ids: Collection[UUID] = ()) -> list[Lead]:
    """The newest lead of each brand of these contacts, and the leads of these ids."""
    # Only one lead of a contact x brand is open, and it is the newest.
    newest = func.row_number().over(partition_by=(Lead.contact_id, Lead.brand_id), order_by=(Lead.qualified_at.desc(), Lead.id.desc()))
    ranked = select(Lead.__table__, newest.label("rank")).where(Lead.contact_id.in_(contact_ids)).subquery()
    wanted = select(ranked).where(or_(ranked.c.rank == 1, ranked.c.id.in_(lead_ids)))
    return [lead_of(row) for row in await session.execute(wanted)]


async def clocks(session: AsyncSession, lead_ids: Collection[UUID]) -> dict[UUID, Clock]:
    """The first-outreach clocks of the leads that have one."""
    rows = await session.execute(select(tables.Clock.__table__).where(tables.Clock.lead_id.in_(lead_ids)))
    return {row.lead_id: clock_of(row) for row in rows}


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
