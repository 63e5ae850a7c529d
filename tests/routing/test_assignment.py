"""Who gets a lead, why the others lost, and what the queue says when nobody can have it."""

from collections import Counter
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from routing.decisions.assignment.deciding import AssignTo, PassedStep, Queue, Withhold, decide_assignment
from routing.decisions.assignment.reps import Rep
from routing.decisions.assignment.rotation import Rotation
from routing.decisions.consent import REP_CHANNELS
from routing.decisions.facts import Account, Consent, Licence
from routing.decisions.policies.document import AssignmentStep
from tests.routing.situations import ALL_STEPS, NOW, assigned, away, decide, rep, situation, why_not


@pytest.mark.parametrize(
    "consents",
    [(Consent("any", "promotional", "denied"),), tuple(Consent(channel, "promotional", "denied") for channel in REP_CHANNELS)],
    ids=["do not contact", "every channel of a rep denied"],
)
def test_do_not_contact_comes_before_every_step(consents: tuple[Consent, ...]) -> None:
    owned = Account("a-1", owner_rep_id="ann", named_rep_ids=("ann",))
    assert decide(rep("ann"), account=owned, consents=consents) == Withhold("consent")


def test_an_email_opt_out_stops_no_assignment() -> None:
    assert assigned(decide(rep("ann"), consents=(Consent("email", "promotional", "denied"),))).rep_id == "ann"


NAMED_AND_OWNED = Account("a-1", owner_rep_id="olga", named_rep_ids=("nina", "noel"))
EVERYBODY = (rep("nina", territory_ids=frozenset()), rep("noel", territory_ids=frozenset()), rep("olga"), rep("sam"), rep("tess"))


@pytest.mark.parametrize(
    ("steps", "rep_id", "step"),
    [
        (("named_account", "account_owner", "sticky", "territory"), "nina", "named_account"),
        (("account_owner", "named_account"), "olga", "account_owner"),
        (("sticky", "account_owner"), "sam", "sticky"),
        (("pool", "sticky"), "sam", "sticky"),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, tuple) else value,
)
def test_the_first_step_that_finds_somebody_decides(steps: tuple[AssignmentStep, ...], rep_id: str, step: str) -> None:
    decision = assigned(decide(*EVERYBODY, steps=steps, account=NAMED_AND_OWNED, earlier_rep_id="sam"))
    assert (decision.rep_id, decision.step) == (rep_id, step)


def test_named_reps_are_asked_in_the_accounts_order() -> None:
    decision = assigned(
        decide(rep("nina", open_leads=10), rep("noel"), rep("nils"), account=Account("a", named_rep_ids=("nina", "noel", "nils")))
    )
    assert (decision.rep_id, why_not(decision)) == ("noel", {"nina": "full", "noel": None, "nils": "named_later"})


def test_an_owner_who_cannot_take_it_lets_it_fall_through_to_the_territory_with_the_reason() -> None:
    decision = assigned(decide(rep("olga", active=False), rep("tess"), account=Account("a-1", owner_rep_id="olga")))
    assert (decision.rep_id, decision.step) == ("tess", "territory")
    assert why_not(decision) == {"olga": "inactive", "tess": None}
    assert decision.passed_steps == (
        PassedStep("named_account", "no_named_rep"),
        PassedStep("account_owner", "nobody_active"),
        PassedStep("sticky", "no_earlier_rep"),
    )


def test_only_a_turn_in_the_territory_moves_the_pointer() -> None:
    by_owner = assigned(decide(rep("olga"), rep("tess"), account=Account("a-1", owner_rep_id="olga")))
    by_turn = assigned(decide(rep("olga"), rep("tess")))
    assert (by_owner.pointer_before, by_owner.pointer_after, by_owner.rota) == (7, 7, None)
    assert by_turn.rota is not None
    assert (by_turn.pointer_before, by_turn.pointer_after, by_turn.rota.rotation.turn) == (7, 8, 8)


def test_every_rep_considered_but_the_chosen_one_has_a_reason() -> None:
    decision = assigned(
        decide(
            rep("away", active=False),
            rep("boss", role="manager"),
            rep("busy", open_leads=3, max_open_leads=3),
            rep("elsewhere", territory_ids=frozenset({"boston"})),
            rep("other", brand_ids=frozenset({"pulmora"})),
            rep("rejected"),
            rep("tess"),
            rep("theo"),
            account=Account("a-1", owner_rep_id="gone"),
            excluded_rep_ids=frozenset({"rejected"}),
        )
    )
    reasons = why_not(decision)
    waiting = "theo" if decision.rep_id == "tess" else "tess"
    assert reasons == {
        "gone": "unknown",
        "away": "inactive",
        "boss": "not_a_rep",
        "busy": "full",
        "other": "other_brand",
        "rejected": "excluded",
        decision.rep_id: None,
        waiting: "not_their_turn",
    }
    assert {candidate.rep_id for candidate in decision.candidates if candidate.eligible} == {"tess", "theo"}


def test_a_rep_considered_by_two_steps_is_listed_once() -> None:
    decision = decide(rep("olga", open_leads=10), rep("tess"), account=Account("a-1", owner_rep_id="olga"))
    assert isinstance(decision, AssignTo)
    assert [candidate.rep_id for candidate in decision.candidates] == ["olga", "tess"]


FULL, AWAY = rep("tess", open_leads=10), rep("tess", active=False)


@pytest.mark.parametrize(
    ("reps", "situation", "reason"),
    [
        pytest.param([FULL], {}, "all_full", id="everybody is full"),
        pytest.param([AWAY], {}, "nobody_active", id="everybody is inactive"),
        pytest.param([rep("boss", role="manager")], {}, "nobody_active", id="only a manager"),
        pytest.param([rep("tess", brand_ids=frozenset())], {}, "nobody_for_brand", id="nobody promotes the brand"),
        pytest.param([rep("tess")], {"excluded_rep_ids": frozenset({"tess"})}, "all_excluded", id="who is left has rejected it"),
        pytest.param([FULL, rep("theo", active=False)], {}, "all_full", id="a mixture: who is closest tells most"),
        pytest.param([], {}, "no_rep_in_territory", id="a territory without reps"),
        pytest.param([rep("tess")], {"territory_id": None}, "no_territory", id="no territory"),
        pytest.param(
            [rep("olga", open_leads=10)],
            {"territory_id": None, "account": Account("a-1", owner_rep_id="olga")},
            "all_full",
            id="no territory, but an owner who is only full",
        ),
        pytest.param([rep("tess")], {"steps": ()}, "no_steps", id="a policy without steps"),
        pytest.param([rep("tess")], {"steps": ("pool",)}, "no_pool", id="only a pool, and the brand has none"),
        pytest.param([rep("tess")], {"steps": ("account_owner",)}, "no_account", id="only the owner of an account nobody knows"),
        pytest.param([rep("tess")], {"steps": ("account_owner",), "account": Account("a-1")}, "no_owner", id="an account without an owner"),
    ],
)
def test_a_lead_nobody_can_have_waits_in_the_queue_with_the_most_telling_reason(
    reps: list[Rep], situation: dict[str, Any], reason: str
) -> None:
    decision = decide(*reps, **situation)
    assert isinstance(decision, Queue)
    assert decision.reason == reason
    assert all(candidate.why_not and not candidate.eligible for candidate in decision.candidates)


def test_a_rep_of_capacity_fourteen_gets_fourteen_leads_and_no_fifteenth() -> None:
    leads = [decide(rep("tess", max_open_leads=14, open_leads=open_leads)) for open_leads in range(15)]
    assert [isinstance(decision, AssignTo) for decision in leads] == [True] * 14 + [False]


def test_leads_in_a_row_are_shared_by_weight_without_counting_those_the_owner_gets() -> None:
    reps = [rep("ann", weight=1), rep("bob", weight=2), rep("olga", weight=1)]
    owned = Account("a-1", owner_rep_id="olga")
    rotation, turns = Rotation(), Counter[str]()
    for number in range(80):
        decision = assigned(decide(*reps, account=owned if number % 2 else None, rotation=rotation))
        rotation = decision.rota.rotation if decision.rota else rotation
        if decision.step == "territory":
            turns[decision.rep_id] += 1
        else:
            assert decision.rep_id == "olga"
    assert turns == {"ann": 10, "bob": 20, "olga": 10}
    assert rotation.turn == 40


def test_who_may_not_practise_is_given_to_nobody_and_waits() -> None:
    yesterday, today = NOW.date() - timedelta(days=1), NOW.date()
    expired, valid = Licence("state board", "IL", yesterday), Licence("state board", "WI", today)
    assert decide(rep("tess"), licences=(expired,)) == Queue("no_licence", (), ())
    assert assigned(decide(rep("tess"), licences=(expired, valid))).rep_id == "tess"


def test_a_pool_takes_turns_of_its_own_when_the_territory_has_nobody() -> None:
    pools, rotation = {"reserve": ("pam", "paul")}, Rotation()
    members = [rep("pam", territory_ids=frozenset(), weight=1), rep("paul", territory_ids=frozenset(), weight=3)]
    turns: Counter[str] = Counter()
    for _ in range(8):
        there = situation(*members, FULL, pools=pools)
        there = replace(there, pools=(replace(there.pools[0], rotation=rotation),))
        decision = assigned(decide_assignment(ALL_STEPS, situation=there))
        assert (decision.step, decision.pointer_before, decision.pointer_after) == ("pool", rotation.turn, rotation.turn + 1)
        assert decision.rota is not None
        rotation = decision.rota.rotation
        turns[decision.rep_id] += 1
    assert turns == {"pam": 2, "paul": 6}
    assert decision.passed_steps[-1] == PassedStep("territory", "all_full")


def test_the_next_pool_is_asked_when_the_first_has_nobody() -> None:
    reps = [rep("pam", territory_ids=frozenset(), active=False), rep("paul", territory_ids=frozenset())]
    decision = assigned(decide(*reps, steps=("pool",), pools={"first": ("pam",), "second": ("paul",), "third": ("pam",)}))
    assert (decision.rep_id, decision.passed_steps) == ("paul", (PassedStep("pool", "nobody_active"),))
    assert decide(*reps, steps=("pool",), pools={"empty": ()}) == Queue("no_rep_in_pool", (), (PassedStep("pool", "no_rep_in_pool"),))


def test_an_incumbent_stays_where_the_deciding_step_finds_them_eligible_whatever_room_they_have() -> None:
    full_and_away = rep("tess", open_leads=10, absences=away())
    decision = assigned(decide(full_and_away, rep("theo"), incumbent_rep_id="tess"))
    assert (decision.rep_id, decision.rota, why_not(decision)) == ("tess", None, {"tess": None, "theo": "of_another_rep"})
    by_owner = assigned(decide(rep("tess"), rep("olga"), account=Account("a-1", owner_rep_id="olga"), incumbent_rep_id="tess"))
    assert (by_owner.rep_id, by_owner.step) == ("olga", "account_owner")


@pytest.mark.parametrize(
    "changes", [{"active": False}, {"brand_ids": frozenset()}, {"territory_ids": frozenset()}], ids=["left", "brand", "territory"]
)
def test_an_incumbent_who_left_or_lost_what_made_it_theirs_is_followed_by_another(changes: dict[str, Any]) -> None:
    assert assigned(decide(rep("tess", **changes), rep("theo"), incumbent_rep_id="tess")).rep_id == "theo"
