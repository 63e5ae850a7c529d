"""Who becomes an MQL, who doesn't yet, and for whom the door is closed."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from routing.decisions.facts import Contact, Engagement, Subject
from routing.decisions.policies.document import Policy
from routing.decisions.qualification.deciding import (
    Cycle,
    Gated,
    NotYet,
    Qualification,
    Qualified,
    Withheld,
    asks_for_rep,
    decide_qualification,
)
from routing.decisions.qualification.scoring import contributions

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
ENDED_AT = NOW - timedelta(days=2)
FIRST_CYCLE = Cycle()
POLICY = Policy.model_validate(
    {
        "brand_id": "cardivex",
        "title": "Launch",
        "fit": [{"id": "specialty", "field": "specialty", "op": "eq", "value": "cardiology", "points": 30}],
        "engagement": [{"id": "click", "kinds": ["email_clicked"], "points": 10, "half_life_days": 10}],
        "gates": [{"id": "payer", "field": "kind", "op": "eq", "value": "payer", "reason": "payers_not_promoted"}],
        "thresholds": {"fit": 30, "engagement": 20},
        "clocks": {"first_outreach_seconds": 3600},
    }
)


def click(number: int, *, age: timedelta = timedelta(), **changes: Any) -> Engagement:
    facts: dict[str, Any] = {"kind": "email_clicked", "context": "promotional", "brand_id": "cardivex"}
    return Engagement(engagement_id=f"e-{number}", occurred_at=NOW - age, **facts | changes)


def decide(*engagements: Engagement, cycle: Cycle = FIRST_CYCLE, **contact: Any) -> Qualification:
    subject = Subject(Contact("c-1", **{"specialty": "cardiology", **contact}))
    ledger = [row for each in engagements for row in contributions(POLICY, each)]
    return decide_qualification(POLICY, subject=subject, ledger=ledger, now=NOW, cycle=cycle)


def test_at_both_thresholds_exactly_a_contact_is_an_mql() -> None:
    decision = decide(click(1), click(2))
    assert isinstance(decision, Qualified)
    assert (decision.reason, decision.score.fit, decision.score.engagement) == ("thresholds_reached", Decimal(30), Decimal(20))
    assert not decision.rep_requested


def test_below_a_threshold_it_is_said_how_much_is_missing() -> None:
    decision = decide(click(1), click(2, age=timedelta(days=10)), specialty="oncology")
    assert isinstance(decision, NotYet)
    assert (decision.fit_missing, decision.engagement_missing) == (Decimal(30), Decimal(5))


def test_high_engagement_does_not_make_up_for_missing_fit() -> None:
    decision = decide(*(click(number) for number in range(50)), specialty=None)
    assert isinstance(decision, NotYet)
    assert decision.engagement_missing == 0


def test_a_gate_that_matches_closes_the_door_with_its_reason() -> None:
    decision = decide(click(1), click(2), kind="payer")
    assert isinstance(decision, Gated)
    assert (decision.gate_id, decision.reason) == ("payer", "payers_not_promoted")


def test_backfilled_engagements_alone_qualify_nobody() -> None:
    history = [click(number, flags=frozenset({"backfill"})) for number in range(5)]
    assert isinstance(decide(*history), Withheld)


def test_one_live_engagement_on_top_of_a_backfilled_history_qualifies() -> None:
    history = [click(number, flags=frozenset({"backfill"})) for number in range(5)]
    assert isinstance(decide(*history, click(9)), Qualified)


def test_a_live_engagement_that_is_worth_nothing_any_more_does_not_carry_a_backfilled_history() -> None:
    history = [click(number, flags=frozenset({"backfill"})) for number in range(5)]
    assert isinstance(decide(*history, click(9, age=timedelta(days=400))), Withheld)


def test_a_score_that_is_still_high_from_before_opens_no_new_cycle() -> None:
    old = [click(number, age=timedelta(days=3)) for number in range(9)]
    decision = decide(*old, click(10), cycle=Cycle(previous_ended_at=ENDED_AT))
    assert isinstance(decision, NotYet)
    assert decision.score.engagement == Decimal(10)


def test_crossing_again_with_engagements_after_the_end_opens_a_new_cycle() -> None:
    assert isinstance(decide(click(1), click(2), cycle=Cycle(previous_ended_at=ENDED_AT)), Qualified)


def test_asking_for_a_rep_after_the_end_opens_a_new_cycle_whatever_the_score() -> None:
    decision = decide(cycle=Cycle(previous_ended_at=ENDED_AT, rep_requested_at=NOW))
    assert isinstance(decision, Qualified)
    assert (decision.reason, decision.rep_requested) == ("rep_requested", True)


def test_having_asked_for_a_rep_before_the_end_opens_nothing() -> None:
    asked_before = Cycle(previous_ended_at=ENDED_AT, rep_requested_at=ENDED_AT - timedelta(hours=1))
    assert isinstance(decide(cycle=asked_before), NotYet)


def test_asking_for_a_rep_in_a_first_cycle_does_not_replace_the_thresholds() -> None:
    asked = Cycle(rep_requested_at=NOW)
    assert isinstance(decide(cycle=asked), NotYet)
    qualified = decide(click(1), click(2), cycle=asked)
    assert isinstance(qualified, Qualified)
    assert (qualified.reason, qualified.rep_requested) == ("thresholds_reached", True)


def test_a_gate_stands_before_a_request_for_a_rep() -> None:
    assert isinstance(decide(cycle=Cycle(previous_ended_at=ENDED_AT, rep_requested_at=NOW), kind="payer"), Gated)


@pytest.mark.parametrize(
    ("changes", "asks"),
    [
        pytest.param({}, True, id="a live request"),
        pytest.param({"kind": "sample_requested"}, False, id="a request for a sample"),
        pytest.param({"context": "medical"}, False, id="a request for a medical liaison"),
        pytest.param({"machine": True}, False, id="a machine"),
        pytest.param({"flags": frozenset({"test"})}, False, id="a test"),
        pytest.param({"flags": frozenset({"backfill"})}, False, id="a request from long ago"),
        pytest.param({"brand_id": "other"}, False, id="a request about another brand"),
    ],
)
def test_only_a_live_commercial_request_asks_for_a_rep(changes: dict[str, Any], asks: bool) -> None:
    assert asks_for_rep(click(1, **{"kind": "rep_requested", **changes}), brand_id="cardivex") is asks
