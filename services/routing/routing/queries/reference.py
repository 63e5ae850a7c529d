"""What sales operations keeps, read back: pages by id, one row, and what counts at a moment."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from routing.decisions.effective import begins_at, day_of, ends_at
from routing.tables import Absence, Account, Alignment, Pool, Rep, Target, Territory

Model = type[Territory] | type[Account] | type[Rep] | type[Absence] | type[Target] | type[Alignment] | type[Pool]
"""The table of a collection."""


async def reference_page(session: AsyncSession, model: Model, *, after: str | None, limit: int, at: date | None) -> Sequence[Any]:
    """Rows by id; with `at` only those that count at that moment, or at some time of that day."""
    wanted = select(model.__table__).order_by(model.id).limit(limit)
    if after is not None:
        wanted = wanted.where(model.id > after)
    if at is not None:
        wanted = wanted.where(counts_at(model, at))
    return (await session.execute(wanted)).all()


async def reference_row(session: AsyncSession, model: Model, row_id: str) -> Any | None:
    """One row; None if there is none."""
    return (await session.execute(select(model.__table__).where(model.id == row_id))).one_or_none()


def counts_at(model: Model, when: date) -> ColumnElement[bool]:
    """The condition that a row counts at a moment, or at some time of a day. What has no dates always does."""
    day = day_of(when) if isinstance(when, datetime) else when
    if issubclass(model, Absence):
        first, last = (when, when) if isinstance(when, datetime) else (begins_at(day), ends_at(day))
        began = model.starts_at <= first if isinstance(when, datetime) else model.starts_at < last
        return and_(began, model.ends_at > first)
    if issubclass(model, Target):
        begins, ends = func.greatest(model.valid_from, model.cycle_from), func.least(model.valid_until, model.cycle_until)
        return and_(begins <= day, ends >= day)
    if issubclass(model, Territory | Pool):
        return and_(True)
    return and_(or_(model.valid_from.is_(None), model.valid_from <= day), or_(model.valid_until.is_(None), model.valid_until >= day))
