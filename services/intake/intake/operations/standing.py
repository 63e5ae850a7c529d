"""What stands on kept receipts: read for a new reading of them, and written anew after it."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from intake.decisions.adapters.bodies import Headers
from intake.decisions.receipts import Door, Tally
from intake.decisions.reprocessing import Alias, Standing
from intake.decisions.verdicts import Verdict
from intake.operations import receipts
from shared.database import as_recordset

_RECEIPTS = """
    SELECT id, door, source, body, headers, received_at FROM receipts WHERE id = ANY (CAST(:ids AS uuid[])) ORDER BY received_at, id
"""
_READ = text(_RECEIPTS)
_LOCK = text(f"{_RECEIPTS} FOR NO KEY UPDATE")
_ITEMS = text(
    """
    SELECT i.receipt_id, i.outcome, i.vendor_type, i.reason, i.detail, i.engagement_id, e.source, e.source_event_id, e.fingerprint,
        e.contact_id
    FROM receipt_items i
    LEFT JOIN engagements e ON e.id = i.engagement_id AND i.outcome IN ('accepted', 'duplicate')
    WHERE i.receipt_id = ANY (CAST(:ids AS uuid[])) ORDER BY i.receipt_id, i.position
    """
)
_KEEP = text(
    """
    WITH counted AS (
        SELECT id, accepted, duplicate, ignored, rejected, has_conflict
        FROM json_to_recordset(CAST(:receipts AS json)) AS r(
            id uuid, accepted integer, duplicate integer, ignored integer, rejected integer, has_conflict boolean
        )
    ), kept AS (
        INSERT INTO receipt_items AS known (receipt_id, position, outcome, vendor_type, reason, detail, engagement_id)
        SELECT receipt_id, position, outcome, vendor_type, reason, detail, engagement_id
        FROM json_to_recordset(CAST(:items AS json)) AS i(
            receipt_id uuid, position integer, outcome text, vendor_type text, reason text, detail text, engagement_id uuid
        )
        ON CONFLICT (receipt_id, position) DO UPDATE SET
            outcome = excluded.outcome, vendor_type = excluded.vendor_type, reason = excluded.reason, detail = excluded.detail,
            engagement_id = excluded.engagement_id
        WHERE (known.outcome, known.vendor_type, known.reason, known.detail, known.engagement_id) IS DISTINCT FROM
            (excluded.outcome, excluded.vendor_type, excluded.reason, excluded.detail, excluded.engagement_id)
    ), gone AS (
        DELETE FROM receipt_items i USING counted c
        WHERE i.receipt_id = c.id AND i.position >= c.accepted + c.duplicate + c.ignored + c.rejected
    )
    UPDATE receipts r SET
        accepted = c.accepted, duplicate = c.duplicate, ignored = c.ignored, rejected = c.rejected, has_conflict = c.has_conflict,
        reprocessed_at = :now, times_reprocessed = r.times_reprocessed + 1
    FROM counted c WHERE r.id = c.id
    """
)
# An identity that is another engagement's by now stays that one's: nothing tells which of the two was meant.
_ADD_ALIASES = text(
    """
    INSERT INTO engagement_aliases (source, source_event_id, fingerprint, engagement_id)
    SELECT source, source_event_id, decode(fingerprint, 'hex'), engagement_id
    FROM json_to_recordset(CAST(:aliases AS json)) AS a(source text, source_event_id text, fingerprint text, engagement_id uuid)
    WHERE NOT EXISTS (SELECT FROM engagements e WHERE e.source = a.source AND e.source_event_id = a.source_event_id)
    ORDER BY source, source_event_id
    ON CONFLICT DO NOTHING
    """
)


@dataclass(frozen=True, slots=True)
class KeptReceipt:
    """A receipt as it was kept."""

    id: UUID
    door: Door
    source: str | None
    body: bytes
    headers: Headers
    received_at: datetime


async def read_receipts(session: AsyncSession, receipt_ids: Sequence[UUID]) -> list[KeptReceipt]:
    """The receipts of these ids that exist, in the order of receipt."""
    return [_kept(row) for row in await session.execute(_READ, {"ids": receipt_ids})]


async def lock_receipts(session: AsyncSession, receipt_ids: Sequence[UUID]) -> list[KeptReceipt]:
    """As `read_receipts`, and nobody else's to read again until the transaction ends."""
    return [_kept(row) for row in await session.execute(_LOCK, {"ids": receipt_ids})]


async def standing_items(session: AsyncSession, receipt_ids: Sequence[UUID]) -> Mapping[UUID, list[Standing]]:
    """What stands on each of the receipts, item by item."""
    found: dict[UUID, list[Standing]] = defaultdict(list)
    for row in await session.execute(_ITEMS, {"ids": receipt_ids}):
        verdict = Verdict(row.outcome, row.vendor_type, row.reason, row.detail, row.engagement_id)
        identity = None if row.source is None else (row.source, row.source_event_id)
        found[row.receipt_id].append(Standing(verdict, identity, row.fingerprint, row.contact_id))
    return found


async def keep_again(session: AsyncSession, tallies: Sequence[Tally], *, now: datetime) -> None:
    """Writes what stands on each receipt now. The caller holds the locks of `lock_receipts`."""
    if tallies:
        counted = [{"id": tally.receipt_id, "has_conflict": tally.has_conflict, **tally.counts} for tally in tallies]
        items = [item for tally in tallies for item in receipts.item_rows(tally)]
        await session.execute(_KEEP, {"receipts": as_recordset(counted), "items": as_recordset(items), "now": now})


async def add_aliases(session: AsyncSession, aliases: Sequence[Alias]) -> None:
    """Makes engagements known by these identities too."""
    if aliases:
        rows = [
            {
                "source": alias.act.source,
                "source_event_id": alias.act.identity,
                "fingerprint": alias.act.fingerprint.hex(),
                "engagement_id": alias.engagement_id,
            }
            for alias in aliases
        ]
        await session.execute(_ADD_ALIASES, {"aliases": as_recordset(rows)})


def _kept(row: Any) -> KeptReceipt:
    return KeptReceipt(row.id, row.door, row.source, row.body, row.headers or {}, row.received_at)
