"""The ledger and its reading: what each engagement earns, and what that is worth now.

The arithmetic, in one place. A line is rounded to a ten-thousandth of a point, half to even, and kept as a `Decimal`; a score is the sum
of its lines, so lines and score agree exactly and in any order. An engagement's age counts in whole hours (for half-lives under a day, in
whole 24ths of the half-life): it is worth all its points in its first hour, so sums that equal a threshold reach it, and a score doesn't
flicker from one reading to the next.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_EVEN, Decimal
from functools import lru_cache
from itertools import groupby
from math import floor
from typing import Literal

from routing.decisions.effective import day_of
from routing.decisions.facts import COMMERCIAL_CONTEXTS, Engagement, Subject
from routing.decisions.policies.conditions import condition_matches
from routing.decisions.policies.document import EngagementRule, Policy

POINT_UNIT = Decimal("0.0001")
DAY = timedelta(days=1)
WORTHLESS_FLAGS = frozenset({"test", "asset_unapproved", "asset_expired"})


@dataclass(frozen=True, slots=True)
class Contribution:
    """A row of the ledger: undecayed points one engagement earned by one rule of one policy version."""

    rule_id: str
    engagement_id: str
    points: Decimal
    occurred_at: datetime
    backfilled: bool = False


@dataclass(frozen=True, slots=True)
class ScoreLine:
    """One line of a score's explanation; a `cap` line is negative and names the rule or the group that is over."""

    kind: Literal["fit", "engagement", "cap"]
    rule_id: str
    points: Decimal
    engagement_id: str | None = None
    occurred_at: datetime | None = None
    backfilled: bool = False


@dataclass(frozen=True, slots=True)
class Score:
    """Fit and engagement as read at one moment. Fit is the sum of the fit lines, engagement that of all the others."""

    fit: Decimal
    engagement: Decimal
    grade: str
    lines: tuple[ScoreLine, ...]


def is_commercial(engagement: Engagement, *, brand_id: str) -> bool:
    """Tell whether this is something a person did, on this brand, outside medical and independent education, and not a test."""
    return (
        engagement.brand_id == brand_id
        and engagement.context in COMMERCIAL_CONTEXTS
        and not engagement.machine
        and "test" not in engagement.flags
    )


def may_earn(engagement: Engagement, *, brand_id: str) -> bool:
    """Tell whether this counts for anything: commercial, and not on content that was not approved when it happened."""
    return is_commercial(engagement, brand_id=brand_id) and not engagement.flags & WORTHLESS_FLAGS


def contributions(policy: Policy, engagement: Engagement) -> tuple[Contribution, ...]:
    """Return the ledger rows one engagement earns under one policy, in the policy's order; none if it may not score."""
    if not may_earn(engagement, brand_id=policy.brand_id):
        return ()
    return tuple(
        Contribution(
            rule_id=rule.id,
            engagement_id=engagement.engagement_id,
            points=points_of(rule.points),
            occurred_at=engagement.occurred_at,
            backfilled="backfill" in engagement.flags,
        )
        for rule in policy.engagement
        if _earns(rule, engagement)
    )


def score(
    policy: Policy, *, subject: Subject, ledger: Iterable[Contribution], now: datetime, counting_after: datetime | None = None
) -> Score:
    """Read the score at `now` from the ledger rows this policy made (others raise ValueError), each at most once.

    Only engagements after `counting_after`, the end of the cycle before, count; among those the first `max_per_day` of a rule on a UTC day.
    """
    rules = {rule.id: rule for rule in policy.engagement}
    rows: defaultdict[str, list[Contribution]] = defaultdict(list)
    for row in ledger:
        if row.rule_id not in rules:
            raise ValueError(f"a ledger row of the rule {row.rule_id!r}, which this policy doesn't have")
        if counting_after is None or row.occurred_at > counting_after:
            rows[row.rule_id].append(row)
    fit_lines = list(_fit_lines(policy, subject, now=now))
    engagement_lines: list[ScoreLine] = []
    worth: dict[str, Decimal] = {}
    for rule in policy.engagement:
        lines = [_engagement_line(row, rule, now=now) for row in _first_of_each_day(rows[rule.id], rule.max_per_day)]
        lines += _cap_lines(rule.id, rule.cap, total=_total(lines))
        worth[rule.id] = _total(lines)
        engagement_lines += lines
    for group in policy.groups:
        engagement_lines += _cap_lines(group.id, group.cap, total=sum((worth[rule_id] for rule_id in group.rule_ids), Decimal(0)))
    fit, engagement = _total(fit_lines), _total(engagement_lines)
    return Score(fit, engagement, _grade(policy, fit=fit, engagement=engagement), (*fit_lines, *engagement_lines))


def decay_step(rule: EngagementRule) -> timedelta:
    """Return the time in which what the rule gave stays worth the same: an hour, or a 24th of a half-life under a day."""
    return _step(rule.half_life_days)


def worth_after(steps: int, *, rule: EngagementRule, points: Decimal) -> Decimal:
    """Return what points of the rule are worth that many whole steps after they were earned."""
    return _worth(steps, points, rule.half_life_days)


def worth_of(rule: EngagementRule, *, occurred_at: datetime, now: datetime) -> Decimal:
    """Return what an engagement that earned by the rule is worth at `now`, alone."""
    # An engagement dated after `now` (a clock ahead of ours) is as good as new.
    steps = max(0, floor((now - occurred_at) / decay_step(rule)))
    return worth_after(steps, rule=rule, points=points_of(rule.points))


@lru_cache
def _step(half_life_days: float) -> timedelta:
    return min(DAY, timedelta(days=float(half_life_days))) / 24


@lru_cache(100_000)
def _worth(steps: int, points: Decimal, half_life_days: float) -> Decimal:
    """Rules are few and ages whole numbers of steps, so almost every answer was given before."""
    half_life = timedelta(days=float(half_life_days))
    return points_of(float(points) * 0.5 ** (steps * (_step(half_life_days) / half_life)))


def _fit_lines(policy: Policy, subject: Subject, *, now: datetime) -> Iterator[ScoreLine]:
    day = day_of(now)
    for rule in policy.fit:
        if condition_matches(rule, subject, day=day, labels=policy.labels):
            yield ScoreLine("fit", rule.id, points_of(rule.points))


def _earns(rule: EngagementRule, engagement: Engagement) -> bool:
    return (
        engagement.kind in rule.kinds
        and (not rule.topics or not engagement.topics.isdisjoint(rule.topics))
        and (not rule.intents or engagement.context in rule.intents)
        and (not rule.stages or engagement.content_stage in rule.stages)
    )


def _first_of_each_day(rows: Iterable[Contribution], max_per_day: int | None) -> list[Contribution]:
    """Order the rows by time (ties by engagement id) and keep the earliest of each UTC day."""
    ordered = sorted(rows, key=lambda row: (row.occurred_at, row.engagement_id))
    if max_per_day is None:
        return ordered
    return [row for _, of_day in groupby(ordered, key=_utc_day) for row in list(of_day)[:max_per_day]]


def _utc_day(row: Contribution) -> date:
    return row.occurred_at.astimezone(UTC).date()


def _engagement_line(row: Contribution, rule: EngagementRule, *, now: datetime) -> ScoreLine:
    points = worth_of(rule, occurred_at=row.occurred_at, now=now)
    return ScoreLine("engagement", row.rule_id, points, row.engagement_id, row.occurred_at, row.backfilled)


def _cap_lines(rule_id: str, cap: float | None, *, total: Decimal) -> list[ScoreLine]:
    if cap is None or total <= points_of(cap):
        return []
    return [ScoreLine("cap", rule_id, points_of(cap) - total)]


def _total(lines: Iterable[ScoreLine]) -> Decimal:
    return sum((line.points for line in lines), Decimal(0))


def points_of(number: float) -> Decimal:
    """A number of points as it is counted: in ten-thousandths."""
    return Decimal(str(number)).quantize(POINT_UNIT, rounding=ROUND_HALF_EVEN)


def _grade(policy: Policy, *, fit: Decimal, engagement: Decimal) -> str:
    """Return letter and digit: A and 1 at or above every cut point, one further for each cut point missed."""
    return f"{chr(ord('A') + _missed(policy.grades.fit, fit))}{1 + _missed(policy.grades.engagement, engagement)}"


def _missed(cut_points: Sequence[float], reached: Decimal) -> int:
    return sum(points_of(cut_point) > reached for cut_point in cut_points)
