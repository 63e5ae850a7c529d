"""The policy document: what is accepted, and what is said about what is not."""

import json
from typing import Any

import pytest
from pydantic import ValidationError

from routing.decisions.policies.document import Policy

WHOLE: dict[str, Any] = {
    "brand_id": "cardivex",
    "country": "US",
    "title": "Launch",
    "fit": [
        {"id": "specialty", "field": "specialty", "op": "in", "value": ["cardiology", "internal_medicine"], "points": 30},
        {"id": "decile", "field": "target.decile", "op": "gte", "value": 8, "points": 12.5},
        {"id": "priority", "field": "account.priority", "op": "eq", "value": "A", "points": 10},
        {"id": "licensed", "field": "credentials", "op": "exists", "points": 5},
    ],
    "engagement": [
        {"id": "click", "kinds": ["email_clicked"], "points": 5, "half_life_days": 14, "cap": 15, "max_per_day": 2},
        {
            "id": "webinar",
            "kinds": ["webinar_attended"],
            "topics": ["dosing"],
            "intents": ["educational"],
            "stages": ["consideration"],
            "points": 20,
            "half_life_days": 30.5,
        },
    ],
    "groups": [{"id": "digital", "rule_ids": ["click"], "cap": 10}],
    "labels": [{"indication": "gout", "specialties": ["rheumatology"], "kinds": ["prescriber"]}],
    "gates": [
        {"id": "payer", "field": "kind", "op": "eq", "value": "payer", "reason": "not promoted to payers"},
        {"id": "label", "field": "indications", "op": "exists", "value": False, "reason": "outside the label"},
        {"id": "opt_in", "consent": {"channel": "email", "purpose": "promotion", "state": "granted"}, "reason": "no opt-in"},
        {"id": "licence", "licence": {"states": ["IL"]}, "reason": "no licence", "valid_from": "2027-01-01", "valid_until": "2027-12-31"},
        {"id": "night", "expression": "size(segments) > 3 && today >= '2027-01-01'", "reason": "too many segments"},
    ],
    "value_position": "sell_it_for_more",
    "positions": [
        {
            "position": "sell_it_for_more",
            "fit": [{"rule_id": "decile", "points": 5}],
            "clocks": {"first_outreach_seconds": 7200},
            "next_steps": {"consideration": "Bring the outcomes data"},
        }
    ],
    "readiness": [{"id": "asked", "kinds": ["rep_requested"]}],
    "thresholds": {"fit": 30, "engagement": 20},
    "grades": {"fit": [20, 40], "engagement": [10, 30]},
    "clocks": {"first_outreach_seconds": 14400, "first_outreach_business_days": {"rep_requested": 1, "default": 5}},
    "assignment": ["named_account", "account_owner", "sticky", "territory", "pool"],
}
LEAST: dict[str, Any] = {
    "brand_id": "cardivex",
    "title": "Least",
    "thresholds": {"fit": 0, "engagement": 1},
    "clocks": {"first_outreach_seconds": 3600},
}


def refusal(changes: dict[str, Any]) -> str:
    with pytest.raises(ValidationError) as refused:
        Policy.model_validate(LEAST | changes)
    return "\n".join(f"{'.'.join(map(str, error['loc']))}: {error['msg']}" for error in refused.value.errors())


def fit_rule(**changes: Any) -> dict[str, Any]:
    return {"fit": [{"id": "rule", "field": "specialty", "op": "eq", "value": "cardiology", "points": 1} | changes]}


CONSENT = {"channel": "email", "state": "granted"}


def gate(**changes: Any) -> dict[str, Any]:
    return {"gates": [{"id": "gate", "reason": "not_allowed"} | changes]}


def engagement_rule(**changes: Any) -> dict[str, Any]:
    return {"engagement": [{"id": "rule", "kinds": ["page_viewed"], "points": 1, "half_life_days": 7} | changes]}


@pytest.mark.parametrize("document", [WHOLE, LEAST], ids=["everything given", "everything optional left out"])
def test_a_policy_reads_back_as_it_was_written(document: dict[str, Any]) -> None:
    policy = Policy.model_validate(document)
    assert policy.model_dump(mode="json", exclude_unset=True) == document
    assert Policy.model_validate_json(json.dumps(document)) == policy


def test_a_policy_cannot_be_changed_after_it_was_read() -> None:
    with pytest.raises(ValidationError):
        Policy.model_validate(LEAST).title = "Other"  # type: ignore[misc]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        pytest.param({"expression": "fit > 3"}, "expression: Extra inputs", id="an expression is an unknown field"),
        pytest.param(fit_rule(expression="true"), "fit.0.expression: stands alone", id="an expression beside a field"),
        pytest.param(fit_rule(expression="x"), "fit.0.expression: is no expression over the facts", id="an expression of unknown facts"),
        pytest.param({"fit": [{"id": "rule", "points": 1}]}, "fit.0.field: is required", id="neither a field nor an expression"),
        pytest.param(
            {"fit": [{"id": "rule", "field": "kind", "points": 1}]}, "fit.0.op: is required: one of eq", id="a field without an op"
        ),
        pytest.param(engagement_rule(stages=["loyalty"]), "engagement.0.stages.0", id="an unknown journey stage"),
        pytest.param(gate(), "gates.0.field: is required", id="a gate that asks nothing"),
        pytest.param(gate(consent=CONSENT, licence={}), "gates.0.licence: stands alone", id="a gate that asks two things"),
        pytest.param(gate(consent=CONSENT, field="kind", op="exists"), "gates.0.consent: stands alone", id="a consent beside a field"),
        pytest.param(
            gate(licence={}, valid_from="2027-02-01", valid_until="2027-01-31"), "gates.0.valid_until: lies before", id="dates in disorder"
        ),
        pytest.param(gate(licence={}, valid_from="1 May"), "gates.0.valid_from: Value error, must be a date", id="a date that is none"),
        pytest.param(fit_rule(field="indications", value="gout"), "fit.0.value: no label is for", id="an indication without a label"),
        pytest.param(
            {"labels": [{"indication": "gout"}] * 2}, "labels.1.indication: the indication 'gout' has two", id="two labels of one"
        ),
        pytest.param(
            {"positions": [{"position": "sell_it_for_more", "fit": [{"rule_id": "ghost", "points": 1}]}]},
            "positions.0.fit.0.rule_id: no fit rule has the id 'ghost'",
            id="points of a rule that isn't there",
        ),
        pytest.param({"value_position": "cheapest"}, "value_position", id="an unknown position"),
        pytest.param(fit_rule(field="family_name"), "fit.0.field", id="a field that is not on the list"),
        pytest.param(fit_rule(op="matches"), "fit.0.op", id="an operator that is not on the list"),
        pytest.param(fit_rule(points="10"), "fit.0.points", id="points as text"),
        pytest.param(fit_rule(points=True), "fit.0.points", id="points as a boolean"),
        pytest.param(fit_rule(points=float("nan")), "fit.0.points", id="points that are no number"),
        pytest.param(fit_rule(points=float("inf")), "fit.0.points", id="points without end"),
        pytest.param(fit_rule(points=10**400), "fit.0.points", id="points beyond every scale"),
        pytest.param(fit_rule(id=""), "fit.0.id", id="an empty id"),
        pytest.param(fit_rule(id="x" * 101), "fit.0.id", id="an endless id"),
        pytest.param(fit_rule(op="in"), "specialty in: value must be a list", id="in without a list"),
        pytest.param(fit_rule(op="in", value=[]), "fit.0.value", id="in with an empty list"),
        pytest.param(fit_rule(op="in", value=["a", 3]), "value must be text", id="in with a number among text"),
        pytest.param(fit_rule(value=["a"]), "specialty eq: value must be text", id="eq with a list"),
        pytest.param(fit_rule(value=None), "specialty eq: value must be text", id="eq without a value"),
        pytest.param(fit_rule(field="account.priority", value=1), "value must be text", id="a priority as a number"),
        pytest.param(fit_rule(field="target.decile", value="8"), "value must be a number", id="a decile as text"),
        pytest.param(fit_rule(op="gte", value=3), "can be compared by size", id="a specialty compared by size"),
        pytest.param(fit_rule(field="target.decile", op="lte", value="3"), "must be a number", id="lte with text"),
        pytest.param(fit_rule(field="target.decile", op="gte", value=True), "must be a number", id="gte with a boolean"),
        pytest.param(fit_rule(op="exists"), "must be true, false or left out", id="exists with text"),
        pytest.param(engagement_rule(kinds=["fax_sent"]), "engagement.0.kinds.0", id="an unknown kind of engagement"),
        pytest.param(engagement_rule(kinds=[]), "engagement.0.kinds", id="no kinds at all"),
        pytest.param(engagement_rule(intents=["secret"]), "engagement.0.intents.0", id="an unknown intent"),
        pytest.param(engagement_rule(half_life_days=0), "engagement.0.half_life_days", id="a half-life of nothing"),
        pytest.param(engagement_rule(half_life_days=1e-12), "engagement.0.half_life_days", id="a half-life too short to be counted in"),
        pytest.param(engagement_rule(half_life_days=-1), "engagement.0.half_life_days", id="a negative half-life"),
        pytest.param(engagement_rule(cap=-1), "engagement.0.cap", id="a negative cap"),
        pytest.param(engagement_rule(max_per_day=0), "engagement.0.max_per_day", id="a frequency of nothing"),
        pytest.param(engagement_rule(max_per_day=1.5), "engagement.0.max_per_day", id="a frequency of one and a half"),
        pytest.param({"grades": {"fit": [1, 3, 2]}}, "grades.fit: cut points must rise", id="cut points in disorder"),
        pytest.param({"grades": {"engagement": [1, 1]}}, "grades.engagement", id="a cut point given twice"),
        pytest.param({"clocks": {}}, "clocks: give first_outreach_seconds or", id="clocks without a duration"),
        pytest.param({"clocks": {"first_outreach_seconds": 0}}, "clocks.first_outreach_seconds", id="a clock of nothing"),
        pytest.param({"clocks": {"first_outreach_business_days": {"rep_requested": 1}}}, "default", id="no default days"),
        pytest.param({"assignment": ["lottery"]}, "assignment.0", id="an unknown step"),
        pytest.param({"assignment": ["pool", "pool"]}, "the step 'pool' is given twice", id="a step given twice"),
        pytest.param({"country": "usa"}, "country", id="a country that is no code"),
        pytest.param({"brand_id": None}, "brand_id", id="no brand"),
        pytest.param({"fit": {}}, "fit: ", id="an object where a list belongs"),
    ],
)
def test_a_policy_that_cannot_be_is_refused_with_the_place_named(changes: dict[str, Any], said: str) -> None:
    assert said in refusal(changes)


def test_ids_given_twice_and_groups_of_unknown_rules_are_said_together() -> None:
    rule = engagement_rule()["engagement"][0]
    said = refusal(
        {
            **fit_rule(id="rule"),
            "engagement": [rule],
            "groups": [{"id": "g", "rule_ids": ["rule", "ghost"], "cap": 1}, {"id": "g", "rule_ids": ["rule"], "cap": 1}],
        }
    )
    assert "fit and engagement: the id 'rule' is given twice" in said
    assert "groups: the id 'g' is given twice" in said
    assert "groups: 'g' names 'ghost', which no engagement rule has" in said
    assert "groups.1.rule_ids.0: groups: the rule 'rule' is named twice" in said
    assert "engagement.0.id: fit and engagement" in said
