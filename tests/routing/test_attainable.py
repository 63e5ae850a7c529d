"""The most that anybody could earn under a policy."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.decisions.facts import Account, Contact, Subject, Target
from routing.decisions.policies.attainable import most_engagement, most_fit
from routing.decisions.policies.document import Policy
from routing.decisions.qualification.scoring import score
from tests.routing.test_policy import LEAST

NOW = datetime(2026, 3, 1, tzinfo=UTC)


def policy(**changes: Any) -> Policy:
    return Policy.model_validate(LEAST | changes)


def fit_of(*rules: tuple[str, str, Any, float]) -> Decimal:
    listed = [
        {"id": f"r-{number}", "field": name, "op": op, "value": value, "points": points}
        for number, (name, op, value, points) in enumerate(rules)
    ]
    return most_fit(policy(fit=listed))


@pytest.mark.parametrize(
    ("rules", "most"),
    [
        ([], 0),
        ([("specialty", "eq", "cardiology", 40), ("specialty", "eq", "internal_medicine", 30)], 40),
        ([("specialty", "in", ["a", "b"], 40), ("specialty", "in", ["b", "c"], 30)], 70),
        ([("specialty", "eq", "a", 40), ("kind", "eq", "b", 30)], 70),
        ([("specialty", "eq", "a", -40)], 0),
        ([("specialty", "exists", True, 5), ("specialty", "eq", "a", 10)], 15),
        ([("specialty", "exists", False, 20), ("specialty", "eq", "a", 10)], 20),
        ([("specialty", "exists", True, -5), ("specialty", "eq", "a", 10)], 5),
        ([("target.decile", "gte", 8, 10), ("target.decile", "gte", 9.5, 5)], 15),
        ([("target.decile", "gte", 8, 10), ("target.decile", "lte", 3, 7)], 10),
        ([("target.decile", "gte", 8, 10), ("target.decile", "lte", 8, -7)], 10),
        ([("target.decile", "eq", 8, 10), ("target.decile", "gte", 8, 1), ("target.decile", "gte", 9, 4)], 11),
        ([("account.priority", "eq", "A", 10), ("account.priority", "lte", 2, 8)], 10),
        ([("account.priority", "eq", "2", 10), ("account.priority", "lte", 2, 8)], 18),
        ([("segments", "eq", "a", 10), ("segments", "eq", "b", 8), ("segments", "eq", "c", -8)], 18),
        ([("specialty", "in", ["a", "a"], 10)], 10),
    ],
)
def test_nobody_has_two_values_of_one_fact(rules: list[tuple[str, str, Any, float]], most: int) -> None:
    assert fit_of(*rules) == most


def test_expressions_may_all_hold() -> None:
    rules = [{"id": name, "expression": f"specialty == '{name}'", "points": 10} for name in ("a", "b")]
    assert most_fit(policy(fit=rules)) == 20


WORDS = st.sampled_from(["a", "b", "c"])
RULES = st.one_of(
    st.tuples(st.sampled_from(["specialty", "account.priority"]), st.just("eq"), WORDS),
    st.tuples(st.sampled_from(["specialty", "account.priority"]), st.just("in"), st.lists(WORDS, min_size=1, max_size=3)),
    st.tuples(st.sampled_from(["specialty", "account.priority", "target.decile"]), st.just("exists"), st.none() | st.booleans()),
    st.tuples(st.sampled_from(["account.priority", "target.decile"]), st.sampled_from(["gte", "lte"]), st.integers(0, 4) | st.just(2.5)),
    st.tuples(st.just("target.decile"), st.just("eq"), st.integers(0, 4)),
)
POINTS = st.integers(-20, 20)
SUBJECTS = [
    Subject(Contact("hcp-1", specialty=specialty), Account("mercy", priority=priority), None if decile is None else Target(decile=decile))
    for specialty in (None, "a", "b", "c", "d")
    for priority in (None, "a", "b", "c", "d", *map(str, range(7)))
    for decile in (None, *range(7))
]


@given(st.lists(st.tuples(RULES, POINTS), max_size=6))
def test_it_is_what_the_luckiest_of_all_has(drawn: list[tuple[tuple[str, str, Any], int]]) -> None:
    fit = [
        {"id": f"r-{number}", "field": name, "op": op, "value": value, "points": points}
        for number, ((name, op, value), points) in enumerate(drawn)
    ]
    of_all = policy(fit=fit)
    best = max(score(of_all, subject=subject, ledger=(), now=NOW).fit for subject in SUBJECTS)
    assert most_fit(of_all) == best


def rule(rule_id: str, cap: float | None = None, **changes: Any) -> dict[str, Any]:
    return {"id": rule_id, "kinds": ["page_viewed"], "points": 10, "half_life_days": 14, "cap": cap, **changes}


@pytest.mark.parametrize(
    ("changes", "most"),
    [
        ({}, 0),
        ({"engagement": [rule("a")]}, None),
        ({"engagement": [rule("a", 5), rule("b", 7)]}, 12),
        ({"engagement": [rule("a", 5), rule("b", points=-7)]}, 5),
        ({"engagement": [rule("a"), rule("b", 7)], "groups": [{"id": "g", "rule_ids": ["a"], "cap": 20}]}, 27),
        ({"engagement": [rule("a", 5), rule("b", 7)], "groups": [{"id": "g", "rule_ids": ["a", "b"], "cap": 20}]}, 12),
        ({"engagement": [rule("a", 5), rule("b", stages=["consideration"])]}, 5),
        ({"engagement": [rule("a", 5), rule("b", 3, stages=["consideration", "awareness"])]}, 8),
    ],
)
def test_caps_and_content_limit_engagement(changes: dict[str, Any], most: int | None) -> None:
    assert most_engagement(policy(**changes), ["awareness", "awareness"]) == most
