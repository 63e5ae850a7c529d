"""An erasure from its request to its certificate: one person asks, another approves, every service answers, and the bus holds nothing."""

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from typing import Any, Literal

import orjson

from shared.bodies import utc_text
from shared.events.erasures import EVERY_SERVICE
from shared.events.facts import ServiceName

ErasureState = Literal["requested", "approved", "erasing", "certified"]


class Approval(Enum):
    """What becomes of an approval: it counts; it says again what was said; it is the asker's own; somebody else was first."""

    COUNTS = "counts"
    AGAIN = "again"
    OWN = "own"
    TAKEN = "taken"


def judge_approval(*, requested_by: str, approved_by: str | None, by: str) -> Approval:
    """Whether this approval counts. Nobody approves what they asked for themselves."""
    if by == requested_by:
        return Approval.OWN
    if approved_by is None:
        return Approval.COUNTS
    return Approval.AGAIN if approved_by == by else Approval.TAKEN


@dataclass(frozen=True, slots=True)
class Answer:
    """That a service holds nothing more that names one of the erased contacts."""

    contact_id: str
    service: ServiceName
    erased_at: datetime
    erased: Mapping[str, int]
    kept: Mapping[str, int]


BusStep = Literal["see_tombstone", "append_again", "look", "certify"]


@dataclass(frozen=True, slots=True)
class Compaction:
    """How the broker compacts the topic: a segment is closed by the first append after so long, what is dead in a closed one goes within
    the lag, and the files it stood in after that again."""

    segment: timedelta
    lag: timedelta
    files_go_within: timedelta

    @property
    def look_every(self) -> timedelta:
        """How often it is worth reading the topic for what should be gone."""
        return min(max(self.lag / 4, timedelta(seconds=5)), timedelta(minutes=5))


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the bus has forgotten: each moment None until it came. `appended_at` is the second append, which closes the segment that
    holds the tombstone; `cleared_at` when no value could be read any more."""

    tombstoned_at: datetime | None = None
    appended_at: datetime | None = None
    cleared_at: datetime | None = None

    def next_step(self, compaction: "Compaction", *, now: datetime) -> "BusStep | None":
        """What is to be done about the bus now; None while there is nothing but to wait, or nothing more."""
        if self.tombstoned_at is None:
            return "see_tombstone"
        if self.appended_at is None:
            return "append_again" if now >= self.tombstoned_at + compaction.segment else None
        if self.cleared_at is None:
            return "look"
        return "certify" if now >= self.cleared_at + compaction.files_go_within else None


@dataclass(frozen=True, slots=True)
class Erasure:
    """One erasure. `contact_ids` are the contact's own and those that led to it."""

    id: str
    contact_id: str
    contact_ids: Sequence[str]
    requested_by: str
    requested_at: datetime
    approved_by: str | None = None
    approved_at: datetime | None = None
    ordered_at: datetime | None = None
    certified_at: datetime | None = None
    bus: Progress = Progress()

    @property
    def state(self) -> ErasureState:
        """Where it stands."""
        if self.certified_at is not None:
            return "certified"
        if self.ordered_at is not None:
            return "erasing"
        return "requested" if self.approved_at is None else "approved"


def by_service(erasure: Erasure, answers: Sequence[Answer]) -> dict[ServiceName, datetime | None]:
    """When each service had erased all of it; None for who hasn't yet."""
    told = {(answer.service, answer.contact_id): answer.erased_at for answer in answers}
    found: dict[ServiceName, datetime | None] = {}
    for service in EVERY_SERVICE:
        moments = [told.get((service, contact_id)) for contact_id in erasure.contact_ids]
        known = [moment for moment in moments if moment is not None]
        found[service] = max(known) if known and len(known) == len(moments) else None
    return found


def is_complete(erasure: Erasure, answers: Sequence[Answer]) -> bool:
    """Whether every service has erased it and the bus holds it no more: then it may be certified."""
    return erasure.bus.cleared_at is not None and all(moment is not None for moment in by_service(erasure, answers).values())


def certificate(erasure: Erasure, answers: Sequence[Answer], *, now: datetime) -> dict[str, Any]:
    """What was erased when, by whom, on whose word, and what stays and why. `digest` is the SHA-256 of the rest as canonical JSON."""
    services: dict[str, dict[str, Any]] = {
        service: {
            "erased_at": _text(moment),
            "erased": _sums([answer.erased for answer in answers if answer.service == service]),
            "kept": _sums([answer.kept for answer in answers if answer.service == service]),
        }
        for service, moment in by_service(erasure, answers).items()
    }
    told = {
        "erasure_id": erasure.id,
        "contact_id": erasure.contact_id,
        "contact_ids": sorted(erasure.contact_ids),
        "requested_by": erasure.requested_by,
        "requested_at": _text(erasure.requested_at),
        "approved_by": erasure.approved_by,
        "approved_at": _text(erasure.approved_at),
        "services": services,
        "bus": {
            "tombstone_at": _text(erasure.bus.tombstoned_at),
            "closing_append_at": _text(erasure.bus.appended_at),
            "no_value_readable_at": _text(erasure.bus.cleared_at),
        },
        "why_kept": {kind: why for kind, why in WHY_KEPT.items() if any(kind in of["kept"] for of in services.values())},
        "certified_at": _text(now),
    }
    return {**told, "digest": digest(told)}


WHY_KEPT: Mapping[str, str] = {
    "engagements": "codes and numbers under an id that leads to nobody: counts must not change",
    "ledger_hashes": "keyed hashes, so that what comes late is recognised and not taken in again",
    "suppressions": "what the person denied, so that a later import can't lift it",
    "leads": "ids, stages and times: counts must not change",
    "reports": "codes: counts must not change",
    "objections": "codes: counts must not change",
    "cases": "safety and medical records, which the law has us keep",
}


def digest(told: Mapping[str, Any]) -> str:
    """The SHA-256 of a certificate without its digest, as JSON with sorted keys and no blanks."""
    return "sha256:" + hashlib.sha256(orjson.dumps(told, option=orjson.OPT_SORT_KEYS)).hexdigest()


def without_words(text: str, words: Sequence[str]) -> str:
    """The text with each of these words, wherever and however it is written large or small, put out of sight."""
    forms = sorted({re.escape(word) for word in words if word}, key=len, reverse=True)
    return re.sub("|".join(forms), "…", text, flags=re.IGNORECASE) if forms else text


def _sums(counts: Sequence[Mapping[str, int]]) -> dict[str, int]:
    found: dict[str, int] = {}
    for count in counts:
        for kind, number in count.items():
            found[kind] = found.get(kind, 0) + number
    return dict(sorted(found.items()))


def _text(moment: datetime | None) -> str | None:
    return None if moment is None else utc_text(moment)
