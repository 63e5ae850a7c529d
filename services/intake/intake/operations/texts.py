"""What people typed, on record in the commit of its receipt: that there is a text, and the text itself sealed into the outbox.

Where feedback has offered no key yet a text waits on record, and is told when it has.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, func, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from intake.decisions.acts import Act, Item
from intake.decisions.engagements import Engagement
from intake.decisions.handing_over import Piece, pieces, tell_again_at
from intake.decisions.receipts import Delivery
from intake.decisions.verdicts import Verdict
from intake.operations.recognising import Owners
from intake.tables import TypedText
from shared import outbox
from shared.database import as_recordset
from shared.events import Event
from shared.events.texts import TextReceived
from shared.ids import new_id
from shared.sealing import SealingKey, seal

# In the order of their digests, so that two batches with the same texts wait for each other and never in a circle. A receipt that is
# read again, by whatever mapping, holds texts it held before: they stay the texts they were.
_KEEP = text(
    """
    WITH key AS (SELECT key_id, public, offered_at FROM sealing_keys),
    kept AS (
        INSERT INTO typed_texts (
            id, receipt_id, digest, content, source, vendor_type, contact_id, part, parts, received_at, times_told, due_at
        )
        SELECT
            id, receipt_id, decode(digest, 'hex'), decode(content, 'hex'), source, vendor_type, contact_id, part, parts, received_at,
            CASE WHEN EXISTS (SELECT FROM key) THEN 1 ELSE 0 END,
            CASE WHEN EXISTS (SELECT FROM key) THEN CAST(:again_at AS timestamptz) ELSE received_at END
        FROM json_to_recordset(CAST(:texts AS json)) AS r(
            id uuid, receipt_id uuid, digest text, content text, source text, vendor_type text, contact_id text, part integer,
            parts integer, received_at timestamptz
        )
        WHERE NOT EXISTS (
            SELECT FROM typed_texts AS before WHERE before.receipt_id = r.receipt_id AND before.content = decode(r.content, 'hex')
        )
        ORDER BY digest
        ON CONFLICT DO NOTHING
        RETURNING id
    )
    SELECT coalesce((SELECT json_agg(id) FROM kept), '[]') AS kept, key.key_id, key.public, key.offered_at
    FROM (VALUES (1)) AS once LEFT JOIN key ON true
    """
)


@dataclass(frozen=True, slots=True)
class Text:
    """A piece on record: its id, and whose it is as far as anybody was recognised."""

    id: UUID
    piece: Piece
    contact_id: str | None


def texts_of(
    deliveries: Sequence[Delivery], items: Sequence[Item], verdicts: Sequence[Verdict], *, told: Sequence[Engagement], owners: Owners
) -> list[Text]:
    """The texts of a batch, `items` and `verdicts` being those of all deliveries one behind the other."""
    if all(item.texts is None for item in items):
        return []
    contact_ids = {engagement.id: engagement.contact_id for engagement in told}
    places = (delivery for delivery in deliveries for _ in delivery.items)
    return [
        Text(new_id(), piece, _contact_of(item, verdict, contact_ids, owners))
        for delivery, item, verdict in zip(places, items, verdicts, strict=True)
        if delivery.source is not None
        for piece in pieces(delivery.receipt_id, delivery.source, delivery.received_at, item)
    ]


def _contact_of(item: Item, verdict: Verdict, contact_ids: Mapping[UUID, str], owners: Owners) -> str | None:
    if verdict.engagement_id is not None and verdict.engagement_id in contact_ids:
        return contact_ids[verdict.engagement_id]
    keys = item.person if isinstance(item, Act) else ()
    return next((owners.survivor_of(key) for key in keys if key in owners.contact_ids), None)


async def keep_texts(session: AsyncSession, texts: Sequence[Text], *, now: datetime) -> None:
    """Puts on record those that aren't yet, and tells them, sealed."""
    if not texts:
        return
    parameters = {"texts": as_recordset([_row(one) for one in texts]), "again_at": tell_again_at(now, times_told=1)}
    row = (await session.execute(_KEEP, parameters)).one()
    if row.key_id is not None:
        fresh, key = {UUID(one) for one in row.kept}, SealingKey(row.key_id, row.public, row.offered_at)
        await outbox.publish(session, [received(one, key, now=now) for one in texts if one.id in fresh])


def received(one: Text, key: SealingKey, *, now: datetime) -> Event:
    """The text as it is told: sealed, with nothing of it beside."""
    piece = one.piece
    fact = TextReceived(
        text_id=str(one.id),
        receipt_id=str(piece.receipt_id),
        contact_id=one.contact_id,
        source=piece.source,
        vendor_type=piece.vendor_type,
        part=piece.part,
        parts=piece.parts,
        awareness_at=piece.received_at,
        key_id=key.key_id,
        sealed=seal(piece.plain, key),
    )
    return Event.of(fact, occurred_at=piece.received_at, recorded_at=now, correlation_id=piece.receipt_id)


async def forget_texts(session: AsyncSession, contact_ids: Collection[str]) -> int:
    """Forgets the triaged texts of people to be erased. Gives how many still have no verdict: until they have, nobody may forget them."""
    theirs = TypedText.contact_id.in_(contact_ids)
    await session.execute(delete(TypedText).where(theirs, TypedText.verdict.is_not(None)))
    return await session.scalar(select(func.count()).where(theirs)) or 0


def _row(one: Text) -> dict[str, object]:
    piece = one.piece
    return {
        "id": one.id,
        "receipt_id": piece.receipt_id,
        "digest": piece.digest.hex(),
        "content": piece.content.hex(),
        "source": piece.source,
        "vendor_type": piece.vendor_type,
        "contact_id": one.contact_id,
        "part": piece.part,
        "parts": piece.parts,
        "received_at": piece.received_at,
    }
