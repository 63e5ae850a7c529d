"""What a rep may be told to show: approved, in date, allowed in the person's country, and commercial."""

from datetime import datetime
from typing import Literal

from routing.decisions.facts import COMMERCIAL_CONTEXTS, Asset

Unusable = Literal["withdrawn", "expired", "not_allowed_here", "replaced"]
"""Why a version of an asset may not be shown (any more)."""


def why_unusable(asset: Asset | None, *, brand_id: str, country: str | None, now: datetime, version: str | None = None) -> Unusable | None:
    """Say why a rep may not show this asset, in this version where one is named; None if they may.

    The day of expiry is the last good one. Without a country nothing is allowed, since no approval is for everywhere.
    """
    if asset is None or asset.brand_id != brand_id or asset.intent not in COMMERCIAL_CONTEXTS:
        return "withdrawn"
    approval = asset.approval
    if approval.expires_on is not None and now.date() > approval.expires_on:
        return "expired"
    if approval.status != "approved":
        return "expired" if approval.status == "expired" else "withdrawn"
    if country not in approval.regions:
        return "not_allowed_here"
    return "replaced" if version is not None and version != asset.version else None


def is_recommendable(asset: Asset, *, brand_id: str, country: str | None, now: datetime) -> bool:
    """Tell whether a rep may be told to show this asset, in its current version."""
    return why_unusable(asset, brand_id=brand_id, country=country, now=now) is None
