"""Which asset and campaign an act belongs to, and what that makes of it: brand, topics, context, and whether the asset was allowed."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from intake.decisions.acts import Act, Mark
from intake.decisions.adapters.reading import page_path
from intake.decisions.source_flags import LIVE, SourceFlags
from shared.events.engagements import EngagementContext, EngagementFlag

# What MLR review calls an asset that may be used.
APPROVED = "approved"

FINDINGS: frozenset[EngagementFlag] = frozenset({"asset_unapproved", "asset_expired"})
"""The flags that say that an asset was not allowed."""


@dataclass(frozen=True, slots=True)
class Approval:
    """What review gave an asset, as it was stated at that time. `regions` empty means that it names none."""

    stated_at: datetime
    status: str
    regions: frozenset[str]
    expires_on: date


@dataclass(frozen=True, slots=True)
class AssetFacts:
    """What recognising needs to know of an asset. `approvals` are all it ever had, oldest first, and at least one."""

    id: str
    brand_id: str
    topics: tuple[str, ...]
    intent: EngagementContext
    approvals: tuple[Approval, ...]

    def approval_at(self, moment: datetime) -> Approval:
        """The approval that stood then; of a time before anything was stated, the first."""
        return next((each for each in reversed(self.approvals) if each.stated_at <= moment), self.approvals[0])


@dataclass(frozen=True, slots=True)
class CampaignFacts:
    """What recognising needs to know of a campaign."""

    id: str
    brand_id: str
    asset_ids: frozenset[str]
    starts_on: date
    ends_on: date


@dataclass(frozen=True, slots=True)
class Catalog:
    """The assets and campaigns a batch may be about: by id, and by the marks they declared, per source (None: any source)."""

    assets: Mapping[str, AssetFacts] = field(default_factory=dict)
    campaigns: Mapping[str, CampaignFacts] = field(default_factory=dict)
    asset_marks: Mapping[tuple[str | None, Mark], Collection[str]] = field(default_factory=dict)
    campaign_marks: Mapping[tuple[str | None, Mark], Collection[str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Labels:
    """What an act is about."""

    asset_id: str | None
    campaign_id: str | None
    brand_id: str | None
    topics: tuple[str, ...]
    context: EngagementContext
    flags: tuple[EngagementFlag, ...]


def label(
    act: Act,
    *,
    occurred_at: datetime,
    country: str | None,
    catalog: Catalog,
    source_brand_id: str | None,
    source_flags: SourceFlags = LIVE,
) -> Labels:
    """What the act is about. What its poster stated stands; the rest comes from the asset, then the campaign, then the source."""
    asset_id = act.asset_id or _marked(act, catalog.asset_marks)
    asset = catalog.assets.get(asset_id) if asset_id is not None else None
    campaign_id = act.campaign_id or _marked(act, catalog.campaign_marks) or _sole_campaign(asset_id, catalog, on=occurred_at.date())
    campaign = catalog.campaigns.get(campaign_id) if campaign_id is not None else None
    approval = asset.approval_at(occurred_at) if asset is not None else None
    findings = asset_findings(approval, occurred_on=occurred_at.date(), country=country) if approval is not None else []
    return Labels(
        asset_id=asset_id,
        campaign_id=campaign_id,
        brand_id=act.brand_id or (asset.brand_id if asset else None) or (campaign.brand_id if campaign else None) or source_brand_id,
        topics=act.topics or (asset.topics if asset else ()),
        context=act.context or (asset.intent if asset else "promotional"),
        flags=tuple(dict.fromkeys([*act.flags, *source_flags.of(occurred_at), *findings])),
    )


def asset_findings(approval: Approval, *, occurred_on: date, country: str | None) -> list[EngagementFlag]:
    """What was wrong with using an asset so approved, that day in the contact's country; one we don't know is not held against it."""
    found: list[EngagementFlag] = []
    outside = country is not None and bool(approval.regions) and country not in approval.regions
    if approval.status != APPROVED or outside:
        found.append("asset_unapproved")
    if occurred_on > approval.expires_on:
        found.append("asset_expired")
    return found


def telling_marks(act: Act) -> tuple[Mark, ...]:
    """What the act may be recognised by: its marks, and behind an address the path in it, as a page of whatever site."""
    found: list[Mark] = []
    for mark in act.marks:
        found.append(mark)
        if mark.kind == "url" and (path := page_path(mark.value)) is not None:
            found.append(Mark("page", path))
    return tuple(dict.fromkeys(found))


def _marked(act: Act, declared: Mapping[tuple[str | None, Mark], Collection[str]]) -> str | None:
    """Whose the act's most telling mark is; a declaration for this very source goes before one for any, the lowest id decides a tie."""
    for mark in telling_marks(act):
        for source in (act.source, None):
            if ids := declared.get((source, mark)):
                return min(ids)
    return None


def _sole_campaign(asset_id: str | None, catalog: Catalog, *, on: date) -> str | None:
    """The one campaign that runs on that day with the asset in it; none if several do, for then nothing tells them apart."""
    running: Sequence[str] = [
        campaign.id
        for campaign in catalog.campaigns.values()
        if asset_id in campaign.asset_ids and campaign.starts_on <= on <= campaign.ends_on
    ]
    return running[0] if len(running) == 1 else None
