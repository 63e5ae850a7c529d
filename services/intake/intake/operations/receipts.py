"""Keeping receipts: what came in, byte for byte, and what became of each item in it."""

from collections.abc import Sequence

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from intake.decisions.receipts import Delivery, Tally
from shared.database import as_recordset

RECEIPTS = """
    INSERT INTO receipts (id, door, source, proof, body, headers, received_at, accepted, duplicate, ignored, rejected, has_conflict)
    SELECT
        id, door, source, proof, substr(CAST(:bodies AS bytea), body_at, body_bytes), headers, received_at, accepted, duplicate, ignored,
        rejected, has_conflict
    FROM json_to_recordset(CAST(:receipts AS json)) AS r(
        id uuid, door text, source text, proof text, body_at integer, body_bytes integer, headers jsonb, received_at timestamptz,
        accepted integer, duplicate integer, ignored integer, rejected integer, has_conflict boolean
    )
    {only}
"""
ITEMS = """
    INSERT INTO receipt_items (receipt_id, position, outcome, vendor_type, reason, detail, engagement_id)
    SELECT receipt_id, position, outcome, vendor_type, reason, detail, engagement_id
    FROM json_to_recordset(CAST(:items AS json)) AS r(
        receipt_id uuid, position integer, outcome text, vendor_type text, reason text, detail text, engagement_id uuid
    )
    {only}
"""
_KEEP = text(f"WITH kept AS ({RECEIPTS.format(only='')}) {ITEMS.format(only='')}")


async def keep(session: AsyncSession, deliveries: Sequence[tuple[Delivery, Tally]]) -> None:
    """Keeps each delivery with its tally."""
    if deliveries:
        await session.execute(_KEEP, as_rows(deliveries))


def as_rows(deliveries: Sequence[tuple[Delivery, Tally]]) -> dict[str, object]:
    """The parameters of `RECEIPTS` and `ITEMS`: the bodies go in one behind the other, as they are."""
    receipts, at = [], 1
    for delivery, tally in deliveries:
        receipts.append(_receipt(delivery, tally, body_at=at))
        at += len(delivery.body)
    return {
        "bodies": b"".join(delivery.body for delivery, _ in deliveries),
        "receipts": as_recordset(receipts),
        "items": as_recordset([item for _, tally in deliveries for item in item_rows(tally)]),
    }


def _receipt(delivery: Delivery, tally: Tally, *, body_at: int) -> dict[str, object]:
    counts = tally.counts
    return {
        "id": delivery.receipt_id,
        "door": delivery.door,
        "source": delivery.source,
        "proof": delivery.proof,
        "headers": delivery.headers,
        "body_at": body_at,
        "body_bytes": len(delivery.body),
        "received_at": delivery.received_at,
        "has_conflict": tally.has_conflict,
        **counts,
    }


def item_rows(tally: Tally) -> list[dict[str, object]]:
    """The items as `ITEMS` takes them."""
    return [
        {
            "receipt_id": tally.receipt_id,
            "position": position,
            "outcome": verdict.outcome,
            "vendor_type": verdict.vendor_type,
            "reason": verdict.reason,
            "detail": verdict.detail,
            "engagement_id": verdict.engagement_id,
        }
        for position, verdict in enumerate(tally.verdicts)
    ]
