"""Reads: sources, and receipts with what became of their items."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal
from uuid import UUID

from sqlalchemy import ColumnElement, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import defer

from intake.sources import SourceSettings
from intake.tables import Receipt, ReceiptItem, Source

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
    adapter: str
    secrets: tuple[str, ...] = field(repr=False)
    settings: SourceSettings


async def all_sources(session: AsyncSession) -> dict[str, StoredSource]:
    """Every source by its name: as many as there are platforms, a handful."""
    return {found.name: _stored(found) for found in await session.scalars(select(Source))}


def _stored(found: Source) -> StoredSource:
    return StoredSource(found.name, found.adapter, tuple(found.secrets), SourceSettings.model_validate(found.settings))


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
