"""Turns by weight: fair after any number of single turns, to those who join and return too."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.decisions.assignment.rotation import Rotation, rotation_from_document, rotation_to_document, take_turn

START = Rotation()
WEIGHTS = st.dictionaries(
    st.integers(min_value=1, max_value=99).map(lambda number: f"rep-{number:02}"),
    st.one_of(st.integers(min_value=1, max_value=20), st.floats(min_value=0.05, max_value=20)),
    min_size=1,
    max_size=8,
)


def play(rotation: Rotation, weights: Mapping[str, float], turns: int) -> tuple[list[str], Rotation]:
    order = []
    for _ in range(turns):
        turn = take_turn(rotation, weights=weights)
        order.append(turn.rep_id)
        rotation = turn.rotation
    return order, rotation


def equal(reps: Sequence[str]) -> dict[str, float]:
    return dict.fromkeys(reps, 1)


@given(members=st.integers(min_value=1, max_value=12), turns=st.integers(min_value=1, max_value=60))
def test_equal_reps_are_never_more_than_one_lead_apart(members: int, turns: int) -> None:
    reps = [f"rep-{number}" for number in range(members)]
    counts = Counter(dict.fromkeys(reps, 0))
    counts.update(play(START, equal(reps), turns)[0])
    assert max(counts.values()) - min(counts.values()) <= 1


def test_equal_reps_take_their_turns_in_the_same_order_round_after_round() -> None:
    order, _ = play(START, equal(["a", "b", "c", "d"]), 12)
    assert order[:4] == order[4:8] == order[8:]


def test_who_is_first_does_not_follow_from_the_order_of_ids() -> None:
    firsts = {take_turn(START, weights=equal([f"{team}-{number}" for number in range(5)])).rep_id[-1] for team in range(20)}
    assert len(firsts) > 1


@given(weights=WEIGHTS, turns=st.integers(min_value=1, max_value=80))
def test_after_every_turn_everybody_is_within_one_lead_of_their_share(weights: dict[str, float], turns: int) -> None:
    counts = Counter(dict.fromkeys(weights, 0))
    total = sum(weights.values())
    for taken, rep_id in enumerate(play(START, weights, turns)[0], start=1):
        counts[rep_id] += 1
        assert all(abs(counts[each] - taken * weights[each] / total) < 1 + 1e-6 for each in weights)


def test_fairness_does_not_wear_off_over_ten_thousand_turns() -> None:
    weights = {"a": 1, "b": 0.3, "c": 1 / 3, "d": 2.7}
    counts = Counter(play(START, weights, 10_000)[0])
    assert all(abs(counts[each] - 10_000 * weights[each] / sum(weights.values())) < 1 for each in weights)


def test_thirty_leads_one_at_a_time_are_shared_as_thirty_at_once_with_the_state_stored_in_between() -> None:
    weights = {"a": 1, "b": 2, "c": 0.5}
    at_once, _ = play(START, weights, 30)
    stored, one_at_a_time = json.dumps(rotation_to_document(START)), []
    for _ in range(30):
        turn = take_turn(rotation_from_document(json.loads(stored)), weights=weights)
        stored = json.dumps(rotation_to_document(turn.rotation))
        one_at_a_time.append(turn.rep_id)
    assert one_at_a_time == at_once


@given(weights=WEIGHTS, turns=st.integers(min_value=0, max_value=30))
def test_a_stored_rotation_comes_back_as_it_was(weights: dict[str, float], turns: int) -> None:
    _, rotation = play(START, weights, turns)
    assert rotation.turn == turns
    assert rotation_from_document(json.loads(json.dumps(rotation_to_document(rotation)))) == rotation


def test_the_order_in_which_reps_are_named_is_no_matter() -> None:
    weights = {"a": 1, "b": 2, "c": 3}
    assert play(START, weights, 20) == play(START, dict(reversed(weights.items())), 20)


@given(before=st.integers(min_value=0, max_value=40), members=st.integers(min_value=1, max_value=8))
def test_who_joins_late_gets_an_equal_share_from_then_on_and_no_catching_up(before: int, members: int) -> None:
    reps = [f"rep-{number}" for number in range(members)]
    _, rotation = play(START, equal(reps), before)
    rounds = 4
    order, _ = play(rotation, equal([*reps, "newcomer"]), rounds * (members + 1))
    assert abs(order.count("newcomer") - rounds) <= 1
    assert order[: members + 1].count("newcomer") <= 1
    assert "newcomer" in order[: 2 * (members + 1)]


@given(
    before=st.integers(min_value=0, max_value=20),
    away=st.integers(min_value=1, max_value=60),
    members=st.integers(min_value=2, max_value=8),
)
def test_who_was_away_returns_to_an_equal_share_and_no_catching_up(before: int, away: int, members: int) -> None:
    reps = [f"rep-{number}" for number in range(members)]
    _, rotation = play(START, equal(reps), before)
    _, rotation = play(rotation, equal(reps[1:]), away)
    rounds = 4
    order, _ = play(rotation, equal(reps), rounds * members)
    assert abs(order.count("rep-0") - rounds) <= 1
    assert order[:members].count("rep-0") <= 2


@given(comings_and_goings=st.lists(st.sets(st.sampled_from("abcde"), min_size=1), min_size=1, max_size=120))
def test_through_any_comings_and_goings_nobody_strays_far_from_the_share_of_the_turns_they_were_there_for(
    comings_and_goings: list[set[str]],
) -> None:
    rotation, counts, shares = START, Counter(dict.fromkeys("abcde", 0)), dict.fromkeys("abcde", 0.0)
    for present in comings_and_goings:
        turn = take_turn(rotation, weights=equal(sorted(present)))
        assert turn.rep_id in present
        rotation = turn.rotation
        counts[turn.rep_id] += 1
        for rep_id in present:
            shares[rep_id] += 1 / len(present)
        assert all(abs(standing.turns_owed) < len(shares) for standing in rotation.standings)
    assert all(abs(counts[rep_id] - shares[rep_id]) < len(shares) for rep_id in shares)


def test_who_is_there_only_every_other_turn_does_not_starve() -> None:
    rotation, taken = START, 0
    for number in range(120):
        present = ["a", "b", "c"] if number % 2 else ["b", "c"]
        turn = take_turn(rotation, weights=equal(present))
        rotation, taken = turn.rotation, taken + (turn.rep_id == "a")
    assert 17 <= taken <= 23


@pytest.mark.parametrize(
    "weights",
    [{}, {"a": 0}, {"a": 1, "b": -1}, {"a": float("nan")}, {"a": float("inf")}],
    ids=["nobody", "no weight", "negative weight", "weight that is no number", "endless weight"],
)
def test_a_turn_nobody_can_take_is_an_error(weights: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="positive weight"):
        take_turn(START, weights=weights)
