"""Why a lead is whose it is, in a sentence a rep understands."""

from datetime import timedelta
from typing import Any

import pytest

from routing.decisions.assignment.deciding import AssignTo, Queue, decide_assignment
from routing.decisions.assignment.reps import Absence, Rep
from routing.decisions.assignment.sentences import sentence_of
from routing.decisions.facts import Account, Licence, Target
from routing.decisions.policies.document import AssignmentStep
from tests.routing.situations import ALL_STEPS, NOW, away, rep, situation

MERCY = Account("a-1", name="Mercy Hospital", owner_rep_id="olga", named_rep_ids=("nina",))
OWNED = Account("a-1", name="Mercy Hospital", owner_rep_id="olga")
PLAN = Target(rep_id="petra", planned_calls=6, cycle="2026-Q1")


def said(*reps: Rep, taken_from: str | None = None, steps: tuple[AssignmentStep, ...] = ALL_STEPS, **facts: Any) -> str:
    there = situation(*reps, **facts)
    decision = decide_assignment(steps, situation=there)
    assert isinstance(decision, AssignTo | Queue)
    return sentence_of(decision, situation=there, taken_from=taken_from)


@pytest.mark.parametrize(
    ("reps", "facts", "sentence"),
    [
        pytest.param([rep("olga")], {"account": OWNED}, "You have this lead because Mercy Hospital is your account.", id="owner"),
        pytest.param([rep("nina")], {"account": MERCY}, "You have this lead because you are named for Mercy Hospital.", id="named"),
        pytest.param([rep("sam")], {"earlier_rep_id": "sam"}, "You have this lead because you had this contact's last lead.", id="sticky"),
        pytest.param(
            [rep("nina", absences=away()), rep("olga")],
            {"account": MERCY},
            "You have this lead because Mercy Hospital is your account; Nina is named for Mercy Hospital but is away until Friday.",
            id="an earlier step found nobody",
        ),
        pytest.param(
            [rep("olga", absences=away(days=20, delegate="dora")), rep("dora")],
            {"account": OWNED},
            "You have this lead because you stand in for Olga, who is away until 24 March: Mercy Hospital is their account.",
            id="a delegate",
        ),
        pytest.param(
            [rep("tess"), rep("theo"), rep("ben", weight=3, absences=away())],
            {},
            "You have this lead because it is your turn among the 2 reps of Chicago who can take it now;"
            " Ben was next in turn but is away until Friday.",
            id="a turn somebody else would have had",
        ),
        pytest.param(
            [rep("tess", weight=0.1), rep("olga", open_leads=10)],
            {"account": OWNED},
            "You have this lead because you are the only rep of Chicago who can take it now;"
            " Olga owns Mercy Hospital but has no room for another lead.",
            id="the only one, and an owner who is full",
        ),
        pytest.param(
            [rep("pam", territory_ids=frozenset())],
            {"pools": {"reserve": ("pam",)}},
            "You have this lead because you are the only rep of the pool reserve who can take it now.",
            id="a pool",
        ),
        pytest.param(
            [rep("petra")],
            {"kind": "on_plan", "target": PLAN},
            "You have this lead because this contact is on your call plan (6 calls are planned in 2026-Q1).",
            id="on plan",
        ),
        pytest.param(
            [rep("petra", absences=away(days=0.1, delegate="dora")), rep("dora")],
            {"kind": "on_plan", "target": PLAN},
            "You have this lead because you stand in for Petra, who is away today:"
            " this contact is on their call plan (6 calls are planned in 2026-Q1).",
            id="on plan, away",
        ),
        pytest.param(
            [rep("petra", active=False), rep("tess")],
            {"kind": "on_plan", "target": PLAN},
            "You have this lead because this contact is on your call plan (6 calls are planned in 2026-Q1);"
            " Petra has it on their call plan but is not active.",
            id="on plan of somebody who left",
        ),
        pytest.param(
            [rep("olga")],
            {"account": OWNED, "taken_from": "ben"},
            "You have this lead because Mercy Hospital is your account; ben had it before you.",
            id="taken from another",
        ),
    ],
)
def test_who_has_a_lead_is_told_why(reps: list[Rep], facts: dict[str, Any], sentence: str) -> None:
    assert said(*reps, **facts) == sentence


@pytest.mark.parametrize(
    ("reps", "facts", "sentence"),
    [
        pytest.param([], {"territory_id": None}, "Nobody can take this lead now: it lies in no territory.", id="nowhere"),
        pytest.param([], {}, "Nobody can take this lead now: Chicago has no rep.", id="nobody there"),
        pytest.param(
            [rep("ann", open_leads=10), rep("ben", absences=away()), rep("cleo", active=False), rep("dan", active=False)],
            {},
            "Nobody can take this lead now: Ann has no room for another lead, Ben is away until Friday, Cleo is not active,"
            " and 1 more can't.",
            id="several, the closest first",
        ),
        pytest.param(
            [rep("ben", absences=(Absence(NOW, NOW + timedelta(days=400)),))],
            {},
            "Nobody can take this lead now: Ben is away until 8 April 2027.",
            id="a long absence",
        ),
        pytest.param([rep("tess")], {"steps": ()}, "Nobody can take this lead now: the policy names no way to find a rep.", id="no steps"),
        pytest.param(
            [rep("tess")],
            {"licences": (Licence("state board", "IL", NOW.date() - timedelta(days=1)),)},
            "Nobody can take this lead now: no licence of the contact is in force.",
            id="no licence",
        ),
    ],
)
def test_a_lead_that_waits_says_what_for(reps: list[Rep], facts: dict[str, Any], sentence: str) -> None:
    assert said(*reps, **facts) == sentence
