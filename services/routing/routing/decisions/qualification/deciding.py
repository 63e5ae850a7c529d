"""Whether a contact is an MQL for a brand now: at or above both thresholds, no gate closed, and carried by something new."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Literal

from routing.decisions.effective import day_of
from routing.decisions.facts import Engagement, Subject
from routing.decisions.policies.conditions import gate_closes
from routing.decisions.policies.document import Policy
from routing.decisions.policies.gates import Gate
from routing.decisions.qualification.readiness import Act
from routing.decisions.qualification.scoring import Contribution, Score, is_commercial, score


@dataclass(frozen=True, slots=True)
class Cycle:
    """Where the contact stands with the brand: nothing before (both None), or a lead that ended.

    `rep_requested_at` is the latest engagement for which `asks_for_rep` is true.
    """

    previous_ended_at: datetime | None = None
    rep_requested_at: datetime | None = None
    returns: bool = False
    """Whether the day has come on which a recycled lead was to be taken up again."""

    @property
    def rep_requested(self) -> bool:
        """Whether a rep was asked for in this cycle."""
        if self.rep_requested_at is None:
            return False
        return self.previous_ended_at is None or self.rep_requested_at > self.previous_ended_at


@dataclass(frozen=True, slots=True)
class Qualified:
    """An MQL. `rep_requested`, or the day to return, opens a new cycle whatever the score; in a first cycle only the thresholds do."""

    reason: Literal["thresholds_reached", "rep_requested", "returned"]
    score: Score
    rep_requested: bool


@dataclass(frozen=True, slots=True)
class NotYet:
    """Below a threshold, by this much (zero where it is reached)."""

    score: Score
    fit_missing: Decimal
    engagement_missing: Decimal


@dataclass(frozen=True, slots=True)
class Gated:
    """A gate of the policy closes the door, whatever the score."""

    gate_id: str
    reason: str
    score: Score


@dataclass(frozen=True, slots=True)
class Withheld:
    """Both thresholds are reached, but by nothing that happened live: backfilled history alone qualifies nobody."""

    reason: Literal["nothing_live"]
    score: Score


Qualification = Qualified | NotYet | Gated | Withheld


def asks_for_rep(engagement: Engagement, *, brand_id: str) -> bool:
    """Tell whether this engagement is a live request for a rep of this brand."""
    return engagement.kind == "rep_requested" and is_commercial(engagement, brand_id=brand_id) and "backfill" not in engagement.flags


def last_request(known: Act | None, engagements: Iterable[Engagement], *, brand_id: str) -> Act | None:
    """Return the latest act by which a rep was asked for, those known included; None if there is none."""
    asked = [Act(each.occurred_at, each.engagement_id) for each in engagements if asks_for_rep(each, brand_id=brand_id)]
    return max([*asked, *([known] if known else [])], default=None)


def closed_gate(policy: Policy, subject: Subject, *, now: datetime) -> Gate | None:
    """Return the first gate that closes the door to somebody now; None if it stands open."""
    day = day_of(now)
    return next((gate for gate in policy.gates if gate_closes(gate, subject, day=day, labels=policy.labels)), None)


def decide_qualification(policy: Policy, *, subject: Subject, ledger: Iterable[Contribution], now: datetime, cycle: Cycle) -> Qualification:
    """Decide for a contact without an open lead of this brand; every answer carries the score it rests on.

    After a lead that ended, only engagements after its end count, so an old score that is still high opens nothing.
    """
    reading = score(policy, subject=subject, ledger=ledger, now=now, counting_after=cycle.previous_ended_at)
    gate = closed_gate(policy, subject, now=now)
    if gate is not None:
        return Gated(gate.id, gate.reason, reading)
    if cycle.previous_ended_at is not None and cycle.rep_requested:
        return Qualified("rep_requested", reading, rep_requested=True)
    if cycle.previous_ended_at is not None and cycle.returns:
        return Qualified("returned", reading, rep_requested=False)
    fit_missing = max(Decimal(0), Decimal(str(policy.thresholds.fit)) - reading.fit)
    engagement_missing = max(Decimal(0), Decimal(str(policy.thresholds.engagement)) - reading.engagement)
    if fit_missing or engagement_missing:
        return NotYet(reading, fit_missing, engagement_missing)
    if not any(line.kind == "engagement" and line.points > 0 and not line.backfilled for line in reading.lines):
        return Withheld("nothing_live", reading)
    return Qualified("thresholds_reached", reading, rep_requested=cycle.rep_requested)
