"""What briefs rest on changes, or ends by its date: the briefs it concerns are to be looked at, each once, however much changed."""

from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from routing import tables
from routing.decisions.briefs.resting import Concerned, concerned_by_assets, concerned_by_campaigns, concerned_by_end
from routing.operations.briefs.noticing import BETWEEN_VERSIONS, SETTLES
from routing.operations.rows import Row, putting_newer
from routing.queries import facts
from routing.queries.brief_material import CATALOG_LOCK
from shared.database import Database, Statement, together

AFTER_MIDNIGHT = timedelta(minutes=5)
"""Whoever began to write a brief before midnight has ended by then."""

_CATALOG_CHANGES = f"SELECT pg_advisory_xact_lock({CATALOG_LOCK})"
# Of a lead's briefs the newest is read. One that says to show what changed is looked at soon, whatever else concerns it.
_OUTDATE = """
    INSERT INTO brief_revisions (lead_id, due_at)
    SELECT id, CASE WHEN brief_rests_on && CAST(%(soon)s AS text[]) THEN %(due_at)s
        ELSE greatest(%(due_at)s, brief_issued_at + %(between_versions)s) END
    FROM leads
    WHERE ended_at IS NULL AND rep_id IS NOT NULL AND brief_rests_on && CAST(%(keys)s AS text[]) ORDER BY id
    ON CONFLICT (lead_id) DO UPDATE SET due_at = excluded.due_at WHERE excluded.due_at < brief_revisions.due_at
"""
_NEXT_DAY = text("UPDATE approval_days SET day = :day FROM approval_days AS before WHERE approval_days.day < :day RETURNING before.day")
_ENDED = text(
    """
    SELECT asset_id FROM assets
    WHERE CAST(approval ->> 'expires_on' AS date) >= :since AND CAST(approval ->> 'expires_on' AS date) < :until
    """
)


async def store_catalog(
    session: AsyncSession, assets: Collection[Row], campaigns: Collection[Row], *, now: datetime, also: Statement[Any]
) -> None:
    """Stores what is newer than known, after `also`, and has the briefs looked at that would tell something else by it.

    Send it before anything is locked: it takes the catalog for this transaction alone, once those that write briefs have ended.
    """
    of_assets = facts.assets_by_id([row["asset_id"] for row in assets])
    of_campaigns = facts.campaigns([row["campaign_id"] for row in campaigns], engagement_ids=())
    *_, assets_before, campaigns_before, _, _, assets_after, campaigns_after = await together(
        session,
        _catalog_changes(),
        also,
        of_assets,
        of_campaigns,
        putting_newer(tables.Asset, list(assets), by="stated_at"),
        putting_newer(tables.Campaign, list(campaigns), by="stated_at"),
        of_assets,
        of_campaigns,
    )
    by_assets = concerned_by_assets(assets_before, assets_after, now=now)
    by_campaigns = concerned_by_campaigns(campaigns_before, campaigns_after)
    concerned = Concerned(by_assets.soon, by_assets.patiently | by_campaigns.patiently)
    if concerned:
        await together(session, _outdating(concerned, now=now))


async def follow_approvals(database: Database, *, now: datetime) -> int:
    """Once a day (UTC) has the briefs looked at that show what has expired since; returns how many assets those are of."""
    today = (now - AFTER_MIDNIGHT).astimezone(UTC).date()
    async with database.transaction() as session:
        since = await session.scalar(_NEXT_DAY, {"day": today})
        if since is None:
            return 0
        await together(session, _catalog_changes())
        expired = list(await session.scalars(_ENDED, {"since": since, "until": today}))
        if expired:
            await together(session, _outdating(concerned_by_end(expired), now=now))
    return len(expired)


def _catalog_changes() -> Statement[Any]:
    return Statement(_CATALOG_CHANGES, {}, list)


def _outdating(concerned: Concerned, *, now: datetime) -> Statement[Any]:
    wanted = {"soon": sorted(concerned.soon), "keys": sorted(concerned.soon | concerned.patiently)}
    return Statement(_OUTDATE, {**wanted, "due_at": now + SETTLES, "between_versions": BETWEEN_VERSIONS}, list)
