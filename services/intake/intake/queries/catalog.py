"""Reads of the catalogue: assets with their versions, campaigns, and what was done with assets that were not allowed."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import Row, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from intake.tables import Asset, AssetVersion, Campaign

FindingFlag = Literal["asset_unapproved", "asset_expired"]
"""The flags that are findings."""

GROUPS_MAX = 1_000

# The first condition is the one their index is made of.
_SOUGHT = """
    flags ?| ARRAY['asset_unapproved', 'asset_expired']
    AND (CAST(:flag AS text) IS NULL OR flags ? CAST(:flag AS text))
    AND (CAST(:asset_id AS text) IS NULL OR asset_id = CAST(:asset_id AS text))
    AND (CAST(:campaign_id AS text) IS NULL OR campaign_id = CAST(:campaign_id AS text))
    AND (CAST(:brand_id AS text) IS NULL OR brand_id = CAST(:brand_id AS text))
    AND (CAST(:since AS timestamptz) IS NULL OR occurred_at >= CAST(:since AS timestamptz))
    AND (CAST(:until AS timestamptz) IS NULL OR occurred_at < CAST(:until AS timestamptz))
"""
_LIST = text(
    f"""
    SELECT id, source, kind, contact_id, asset_id, campaign_id, brand_id, occurred_at, machine, flags FROM engagements
    WHERE {_SOUGHT}
        AND (CAST(:after_at AS timestamptz) IS NULL OR (occurred_at, id) < (CAST(:after_at AS timestamptz), CAST(:after_id AS uuid)))
    ORDER BY occurred_at DESC, id DESC
    LIMIT :limit
    """  # noqa: S608  (ours)
)
_COUNT = text(
    f"""
    SELECT asset_id, campaign_id, flag, count(*) AS count, min(occurred_at) AS first_at, max(occurred_at) AS last_at
    FROM engagements CROSS JOIN LATERAL jsonb_array_elements_text(flags) AS flag
    WHERE {_SOUGHT} AND flag IN ('asset_unapproved', 'asset_expired') AND flag = coalesce(CAST(:flag AS text), flag)
    GROUP BY asset_id, campaign_id, flag
    ORDER BY count(*) DESC, asset_id, campaign_id, flag
    LIMIT :limit
    """  # noqa: S608  (ours)
)


async def list_assets(session: AsyncSession, *, brand_id: str | None, after: tuple[str] | None, limit: int) -> Sequence[Asset]:
    """Assets as they stand, by id."""
    query = select(Asset).order_by(Asset.id).limit(limit)
    if brand_id is not None:
        query = query.where(Asset.brand_id == brand_id)
    if after is not None:
        query = query.where(Asset.id > after[0])
    return (await session.scalars(query)).all()


async def find_asset(session: AsyncSession, asset_id: str) -> tuple[Asset, Sequence[AssetVersion]] | None:
    """An asset as it stands, and as it was stated each time, oldest first."""
    asset = await session.get(Asset, asset_id)
    if asset is None:
        return None
    versions = await session.scalars(select(AssetVersion).where(AssetVersion.asset_id == asset_id).order_by(AssetVersion.number))
    return asset, versions.all()


async def list_campaigns(session: AsyncSession, *, brand_id: str | None, after: tuple[str] | None, limit: int) -> Sequence[Campaign]:
    """Campaigns, by id."""
    query = select(Campaign).order_by(Campaign.id).limit(limit)
    if brand_id is not None:
        query = query.where(Campaign.brand_id == brand_id)
    if after is not None:
        query = query.where(Campaign.id > after[0])
    return (await session.scalars(query)).all()


async def find_campaign(session: AsyncSession, campaign_id: str) -> Campaign | None:
    """A campaign."""
    return await session.get(Campaign, campaign_id)


@dataclass(frozen=True, slots=True)
class Sought:
    """Which findings: of one flag, asset, campaign or brand, by acts from a moment on (itself included) until another (excluded).

    None: of any.
    """

    flag: FindingFlag | None = None
    asset_id: str | None = None
    campaign_id: str | None = None
    brand_id: str | None = None
    since: datetime | None = None
    until: datetime | None = None


async def list_findings(session: AsyncSession, sought: Sought, *, after: tuple[datetime, UUID] | None, limit: int) -> Sequence[Row[Any]]:
    """Engagements with an asset that was not allowed, the latest first."""
    at, engagement_id = after or (None, None)
    parameters = {**asdict(sought), "after_at": at, "after_id": engagement_id, "limit": limit}
    return (await session.execute(_LIST, parameters)).all()


async def count_findings(session: AsyncSession, sought: Sought) -> Sequence[Row[Any]]:
    """How many there are per asset, campaign and flag, the most frequent first: as many as `GROUPS_MAX`."""
    return (await session.execute(_COUNT, {**asdict(sought), "limit": GROUPS_MAX})).all()
