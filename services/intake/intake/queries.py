"""Reads: sources, receipts with what became of their items, and engagements with how they were restated."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import ColumnElement, func, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import defer

from intake.decisions.mappings.trials import Kept
from intake.sources import SourceSettings
from intake.tables import Engagement, Receipt, ReceiptItem, Source
from intake.tables_restating import Restatement

VerdictFilter = Literal["accepted", "duplicate", "ignored", "rejected", "conflict"]

_HAS: dict[VerdictFilter, ColumnElement[bool]] = {
    "accepted": Receipt.accepted > 0,
    "duplicate": Receipt.duplicate > 0,
    "ignored": Receipt.ignored > 0,
    "rejected": Receipt.rejected > 0,
    "conflict": Receipt.has_conflict.is_(True),
}


@dataclass(frozen=True, slots=True)
class StoredSource:
    """A source with its active secrets, which no text form of it shows."""

    name: str
    adapter: str | None
    mapping: Mapping[str, Any] | None
    secrets: tuple[str, ...] = field(repr=False)
    settings: SourceSettings


async def all_sources(session: AsyncSession) -> dict[str, StoredSource]:
    """Every source by its name: as many as there are platforms, a handful."""
    return {found.name: _stored(found) for found in await session.scalars(select(Source))}


def _stored(found: Source) -> StoredSource:
    return StoredSource(found.name, found.adapter, found.mapping, tuple(found.secrets), SourceSettings.model_validate(found.settings))


async def find_source(session: AsyncSession, name: str) -> Source | None:
    """A source's row."""
    return await session.get(Source, name)


async def stored_source(session: AsyncSession, name: str) -> StoredSource | None:
    """The source of that name."""
    found = await find_source(session, name)
    return None if found is None else _stored(found)


async def last_bodies(session: AsyncSession, source: str, *, limit: int, bytes_max: int) -> dict[UUID, Kept]:
    """What a source posted lately by receipt, newest first: as many as may be, and not more than `bytes_max` but for the first."""
    at = (Receipt.received_at.desc(), Receipt.id.desc())
    bytes_so_far = func.sum(func.octet_length(Receipt.body)).over(order_by=at)
    found = (
        select(Receipt.id, bytes_so_far.label("bytes"), func.row_number().over(order_by=at).label("number"))
        .where(Receipt.source == source, Receipt.door == "webhook")
        .order_by(*at)
        .limit(limit)
        .subquery()
    )
    fitting = select(found.c.id).where((found.c.bytes <= bytes_max) | (found.c.number == 1))
    rows = await session.execute(
        select(Receipt.id, Receipt.body, Receipt.headers, Receipt.received_at).where(Receipt.id.in_(fitting)).order_by(*at)
    )
    return {row.id: Kept(row.body, row.headers or {}, row.received_at) for row in rows}


async def list_receipts(
    session: AsyncSession,
    *,
    source: str | None,
    verdict: VerdictFilter | None,
    after: tuple[datetime, UUID] | None,
    limit: int,
) -> Sequence[Receipt]:
    """Receipts, newest first, without their bodies; `verdict`: with at least one item that ended so."""
    query = (
        select(Receipt).options(defer(Receipt.body, raiseload=True)).order_by(Receipt.received_at.desc(), Receipt.id.desc()).limit(limit)
    )
    if source is not None:
        query = query.where(Receipt.source == source)
    if verdict is not None:
        query = query.where(_HAS[verdict])
    if after is not None:
        query = query.where(tuple_(Receipt.received_at, Receipt.id) < tuple_(*after))
    return (await session.scalars(query)).all()


async def find_receipt(session: AsyncSession, receipt_id: UUID) -> tuple[Receipt, Sequence[ReceiptItem]] | None:
    """A receipt with its items in order."""
    receipt = await session.get(Receipt, receipt_id)
    if receipt is None:
        return None
    items = await session.scalars(select(ReceiptItem).where(ReceiptItem.receipt_id == receipt_id).order_by(ReceiptItem.position))
    return receipt, items.all()


async def find_engagement(session: AsyncSession, engagement_id: UUID) -> tuple[Engagement, Sequence[Restatement]] | None:
    """An engagement, and each time it was told anew, oldest first."""
    engagement = await session.get(Engagement, engagement_id)
    if engagement is None:
        return None
    told = await session.scalars(select(Restatement).where(Restatement.engagement_id == engagement_id).order_by(Restatement.version))
    return engagement, told.all()
