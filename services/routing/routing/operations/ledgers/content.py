"""What a change of content does to those who took it in: their ledgers are made anew, in the background.

An asset may be stated after engagements with it, or be found to be made for another stage. A batch of engagements reads the assets as
they are and holds the catalog meanwhile; who changes it has it alone. So each engagement was decided by the
change, or is there to be found.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import text

from routing.operations.rows import Row
from routing.queries.brief_material import CATALOG_LOCK
from shared.database import Database, Statement, as_recordset

CHANGED_ASSETS_AT_ONCE = 1_000

_READING = f"SELECT pg_advisory_xact_lock_shared({CATALOG_LOCK})"
_NOTE = """
    INSERT INTO changed_assets (asset_id, stated_at)
    SELECT stated.asset_id, stated.stated_at
    FROM json_to_recordset(%(assets)s) AS stated (asset_id text, journey_stage text, intent text, stated_at timestamptz)
    LEFT JOIN assets AS known USING (asset_id)
    WHERE known.asset_id IS NULL
       OR (known.stated_at < stated.stated_at AND (known.journey_stage, known.intent) <> (stated.journey_stage, stated.intent))
    ORDER BY stated.asset_id
    ON CONFLICT (asset_id) DO UPDATE SET stated_at = greatest(changed_assets.stated_at, excluded.stated_at)
"""
_CHANGED = text("SELECT asset_id, stated_at FROM changed_assets ORDER BY asset_id LIMIT :most")
_MAKE_ANEW = text(
    """
    WITH concerned AS (
        SELECT contact_id, brand_id FROM ledgers
        WHERE (contact_id, brand_id) IN (SELECT contact_id, brand_id FROM engagements WHERE asset_id = ANY(:asset_ids))
        ORDER BY contact_id, brand_id FOR UPDATE
    )
    UPDATE ledgers SET activation = -1 FROM concerned
    WHERE ledgers.contact_id = concerned.contact_id AND ledgers.brand_id = concerned.brand_id
    """
)
_DONE = text(
    """
    DELETE FROM changed_assets USING unnest(CAST(:asset_ids AS text[]), CAST(:moments AS timestamptz[])) AS done (asset_id, stated_at)
    WHERE changed_assets.asset_id = done.asset_id AND changed_assets.stated_at = done.stated_at
    """
)


def reading_assets() -> Statement[Any]:
    """Holds the catalog as it is until the transaction ends. Send it before anything is locked."""
    return Statement(_READING, {}, list)


def noting_changes(assets: Sequence[Row]) -> Statement[Any]:
    """Notes which of these assets nobody stated before, or were made for something else. Send it before storing them."""
    said = ("asset_id", "journey_stage", "intent", "stated_at")
    return Statement(_NOTE, {"assets": as_recordset([{name: asset[name] for name in said} for asset in assets])}, list)


async def reconsider_content(database: Database, *, now: datetime) -> int:  # noqa: ARG001 - one shape for all background work
    """Has the ledgers of everybody who took in changed assets made anew, and returns how many assets those were."""
    async with database.reading() as session:
        changed = (await session.execute(_CHANGED, {"most": CHANGED_ASSETS_AT_ONCE})).all()
    if not changed:
        return 0
    async with database.transaction() as session:
        asset_ids = [row.asset_id for row in changed]
        await session.execute(_MAKE_ANEW, {"asset_ids": asset_ids})
        await session.execute(_DONE, {"asset_ids": asset_ids, "moments": [row.stated_at for row in changed]})
    return len(changed)
