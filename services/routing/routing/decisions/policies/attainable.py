"""The most that anybody could earn under a policy: what keeps a threshold, a grade or a rule out of everybody's reach."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from decimal import Decimal
from math import ceil, floor
from typing import Any

from routing.decisions.facts import JourneyStage
from routing.decisions.policies.conditions import Known, value_answers
from routing.decisions.policies.document import EngagementRule, FitRule, Policy
from routing.decisions.policies.parts import ConditionField
from routing.decisions.qualification.scoring import points_of

_SEVERAL_AT_ONCE: frozenset[ConditionField] = frozenset({"segments", "indications", "licensed_in"})
"""Fields of which somebody may have any number of values."""
_UNNAMED = "\0"
"""A value that no condition can name."""


def most_fit(policy: Policy) -> Decimal:
    """The most fit a contact can earn: of rules that ask for different values of one fact, nobody has more than one."""
    by_field: defaultdict[ConditionField, list[FitRule]] = defaultdict(list)
    most = Decimal(0)
    for rule in policy.fit:
        if rule.field is not None and rule.field not in _SEVERAL_AT_ONCE:
            by_field[rule.field].append(rule)
        else:
            most += max(Decimal(0), points_of(rule.points))
    return most + _sum(_most_by(rules) for rules in by_field.values())


def most_engagement(policy: Policy, content_stages: Collection[JourneyStage]) -> Decimal | None:
    """The most engagement a contact can earn where content for these stages is all there is; None if nothing limits it."""
    earning = {rule.id: rule for rule in policy.engagement if rule.points > 0 and can_earn(rule, content_stages)}
    grouped = {rule_id for group in policy.groups for rule_id in group.rule_ids}
    limits = [
        _smaller(points_of(group.cap), _sum_of_caps([earning[rule_id].cap for rule_id in group.rule_ids if rule_id in earning]))
        for group in policy.groups
    ]
    ungrouped = _sum_of_caps([rule.cap for rule in earning.values() if rule.id not in grouped])
    return None if ungrouped is None else ungrouped + _sum(limits)


def can_earn(rule: EngagementRule, content_stages: Collection[JourneyStage]) -> bool:
    """Whether anybody can earn by a rule where content for these stages is all there is."""
    return not rule.stages or any(stage in content_stages for stage in rule.stages)


def _most_by(rules: Sequence[FitRule]) -> Decimal:
    """The most that rules about one fact give together, whatever it is."""
    named: defaultdict[Any, Decimal] = defaultdict(Decimal)
    compared = [rule for rule in rules if rule.op in ("gte", "lte")]
    for rule in rules:
        if rule.op in ("eq", "in"):
            for value in set(rule.value if isinstance(rule.value, tuple) else (rule.value,)):
                named[value] += points_of(rule.points)
    values: set[Any] = {_UNNAMED, *named, *(number for rule in compared for number in _around(rule))}
    missing, known = (
        _sum(points_of(rule.points) for rule in rules if rule.op == "exists" and value_answers(rule, value)) for value in (None, _UNNAMED)
    )
    return max(missing, known + max(named[value] + _sum_of(compared, value) for value in values))


def _around(rule: FitRule) -> set[Known]:
    """Whole numbers on either side of the one a rule compares with."""
    bound = float(rule.value) if isinstance(rule.value, int | float) else 0.0
    numbers = range(max(0, floor(bound) - 1), ceil(bound) + 2)
    return {str(number) for number in numbers} if rule.field == "account.priority" else set(numbers)


def _sum_of(rules: Iterable[FitRule], value: Known) -> Decimal:
    return _sum(points_of(rule.points) for rule in rules if value_answers(rule, value))


def _sum_of_caps(caps: Sequence[float | None]) -> Decimal | None:
    known = [points_of(cap) for cap in caps if cap is not None]
    return _sum(known) if len(known) == len(caps) else None


def _smaller(cap: Decimal, limit: Decimal | None) -> Decimal:
    return cap if limit is None else min(cap, limit)


def _sum(points: Iterable[Decimal]) -> Decimal:
    return sum(points, Decimal(0))
