"""Trying a platform out: what its bodies would become, and what another reading of them would change. Nothing is recorded.

Whose request it was is not asked here, nor is anything looked up: of the person there are the keys, of asset and campaign the marks.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from intake.decisions.acts import Act, Ignored, Item, Rejected
from intake.decisions.adapters import Adapter, SourceFacts, items_in
from intake.decisions.adapters.bodies import Headers
from intake.decisions.machines import ordered, own_evidence
from intake.decisions.source_flags import LIVE, SourceFlags
from intake.decisions.verdicts import bounded


@dataclass(frozen=True, slots=True)
class Kept:
    """A body as it came, with the headers it can't be read without."""

    body: bytes
    headers: Headers
    received_at: datetime


@dataclass(frozen=True, slots=True)
class Difference:
    """An item that another reading of a body would make something else of. None: it reads no item there."""

    kept: Kept
    position: int
    before: Item | None
    after: Item | None


def items_of(kept: Kept, adapter: Adapter, source: SourceFacts) -> list[Item]:
    """What a body would become: one item per event in it, in order; one rejected item for a body nobody can read."""
    return [bounded(item, received_at=kept.received_at) for item in items_in(kept.body, kept.headers, adapter, source)]


@dataclass(frozen=True, slots=True)
class Reader:
    """A platform, and what a source of it is told about it."""

    adapter: Adapter
    facts: SourceFacts


def differences(before: Reader, after: Reader, kept: Iterable[Kept]) -> list[Difference]:
    """Which items of these bodies another reader would read otherwise, in order."""
    found = []
    for one in kept:
        old, new = items_of(one, before.adapter, before.facts), items_of(one, after.adapter, after.facts)
        for position in range(max(len(old), len(new))):
            pair = (_at(old, position), _at(new, position))
            if pair[0] != pair[1]:
                found.append(Difference(one, position, *pair))
    return found


def _at(items: Sequence[Item], position: int) -> Item | None:
    return items[position] if position < len(items) else None


def shown(item: Item, *, flags: SourceFlags = LIVE, received_at: datetime | None = None) -> Mapping[str, object]:
    """An item as its reader wants to see it: the engagement it would be, field by field, or why it is none. `flags` are those of its
    source, by the act's time or the receipt's."""
    match item:
        case Ignored(vendor_type=vendor_type, reason=reason):
            return {"verdict": "ignored", "vendor_type": vendor_type, "reason": reason}
        case Rejected(vendor_type=vendor_type, reason=reason, detail=detail):
            return {"verdict": "rejected", "vendor_type": vendor_type, "reason": reason, "detail": detail}
        case Act():
            return {"verdict": "accepted", "vendor_type": item.vendor_type, "engagement": _engagement(item, flags, received_at)}


def _engagement(act: Act, source: SourceFlags, received_at: datetime | None) -> dict[str, object]:
    """The act in the words of a canonical engagement; what is empty is left out."""
    at = act.occurred_at or received_at
    flags = dict.fromkeys([*act.flags, *(source.of(at) if at is not None else ())])
    emails = [key.value for key in act.person if key.namespace == "email"]
    external_ids = {key.namespace.removeprefix("id:"): key.value for key in act.person if key.namespace.startswith("id:")}
    fields: dict[str, object] = {
        "source": act.source,
        "source_event_id": act.identity,
        "kind": act.kind,
        "channel": act.channel,
        "occurred_at": act.occurred_at,
        "machine": bool(own_evidence(act)),
        "machine_evidence": list(ordered(own_evidence(act))),
        "contact": {name: value for name, value in (("emails", emails), ("external_ids", external_ids)) if value},
        "keys": [{"kind": mark.kind, "value": mark.value} for mark in act.marks],
        "attributes": dict(act.attributes),
        "context": act.context,
        "asset_id": act.asset_id,
        "campaign_id": act.campaign_id,
        "brand_id": act.brand_id,
        "topics": list(act.topics),
        "flags": list(flags),
    }
    return {name: value for name, value in fields.items() if value not in (None, [], {})}
