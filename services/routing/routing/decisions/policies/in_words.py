"""A policy in words both teams understand: what each field of a rule says, as a verb and its object."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Part = Mapping[str, Any]
"""A part of a policy as JSON."""


@dataclass(frozen=True, slots=True)
class Phrase:
    """How one field reads: a verb, what it says of a value, and what it says where nothing is given."""

    verb: str
    of_value: Callable[[Any], str]
    of_nothing: str

    def of(self, value: Any) -> str:
        """The object of the verb."""
        return self.of_nothing if value in (None, [], {}) else self.of_value(value)


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """How the parts of one list are told apart and read."""

    noun: str
    key: str
    phrases: Mapping[str, Phrase]

    def whole(self, part: Part) -> str:
        """All a part says, in the order of its phrases."""
        return ", ".join(f"{phrase.verb} {phrase.of(given)}" for name, phrase in self.phrases.items() if (given := field_of(part, name)))


CONDITION = "condition"
"""The name under which field, op, value and expression are compared as the one question they are."""
CONDITION_FIELDS = ("field", "op", "value", "expression")


def field_of(part: Part, name: str) -> Any:
    """A field of a part; of a condition, what there is of it."""
    if name != CONDITION:
        return part.get(name)
    said_anyhow = part.get("op") == "exists" and part.get("value") is True
    return {each: part[each] for each in CONDITION_FIELDS if each in part and not (said_anyhow and each == "value")}


def value_words(value: Any) -> str:
    """Any value of a policy, without the marks of JSON."""
    match value:
        case None:
            return "nothing"
        case bool():
            return "yes" if value else "no"
        case int() | float():
            return f"{value:,.10g}".replace(",", " ")
        case str():
            return value.replace("_", " ")
        case list():
            return listed(value_words(each) for each in value)
        case dict():
            return ", ".join(f"{value_words(name)} {value_words(each)}" for name, each in value.items())
        case _:
            return str(value)


def listed(words: Iterable[str]) -> str:
    """Words as people list them."""
    *first, last = [*words] or ["nothing"]
    return f"{', '.join(first)} and {last}" if first else last


def condition_words(condition: Part) -> str:
    """A question, as a clause."""
    if "expression" in condition:
        return f"`{condition['expression']}` holds"
    owner, _, name = condition["field"].rpartition(".")
    asked = f"the {owner}'s {value_words(name)}" if owner else value_words(name)
    value: Any = condition.get("value")
    match condition["op"]:
        case "exists":
            return f"{asked} is {'not ' if value is False else ''}known"
        case "in":
            return f"{asked} is one of {', '.join(map(str, value))}"
        case "gte":
            return f"{asked} is at least {value_words(value)}"
        case "lte":
            return f"{asked} is at most {value_words(value)}"
        case _:
            return f"{asked} is {value}"


def _consent_words(consent: Part) -> str:
    purpose = f" for {consent['purpose']}" if consent.get("purpose") else ""
    return f"{'a yes' if consent['state'] == 'granted' else 'no denial'} on {consent['channel']}{purpose}"


def _licence_words(licence: Part) -> str:
    states = f" in {listed(map(str, licence['states']))}" if licence.get("states") else " in their own state"
    authority = f" by {licence['authority']}" if licence.get("authority") else ""
    return f"a valid licence{authority}{states}"


def _counted(number: float, noun: str) -> str:
    return f"{value_words(number)} {noun}{'' if number in (1, -1) else 's'}"


def _points(points: float) -> str:
    return _counted(points, "point")


def _at_most(points: float) -> str:
    return f"at most {_points(points)}"


def _replaced(rules: Sequence[Part]) -> str:
    return listed(f"{rule['rule_id']} {_points(rule['points'])}" for rule in rules)


_CONDITION = Phrase("counts where", condition_words, "nothing is asked")
_POINTS = Phrase("gives", _points, "nothing")
_KINDS = Phrase("counts", value_words, "nothing")

VOCABULARIES: Mapping[str, Vocabulary] = {
    "labels": Vocabulary(
        "the label of",
        "indication",
        {
            "specialties": Phrase("allows the specialties", value_words, "all there are"),
            "kinds": Phrase("allows the kinds", value_words, "all there are"),
        },
    ),
    "fit": Vocabulary("the fit rule", "id", {"points": _POINTS, CONDITION: _CONDITION}),
    "engagement": Vocabulary(
        "the engagement rule",
        "id",
        {
            "points": _POINTS,
            "kinds": _KINDS,
            "topics": Phrase("looks at the topics", value_words, "all there are"),
            "intents": Phrase("looks at the contexts", value_words, "all there are"),
            "stages": Phrase("looks at content for", value_words, "any journey stage"),
            "half_life_days": Phrase("loses half its worth every", lambda days: _counted(days, "day"), "never"),
            "cap": Phrase("gives in all", _at_most, "what adds up"),
            "max_per_day": Phrase("counts on one day", lambda times: f"at most {_counted(times, 'time')}", "however often"),
        },
    ),
    "groups": Vocabulary(
        "the group",
        "id",
        {"cap": Phrase("gives in all", _at_most, "what adds up"), "rule_ids": Phrase("holds the rules", value_words, "none")},
    ),
    "gates": Vocabulary(
        "the gate",
        "id",
        {
            CONDITION: Phrase("closes where", condition_words, "no condition says so"),
            "consent": Phrase("asks for", _consent_words, "no consent"),
            "licence": Phrase("asks for", _licence_words, "no licence"),
            "reason": Phrase("tells the reason", lambda reason: f'"{reason}"', "nothing"),
            "valid_from": Phrase("stands from", str, "its activation on"),
            "valid_until": Phrase("stands until", str, "it is taken away"),
        },
    ),
    "readiness": Vocabulary("the readiness", "id", {"kinds": Phrase("is confirmed by", value_words, "nothing")}),
    "positions": Vocabulary(
        "the position",
        "position",
        {
            "fit": Phrase("changes the points of", _replaced, "no rule"),
            "clocks": Phrase("has the clocks", value_words, "everybody else has"),
            "next_steps": Phrase("tells reps", value_words, "what everybody is told"),
        },
    ),
}

PLAIN: Mapping[str, Phrase] = {
    "brand_id": Phrase("The policy is for the brand", str, "nothing"),
    "country": Phrase("The policy is for the country", str, "every country without one of its own"),
    "title": Phrase("The policy is called", lambda title: f'"{title}"', "nothing"),
    "thresholds/fit": Phrase("An MQL needs a fit of", value_words, "any size"),
    "thresholds/engagement": Phrase("An MQL needs an engagement of", value_words, "any size"),
    "grades/fit": Phrase("The letters of the grade are cut at a fit of", value_words, "nothing"),
    "grades/engagement": Phrase("The digits of the grade are cut at an engagement of", value_words, "nothing"),
    "assignment": Phrase("An owner is looked for by", lambda steps: ", then ".join(map(value_words, steps)), "nothing: leads wait"),
    "value_position": Phrase("The brand competes by", value_words, "nothing said"),
}
"""Everything that is no list of parts, by its place in the document."""


def clock_phrase(field: str) -> Phrase:
    """How a field of the clocks reads: it ends in its unit."""
    what, _, unit = field.replace("_business_", "_working ").rpartition("_")
    return Phrase(f"The clocks allow for {what.replace('_', ' ')}", lambda value: f"{value_words(value)} {unit}", "no time in particular")
