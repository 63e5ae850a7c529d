"""What a contact allows: acts on a channel for a purpose, of which the latest deliberate one stands.

Acts form a total order, so whatever order they arrive in, and however often, the same one stands at the end.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from shared.events.engagements import EngagementKind

ConsentState = Literal["granted", "denied"]

# Marketing platforms say no purpose: what they send is marketing.
MARKETING = "marketing"

# Places for acts nobody dated: a denial above all dated acts, a grant below, which is the strictest reading of either.
_ABOVE_DATED, _DATED, _BELOW_DATED = 2, 1, 0
_NO_TIME = datetime.min.replace(tzinfo=UTC)

_STATE_BY_KIND: Mapping[EngagementKind, ConsentState] = {
    "subscribed": "granted",
    "unsubscribed": "denied",
    "email_complained": "denied",
}


@dataclass(frozen=True, slots=True)
class ConsentAct:
    """One act. `at` None: nobody dated it."""

    channel: str
    purpose: str
    state: ConsentState
    at: datetime | None
    evidence: str | None = None
    legal_basis: str | None = None

    @property
    def rank(self) -> tuple[int, datetime, bool, str, str]:
        """Later acts rank higher, a denial above a grant of the same moment. What follows the state only makes the order total."""
        undated = _ABOVE_DATED if self.state == "denied" else _BELOW_DATED
        place = _DATED if self.at is not None else undated
        return place, self.at or _NO_TIME, self.state == "denied", self.evidence or "", self.legal_basis or ""

    def told(self) -> dict[str, Any]:
        """All of it by name."""
        return {
            "channel": self.channel,
            "purpose": self.purpose,
            "state": self.state,
            "at": self.at,
            "evidence": self.evidence,
            "legal_basis": self.legal_basis,
        }


Consents = Mapping[tuple[str, str], ConsentAct]


def act_of(kind: EngagementKind, *, channel: str, occurred_at: datetime, machine: bool, test: bool = False) -> ConsentAct | None:
    """The consent act an engagement is, if any. A click is none, whatever it was on; a machine can leave for a person, never join, and
    neither can a source that is only being tried out."""
    state = _STATE_BY_KIND.get(kind)
    if state is None or ((machine or test) and state == "granted"):
        return None
    return ConsentAct(channel=channel, purpose=MARKETING, state=state, at=occurred_at)


def merged(standing: Consents, acts: Iterable[ConsentAct]) -> Consents:
    """What stands after these acts too: per channel and purpose the one that ranks highest."""
    result = dict(standing)
    for act in acts:
        key = (act.channel, act.purpose)
        if key not in result or act.rank > result[key].rank:
            result[key] = act
    return result


def strictest(parts: Sequence[Consents], *, since: datetime) -> Consents:
    """What one person allows who was several until `since`: each part's standing acts, joined.

    An act dated later is the whole person's, and the latest of them stands. Of what the parts said before a denial stands, whatever a
    grant's date, and so does a denial nobody dated: consent to one id is none to another.
    """
    found: dict[tuple[str, str], ConsentAct] = {}
    for place in {place for part in parts for place in part}:
        acts = [part[place] for part in parts if place in part]
        undated = [act for act in acts if act.state == "denied" and act.at is None]
        of_the_whole = [act for act in acts if act.at is not None and act.at >= since]
        denied = [act for act in acts if act.state == "denied"]
        found[place] = max(undated or of_the_whole or denied or acts, key=lambda act: act.rank)
    return found
