"""Reads: sources, receipts with what became of their items, and engagements with how they were restated."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from intake.decisions.mappings.trials import Kept
from intake.sources import SourceSettings
from intake.tables import Engagement, Receipt, ReceiptItem, ReceiptRedaction, Restatement, Source


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


async def list_sources(session: AsyncSession, *, after: str | None, limit: int) -> Sequence[Source]:
    """Sources by name."""
    query = select(Source).order_by(Source.name).limit(limit)
    return (await session.scalars(query if after is None else query.where(Source.name > after))).all()


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


async def redactions_of(session: AsyncSession, receipt_ids: Collection[UUID]) -> dict[UUID, bytes]:
    """Which of the receipts somebody who was erased was cut out of: the SHA-256 of their bodies as they came."""
    rows = await session.execute(
        select(ReceiptRedaction.receipt_id, ReceiptRedaction.original_sha256).where(ReceiptRedaction.receipt_id.in_(receipt_ids))
    )
    return {row.receipt_id: row.original_sha256 for row in rows}


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
