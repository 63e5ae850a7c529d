"""Keeping receipts: what came in, byte for byte, and what became of each item in it."""

import base64
from collections.abc import Sequence

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from intake.decisions.receipts import Delivery, Tally
from shared.database import as_recordset

_KEEP = text(
    """
    WITH kept AS (
        INSERT INTO receipts (id, door, source, body, received_at, accepted, duplicate, ignored, rejected, has_conflict)
        SELECT id, door, source, decode(body, 'base64'), received_at, accepted, duplicate, ignored, rejected, has_conflict
        FROM json_to_recordset(CAST(:receipts AS json)) AS r(
            id uuid, door text, source text, body text, received_at timestamptz,
            accepted integer, duplicate integer, ignored integer, rejected integer, has_conflict boolean
        )
    )
    INSERT INTO receipt_items (receipt_id, position, outcome, vendor_type, reason, detail, engagement_id)
    SELECT receipt_id, position, outcome, vendor_type, reason, detail, engagement_id
    FROM json_to_recordset(CAST(:items AS json)) AS r(
        receipt_id uuid, position integer, outcome text, vendor_type text, reason text, detail text, engagement_id uuid
    )
    """
)


async def keep(session: AsyncSession, deliveries: Sequence[tuple[Delivery, Tally]]) -> None:
    """Keeps each delivery with its tally."""
    if not deliveries:
        return
    receipts = [_receipt(delivery, tally) for delivery, tally in deliveries]
    items = [item for _, tally in deliveries for item in _items(tally)]
    await session.execute(_KEEP, {"receipts": as_recordset(receipts), "items": as_recordset(items)})


def _receipt(delivery: Delivery, tally: Tally) -> dict[str, object]:
    return {
        "id": str(delivery.receipt_id),
        "door": delivery.door,
        "source": delivery.source,
        "body": base64.b64encode(delivery.body).decode(),
        "received_at": delivery.received_at,
        "accepted": tally.count("accepted"),
        "duplicate": tally.count("duplicate"),
        "ignored": tally.count("ignored"),
        "rejected": tally.count("rejected"),
        "has_conflict": tally.has_conflict,
    }


def _items(tally: Tally) -> list[dict[str, object]]:
    return [
        {
            "receipt_id": str(tally.receipt_id),
            "position": position,
            "outcome": verdict.outcome,
            "vendor_type": verdict.vendor_type,
            "reason": verdict.reason,
            "detail": verdict.detail,
            "engagement_id": str(verdict.engagement_id) if verdict.engagement_id else None,
        }
        for position, verdict in enumerate(tally.verdicts)
    ]
