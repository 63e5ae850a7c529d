"""What speaks against activating a policy, told with numbers: grades, stages and points that are out of everybody's reach."""

from datetime import UTC, date, datetime
from typing import Any

import pytest

from routing.decisions.facts import JOURNEY_STAGES, Approval, Asset, JourneyStage
from routing.decisions.policies.activation import ActivationWarning, activation_warnings, stages_shown
from routing.decisions.policies.document import Policy
from tests.routing.situations import rep
from tests.routing.world import BRAND, POLICY

NOW = datetime(2026, 3, 1, tzinfo=UTC)


def warnings(*content_stages: JourneyStage, **changes: Any) -> list[ActivationWarning]:
    policy = Policy.model_validate(POLICY | changes)
    reps = [rep("rep-1", brand_ids=frozenset({BRAND}))]
    return list(activation_warnings(policy, reps=reps, known=(), content_stages=content_stages, now=NOW))


def rule(**changes: Any) -> dict[str, Any]:
    return {"id": "guide", "kinds": ["content_downloaded"], "points": 10, "half_life_days": 14, **changes}


def test_nothing_speaks_against_what_everybody_can_reach() -> None:
    assert warnings() == []
    assert warnings(*JOURNEY_STAGES) == []


def test_a_grade_that_needs_more_than_anybody_can_earn_is_told_with_both_numbers() -> None:
    assert warnings(grades={"fit": [20, 50], "engagement": [20, 40]}) == [
        ActivationWarning("grades_out_of_reach", "The most fit a contact can earn is 40; grade A needs 50.", {"reachable": 40, "A": 50})
    ]
    capped = [rule(cap=15)]
    thresholds = {"fit": 30, "engagement": 15}
    assert warnings(engagement=capped, thresholds=thresholds, grades={"engagement": [40, 20, 10]}) == [
        ActivationWarning(
            "grades_out_of_reach",
            "The most engagement a contact can earn is 15; grade 1 needs 40, grade 2 needs 20.",
            {"reachable": 15, "1": 40, "2": 20},
        )
    ]


def test_points_are_those_of_the_brands_position() -> None:
    positions = [{"position": "sell_it_for_more", "fit": [{"rule_id": "priority", "points": 12.5}]}]
    [told] = warnings(grades={"fit": [43]}, value_position="sell_it_for_more", positions=positions)
    assert told.detail == "The most fit a contact can earn is 42.5; grade A needs 43."


@pytest.mark.parametrize(
    ("content", "changes", "codes"),
    [
        ((), {"engagement": [*POLICY["engagement"], rule(stages=["consideration"])]}, ["stage_out_of_reach", "rule_out_of_reach"]),
        ((), {"engagement": [*POLICY["engagement"], rule(stages=["awareness"])]}, ["rule_out_of_reach"]),
        ((), {"engagement": [*POLICY["engagement"], rule(stages=["awareness"], points=-5)]}, []),
        (("awareness",), {"engagement": [*POLICY["engagement"], rule(stages=["consideration", "awareness"])]}, ["stage_out_of_reach"]),
        (("awareness", "sales_engagement"), {}, ["stage_out_of_reach"]),
        (("consideration",), {}, []),
        (
            (),
            {
                "value_position": "in_between",
                "positions": [{"position": "in_between", "next_steps": {"consideration": "Bring the outcomes data"}}],
            },
            ["stage_out_of_reach"],
        ),
    ],
)
def test_a_stage_no_content_leads_to_is_told(content: tuple[JourneyStage, ...], changes: dict[str, Any], codes: list[str]) -> None:
    told = warnings(*content, **changes)
    assert [warning.code for warning in told] == codes
    assert {warning.figures["assets"] for warning in told} <= {len(content)}


def test_what_only_missing_content_could_give_keeps_the_threshold_out_of_reach() -> None:
    told = warnings("awareness", engagement=[rule(stages=["consideration"])], grades={})
    assert [(warning.code, warning.detail) for warning in told] == [
        ("engagement_out_of_reach", "The most engagement a contact can earn is 0, and the threshold is 20: nobody could become an MQL."),
        ("stage_out_of_reach", "Of 1 assets that may be shown now none is made for consideration: nobody can reach that journey stage."),
        ("rule_out_of_reach", "Of 1 assets that may be shown now none is made for consideration: nobody can earn by the rule guide."),
    ]


def test_a_policy_that_names_no_act_of_intent_has_no_candidates() -> None:
    assert [warning.code for warning in warnings(readiness=[])] == ["no_readiness"]


def asset(stage: str, **changes: Any) -> Asset:
    approval = Approval("approved", frozenset({"US"}), changes.pop("expires_on", date(2026, 3, 1)))
    facts: dict[str, Any] = {"brand_id": BRAND, "title": "", "journey_stage": stage, "intent": "promotional", "approval": approval}
    return Asset("guide", "1", **facts | changes)


@pytest.mark.parametrize(
    ("shown", "country", "stages"),
    [
        (asset("consideration"), None, ["consideration"]),
        (asset("consideration"), "US", ["consideration"]),
        (asset("consideration"), "DE", []),
        (asset("consideration", expires_on=date(2026, 2, 28)), None, []),
        (asset("consideration", approval=Approval("withdrawn", frozenset({"US"}), None)), None, []),
        (asset("consideration", intent="medical"), None, []),
        (asset("unheard_of"), None, []),
    ],
)
def test_only_what_may_be_shown_leads_anywhere(shown: Asset, country: str | None, stages: list[str]) -> None:
    policy = Policy.model_validate(POLICY | {"country": country})
    assert stages_shown(policy, [shown], now=NOW) == stages
