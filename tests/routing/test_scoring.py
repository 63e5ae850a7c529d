"""The ledger and its reading: what earns, what it is worth later, and that the lines always are the score."""

import random
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.decisions.facts import Account, Contact, Engagement, Subject, Target
from routing.decisions.policies.document import Policy
from routing.decisions.qualification.scoring import Contribution, Score, contributions, score

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
NOBODY = Subject(Contact("c-1"))


def policy(**changes: Any) -> Policy:
    document: dict[str, Any] = {
        "brand_id": "cardivex",
        "title": "Launch",
        "engagement": [
            {"id": "click", "kinds": ["email_clicked"], "points": 10, "half_life_days": 10},
            {"id": "webinar", "kinds": ["webinar_attended"], "points": 20.5, "half_life_days": 30},
        ],
        "thresholds": {"fit": 0, "engagement": 10},
        "clocks": {"first_outreach_seconds": 3600},
    }
    return Policy.model_validate(document | changes)


def engagement(number: int = 1, *, age: timedelta = timedelta(), **changes: Any) -> Engagement:
    facts: dict[str, Any] = {"kind": "email_clicked", "context": "promotional", "brand_id": "cardivex", "occurred_at": NOW - age}
    return Engagement(engagement_id=f"e-{number:04}", **facts | changes)


def ledger_of(rules: Policy, *engagements: Engagement) -> list[Contribution]:
    return [row for each in engagements for row in contributions(rules, each)]


def read(rules: Policy, *engagements: Engagement, subject: Subject = NOBODY, **changes: Any) -> Score:
    return score(rules, subject=subject, ledger=ledger_of(rules, *engagements), now=NOW, **changes)


def test_a_ledger_row_carries_undecayed_points_and_when_they_were_earned() -> None:
    old = engagement(age=timedelta(days=100))
    assert contributions(policy(), old) == (Contribution("click", "e-0001", Decimal(10), old.occurred_at),)


def test_an_engagement_earns_by_every_rule_it_matches() -> None:
    rules = policy(
        engagement=[
            {"id": "any", "kinds": ["email_clicked", "page_viewed"], "points": 1, "half_life_days": 1},
            {"id": "topic", "kinds": ["email_clicked"], "topics": ["dosing", "safety"], "points": 2, "half_life_days": 1},
            {"id": "other_topic", "kinds": ["email_clicked"], "topics": ["access"], "points": 4, "half_life_days": 1},
            {"id": "intent", "kinds": ["email_clicked"], "intents": ["promotional"], "points": 8, "half_life_days": 1},
            {"id": "other_intent", "kinds": ["email_clicked"], "intents": ["support"], "points": 16, "half_life_days": 1},
        ]
    )
    earned = contributions(rules, engagement(topics=frozenset({"dosing"})))
    assert [row.rule_id for row in earned] == ["any", "topic", "intent"]


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"machine": True}, id="what a machine did"),
        pytest.param({"context": "medical"}, id="a medical context"),
        pytest.param({"context": "independent_education"}, id="independent education"),
        pytest.param({"context": "new_in_some_later_version"}, id="a context not known"),
        pytest.param({"flags": frozenset({"test"})}, id="a test"),
        pytest.param({"flags": frozenset({"asset_unapproved"})}, id="an unapproved asset"),
        pytest.param({"flags": frozenset({"asset_expired"})}, id="an expired asset"),
        pytest.param({"kind": "page_viewed"}, id="a kind without a rule"),
        pytest.param({"brand_id": "other"}, id="another brand"),
        pytest.param({"brand_id": None}, id="no brand"),
    ],
)
def test_nothing_is_earned_by(changes: dict[str, Any]) -> None:
    assert contributions(policy(), engagement(**changes)) == ()


def test_backfilled_engagements_earn_points_and_are_marked() -> None:
    (row,) = contributions(policy(), engagement(flags=frozenset({"backfill"})))
    assert (row.points, row.backfilled) == (Decimal(10), True)


@pytest.mark.parametrize(
    ("age", "worth"),
    [
        pytest.param(timedelta(), "10", id="now: whole"),
        pytest.param(timedelta(minutes=59), "10", id="within the first hour: whole"),
        pytest.param(timedelta(days=10), "5", id="one half-life: half"),
        pytest.param(timedelta(days=10, minutes=30), "5", id="half an hour later: the same"),
        pytest.param(timedelta(days=30), "1.25", id="three half-lives: an eighth"),
        pytest.param(timedelta(days=5), "7.0711", id="half a half-life: rounded to the unit"),
        pytest.param(timedelta(days=-3), "10", id="dated in the future: whole"),
        pytest.param(timedelta(days=3650), "0", id="ten years: nothing"),
    ],
)
def test_a_contribution_decays_by_its_half_life(age: timedelta, worth: str) -> None:
    assert read(policy(), engagement(age=age)).engagement == Decimal(worth)


def test_a_half_life_of_minutes_decays_by_minutes() -> None:
    rules = policy(engagement=[{"id": "click", "kinds": ["email_clicked"], "points": 8, "half_life_days": 0.01}])
    assert read(rules, engagement(age=timedelta(days=0.02))).engagement == Decimal(2)


def test_engagements_that_add_up_to_a_threshold_reach_it_although_minutes_have_passed() -> None:
    aged = [engagement(number, age=timedelta(minutes=number)) for number in range(1, 11)]
    assert read(policy(), *aged).engagement == Decimal(100)


def test_a_cap_limits_what_is_left_after_decay_by_one_negative_line() -> None:
    rules = policy(engagement=[{"id": "click", "kinds": ["email_clicked"], "points": 10, "half_life_days": 10, "cap": 12}])
    fresh, old = engagement(1), engagement(2, age=timedelta(days=10))
    assert read(rules, old, engagement(3, age=timedelta(days=10))).engagement == 10
    reading = read(rules, fresh, old)
    assert [(line.kind, line.rule_id, line.points) for line in reading.lines] == [
        ("engagement", "click", Decimal(5)),
        ("engagement", "click", Decimal(10)),
        ("cap", "click", Decimal(-3)),
    ]
    assert reading.engagement == 12


def test_a_group_is_capped_on_what_its_rules_caps_have_left() -> None:
    rules = policy(
        engagement=[
            {"id": "click", "kinds": ["email_clicked"], "points": 10, "half_life_days": 10, "cap": 12},
            {"id": "webinar", "kinds": ["webinar_attended"], "points": 20, "half_life_days": 30},
        ],
        groups=[{"id": "digital", "rule_ids": ["click", "webinar"], "cap": 25}],
    )
    reading = read(rules, engagement(1), engagement(2), engagement(3, kind="webinar_attended"))
    assert [(line.rule_id, line.points) for line in reading.lines if line.kind == "cap"] == [
        ("click", Decimal(-8)),
        ("digital", Decimal(-7)),
    ]
    assert reading.engagement == 25


def test_only_the_earliest_of_a_utc_day_count() -> None:
    rules = policy(engagement=[{"id": "click", "kinds": ["email_clicked"], "points": 1, "half_life_days": 900, "max_per_day": 2}])
    midnight = NOW.replace(hour=0)
    moments = [midnight - timedelta(hours=1), midnight, midnight, midnight, midnight + timedelta(hours=1)]
    clicks = [engagement(number, occurred_at=moment) for number, moment in enumerate(moments)]
    assert [line.engagement_id for line in read(rules, *reversed(clicks)).lines] == ["e-0000", "e-0001", "e-0002"]


def test_after_a_cycle_ended_only_later_engagements_count() -> None:
    ended_at = NOW - timedelta(hours=5)
    before, at_the_end, after = (engagement(n, occurred_at=ended_at + timedelta(minutes=n - 1)) for n in range(3))
    reading = read(policy(), before, at_the_end, after, counting_after=ended_at)
    assert [line.engagement_id for line in reading.lines] == ["e-0002"]


def test_a_row_of_a_rule_the_policy_does_not_have_is_an_error_not_a_loss() -> None:
    with pytest.raises(ValueError, match="the rule 'gone'"):
        score(policy(), subject=NOBODY, ledger=[Contribution("gone", "e-1", Decimal(1), NOW)], now=NOW)


@pytest.mark.parametrize(
    ("fit", "clicks", "grade"),
    [(50, 9, "A1"), (40, 3, "A1"), (39, 2, "B2"), (20, 1, "B2"), (19, 0, "C3")],
    ids=lambda value: str(value),
)
@pytest.mark.parametrize("direction", [1, -1], ids=["rising cut points", "falling cut points"])
def test_a_grade_is_the_best_band_that_is_reached(fit: int, clicks: int, grade: str, direction: int) -> None:
    rules = policy(
        fit=[{"id": "here", "field": "country", "op": "eq", "value": "US", "points": fit}],
        grades={"fit": [20, 40][::direction], "engagement": [10, 30][::direction]},
    )
    reading = read(rules, *(engagement(number) for number in range(clicks)), subject=Subject(Contact("c-1", country="US")))
    assert reading.grade == grade


CARDIOLOGIST = Subject(
    Contact("c-1", country="US", specialty="cardiology", segments=frozenset({"early", "urban"})),
    Account("a-1", institution_type="academic", priority="2"),
    Target(decile=8),
)


@pytest.mark.parametrize(
    ("field", "op", "value", "holds"),
    [
        ("specialty", "eq", "cardiology", True),
        ("specialty", "eq", "oncology", False),
        ("specialty", "in", ["oncology", "cardiology"], True),
        ("segments", "eq", "urban", True),
        ("segments", "in", ["rural", "early"], True),
        ("segments", "in", ["rural"], False),
        ("credentials", "eq", "MD", False),
        ("credentials", "exists", None, False),
        ("credentials", "exists", False, True),
        ("specialty", "exists", True, True),
        ("account.institution_type", "eq", "academic", True),
        ("account.priority", "lte", 2, True),
        ("account.priority", "gte", 3, False),
        ("target.decile", "gte", 8, True),
        ("target.decile", "lte", 7.5, False),
        ("target.decile", "eq", 8, True),
        ("target.decile", "in", [7, 8], True),
        ("target.segment", "eq", "core", False),
    ],
    ids=lambda value: str(value),
)
def test_a_fit_rule_earns_its_points_where_its_condition_holds(field: str, op: str, value: Any, holds: bool) -> None:
    rules = policy(fit=[{"id": "rule", "field": field, "op": op, "value": value, "points": 7}])
    assert read(rules, subject=CARDIOLOGIST).fit == (7 if holds else 0)


def test_conditions_on_an_account_or_target_nobody_knows_do_not_match() -> None:
    rules = policy(
        fit=[
            {"id": "account", "field": "account.priority", "op": "exists", "points": 1},
            {"id": "target", "field": "target.decile", "op": "gte", "value": 1, "points": 2},
        ]
    )
    assert read(rules, subject=NOBODY).fit == 0


RULES = policy(
    fit=[{"id": "here", "field": "country", "op": "eq", "value": "US", "points": 0.3333333}],
    engagement=[
        {"id": "click", "kinds": ["email_clicked"], "points": 3.3, "half_life_days": 7, "cap": 11.1, "max_per_day": 2},
        {"id": "page", "kinds": ["page_viewed"], "points": 0.7, "half_life_days": 1.5},
        {"id": "bounce", "kinds": ["email_bounced"], "points": -2.25, "half_life_days": 90},
        {"id": "both", "kinds": ["email_clicked", "page_viewed"], "points": 1, "half_life_days": 30, "cap": 4},
    ],
    groups=[{"id": "digital", "rule_ids": ["click", "both"], "cap": 12.5}],
)
ENGAGEMENTS = st.lists(
    st.builds(
        lambda kind, minutes: (kind, timedelta(minutes=minutes)),
        st.sampled_from(["email_clicked", "page_viewed", "email_bounced"]),
        st.integers(min_value=-1_000, max_value=200_000),
    ),
    max_size=30,
)


@given(acts=ENGAGEMENTS, seed=st.integers())
def test_lines_sum_to_the_scores_and_no_order_of_arrival_changes_them(acts: list[tuple[str, timedelta]], seed: int) -> None:
    ledger = ledger_of(RULES, *(engagement(number, kind=kind, age=age) for number, (kind, age) in enumerate(acts)))
    shuffled = ledger.copy()
    random.Random(seed).shuffle(shuffled)
    subject = Subject(Contact("c-1", country="US"))
    reading = score(RULES, subject=subject, ledger=ledger, now=NOW)
    assert score(RULES, subject=subject, ledger=shuffled, now=NOW) == reading
    assert sum(line.points for line in reading.lines if line.kind == "fit") == reading.fit
    assert sum(line.points for line in reading.lines if line.kind != "fit") == reading.engagement
    assert all(line.points < 0 for line in reading.lines if line.kind == "cap")
    clicks = sum(line.points for line in reading.lines if line.rule_id == "click")
    assert clicks <= Decimal("11.1")


@given(acts=ENGAGEMENTS, hours=st.integers(min_value=0, max_value=10_000))
def test_without_caps_and_malus_a_score_only_falls_as_time_passes(acts: list[tuple[str, timedelta]], hours: int) -> None:
    rules = policy(engagement=[{"id": "page", "kinds": ["page_viewed"], "points": 3.7, "half_life_days": 2.5}])
    ledger = ledger_of(rules, *(engagement(number, kind=kind, age=age) for number, (kind, age) in enumerate(acts)))
    later = score(rules, subject=NOBODY, ledger=ledger, now=NOW + timedelta(hours=hours))
    assert later.engagement <= score(rules, subject=NOBODY, ledger=ledger, now=NOW).engagement
