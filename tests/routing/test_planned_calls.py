"""Leads of contacts on the call plan: a trigger for the next call of whose target it is, not a stranger's lead."""

from collections import Counter
from dataclasses import replace
from typing import Any

import pytest

from routing.decisions.assignment.deciding import AssignTo, Queue, Withhold, decide_assignment
from routing.decisions.assignment.rotation import Rotation
from routing.decisions.facts import Account, Consent, Contact, Target
from tests.routing.situations import ALL_STEPS, assigned, away, decide, rep, situation, why_not

TARGET = Target(rep_id="petra", planned_calls=6, cycle="2026-Q1")
ON_PLAN: dict[str, Any] = {"kind": "on_plan", "target": TARGET}
ANY: dict[str, Any] = {"kind": "on_plan", "target": replace(TARGET, rep_id=None)}


def test_it_goes_to_the_targets_rep_whatever_room_they_have_and_takes_no_turn() -> None:
    account = Account("a-1", owner_rep_id="olga", named_rep_ids=("nina",))
    decision = assigned(decide(rep("petra", open_leads=10), rep("olga"), rep("nina"), rep("tess"), account=account, **ON_PLAN))
    assert (decision.rep_id, decision.step, decision.rota) == ("petra", "on_plan", None)
    assert (decision.pointer_before, decision.pointer_after) == (7, 7)


def test_a_policy_without_steps_does_not_keep_a_planned_call_from_its_rep() -> None:
    assert assigned(decide(rep("petra"), steps=(), **ON_PLAN)).rep_id == "petra"


def test_the_delegate_stands_in_for_who_is_away_and_without_one_it_waits() -> None:
    tess, dora = rep("tess"), rep("dora", territory_ids=frozenset(), open_leads=10)
    stood_in = assigned(decide(rep("petra", absences=away(delegate="dora")), dora, tess, **ON_PLAN))
    assert (stood_in.rep_id, stood_in.in_place_of) == ("dora", "petra")
    waiting = decide(rep("petra", absences=away()), dora, tess, **ON_PLAN)
    assert isinstance(waiting, Queue)
    assert (waiting.reason, why_not(waiting)) == ("all_absent", {"petra": "absent"})


@pytest.mark.parametrize(
    "changes",
    [{"active": False}, {"role": "manager"}, {"brand_ids": frozenset()}],
    ids=["left", "became a manager", "promotes something else"],
)
def test_without_a_rep_of_its_own_it_is_the_alignments(changes: dict[str, object]) -> None:
    assert assigned(decide(rep("petra", **changes), rep("tess"), **ON_PLAN)).rep_id == "tess"
    assert assigned(decide(rep("tess"), **ON_PLAN)).rep_id == "tess"
    assert assigned(decide(rep("tess", open_leads=10), **ANY)).rep_id == "tess"


def test_a_rep_who_gave_it_back_is_followed_by_the_alignments() -> None:
    assert assigned(decide(rep("petra"), rep("tess"), excluded_rep_ids=frozenset({"petra"}), **ON_PLAN)).rep_id == "tess"


def test_in_the_alignment_who_knows_the_contact_comes_first() -> None:
    reps = [rep(rep_id) for rep_id in ("ann", "bob", "cleo", "dan")]
    owned = Account("a-1", owner_rep_id="cleo")
    assert assigned(decide(*reps, account=owned, earlier_rep_id="bob", **ANY)).rep_id == "bob"
    assert assigned(decide(*reps, account=owned, **ANY)).rep_id == "cleo"
    with_others = assigned(decide(*reps, account=owned, **ANY))
    assert why_not(with_others) == {"cleo": None, **dict.fromkeys(("ann", "bob", "dan"), "planned_for_another")}


def planned_reps(*weights: float) -> Counter[str]:
    reps = [rep(f"rep-{number}", weight=weight) for number, weight in enumerate(weights)]
    owners: Counter[str] = Counter()
    for number in range(2_000):
        there = replace(situation(*reps, **ANY), contact=Contact(f"c-{number}"))
        owners[assigned(decide_assignment(ALL_STEPS, situation=there)).rep_id] += 1
    return owners


def test_an_alignments_targets_are_shared_by_weight_without_turns() -> None:
    owners = planned_reps(1, 1, 2)
    assert abs(owners["rep-0"] - 500) < 80
    assert abs(owners["rep-2"] - 1_000) < 80


def test_few_targets_change_hands_when_a_rep_joins() -> None:
    def owner(number: int, members: int) -> str:
        there = replace(situation(*(rep(f"rep-{each}") for each in range(members)), **ANY), contact=Contact(f"c-{number}"))
        return assigned(decide_assignment(ALL_STEPS, situation=there)).rep_id

    changes = {(owner(number, 4), owner(number, 5)) for number in range(300)}
    assert all(before == after or after == "rep-4" for before, after in changes)


def test_in_the_alignment_who_is_there_comes_before_who_is_away_and_then_the_delegate() -> None:
    gone = [rep(rep_id, absences=away(delegate="dora")) for rep_id in ("ann", "bob")]
    dora = rep("dora", territory_ids=frozenset())
    assert assigned(decide(*gone, dora, rep("cleo"), **ANY)).rep_id == "cleo"
    assert assigned(decide(*gone, dora, **ANY)).rep_id == "dora"


@pytest.mark.parametrize(
    ("facts", "reason"), [({"territory_id": None}, "no_territory"), ({"territory_id": "empty"}, "no_rep_in_territory")]
)
def test_without_anybody_on_the_plan_or_in_the_alignment_it_waits(facts: dict[str, Any], reason: str) -> None:
    decision = decide(rep("tess"), **ANY, **facts)
    assert isinstance(decision, Queue)
    assert decision.reason == reason


def test_consent_comes_before_the_plan() -> None:
    assert decide(rep("petra"), consents=(Consent("any", "promotional", "denied"),), **ON_PLAN) == Withhold("consent")


def test_planned_calls_leave_the_turns_of_the_others_as_they_were() -> None:
    reps, rotation, turns = [rep("petra"), rep("tess")], Rotation(), Counter[str]()
    for number in range(20):
        decision = decide(*reps, rotation=rotation, **(ON_PLAN if number % 2 else {}))
        assert isinstance(decision, AssignTo)
        if decision.rota is not None:
            rotation = decision.rota.rotation
            turns[decision.rep_id] += 1
    assert turns == {"petra": 5, "tess": 5}
