"""What a brief rests on, in keys: whatever changes in the catalog finds the briefs it concerns by them, and no others.

A brief says to show assets, tells of assets that were read, expects objections on topics, and follows a campaign. A topic is a brand's, so
that what answers it for the first time finds who waits for an answer.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from routing.decisions.briefs.material import is_recommendable
from routing.decisions.briefs.parts import Brief
from routing.decisions.facts import Asset, Campaign


@dataclass(frozen=True, slots=True)
class Concerned:
    """The keys of briefs to be looked at: `soon` where they say to show what changed, `patiently` where they may say more, or otherwise."""

    soon: frozenset[str] = frozenset()
    patiently: frozenset[str] = frozenset()

    def __bool__(self) -> bool:
        return bool(self.soon or self.patiently)


def rests_on(brief: Brief, *, brand_id: str, campaign_id: str | None) -> frozenset[str]:
    """The keys of a brief about this brand, of a lead that came by this campaign, be the campaign known or not."""
    expected = brief.likely_objections
    return frozenset(
        [
            *(_shows(asset.asset_id) for likely in expected for asset in likely.assets),
            *(_tells_of(act.asset_id) for act in (*brief.engagements, *brief.reasons) if act.asset_id is not None),
            *(_expects(brand_id, likely.topic) for likely in expected),
            *([_follows(campaign_id)] if campaign_id is not None else []),
        ]
    )


def concerned_by_end(asset_ids: Collection[str]) -> Concerned:
    """Whom it concerns that these assets may not be shown any more."""
    return Concerned(soon=frozenset(_shows(asset_id) for asset_id in asset_ids))


def concerned_by_assets(before: Mapping[str, Asset], after: Mapping[str, Asset], *, now: datetime) -> Concerned:
    """Whom it concerns that assets were as `before`, where they were known, and are as `after`."""
    changed = [(before.get(asset_id), asset) for asset_id, asset in after.items() if before.get(asset_id) != asset]
    return Concerned(
        soon=frozenset(_shows(asset.asset_id) for was, asset in changed if was is not None and _to_show(was) != _to_show(asset)),
        patiently=frozenset(key for was, asset in changed for key in _told_otherwise(was, asset, now=now)),
    )


def concerned_by_campaigns(before: Mapping[str, Campaign], after: Mapping[str, Campaign]) -> Concerned:
    """The same of campaigns."""
    changed = (campaign_id for campaign_id, campaign in after.items() if before.get(campaign_id) != campaign)
    return Concerned(patiently=frozenset(_follows(campaign_id) for campaign_id in changed))


def _told_otherwise(was: Asset | None, asset: Asset, *, now: datetime) -> Iterator[str]:
    if was is None or _to_tell(was) != _to_tell(asset):
        yield _tells_of(asset.asset_id)
    if was is None or _to_answer(was) != _to_answer(asset):
        usable = any(is_recommendable(asset, brand_id=asset.brand_id, country=country, now=now) for country in asset.approval.regions)
        yield from (_expects(asset.brand_id, topic) for topic in asset.answers if usable)


def _to_show(asset: Asset) -> tuple[Any, ...]:
    return asset.version, asset.title, *_to_answer(asset)


def _to_tell(asset: Asset) -> tuple[Any, ...]:
    return asset.brand_id, asset.title, asset.intent, asset.topics, asset.answers


def _to_answer(asset: Asset) -> tuple[Any, ...]:
    return asset.brand_id, asset.intent, asset.answers, asset.approval


def _shows(asset_id: str) -> str:
    return f"shows {asset_id}"


def _tells_of(asset_id: str) -> str:
    return f"tells of {asset_id}"


def _expects(brand_id: str, topic: str) -> str:
    return f"expects {brand_id} {topic}"


def _follows(campaign_id: str) -> str:
    return f"follows {campaign_id}"
