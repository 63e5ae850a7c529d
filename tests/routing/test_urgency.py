"""Urgency is the change: this fortnight against the one before."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.decisions.briefs.urgency import FORTNIGHT, Fortnight, urgency, urgency_words
from routing.decisions.facts import Engagement
from routing.decisions.policies.document import Policy

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
POLICY = Policy.model_validate(
    {
        "brand_id": "cardivex",
        "title": "Launch",
        "engagement": [
            {"id": "click", "kinds": ["email_clicked"], "points": 5, "half_life_days": 30},
            {"id": "webinar", "kinds": ["webinar_attended"], "points": 20, "half_life_days": 30},
        ],
        "thresholds": {"fit": 0, "engagement": 20},
        "clocks": {"first_outreach_seconds": 3600},
    }
)


def act(days: float, kind: str = "email_clicked") -> Engagement:
    return Engagement(f"{kind}-{days}", kind, "promotional", NOW - timedelta(days=days), brand_id="cardivex")


@pytest.mark.parametrize(
    ("acts", "trend"),
    [
        ([], "steady"),
        ([act(1)], "rising"),
        ([act(20)], "cooling"),
        ([act(1), act(20)], "steady"),
        ([act(1, "webinar_attended"), act(20), act(21), act(22)], "rising"),
        ([*(act(day) for day in range(5)), *(act(20 + day) for day in range(4))], "rising"),
        ([*(act(day) for day in range(4)), *(act(20 + day) for day in range(4))], "steady"),
        ([*(act(day) for day in range(3)), *(act(20 + day) for day in range(4))], "cooling"),
        ([act(1, "page_viewed")], "rising"),
        ([act(29), act(100)], "steady"),
    ],
    ids=[
        "nothing at all",
        "only now",
        "only before",
        "as before",
        "fewer acts, of more weight",
        "a quarter more",
        "the same",
        "a quarter less",
        "acts that earn nothing still count where none does",
        "what is older than four weeks says nothing",
    ],
)
def test_a_quarter_more_is_rising_and_a_quarter_less_cooling(acts: list[Engagement], trend: str) -> None:
    assert urgency(POLICY, acts, now=NOW).trend == trend


def test_the_figures_are_told_with_it() -> None:
    change = urgency(POLICY, [act(1, "webinar_attended"), act(2), act(14), act(14.1), act(28)], now=NOW)
    assert (change.this_fortnight, change.fortnight_before) == (Fortnight(2, 25.0), Fortnight(2, 10.0))
    assert urgency_words(change) == "Rising: 2 acts in the last two weeks, 2 acts in the two before."


@given(st.lists(st.floats(min_value=0, max_value=27.9), max_size=30))
def test_every_act_of_four_weeks_lies_in_exactly_one_fortnight_and_more_is_never_cooler(days: list[float]) -> None:
    acts = [act(day) for day in days]
    change = urgency(POLICY, acts, now=NOW)
    assert change.this_fortnight.acts + change.fortnight_before.acts == len(acts)
    order = ["cooling", "steady", "rising"]
    assert order.index(urgency(POLICY, [*acts, act(0)], now=NOW).trend) >= order.index(change.trend)
    assert timedelta(days=14) == FORTNIGHT
