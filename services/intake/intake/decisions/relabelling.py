"""An engagement may come before its asset or campaign is stated: what is kept so that it can be recognised later, and what it is then."""

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from intake.decisions.acts import Act, Mark
from intake.decisions.catalog import FINDINGS, Catalog, Labels, label, telling_marks
from shared.events.engagements import EngagementKind

_HASHED = "hash"


@dataclass(frozen=True, slots=True)
class Kept:
    """What is on record of an engagement that may yet be recognised. `marks` are hashes, the most telling first."""

    source: str
    kind: EngagementKind
    occurred_at: datetime
    labels: Labels
    marks: Sequence[str]


def kept_marks(act: Act, labels: Labels) -> tuple[str, ...]:
    """By what the act may be recognised later; nothing if it was, or its teller states outright what it is about.

    Hashes do: they are only ever compared, and an address may hold more than the name of a page.
    """
    is_whole = labels.asset_id is not None and labels.campaign_id is not None
    states = act.asset_id or act.campaign_id or act.brand_id or act.context or act.topics
    return () if is_whole or states else tuple(_hash(mark) for mark in telling_marks(act))


def hashed(marks: Mapping[tuple[str | None, Mark], Collection[str]]) -> dict[tuple[str | None, Mark], Collection[str]]:
    """What was declared, as kept marks are compared with it."""
    return {(source, Mark(_HASHED, _hash(mark))): ids for (source, mark), ids in marks.items()}


def hashes(marks: Mapping[tuple[str | None, Mark], Collection[str]]) -> list[str]:
    """The hashes of what was declared."""
    return sorted({_hash(mark) for _, mark in marks})


def relabelled(kept: Kept, *, country: str | None, catalog: Catalog) -> Labels:
    """What the engagement is about, now that the catalogue says more. `catalog` has hashed marks; what was recognised before stays."""
    act = Act(
        source=kept.source,
        vendor_type="",
        identity="",
        kind=kept.kind,
        channel="",
        occurred_at=kept.occurred_at,
        person=(),
        marks=tuple(Mark(_HASHED, one) for one in kept.marks),
        asset_id=kept.labels.asset_id,
        campaign_id=kept.labels.campaign_id,
        flags=tuple(flag for flag in kept.labels.flags if flag not in FINDINGS),
    )
    found = label(act, occurred_at=kept.occurred_at, country=country, catalog=catalog, source_brand_id=kept.labels.brand_id)
    return found if found.asset_id in catalog.assets else replace(found, topics=kept.labels.topics, context=kept.labels.context)


def same(one: Labels, other: Labels) -> bool:
    """Whether two say the same, whatever the order of their flags."""
    return replace(one, flags=()) == replace(other, flags=()) and set(one.flags) == set(other.flags)


def _hash(mark: Mark) -> str:
    return hashlib.blake2b(f"{mark.kind}\n{mark.value}".encode(errors="surrogatepass"), digest_size=12).hexdigest()
