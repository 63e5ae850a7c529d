"""What differs between two versions of a policy, in sentences."""

from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from routing.decisions.policies.differences import Difference, differences
from routing.decisions.policies.document import EngagementRule, FitRule, Group, IndicationLabel, Policy, PositionRules, Readiness
from routing.decisions.policies.gates import Gate
from routing.decisions.policies.in_words import CONDITION, CONDITION_FIELDS, PLAIN, VOCABULARIES
from routing.decisions.policies.parts import Part

BEFORE: dict[str, Any] = {
    "brand_id": "cardivex",
    "title": "Launch",
    "labels": [{"indication": "gout", "specialties": ["rheumatology"]}],
    "fit": [
        {"id": "specialty", "field": "specialty", "op": "in", "value": ["cardiology", "nephrology"], "points": 30},
        {"id": "decile", "field": "target.decile", "op": "gte", "value": 8, "points": 12.5},
    ],
    "engagement": [
        {"id": "click", "kinds": ["email_clicked", "sms_clicked"], "points": 5, "half_life_days": 14, "cap": 15},
        {"id": "webinar", "kinds": ["webinar_attended"], "points": 20, "half_life_days": 30},
    ],
    "groups": [{"id": "digital", "rule_ids": ["click"], "cap": 10}],
    "gates": [{"id": "payer", "field": "kind", "op": "eq", "value": "payer", "reason": "not promoted to payers"}],
    "readiness": [{"id": "asked", "kinds": ["rep_requested"]}],
    "thresholds": {"fit": 30, "engagement": 20},
    "grades": {"fit": [20, 40]},
    "clocks": {"first_outreach_seconds": 14400},
    "assignment": ["account_owner", "territory"],
}


def changed(**changes: Any) -> dict[str, Any]:
    return deepcopy(BEFORE) | changes


def between(after: dict[str, Any]) -> list[Difference]:
    return list(differences(Policy.model_validate(BEFORE), Policy.model_validate(after)))


def with_fit(place: int, **changes: Any) -> dict[str, Any]:
    fit = deepcopy(BEFORE["fit"])
    fit[place] |= changes
    return changed(fit=fit)


def with_engagement(place: int, **changes: Any) -> dict[str, Any]:
    rules = deepcopy(BEFORE["engagement"])
    rules[place] = {name: value for name, value in (rules[place] | changes).items() if value is not None}
    return changed(engagement=rules)


@pytest.mark.parametrize(
    ("after", "pointer", "sentence"),
    [
        (changed(title="Spring"), "/title", 'The policy is called "Spring" instead of "Launch".'),
        (changed(country="DE"), "/country", "The policy is for the country DE instead of every country without one of its own."),
        (changed(thresholds={"fit": 30, "engagement": 25}), "/thresholds/engagement", "An MQL needs an engagement of 25 instead of 20."),
        (changed(grades={"fit": [20, 50]}), "/grades/fit", "The letters of the grade are cut at a fit of 20 and 50 instead of 20 and 40."),
        (
            changed(clocks={"first_outreach_seconds": 7200}),
            "/clocks/first_outreach_seconds",
            "The clocks allow for first outreach 7 200 seconds instead of 14 400 seconds.",
        ),
        (
            changed(assignment=["territory", "account_owner"]),
            "/assignment",
            "An owner is looked for by territory, then account owner instead of account owner, then territory.",
        ),
        (with_fit(1, points=1), "/fit/1/points", "The fit rule 'decile' gives 1 point instead of 12.5 points."),
        (
            with_fit(1, value=5),
            "/fit/1/value",
            "The fit rule 'decile' counts where the target's decile is at least 5 instead of the target's decile is at least 8.",
        ),
        (
            with_fit(1, field="kind", op="exists", value=True),
            "/fit/1",
            "The fit rule 'decile' counts where kind is known instead of the target's decile is at least 8.",
        ),
        (
            with_engagement(0, cap=None),
            "/engagement/0/cap",
            "The engagement rule 'click' gives in all what adds up instead of at most 15 points.",
        ),
        (
            with_engagement(1, stages=["consideration"]),
            "/engagement/1/stages",
            "The engagement rule 'webinar' looks at content for consideration instead of any journey stage.",
        ),
        (
            with_engagement(1, half_life_days=1),
            "/engagement/1/half_life_days",
            "The engagement rule 'webinar' loses half its worth every 1 day instead of 30 days.",
        ),
        (
            changed(gates=[]),
            "/gates/0",
            "The gate 'payer' is gone; until now it closes where kind is payer, tells the reason \"not promoted to payers\".",
        ),
        (
            changed(readiness=[*BEFORE["readiness"], {"id": "sample", "kinds": ["sample_requested"]}]),
            "/readiness/1",
            "The readiness 'sample' is new: it is confirmed by sample requested.",
        ),
        (
            changed(value_position="make_it_for_less"),
            "/value_position",
            "The brand competes by make it for less instead of nothing said.",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) and value.startswith("/") else "",
)
def test_a_difference_is_a_sentence_with_its_place(after: dict[str, Any], pointer: str, sentence: str) -> None:
    [difference] = between(after)
    assert (difference.pointer, difference.sentence) == (pointer, sentence)
    assert difference.before != difference.after


def test_a_gate_reads_as_what_it_asks_and_when() -> None:
    gates = [
        {"id": "opt_in", "consent": {"channel": "email", "purpose": "promotion", "state": "granted"}, "reason": "no_opt_in"},
        {"id": "licence", "licence": {"states": ["IL", "NY"]}, "reason": "no", "valid_from": "2027-01-01"},
        {"id": "odd", "expression": "size(segments) > 3", "reason": "odd"},
    ]
    said = [each.sentence for each in between(changed(gates=[*BEFORE["gates"], *gates]))]
    assert said == [
        "The gate 'opt_in' is new: it asks for a yes on email for promotion, tells the reason \"no_opt_in\".",
        "The gate 'licence' is new: it asks for a valid licence in IL and NY, tells the reason \"no\", stands from 2027-01-01.",
        "The gate 'odd' is new: it closes where `size(segments) > 3` holds, tells the reason \"odd\".",
    ]


def test_what_is_only_written_in_another_order_is_no_difference() -> None:
    after = changed(fit=BEFORE["fit"][::-1], engagement=BEFORE["engagement"][::-1])
    after["fit"][1] = after["fit"][1] | {"value": ["nephrology", "cardiology"]}
    after["engagement"][1] = after["engagement"][1] | {"kinds": ["sms_clicked", "email_clicked"]}
    assert between(after) == []


@settings(deadline=None)
@given(st.permutations(range(4)), st.integers(0, 15))
def test_rules_are_told_apart_by_their_ids_wherever_they_stand(order: list[int], kept: int) -> None:
    rules = [{"id": f"r{number}", "kinds": ["page_viewed"], "points": number + 1, "half_life_days": 7} for number in range(4)]
    after = [rules[number] | {"points": 50} if kept >> number & 1 else rules[number] for number in order]
    first, second = (Policy.model_validate(changed(engagement=each, groups=[])) for each in (rules, after))
    found = differences(first, second)
    assert sorted(each.before for each in found) == [number + 1 for number in range(4) if kept >> number & 1]
    assert {each.pointer for each in found} == {f"/engagement/{place}/points" for place, number in enumerate(order) if kept >> number & 1}
    assert differences(first, first) == ()


PARTS: dict[str, type[Part]] = {
    "labels": IndicationLabel,
    "fit": FitRule,
    "engagement": EngagementRule,
    "groups": Group,
    "gates": Gate,
    "readiness": Readiness,
    "positions": PositionRules,
}


@pytest.mark.parametrize("name", PARTS)
def test_there_are_words_for_every_field_of_a_part(name: str) -> None:
    words = VOCABULARIES[name]
    fields = set(PARTS[name].model_fields) - {words.key}
    asked = set(CONDITION_FIELDS) if CONDITION in words.phrases else set()
    assert fields == (words.phrases.keys() - {CONDITION}) | asked


def test_there_are_words_for_every_part_of_a_policy() -> None:
    assert set(Policy.model_fields) == {*VOCABULARIES, *(place.partition("/")[0] for place in PLAIN), "clocks"}
