"""The journey stage, what confirms intent, and where a brand competes: none of it depends on the order in which acts are told."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from routing.decisions.facts import JOURNEY_STAGES, Engagement
from routing.decisions.policies.document import Policy
from routing.decisions.policies.value_position import from_its_position, own_next_step
from routing.decisions.qualification.deciding import last_request
from routing.decisions.qualification.journey import ASKS_FOR_SALES, TAKES_IN, ReachedStage, stage_after, stage_of
from routing.decisions.qualification.readiness import Act, SqlCandidate, confirmed_after, sql_candidate
from routing.decisions.qualification.scoring import contributions

NOW = datetime(2027, 3, 1, 12, tzinfo=UTC)
POLICY = Policy.model_validate(
    {
        "brand_id": "cardivex",
        "title": "Launch",
        "fit": [{"id": "academic", "field": "account.institution_type", "op": "eq", "value": "academic", "points": 10}],
        "engagement": [
            {"id": "deep", "kinds": ["page_viewed"], "stages": ["consideration", "sales_engagement"], "points": 5, "half_life_days": 9}
        ],
        "readiness": [{"id": "asked", "kinds": ["rep_requested"]}, {"id": "sample", "kinds": ["sample_requested", "form_submitted"]}],
        "thresholds": {"fit": 0, "engagement": 1},
        "clocks": {"first_outreach_seconds": 3600},
        "positions": [
            {
                "position": "sell_it_for_more",
                "fit": [{"rule_id": "academic", "points": 25}],
                "clocks": {"first_outreach_seconds": 600},
                "next_steps": {"consideration": "Bring the outcomes data"},
            }
        ],
    }
)


def act(number: int, kind: str = "page_viewed", **changes: Any) -> Engagement:
    facts: dict[str, Any] = {"context": "promotional", "brand_id": "cardivex", "occurred_at": NOW + timedelta(hours=number)}
    return Engagement(engagement_id=f"e-{number:03}", kind=kind, **facts | changes)


def test_the_furthest_stage_stands_since_the_first_act_that_reached_it() -> None:
    acts = [act(3, content_stage="consideration"), act(1, content_stage="consideration"), act(0), act(2)]
    assert stage_after(None, acts, brand_id="cardivex") == ReachedStage("consideration", NOW + timedelta(hours=1), "e-001")


@pytest.mark.parametrize("kind", sorted(ASKS_FOR_SALES))
def test_asking_for_sales_is_the_last_stage_whatever_it_was_found_on(kind: str) -> None:
    assert stage_of(act(1, kind, content_stage="awareness"), brand_id="cardivex") == "sales_engagement"


def test_content_nobody_stated_yet_shows_awareness() -> None:
    assert stage_of(act(1, asset_id="unknown"), brand_id="cardivex") == "awareness"


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"machine": True}, id="a machine"),
        pytest.param({"context": "medical"}, id="a medical context"),
        pytest.param({"flags": frozenset({"test"})}, id="a test"),
        pytest.param({"flags": frozenset({"asset_unapproved"})}, id="content that was not approved"),
        pytest.param({"flags": frozenset({"asset_expired"})}, id="content that had expired"),
        pytest.param({"brand_id": "other"}, id="another brand"),
        pytest.param({"kind": "email_delivered"}, id="a delivery"),
    ],
)
def test_nothing_is_shown_by(changes: dict[str, Any]) -> None:
    assert stage_of(act(1, content_stage="consideration", **changes), brand_id="cardivex") is None
    assert stage_after(None, [act(1, content_stage="consideration", **changes)], brand_id="cardivex") is None


def test_a_rule_may_ask_for_content_of_a_stage() -> None:
    assert [row.rule_id for row in contributions(POLICY, act(1, content_stage="consideration"))] == ["deep"]
    assert contributions(POLICY, act(1, content_stage="awareness")) == ()
    assert contributions(POLICY, act(1)) == ()


ACTS = st.lists(
    st.builds(
        lambda number, hours, kind, stage, flags: act(
            number, kind, occurred_at=NOW + timedelta(hours=hours), content_stage=stage, flags=frozenset(flags)
        ),
        st.integers(0, 999),
        st.integers(-3, 3),
        st.sampled_from(sorted({*TAKES_IN, *ASKS_FOR_SALES, "email_delivered"})),
        st.sampled_from([None, *JOURNEY_STAGES]),
        st.sets(st.sampled_from(["backfill", "test", "asset_expired"])),
    ),
    max_size=20,
    unique_by=lambda each: each.engagement_id,
)


@settings(deadline=None)
@given(ACTS, st.data())
def test_late_repeated_and_reordered_acts_end_as_the_tidy_history(acts: list[Engagement], data: st.DataObject) -> None:
    told = [*data.draw(st.permutations(acts)), *(data.draw(st.lists(st.sampled_from(acts))) if acts else [])]
    cut = data.draw(st.integers(0, len(told)))
    tidy = sorted(acts, key=lambda each: (each.occurred_at, each.engagement_id))
    reached = asked = None
    confirmed: Any = {}
    for batch in (told[:cut], told[cut:]):
        reached = stage_after(reached, batch, brand_id="cardivex")
        asked = last_request(asked, batch, brand_id="cardivex")
        confirmed = confirmed_after(confirmed, POLICY, batch)
    assert reached == stage_after(None, tidy, brand_id="cardivex")
    assert asked == last_request(None, tidy, brand_id="cardivex")
    assert confirmed == confirmed_after({}, POLICY, tidy)


def test_who_confirms_intent_in_this_cycle_is_an_sql_candidate() -> None:
    confirmed = confirmed_after({}, POLICY, [act(1, "rep_requested"), act(2, "form_submitted")])
    assert sql_candidate(confirmed, counting_after=None) == SqlCandidate("sample", Act(NOW + timedelta(hours=2), "e-002"))
    assert sql_candidate(confirmed, counting_after=NOW + timedelta(hours=1)) == SqlCandidate(
        "sample", Act(NOW + timedelta(hours=2), "e-002")
    )
    assert sql_candidate(confirmed, counting_after=NOW + timedelta(hours=2)) is None


def test_history_posted_later_confirms_nothing() -> None:
    assert confirmed_after({}, POLICY, [act(1, "rep_requested", flags=frozenset({"backfill"}))]) == {}


def test_a_brand_reads_its_policy_from_where_it_competes() -> None:
    assert from_its_position(POLICY) == POLICY
    premium = from_its_position(POLICY.model_copy(update={"value_position": "sell_it_for_more"}))
    assert [rule.points for rule in premium.fit] == [25]
    assert premium.clocks.first_outreach_seconds == 600
    assert own_next_step(premium, "consideration") == "Bring the outcomes data"
    assert own_next_step(premium, "awareness") is None
    assert own_next_step(POLICY, "consideration") is None
