"""Acts that confirm intent: who did one in this cycle is an SQL candidate, for the rep to confirm."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from routing.decisions.facts import Engagement
from routing.decisions.policies.document import Policy
from routing.decisions.qualification.scoring import may_earn


@dataclass(frozen=True, slots=True, order=True)
class Act:
    """When somebody did what counts, and by which engagement."""

    at: datetime
    engagement_id: str


Confirmed = Mapping[str, Act]
"""By readiness, the latest act that confirmed intent."""


@dataclass(frozen=True, slots=True)
class SqlCandidate:
    """Why a lead is an SQL candidate: by which readiness of the policy, and the latest act that confirmed it."""

    readiness_id: str
    act: Act


def confirmed_after(confirmed: Confirmed, policy: Policy, engagements: Iterable[Engagement]) -> Confirmed:
    """Return what is confirmed after these acts too, in whatever order they are told. History posted later confirms nothing."""
    latest = dict(confirmed)
    for engagement in engagements:
        if "backfill" in engagement.flags or not may_earn(engagement, brand_id=policy.brand_id):
            continue
        act = Act(engagement.occurred_at, engagement.engagement_id)
        for readiness in policy.readiness:
            if engagement.kind in readiness.kinds:
                latest[readiness.id] = max(latest.get(readiness.id, act), act)
    return latest


def sql_candidate(confirmed: Confirmed, *, counting_after: datetime | None) -> SqlCandidate | None:
    """Return the latest confirmation since the cycle before ended; None if there is none."""
    in_cycle = [SqlCandidate(name, act) for name, act in confirmed.items() if counting_after is None or act.at > counting_after]
    return max(in_cycle, key=lambda each: (each.act, each.readiness_id), default=None)
