"""Finding receipts: by source, time, verdict, stage, reason and contact, a page at a time, newest or oldest first.

Each filter has an index that is in the order of the page, so that a page costs the same however long the history; only by contact all
of the contact's engagements are looked at. Receipts' ids are in the order of receipt too: where items or engagements lead to them, their
ids order the page.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import ColumnElement, Select, Text, exists, func, literal, literal_column, select, tuple_
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute, defer

from intake.decisions.stages import Stage, reasons_of
from intake.tables import Engagement, Receipt, ReceiptItem

VerdictFilter = Literal["accepted", "duplicate", "ignored", "rejected", "conflict"]
Place = tuple[datetime, UUID]
"""Where a receipt stands in the order of receipt."""

# What an index is only of part of stands in the statement as the index has it, and not as a parameter, of which nothing could be known.
_NONE: ColumnElement[int] = literal_column("0")
_REJECTED = ReceiptItem.outcome == literal_column("'rejected'")
_HAS: dict[VerdictFilter, ColumnElement[bool]] = {
    "accepted": Receipt.accepted > _NONE,
    "duplicate": Receipt.duplicate > _NONE,
    "ignored": Receipt.ignored > _NONE,
    "rejected": Receipt.rejected > _NONE,
    "conflict": Receipt.has_conflict.expression,
}


@dataclass(frozen=True, slots=True)
class ReceiptFilter:
    """Which receipts are meant: those of a source, received from `since` on and before `until`, with an item that ended so, that was
    rejected at that stage or for that reason, with an engagement of that contact. None asks nothing."""

    source: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    verdict: VerdictFilter | None = None
    stage: Stage | None = None
    reason: str | None = None
    contact_id: str | None = None

    @property
    def reasons(self) -> Sequence[str] | None:
        """The reasons of which an item must have been rejected for one; None if that isn't asked."""
        if self.stage is None:
            return None if self.reason is None else [self.reason]
        return [reason for reason in reasons_of(self.stage) if self.reason in (None, reason)]


async def list_receipts(session: AsyncSession, chosen: ReceiptFilter, *, after: Place | None, limit: int) -> Sequence[Receipt]:
    """Receipts, newest first, without their bodies."""
    ids = page_of_ids(chosen, after=after, limit=limit, newest_first=True)
    at = _order(chosen, newest_first=True)
    query = select(Receipt).where(Receipt.id.in_(ids)).options(defer(Receipt.body, raiseload=True)).order_by(*at)
    return (await session.scalars(query)).all()


async def next_receipts(session: AsyncSession, chosen: ReceiptFilter, *, after: Place | None, limit: int, bytes_max: int) -> list[Place]:
    """The places of the receipts that come next in the order of receipt: their bodies have `bytes_max` together, or there is one."""
    at = _order(chosen, newest_first=False)
    bytes_so_far = func.sum(func.octet_length(Receipt.body)).over(order_by=at).label("bytes")
    ids = page_of_ids(chosen, after=after, limit=limit, newest_first=False)
    found = await session.execute(select(Receipt.received_at, Receipt.id, bytes_so_far).where(Receipt.id.in_(ids)).order_by(*at))
    return [(row.received_at, row.id) for number, row in enumerate(found) if number == 0 or row.bytes <= bytes_max]


def _order(chosen: ReceiptFilter, *, newest_first: bool) -> Sequence[ColumnElement[Any]]:
    led = chosen.contact_id is not None or chosen.reasons is not None
    columns: Sequence[InstrumentedAttribute[Any]] = [Receipt.id] if led else [Receipt.received_at, Receipt.id]
    return [column.desc() if newest_first else column.asc() for column in columns]


def page_of_ids(chosen: ReceiptFilter, *, after: Place | None, limit: int, newest_first: bool) -> Select[UUID]:
    """The ids of a page, in its order."""
    if chosen.contact_id is not None:
        led = select(Engagement.receipt_id).where(Engagement.contact_id == chosen.contact_id)
        return _led(led, Engagement.receipt_id, chosen, after=after, limit=limit, newest_first=newest_first)
    if chosen.reasons is not None:
        reason = func.unnest(literal(list(chosen.reasons), ARRAY(Text))).table_valued("reason").render_derived("asked")
        led = select(ReceiptItem.receipt_id).where(_REJECTED, ReceiptItem.reason == reason.c.reason)
        of_reason = _led(led, ReceiptItem.receipt_id, chosen, after=after, limit=limit, newest_first=newest_first).lateral()
        found = of_reason.c.receipt_id
        return select(found).select_from(reason.join(of_reason, literal(True))).distinct().order_by(_by(found, newest_first)).limit(limit)
    query = select(Receipt.id).where(*_conditions(chosen))
    if after is not None:
        here = tuple_(Receipt.received_at, Receipt.id)
        query = query.where(here < tuple_(*after) if newest_first else here > tuple_(*after))
    return query.order_by(*_order(chosen, newest_first=newest_first)).limit(limit)


def _led(
    led: Select[UUID],
    to: InstrumentedAttribute[UUID],
    chosen: ReceiptFilter,
    *,
    after: Place | None,
    limit: int,
    newest_first: bool,
) -> Select[UUID]:
    """The ids of a page of those receipts other rows lead to, in the order of their ids."""
    conditions = _conditions(chosen)
    if conditions:
        led = led.join(Receipt, Receipt.id == to).where(*conditions)
    if after is not None:
        led = led.where(to < after[1] if newest_first else to > after[1])
    return led.distinct().order_by(_by(to, newest_first)).limit(limit)


def _by(column: Any, newest_first: bool) -> ColumnElement[Any]:
    ordered: ColumnElement[Any] = column.desc() if newest_first else column.asc()
    return ordered


def _conditions(chosen: ReceiptFilter) -> list[ColumnElement[bool]]:
    """What is asked of the receipt itself; of a contact's also for what its items were rejected."""
    asked: list[ColumnElement[bool]] = []
    if chosen.source is not None:
        asked.append(Receipt.source == chosen.source)
    if chosen.since is not None:
        asked.append(Receipt.received_at >= chosen.since)
    if chosen.until is not None:
        asked.append(Receipt.received_at < chosen.until)
    if chosen.verdict is not None:
        asked.append(_HAS[chosen.verdict])
    if chosen.contact_id is not None and chosen.reasons is not None:
        rejected = exists().where(ReceiptItem.receipt_id == Receipt.id, _REJECTED, ReceiptItem.reason.in_(chosen.reasons))
        asked.append(rejected)
    return asked
