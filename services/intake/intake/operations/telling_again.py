"""Texts without a verdict are told again, from their receipt, and first where no key had been offered yet. Beyond 15 minutes: an alarm.

Nothing of a text is kept for this but digests, so the receipt is read again as its source reads it now. Where a text is no longer found
there (the mapping changed meanwhile), the receipt goes whole: nobody can say which part of it was meant.
"""

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from intake.decisions.adapters import items_in
from intake.decisions.handing_over import UNTRIAGED_ALARM, Piece, pieces, pieces_of, tell_again_at
from intake.decisions.texts import texts_of_body
from intake.operations.texts import Text, keep_texts, received
from intake.platforms import ConnectedSource, UnknownPlatform
from intake.queries.received import stored_source
from intake.tables import SealingKey
from shared import outbox
from shared.database import Database, as_recordset
from shared.ids import new_id
from shared.loops import repeat, sleep_unless
from shared.sealing import SealingKey as PublicKey

_log = structlog.get_logger()

_ROUND_SECONDS = 2.0
_ALARM_SECONDS = 300
# Of one round: enough for a backlog to go within minutes, few enough for a transaction to stay short.
_TEXTS_MAX = 100
_RECEIPTS_MAX = 20

# While the relay doesn't move, what is told only piles up behind what was told before.
_RELAY_STANDS = text(
    "SELECT coalesce((SELECT queued_at < CAST(:now AS timestamptz) - interval '1 minute' FROM outbox ORDER BY position LIMIT 1), false)"
)
_DUE = text(
    """
    WITH due AS (
        SELECT id FROM typed_texts WHERE verdict IS NULL AND due_at <= :now ORDER BY due_at LIMIT :texts_max FOR UPDATE SKIP LOCKED
    ), receipts_due AS (
        SELECT DISTINCT receipt_id FROM typed_texts WHERE id IN (SELECT id FROM due) ORDER BY receipt_id LIMIT :receipts_max
    )
    SELECT t.id, t.receipt_id, t.digest, t.contact_id, t.times_told, t.source, t.received_at
    FROM typed_texts t WHERE t.id IN (SELECT id FROM due) AND t.receipt_id IN (SELECT receipt_id FROM receipts_due)
    """
)
_RECEIPTS = text("SELECT id, body, headers FROM receipts WHERE id = ANY (CAST(:ids AS uuid[]))")
_TOLD = text(
    """
    UPDATE typed_texts SET times_told = r.times_told, due_at = r.due_at
    FROM json_to_recordset(CAST(:rows AS json)) AS r(id uuid, times_told integer, due_at timestamptz)
    WHERE typed_texts.id = r.id
    """
)
_REPLACED = text("UPDATE typed_texts SET verdict = 'replaced', triaged_at = :now WHERE id = ANY (CAST(:ids AS uuid[]))")
_OVERDUE = text("SELECT count(*) AS texts, min(received_at) AS oldest FROM typed_texts WHERE verdict IS NULL AND received_at < :before")


@dataclass(frozen=True, slots=True)
class _Receipt:
    body: bytes
    headers: Mapping[str, Sequence[str]]


async def tell_again_until_stopped(database: Database, stop: asyncio.Event) -> None:
    """Tells what is due, and says aloud what has waited too long, until stopped."""
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(repeat(partial(_round, database), name="texts", every_seconds=_ROUND_SECONDS, stop=stop))
        tasks.create_task(_complain(database, stop))


async def _round(database: Database) -> int:
    async with database.transaction() as session:
        return await tell_due(session, now=datetime.now(UTC))


async def tell_due(session: AsyncSession, *, now: datetime) -> int:
    """Tells texts that are due, sealed with the key offered last; gives how many. None while there is no key, or no way to Kafka."""
    found = await session.scalar(select(SealingKey))
    if found is None or await session.scalar(_RELAY_STANDS, {"now": now}):
        return 0
    key = PublicKey(found.key_id, found.public, found.offered_at)
    due: dict[UUID, list[Any]] = defaultdict(list)
    for row in await session.execute(_DUE, {"now": now, "texts_max": _TEXTS_MAX, "receipts_max": _RECEIPTS_MAX}):
        due[row.receipt_id].append(row)
    bodies = {row.id: _Receipt(row.body, row.headers or {}) for row in await session.execute(_RECEIPTS, {"ids": list(due)})} if due else {}
    told: list[Text] = []
    lost: list[Any] = []
    for receipt_id, rows in due.items():
        found_there = {piece.digest: piece for piece in await _pieces_in(session, receipt_id, rows[0], bodies[receipt_id])}
        told += [Text(row.id, found_there[row.digest], row.contact_id) for row in rows if row.digest in found_there]
        lost += [row for row in rows if row.digest not in found_there]
    await outbox.publish(session, [received(one, key, now=now) for one in told])
    await _note_told(session, [row for rows in due.values() for row in rows], now=now)
    await _tell_whole(session, lost, bodies, now=now)
    return sum(map(len, due.values()))


async def _pieces_in(session: AsyncSession, receipt_id: UUID, row: Any, receipt: _Receipt) -> list[Piece]:
    """All texts of a receipt, those of its whole body too."""
    stored = await stored_source(session, row.source)
    try:
        source = None if stored is None else ConnectedSource.of(stored)
    except UnknownPlatform:
        source = None
    items = [] if source is None else items_in(receipt.body, receipt.headers, source.adapter, source.facts)
    of_items = [piece for item in items for piece in pieces(receipt_id, row.source, row.received_at, item)]
    return [*of_items, *_whole(receipt_id, row, receipt)]


def _whole(receipt_id: UUID, row: Any, receipt: _Receipt) -> list[Piece]:
    texts = texts_of_body(receipt.body)
    return [] if texts is None else pieces_of(receipt_id, row.source, row.received_at, None, texts)


async def _note_told(session: AsyncSession, rows: Sequence[Any], *, now: datetime) -> None:
    if rows:
        again = [
            {"id": row.id, "times_told": row.times_told + 1, "due_at": tell_again_at(now, times_told=row.times_told + 1)} for row in rows
        ]
        await session.execute(_TOLD, {"rows": as_recordset(again)})


async def _tell_whole(session: AsyncSession, lost: Sequence[Any], bodies: Mapping[UUID, _Receipt], *, now: datetime) -> None:
    """Replaces texts that are no longer found by all of their receipts."""
    if not lost:
        return
    whole = {row.receipt_id: _whole(row.receipt_id, row, bodies[row.receipt_id]) for row in lost}
    contact_ids = {row.receipt_id: row.contact_id for row in lost}
    texts = [Text(new_id(), piece, contact_ids[receipt_id]) for receipt_id, found in whole.items() for piece in found]
    await keep_texts(session, texts, now=now)
    await session.execute(_REPLACED, {"ids": [row.id for row in lost], "now": now})
    _log.warning("texts are no longer found in their receipts, which go whole", texts=len(lost), receipts=len(whole))


async def _complain(database: Database, stop: asyncio.Event) -> None:
    async def look() -> int:
        await log_untriaged(database, now=datetime.now(UTC))
        await sleep_unless(stop, _ALARM_SECONDS)
        return 0

    await repeat(look, name="untriaged texts", every_seconds=0, stop=stop)


async def log_untriaged(database: Database, *, now: datetime) -> None:
    """Says in the log how many texts have had no verdict for too long, if any."""
    async with database.reading() as session:
        row = (await session.execute(_OVERDUE, {"before": now - UNTRIAGED_ALARM})).one()
    if row.texts:
        age = round((now - row.oldest).total_seconds())
        _log.error("texts without a verdict: an adverse event may be among them", texts=row.texts, oldest_age_seconds=age)
