"""Loading the part of the catalogue a batch may be about."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncSession

from intake.decisions.acts import Act, Mark
from intake.decisions.catalog import AssetFacts, CampaignFacts, Catalog
from shared.database import as_recordset

_ASSETS = text(
    """
    WITH wanted AS (
        SELECT DISTINCT source, kind, value
        FROM json_to_recordset(CAST(:marks AS json)) AS r(source text, kind text, value text)
    )
    SELECT a.id, a.brand_id, a.topics, a.intent, a.approval, m.source, m.kind AS mark_kind, m.value AS mark_value
    FROM wanted w
    JOIN asset_marks m ON m.kind = w.kind AND m.value = w.value AND (m.source IS NULL OR m.source = w.source)
    JOIN assets a ON a.id = m.asset_id
    UNION ALL
    SELECT a.id, a.brand_id, a.topics, a.intent, a.approval, NULL, NULL, NULL
    FROM assets a WHERE a.id = ANY (CAST(:ids AS text[]))
    """
)
_CAMPAIGNS = text(
    """
    WITH wanted AS (
        SELECT DISTINCT source, kind, value
        FROM json_to_recordset(CAST(:marks AS json)) AS r(source text, kind text, value text)
    )
    SELECT c.id, c.brand_id, c.asset_ids, c.starts_on, c.ends_on, m.source, m.kind AS mark_kind, m.value AS mark_value
    FROM wanted w
    JOIN campaign_marks m ON m.kind = w.kind AND m.value = w.value AND (m.source IS NULL OR m.source = w.source)
    JOIN campaigns c ON c.id = m.campaign_id
    UNION ALL
    SELECT c.id, c.brand_id, c.asset_ids, c.starts_on, c.ends_on, NULL, NULL, NULL
    FROM campaigns c WHERE c.id = ANY (CAST(:ids AS text[])) OR c.asset_ids ?| CAST(:asset_ids AS text[])
    """
)


async def load_catalog(session: AsyncSession, acts: Sequence[Act]) -> Catalog:
    """The assets and campaigns these acts name or carry a mark of, and the campaigns those assets are in."""
    if not acts:
        return Catalog()
    marks = as_recordset([{"source": act.source, "kind": mark.kind, "value": mark.value} for act in acts for mark in act.marks])
    named_assets = sorted({act.asset_id for act in acts if act.asset_id is not None})
    named_campaigns = sorted({act.campaign_id for act in acts if act.campaign_id is not None})
    assets = (await session.execute(_ASSETS, {"marks": marks, "ids": named_assets})).all()
    asset_ids = sorted({*named_assets, *(row.id for row in assets)})
    campaigns = (await session.execute(_CAMPAIGNS, {"marks": marks, "ids": named_campaigns, "asset_ids": asset_ids})).all()
    return Catalog(
        assets={row.id: _asset(row) for row in assets},
        campaigns={row.id: _campaign(row) for row in campaigns},
        asset_marks=_marks(assets),
        campaign_marks=_marks(campaigns),
    )


def _asset(row: Row[Any]) -> AssetFacts:
    return AssetFacts(
        id=row.id,
        brand_id=row.brand_id,
        topics=tuple(row.topics),
        intent=row.intent,
        approval_status=row.approval["status"],
        regions=frozenset(row.approval["regions"]),
        expires_on=date.fromisoformat(row.approval["expires_on"]),
    )


def _campaign(row: Row[Any]) -> CampaignFacts:
    return CampaignFacts(
        id=row.id,
        brand_id=row.brand_id,
        asset_ids=frozenset(row.asset_ids),
        starts_on=row.starts_on,
        ends_on=row.ends_on,
    )


def _marks(rows: Iterable[Row[Any]]) -> dict[tuple[str | None, Mark], set[str]]:
    found: dict[tuple[str | None, Mark], set[str]] = defaultdict(set)
    for row in rows:
        if row.mark_kind is not None:
            found[row.source, Mark(row.mark_kind, row.mark_value)].add(row.id)
    return found
