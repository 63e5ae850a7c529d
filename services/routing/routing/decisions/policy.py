"""The policy document: what both teams agreed makes an MQL, who gets it and how soon, validated as a whole."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Annotated, Literal, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, model_validator

from routing.decisions.clock_rules import ClockRules
from routing.decisions.facts import Context, EngagementKind

ContactField = Literal["specialty", "kind", "credentials", "country", "region", "postal_code", "segments"]
ConditionField = Literal[ContactField, "account.institution_type", "account.priority", "target.decile", "target.segment"]
Operator = Literal["eq", "in", "gte", "lte", "exists"]
AssignmentStep = Literal["named_account", "account_owner", "sticky", "territory", "pool"]

NUMBER_FIELDS: frozenset[ConditionField] = frozenset({"target.decile"})
ORDERED_FIELDS: frozenset[ConditionField] = NUMBER_FIELDS | {"account.priority"}
"""Fields `gte` and `lte` may compare. A priority is text; it is compared where it reads as a number ("2")."""

POINTS_LIMIT = 1_000_000
"""Keeps every sum exact; far beyond any scale people use."""
HALF_LIFE_DAYS_MAX = 36_500
CUT_POINTS_MAX = 25
"""As many cut points as still give every band one letter."""

Listed = TypeVar("Listed")

Name = Annotated[str, Field(min_length=1, max_length=100)]
Text = Annotated[str, Field(min_length=1, max_length=200)]
Number = Annotated[int | Annotated[float, Field(allow_inf_nan=False)], Field(ge=-POINTS_LIMIT, le=POINTS_LIMIT)]
Scalar = bool | Number | Annotated[str, Field(max_length=200)]
# JSON knows no tuples: a list is read as one although every scalar is read strictly.
Few = Annotated[tuple[Listed, ...], Field(strict=False, max_length=50)]
Rules = Annotated[tuple[Listed, ...], Field(strict=False, max_length=200)]


class Part(BaseModel):
    """A part of the policy document: immutable, exact about types, without unknown fields."""

    model_config = ConfigDict(strict=True, frozen=True, extra="forbid")


class Condition(Part):
    """One question about the contact, its primary account or its target."""

    field: ConditionField
    op: Operator
    value: Scalar | Annotated[tuple[Scalar, ...], Field(strict=False, min_length=1, max_length=500)] | None = None

    @model_validator(mode="after")
    def _value_suits_operator(self) -> Self:
        problem = _mismatch(self.field, self.op, self.value)
        if problem:
            raise ValueError(f"{self.field} {self.op}: {problem}")
        return self


class FitRule(Condition):
    """Points for who somebody is."""

    id: Name
    points: Number


class EngagementRule(Part):
    """Points for what somebody did: one of `kinds`, and on one of `topics` and in one of `intents` where given."""

    id: Name
    kinds: Annotated[tuple[EngagementKind, ...], Field(strict=False, min_length=1, max_length=50)]
    topics: Few[Text] = ()
    intents: Few[Context] = ()
    points: Number
    half_life_days: Annotated[Number, Field(gt=0, le=HALF_LIFE_DAYS_MAX)]
    cap: Annotated[Number, Field(ge=0)] | None = None
    max_per_day: Annotated[int, Field(ge=1, le=1_000)] | None = None


class Group(Part):
    """Engagement rules that may give no more than `cap` together."""

    id: Name
    rule_ids: Annotated[tuple[Name, ...], Field(strict=False, min_length=1, max_length=200)]
    cap: Annotated[Number, Field(ge=0)]


class Gate(Condition):
    """A condition that closes the door when it matches, whatever the score."""

    id: Name
    reason: Text


class Readiness(Part):
    """Acts that confirm intent; they shape the next step, not the score."""

    id: Name
    kinds: Annotated[tuple[EngagementKind, ...], Field(strict=False, min_length=1, max_length=50)]


class Thresholds(Part):
    """The least fit and the least engagement of an MQL."""

    fit: Number
    engagement: Number


class Grades(Part):
    """Cut points between the letters (fit) and the digits (engagement), written from either end."""

    fit: Annotated[tuple[Number, ...], Field(strict=False, max_length=CUT_POINTS_MAX)] = ()
    engagement: Annotated[tuple[Number, ...], Field(strict=False, max_length=CUT_POINTS_MAX)] = ()

    @model_validator(mode="after")
    def _cut_points_are_in_order(self) -> Self:
        for name, cut_points in (("fit", self.fit), ("engagement", self.engagement)):
            ascending = sorted(set(cut_points))
            if list(cut_points) not in (ascending, ascending[::-1]):
                raise ValueError(f"grades.{name}: cut points must rise (or fall) from each to the next")
        return self


class Policy(Part):
    """One brand's policy. Everything that can be wrong with it is said at once, naming the place."""

    brand_id: Name
    country: Annotated[str, Field(pattern=r"^[A-Z]{2}$")] | None = None
    title: Text
    fit: Rules[FitRule] = ()
    engagement: Rules[EngagementRule] = ()
    groups: Rules[Group] = ()
    gates: Rules[Gate] = ()
    readiness: Rules[Readiness] = ()
    thresholds: Thresholds
    grades: Grades = Grades()
    clocks: ClockRules
    assignment: Few[AssignmentStep] = ()

    @model_validator(mode="after")
    def _parts_agree(self) -> Self:
        problems = [*_repeated_ids(self), *_group_problems(self)]
        problems += [f"assignment: the step {step!r} is given twice" for step in _repeated(self.assignment)]
        if problems:
            raise ValueError("; ".join(problems))
        return self


def _mismatch(field: ConditionField, op: Operator, value: object) -> str | None:
    match op:
        case "exists":
            return None if value is None or isinstance(value, bool) else "value must be true, false or left out"
        case "in":
            if not isinstance(value, tuple):
                return "value must be a list"
            return next((problem for each in value if (problem := _wrong_kind(field, each))), None)
        case "gte" | "lte":
            if field not in ORDERED_FIELDS:
                return f"only {' and '.join(sorted(ORDERED_FIELDS))} can be compared by size"
            return None if _is_number(value) else "value must be a number"
        case "eq":
            return _wrong_kind(field, value)


def _wrong_kind(field: ConditionField, value: object) -> str | None:
    if field in NUMBER_FIELDS:
        return None if _is_number(value) else "value must be a number, since the field is one"
    return None if isinstance(value, str) else "value must be text, since the field is text"


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _repeated(names: Iterable[str]) -> list[str]:
    return [name for name, count in Counter(names).items() if count > 1]


def _repeated_ids(policy: Policy) -> Iterator[str]:
    """Fit and engagement rules share one set of ids, since a score's lines name either."""
    collections: tuple[tuple[str, Sequence[FitRule | EngagementRule | Group | Gate | Readiness]], ...] = (
        ("fit and engagement", (*policy.fit, *policy.engagement)),
        ("groups", policy.groups),
        ("gates", policy.gates),
        ("readiness", policy.readiness),
    )
    for place, parts in collections:
        for name in _repeated(part.id for part in parts):
            yield f"{place}: the id {name!r} is given twice"


def _group_problems(policy: Policy) -> Iterator[str]:
    known = {rule.id for rule in policy.engagement}
    grouped = Counter(rule_id for group in policy.groups for rule_id in group.rule_ids)
    for group in policy.groups:
        for rule_id in group.rule_ids:
            if rule_id not in known:
                yield f"groups: {group.id!r} names {rule_id!r}, which no engagement rule has"
    for rule_id, count in grouped.items():
        if count > 1:
            yield f"groups: the rule {rule_id!r} is named twice; two caps on one rule would take its points away twice"
