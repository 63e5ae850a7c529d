"""What becomes of each item of a delivery: exactly one of accepted, duplicate, ignored and rejected."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal, assert_never
from uuid import UUID

from intake.decisions.acts import OPT_OUTS, Act, Ignored, Item, Rejected
from intake.decisions.moments import UnusableTime, within_bounds

Outcome = Literal["accepted", "duplicate", "ignored", "rejected"]

CONFLICT = "conflict"
_CONFLICT_DETAIL = "The same event was told before, but as another engagement."


@dataclass(frozen=True, slots=True)
class Recorded:
    """An engagement that is on record, as far as telling a retry from a contradiction needs it."""

    engagement_id: UUID
    fingerprint: bytes


@dataclass(frozen=True, slots=True)
class Register:
    """The engagements on record that a batch may repeat: by their identity within their source, and by our own id."""

    by_identity: Mapping[tuple[str, str], Recorded]
    by_id: Mapping[UUID, tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of one item. `act` is set when it is fresh: accepted, and to be recorded under `engagement_id`."""

    outcome: Outcome
    vendor_type: str | None
    reason: str | None = None
    detail: str | None = None
    engagement_id: UUID | None = None
    act: Act | None = None


def bounded(item: Item, *, received_at: datetime) -> Item:
    """The item, or rejected for a time that can't be. Opting out counts at its receipt then."""
    if not isinstance(item, Act) or item.occurred_at is None:
        return item
    match within_bounds(item.occurred_at, received_at=received_at):
        case UnusableTime() if item.kind in OPT_OUTS:
            return replace(item, occurred_at=None)
        case UnusableTime(reason=reason, detail=detail):
            return Rejected(item.vendor_type, reason, detail, item.texts)
        case _:
            return item


def judge(items: Sequence[Item], *, register: Register, fresh_ids: Iterable[UUID]) -> list[Verdict]:
    """One verdict per item, in order. Of equal acts within the batch the first is fresh. `fresh_ids` gives one unused id per item."""
    told = dict(register.by_identity)
    ids = dict(register.by_id)
    verdicts = []
    for item, fresh_id in zip(items, fresh_ids, strict=True):
        match item:
            case Ignored(vendor_type=vendor_type, reason=reason):
                verdicts.append(Verdict("ignored", vendor_type, reason))
            case Rejected(vendor_type=vendor_type, reason=reason, detail=detail):
                verdicts.append(Verdict("rejected", vendor_type, reason, detail))
            case Act():
                verdict = _of_act(item, told=told, ids=ids, fresh_id=fresh_id)
                if verdict.act is not None and verdict.engagement_id is not None:
                    identity = (item.source, item.identity)
                    told[identity] = Recorded(verdict.engagement_id, item.fingerprint)
                    ids[verdict.engagement_id] = identity
                verdicts.append(verdict)
            case _:
                assert_never(item)
    return verdicts


def _of_act(act: Act, *, told: Mapping[tuple[str, str], Recorded], ids: Mapping[UUID, tuple[str, str]], fresh_id: UUID) -> Verdict:
    before = told.get((act.source, act.identity))
    if before is None and (act.engagement_id is None or act.engagement_id not in ids):
        return Verdict("accepted", act.vendor_type, engagement_id=act.engagement_id or fresh_id, act=act)
    if before is not None and before.fingerprint == act.fingerprint:
        return Verdict("duplicate", act.vendor_type, engagement_id=before.engagement_id)
    contradicted = before.engagement_id if before is not None else act.engagement_id
    return Verdict("rejected", act.vendor_type, CONFLICT, _CONFLICT_DETAIL, engagement_id=contradicted)
