"""Newest rows alone say that somebody is no MQL only where the whole ledger says so too."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from routing.decisions.facts import Contact, Subject
from routing.decisions.policies.document import Policy
from routing.decisions.qualification.deciding import Cycle, Qualified, decide_qualification
from routing.decisions.qualification.reach import Older, may_qualify
from routing.decisions.qualification.scoring import Contribution, score

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
NOBODY = Subject(Contact("c-1", kind="payer"))


def policy(threshold: float, **changes: Any) -> Policy:
    document: dict[str, Any] = {
        "brand_id": "cardivex",
        "title": "Launch",
        "engagement": [
            {"id": "click", "kinds": ["email_clicked"], "points": 3.3, "half_life_days": 7, "cap": 11.1, "max_per_day": 2},
            {"id": "page", "kinds": ["page_viewed"], "points": 0.7, "half_life_days": 1.5},
            {"id": "bounce", "kinds": ["email_bounced"], "points": -2.25, "half_life_days": 90, "max_per_day": 1},
            {"id": "both", "kinds": ["email_clicked", "page_viewed"], "points": 1, "half_life_days": 30, "cap": 4},
        ],
        "groups": [{"id": "page", "rule_ids": ["click", "both"], "cap": 12.5}],
        "thresholds": {"fit": 0, "engagement": threshold},
        "clocks": {"first_outreach_seconds": 3600},
    }
    return Policy.model_validate(document | changes)


def row(rule_id: str, minutes: int, number: int) -> Contribution:
    points = {rule.id: rule.points for rule in policy(1).engagement}[rule_id]
    return Contribution(rule_id, f"e-{number:04}", Decimal(str(points)), NOW - timedelta(minutes=minutes))


LEDGERS = st.lists(st.tuples(st.sampled_from(["click", "page", "bounce", "both"]), st.integers(-100, 90_000)), max_size=40).map(
    lambda acts: [row(rule_id, minutes, number) for number, (rule_id, minutes) in enumerate(acts)]
)


def certainly_not(rules: Policy, ledger: list[Contribution], *, read: int, late: int, counted: bool, cycle: Cycle) -> bool:
    """Whether the newest rows, and some older ones that happen to be known, say that nothing can come of it."""
    by_age = sorted(ledger, key=lambda each: (each.occurred_at, each.engagement_id), reverse=True)
    newest, rest = by_age[:read], by_age[read:]
    known = [*newest, *rest[len(rest) - min(late, len(rest)) :]]
    by_rule = Counter(each.rule_id for each in ledger) - Counter(each.rule_id for each in known)
    older = Older(by_rule if counted else None, until=newest[-1].occurred_at if newest else NOW + timedelta(days=1))
    return not may_qualify(rules, subject=NOBODY, rows=known, older=older, now=NOW, cycle=cycle)


@settings(deadline=None, max_examples=400)
@given(
    LEDGERS, st.integers(0, 40), st.integers(0, 3), st.booleans(), st.sampled_from([None, 100, 3_000]), st.sampled_from([0, 0.01, -0.01])
)
def test_what_is_certain_from_the_newest_rows_is_so_of_all(
    ledger: list[Contribution], read: int, late: int, counted: bool, ended: int | None, near: float
) -> None:
    cycle = Cycle(previous_ended_at=None if ended is None else NOW - timedelta(minutes=ended))
    reached = score(policy(1), subject=NOBODY, ledger=ledger, now=NOW, counting_after=cycle.previous_ended_at).engagement
    rules = policy(float(reached) + near)
    qualified = isinstance(decide_qualification(rules, subject=NOBODY, ledger=ledger, now=NOW, cycle=cycle), Qualified)
    assert not (qualified and certainly_not(rules, ledger, read=read, late=late, counted=counted, cycle=cycle))


@pytest.mark.parametrize(
    ("threshold", "rule_id", "minutes", "certain"),
    [
        pytest.param(20, "click", 60, True, id="a cap that is reached is all there is"),
        pytest.param(11, "click", 60, False, id="a cap that suffices"),
        pytest.param(20, "page", 60 * 24 * 100, True, id="rows from which nothing is left"),
        pytest.param(4, "both", 60, False, id="many rows that are worth something"),
        pytest.param(10_000, "page", 60, True, id="not even all of them"),
    ],
)
def test_ten_thousand_rows_need_not_be_read(threshold: float, rule_id: str, minutes: int, certain: bool) -> None:
    newest = [row(rule_id, minutes + number * 1_440, number) for number in range(50)]
    older = Older({rule_id: 9_950}, until=newest[-1].occurred_at)
    assert may_qualify(policy(threshold), subject=NOBODY, rows=newest, older=older, now=NOW, cycle=Cycle()) is not certain


def test_who_does_not_fit_or_is_shut_out_needs_no_reading_at_all() -> None:
    unread = Older(None, until=NOW)
    unfit = policy(1, thresholds={"fit": 1, "engagement": 0})
    shut = policy(0, gates=[{"id": "payer", "field": "kind", "op": "eq", "value": "payer", "reason": "no"}])
    for rules in (unfit, shut):
        assert not may_qualify(rules, subject=NOBODY, rows=[], older=unread, now=NOW, cycle=Cycle())
    asked = Cycle(previous_ended_at=NOW - timedelta(days=1), rep_requested_at=NOW)
    assert may_qualify(unfit, subject=NOBODY, rows=[], older=unread, now=NOW, cycle=asked)
