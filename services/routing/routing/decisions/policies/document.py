"""The policy document: what both teams agreed makes an MQL, who gets it and how soon, validated as a whole."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from routing.decisions.clocks.rules import ClockRules
from routing.decisions.facts import Context, EngagementKind, JourneyStage
from routing.decisions.policies.gates import Gate
from routing.decisions.policies.parts import Condition, Few, Name, Number, Part, Place, Rules, Text, refuse

AssignmentStep = Literal["named_account", "account_owner", "sticky", "territory", "pool"]
ValuePosition = Literal["make_it_for_less", "in_between", "sell_it_for_more"]

HALF_LIFE_DAYS_MIN, HALF_LIFE_DAYS_MAX = 0.001, 36_500
"""What is worth half after a minute and a half was worth nothing when it was read; far below, an age couldn't be counted in steps of it."""
CUT_POINTS_MAX = 25
"""As many cut points as still give every band one letter."""


class FitRule(Condition):
    """Points for who somebody is."""

    id: Name
    points: Number


class EngagementRule(Part):
    """Points for what somebody did: one of `kinds`, and where given on one of `topics`, in one of `intents`, on content made for
    one of `stages`. At most `max_per_day` count of a day; what is left of all after decay gives no more than `cap`.
    """

    id: Name
    kinds: Annotated[tuple[EngagementKind, ...], Field(strict=False, min_length=1, max_length=50)]
    topics: Few[Text] = ()
    intents: Few[Context] = ()
    stages: Few[JourneyStage] = ()
    points: Number
    half_life_days: Annotated[Number, Field(ge=HALF_LIFE_DAYS_MIN, le=HALF_LIFE_DAYS_MAX)]
    cap: Annotated[Number, Field(ge=0)] | None = None
    max_per_day: Annotated[int, Field(ge=1, le=1_000)] | None = None


class Group(Part):
    """Engagement rules that may give no more than `cap` together."""

    id: Name
    rule_ids: Annotated[tuple[Name, ...], Field(strict=False, min_length=1, max_length=200)]
    cap: Annotated[Number, Field(ge=0)]


class IndicationLabel(Part):
    """Whom the label of an indication lets the brand be promoted to: these specialties and kinds; all where none is named."""

    indication: Name
    specialties: Few[Text] = ()
    kinds: Few[Text] = ()


class Readiness(Part):
    """Acts that confirm intent; they make an SQL candidate and shape the next step, not the score."""

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


class ReplacedPoints(Part):
    """What a fit rule gives instead."""

    rule_id: Name
    points: Number


class NextSteps(Part):
    """What a rep is told to do next, by journey stage, in the brand's own words."""

    awareness: Text | None = None
    consideration: Text | None = None
    sales_engagement: Text | None = None


class PositionRules(Part):
    """What is different where the brand competes from this position: some fit points, the clocks, the next steps."""

    position: ValuePosition
    fit: Rules[ReplacedPoints] = ()
    clocks: ClockRules | None = None
    next_steps: NextSteps = NextSteps()


class Policy(Part):
    """One brand's policy. Everything that can be wrong with it is said at once, each at its place."""

    brand_id: Name
    country: Annotated[str, Field(pattern=r"^[A-Z]{2}$")] | None = None
    title: Text
    labels: Few[IndicationLabel] = ()
    fit: Rules[FitRule] = ()
    engagement: Rules[EngagementRule] = ()
    groups: Rules[Group] = ()
    gates: Rules[Gate] = ()
    readiness: Rules[Readiness] = ()
    thresholds: Thresholds
    grades: Grades = Grades()
    clocks: ClockRules
    assignment: Few[AssignmentStep] = ()
    value_position: ValuePosition | None = None
    positions: Few[PositionRules] = ()

    @model_validator(mode="after")
    def _parts_agree(self) -> Self:
        refuse([*_repeated_ids(self), *_group_problems(self), *_position_problems(self), *_label_problems(self), *_repeated_steps(self)])
        return self


def _repeated(names: Iterable[str]) -> Iterator[tuple[int, str]]:
    """Every name that was given before, with its index."""
    known: set[str] = set()
    for index, name in enumerate(names):
        if name in known:
            yield index, name
        known.add(name)


def _repeated_ids(policy: Policy) -> Iterator[tuple[Place, str]]:
    """Fit and engagement rules share one set of ids, since a score's lines name either."""
    fit_ids = {rule.id for rule in policy.fit}
    collections: Sequence[tuple[str, Sequence[FitRule | EngagementRule | Group | Gate | Readiness]]] = (
        ("fit", policy.fit),
        ("engagement", policy.engagement),
        ("groups", policy.groups),
        ("gates", policy.gates),
        ("readiness", policy.readiness),
    )
    for name, parts in collections:
        ids = [part.id for part in parts]
        told = "fit and engagement" if name in ("fit", "engagement") else name
        again = [index for index, _ in _repeated(ids)]
        if name == "engagement":
            again += [index for index, rule_id in enumerate(ids) if rule_id in fit_ids and index not in again]
        for index in again:
            yield (name, index, "id"), f"{told}: the id {ids[index]!r} is given twice"


def _group_problems(policy: Policy) -> Iterator[tuple[Place, str]]:
    known = {rule.id for rule in policy.engagement}
    named: Counter[str] = Counter()
    for place, group in enumerate(policy.groups):
        for index, rule_id in enumerate(group.rule_ids):
            named[rule_id] += 1
            if rule_id not in known:
                yield ("groups", place, "rule_ids", index), f"groups: {group.id!r} names {rule_id!r}, which no engagement rule has"
            elif named[rule_id] == 2:
                words = f"groups: the rule {rule_id!r} is named twice; two caps on one rule would take its points away twice"
                yield ("groups", place, "rule_ids", index), words


def _position_problems(policy: Policy) -> Iterator[tuple[Place, str]]:
    known = {rule.id for rule in policy.fit}
    for index, position in _repeated([each.position for each in policy.positions]):
        yield ("positions", index, "position"), f"the position {position!r} is given twice"
    for place, rules in enumerate(policy.positions):
        for index, replaced in enumerate(rules.fit):
            if replaced.rule_id not in known:
                yield ("positions", place, "fit", index, "rule_id"), f"no fit rule has the id {replaced.rule_id!r}"
        for index, rule_id in _repeated([each.rule_id for each in rules.fit]):
            yield ("positions", place, "fit", index, "rule_id"), f"the points of {rule_id!r} are replaced twice"


def _label_problems(policy: Policy) -> Iterator[tuple[Place, str]]:
    known = {label.indication for label in policy.labels}
    for index, indication in _repeated([label.indication for label in policy.labels]):
        yield ("labels", index, "indication"), f"the indication {indication!r} has two labels"
    for place, rule in enumerate(policy.fit):
        if rule.field == "indications":
            yield from ((("fit", place, "value"), words) for words in _unlabelled(rule, known))
    for place, gate in enumerate(policy.gates):
        if gate.field == "indications":
            yield from ((("gates", place, "value"), words) for words in _unlabelled(gate, known))


def _unlabelled(condition: Condition, known: set[str]) -> Iterator[str]:
    if condition.op in ("eq", "in"):
        wanted = condition.value if isinstance(condition.value, tuple) else (condition.value,)
        yield from (f"no label is for the indication {each!r}" for each in wanted if each not in known)
    elif not known:
        yield "there are no labels, so nobody has indications"


def _repeated_steps(policy: Policy) -> Iterator[tuple[Place, str]]:
    for index, step in _repeated(policy.assignment):
        yield ("assignment", index), f"assignment: the step {step!r} is given twice"
