"""Urgency: not how much somebody engaged, but how that changed, this fortnight against the one before."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Literal, assert_never

from routing.decisions.facts import Engagement
from routing.decisions.policies.document import Policy
from routing.decisions.qualification.scoring import contributions

Trend = Literal["rising", "steady", "cooling"]

FORTNIGHT = timedelta(days=14)
TELLING_CHANGE = Decimal("0.25")
"""Of the fortnight before: less is no change a rep would act upon."""


@dataclass(frozen=True, slots=True)
class Fortnight:
    """What was done in one: how many acts, and the points they earned by the policy, undecayed and uncapped."""

    acts: int
    points: float


@dataclass(frozen=True, slots=True)
class Urgency:
    """The change, with the figures it rests on."""

    trend: Trend
    this_fortnight: Fortnight
    fortnight_before: Fortnight


def urgency(policy: Policy, engagements: Iterable[Engagement], *, now: datetime) -> Urgency:
    """Compare the acts of the last 14 days with those of the 14 before; a quarter more is rising, a quarter less cooling.

    Points decide, since a webinar is not a click; where neither fortnight earned any, the number of acts does.
    """
    acts: dict[bool, list[Engagement]] = {True: [], False: []}
    for each in engagements:
        if now - 2 * FORTNIGHT < each.occurred_at:
            acts[each.occurred_at > now - FORTNIGHT].append(each)
    points = {
        recent: sum((row.points for each in done for row in contributions(policy, each)), Decimal(0)) for recent, done in acts.items()
    }
    earned = points if any(points.values()) else {recent: Decimal(len(done)) for recent, done in acts.items()}
    return Urgency(
        trend=_trend(this=earned[True], before=earned[False]),
        this_fortnight=Fortnight(len(acts[True]), float(points[True])),
        fortnight_before=Fortnight(len(acts[False]), float(points[False])),
    )


def urgency_words(change: Urgency) -> str:
    """The change in a sentence."""
    this, before = (_acts(each.acts) for each in (change.this_fortnight, change.fortnight_before))
    match change.trend:
        case "rising":
            return f"Rising: {this} in the last two weeks, {before} in the two before."
        case "steady":
            return f"Steady: {this} in the last two weeks, {before} in the two before."
        case "cooling":
            return f"Cooling: {this} in the last two weeks, after {before} in the two before."
        case _:
            assert_never(change.trend)


def _trend(*, this: Decimal, before: Decimal) -> Trend:
    if this == before or abs(this - before) < before * TELLING_CHANGE:
        return "steady"
    return "rising" if this > before else "cooling"


def _acts(number: int) -> str:
    return {0: "no act", 1: "one act"}.get(number, f"{number} acts")
