"""Simulations as the API shows them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import and_, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from routing.tables import SimulatedDecision, Simulation


async def simulation_row(session: AsyncSession, simulation_id: UUID) -> Any | None:
    """One simulation as it stands; None if there is none."""
    rows = await session.execute(select(Simulation.__table__).where(Simulation.id == simulation_id))
    return rows.one_or_none()


async def simulation_page(session: AsyncSession, *, before: tuple[datetime, UUID] | None, limit: int) -> Sequence[Any]:
    """Simulations, newest first."""
    older = and_(True) if before is None else tuple_(Simulation.requested_at, Simulation.id) < before
    ordered = select(Simulation.__table__).where(older).order_by(Simulation.requested_at.desc(), Simulation.id.desc())
    return (await session.execute(ordered.limit(limit))).all()


async def decision_page(session: AsyncSession, simulation_id: UUID, *, after: int | None, limit: int) -> Sequence[Any]:
    """The decisions that were kept in full, in their order."""
    decision = SimulatedDecision
    later = and_(True) if after is None else decision.position > after
    ordered = select(decision.__table__).where(decision.simulation_id == simulation_id, later).order_by(decision.position)
    return (await session.execute(ordered.limit(limit))).all()
