"""A brief as it may be read now: what was withdrawn, has expired or was replaced since it was written is recommended to nobody."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from routing.decisions.briefs.material import Unusable, why_unusable
from routing.decisions.facts import Asset


@dataclass(frozen=True, slots=True)
class WithdrawnAsset:
    """What the brief said to show in this version, and why nobody may any more."""

    asset_id: str
    version: str
    reason: Unusable


@dataclass(frozen=True, slots=True)
class ReadableBrief:
    """The document with nothing in it that may not be shown, and what was taken out."""

    document: Mapping[str, Any]
    withdrawn: tuple[WithdrawnAsset, ...]


def as_valid_now(
    document: Mapping[str, Any], *, assets: Mapping[str, Asset], brand_id: str, country: str | None, now: datetime
) -> ReadableBrief:
    """Take out what may not be shown, or doesn't answer the topic any more; of what was replaced, the current version stands in.

    `assets` are at least those the document names and that are known, as they are now.
    """
    withdrawn: dict[str, WithdrawnAsset] = {}
    likely = []
    for objection in document["likely_objections"]:
        kept: list[Mapping[str, Any]] = []
        for named in objection["assets"]:
            asset = assets.get(named["asset_id"])
            why = why_unusable(asset, brand_id=brand_id, country=country, now=now, version=named["version"])
            if why is not None:
                withdrawn[named["asset_id"]] = WithdrawnAsset(named["asset_id"], named["version"], why)
            kept += _standing(named, asset, why, topic=objection["topic"])
        likely.append({**objection, "assets": kept})
    return ReadableBrief({**document, "likely_objections": likely}, tuple(withdrawn.values()))


def assets_named(documents: Sequence[Mapping[str, Any]]) -> set[str]:
    """The ids of the assets that documents say to show."""
    return {asset["asset_id"] for document in documents for likely in document["likely_objections"] for asset in likely["assets"]}


def _standing(named: Mapping[str, Any], asset: Asset | None, why: Unusable | None, *, topic: str) -> Iterator[Mapping[str, Any]]:
    if asset is not None and why in {None, "replaced"} and topic in asset.answers:
        yield {**named, "version": asset.version, "title": asset.title, "valid_until": asset.approval.expires_on}
