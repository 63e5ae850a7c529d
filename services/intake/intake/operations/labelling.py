"""The part of the catalogue a batch may be about: the assets and campaigns its acts name or carry a mark of."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from intake.decisions.acts import Act, Mark
from intake.decisions.catalog import Approval, AssetFacts, CampaignFacts, Catalog, telling_marks
from shared.database import as_recordset

_APPROVALS = """(
    SELECT json_agg(json_build_object('stated_at', v.stated_at, 'approval', v.document -> 'approval') ORDER BY v.number)
    FROM asset_versions v WHERE v.asset_id = a.id
)"""

# One row of two arrays: assets, and the campaigns that are named, marked, or have one of those assets in them.
CATALOG = """
    WITH wanted AS (
        SELECT DISTINCT source, kind, value
        FROM json_to_recordset(CAST({marks} AS json)) AS r(source text, kind text, value text)
    ), found_assets AS (
        SELECT a.id, a.brand_id, a.topics, a.intent, {approvals} AS approvals, m.source, m.kind AS mark_kind, m.value AS mark_value
        FROM wanted w
        JOIN asset_marks m ON m.kind = w.kind AND m.value = w.value AND (m.source IS NULL OR m.source = w.source)
        JOIN assets a ON a.id = m.asset_id
        UNION ALL
        SELECT a.id, a.brand_id, a.topics, a.intent, {approvals}, NULL, NULL, NULL
        FROM assets a WHERE a.id = ANY (CAST({asset_ids} AS text[]))
    ), found_campaigns AS (
        SELECT c.id, c.brand_id, c.asset_ids, c.starts_on, c.ends_on, m.source, m.kind AS mark_kind, m.value AS mark_value
        FROM wanted w
        JOIN campaign_marks m ON m.kind = w.kind AND m.value = w.value AND (m.source IS NULL OR m.source = w.source)
        JOIN campaigns c ON c.id = m.campaign_id
        UNION ALL
        SELECT c.id, c.brand_id, c.asset_ids, c.starts_on, c.ends_on, NULL, NULL, NULL
        FROM campaigns c
        WHERE c.id = ANY (CAST({campaign_ids} AS text[]))
            OR c.asset_ids ?| (CAST({asset_ids} AS text[]) || ARRAY(SELECT id FROM found_assets))
    )
    SELECT
        (SELECT json_agg(found_assets) FROM found_assets) AS assets,
        (SELECT json_agg(found_campaigns) FROM found_campaigns) AS campaigns
""".replace("{approvals}", _APPROVALS)


def wanted(acts: Sequence[Act]) -> dict[str, Any]:
    """The parameters of `CATALOG`."""
    marks = dict.fromkeys((act.source, mark.kind, mark.value) for act in acts for mark in telling_marks(act))
    return {
        "marks": as_recordset([{"source": source, "kind": kind, "value": value} for source, kind, value in marks]),
        "asset_ids": sorted({act.asset_id for act in acts if act.asset_id is not None}),
        "campaign_ids": sorted({act.campaign_id for act in acts if act.campaign_id is not None}),
    }


def catalog_of(assets: Sequence[Mapping[str, Any]], campaigns: Sequence[Mapping[str, Any]]) -> Catalog:
    """The catalogue those rows make."""
    return Catalog(
        assets={row["id"]: _asset(row) for row in assets},
        campaigns={row["id"]: _campaign(row) for row in campaigns},
        asset_marks=_marks(assets),
        campaign_marks=_marks(campaigns),
    )


def _asset(row: Mapping[str, Any]) -> AssetFacts:
    return AssetFacts(
        id=row["id"],
        brand_id=row["brand_id"],
        topics=tuple(row["topics"]),
        intent=row["intent"],
        approvals=tuple(_approval(stated["approval"], stated["stated_at"]) for stated in row["approvals"]),
    )


def _approval(approval: Mapping[str, Any], stated_at: str) -> Approval:
    return Approval(
        stated_at=datetime.fromisoformat(stated_at),
        status=approval["status"],
        regions=frozenset(approval["regions"]),
        expires_on=date.fromisoformat(approval["expires_on"]),
    )


def _campaign(row: Mapping[str, Any]) -> CampaignFacts:
    return CampaignFacts(
        id=row["id"],
        brand_id=row["brand_id"],
        asset_ids=frozenset(row["asset_ids"]),
        starts_on=date.fromisoformat(row["starts_on"]),
        ends_on=date.fromisoformat(row["ends_on"]),
    )


def _marks(rows: Iterable[Mapping[str, Any]]) -> dict[tuple[str | None, Mark], set[str]]:
    found: dict[tuple[str | None, Mark], set[str]] = defaultdict(set)
    for row in rows:
        if row["mark_kind"] is not None:
            found[row["source"], Mark(row["mark_kind"], row["mark_value"])].add(row["id"])
    return found
