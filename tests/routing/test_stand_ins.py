"""Reps who are away or not at work: whom a call by name reaches then, and that nobody inherits a turn."""

from collections import Counter
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.decisions.assignment.deciding import Queue
from routing.decisions.assignment.reps import (
    Absence,
    Rep,
    Wanted,
    Window,
    absence_in_the_way,
    ineligibility,
    possible_stand_ins,
    with_stand_ins,
)
from routing.decisions.assignment.rotation import Rotation
from routing.decisions.clocks.business_time import Calendar, read_calendar
from routing.decisions.facts import Account
from tests.routing.situations import BRAND, NOW, OFFICE, WINDOW, assigned, away, decide, rep, why_not

WANTED = Wanted(BRAND, WINDOW)
OWNED = Account("a-1", owner_rep_id="olga")


@pytest.mark.parametrize(
    "facts",
    [{"account": OWNED}, {"account": Account("a-1", named_rep_ids=("olga",))}, {"earlier_rep_id": "olga"}],
    ids=["owner", "named", "sticky"],
)
def test_a_delegate_stands_in_for_who_is_called_by_name(facts: dict[str, Any]) -> None:
    decision = assigned(decide(rep("olga", absences=away(delegate="dora")), rep("dora", territory_ids=frozenset()), rep("tess"), **facts))
    assert (decision.rep_id, decision.in_place_of) == ("dora", "olga")
    assert why_not(decision) == {"olga": "absent", "dora": None}


def test_who_is_away_without_a_delegate_lets_it_fall_through() -> None:
    decision = assigned(decide(rep("olga", absences=away()), rep("tess"), account=OWNED))
    assert (decision.rep_id, decision.step, decision.in_place_of) == ("tess", "territory", None)
    assert [each.reason for each in decision.passed_steps] == ["no_named_rep", "all_absent", "no_earlier_rep"]


def test_a_delegate_of_many_has_no_more_turns_than_their_own() -> None:
    reps = [rep("ann", absences=away(delegate="dora")), rep("bob", absences=away(delegate="dora")), rep("dora"), rep("eve")]
    rotation, turns = Rotation(), Counter[str]()
    for _ in range(40):
        decision = assigned(decide(*reps, rotation=rotation))
        assert decision.rota is not None
        rotation = decision.rota.rotation
        turns[decision.rep_id] += 1
    assert turns == {"dora": 20, "eve": 20}


def test_delegates_who_are_away_are_followed_to_theirs() -> None:
    chain = [rep("olga", absences=away(delegate="dora")), rep("dora", absences=away(delegate="emil")), rep("emil")]
    decision = assigned(decide(*chain, account=OWNED))
    assert (decision.rep_id, decision.in_place_of) == ("emil", "olga")


def test_delegates_in_a_circle_lead_to_nobody_but_the_queue() -> None:
    circle = [
        rep("olga", absences=away(delegate="dora")),
        rep("dora", absences=away(delegate="emil")),
        rep("emil", absences=away(delegate="olga")),
    ]
    decision = decide(*circle, account=OWNED)
    assert isinstance(decision, Queue)
    assert decision.reason == "all_absent"


def test_a_delegate_who_cannot_take_it_says_why() -> None:
    decision = assigned(decide(rep("olga", absences=away(delegate="dora")), rep("dora", open_leads=10), rep("tess"), account=OWNED))
    assert why_not(decision) == {"olga": "absent", "dora": "full", "tess": None}


@given(st.dictionaries(st.sampled_from("abcdef"), st.one_of(st.none(), st.sampled_from("abcdefx")), max_size=6), st.sampled_from("abcdef"))
def test_every_chain_of_delegates_ends_and_asks_nobody_twice(delegates: dict[str, str | None], called: str) -> None:
    reps = {each: rep(each, absences=away(delegate=delegates[each]) if each in delegates else ()) for each in "abcdef"}
    asked = with_stand_ins([called], reps, WANTED)
    *away_ones, last = asked
    assert all(each in delegates for each in away_ones)
    assert last not in delegates or delegates[last] is None or delegates[last] in asked
    assert {each: standing for each, standing in asked.items() if each != called} == dict.fromkeys([*asked][1:], called)
    absences = {rep_id: each.absences for rep_id, each in reps.items()}
    assert set(asked) <= {called, *possible_stand_ins([called], absences)}


def hours(**days: list[list[str]]) -> Calendar:
    return read_calendar(days, timezone="America/Chicago")


FRIDAY_EVENING = datetime.fromisoformat("2026-03-06T23:30:00Z")  # half past five in Chicago
MONDAY_TEN = datetime.fromisoformat("2026-03-09T15:00:00Z")
OVER_THE_WEEKEND = Window(FRIDAY_EVENING, MONDAY_TEN, OFFICE)


@pytest.mark.parametrize(
    ("changes", "window", "expected"),
    [
        pytest.param({}, WINDOW, None, id="the territory's hours"),
        pytest.param({"calendar": hours(wed=[["10:30", "11:00"]])}, WINDOW, None, id="half an hour before it is due"),
        pytest.param({"calendar": hours(wed=[["11:00", "17:00"]])}, WINDOW, "not_at_work", id="from when it is due"),
        pytest.param({"calendar": hours(thu=[["09:00", "17:00"]])}, WINDOW, "not_at_work", id="another day"),
        pytest.param({"calendar": hours(tue=[["09:00", "17:00"]])}, OVER_THE_WEEKEND, "not_at_work", id="not before Tuesday"),
        pytest.param({"calendar": hours(sat=[["09:00", "12:00"]])}, OVER_THE_WEEKEND, None, id="on Saturday"),
        pytest.param({"calendar": hours(tue=[["09:00", "17:00"]])}, Window(NOW, NOW, OFFICE), None, id="the time is over already"),
        pytest.param({"absences": away()}, WINDOW, "absent", id="away now"),
        pytest.param({"absences": away(days=0)}, WINDOW, None, id="back just now"),
        pytest.param({"absences": away()}, Window(NOW, NOW, OFFICE), "absent", id="away, and the time is over"),
        pytest.param(
            {"absences": (Absence(FRIDAY_EVENING + timedelta(hours=1), MONDAY_TEN),)}, OVER_THE_WEEKEND, "absent", id="away when it opens"
        ),
        pytest.param(
            {"absences": (Absence(FRIDAY_EVENING + timedelta(hours=1), MONDAY_TEN - timedelta(minutes=30)),)},
            OVER_THE_WEEKEND,
            None,
            id="back half an hour before it is due",
        ),
        pytest.param(
            {"absences": (Absence(FRIDAY_EVENING + timedelta(hours=1), MONDAY_TEN),), "calendar": hours(tue=[["09:00", "17:00"]])},
            OVER_THE_WEEKEND,
            "not_at_work",
            id="away, but not at work anyway",
        ),
    ],
)
def test_a_rep_needs_some_working_time_before_the_clock_runs_out(changes: dict[str, Any], window: Window, expected: str | None) -> None:
    assert ineligibility(rep("tess", **changes), Wanted(BRAND, window)) == expected


@given(
    absences=st.lists(st.tuples(st.integers(-5, 60), st.integers(1, 30)), max_size=4),
    days=st.sets(st.sampled_from(["wed", "thu", "fri"]), min_size=1),
)
def test_who_can_take_a_lead_has_a_working_quarter_of_an_hour_for_it(absences: list[tuple[int, int]], days: set[str]) -> None:
    quarter = timedelta(minutes=15)
    window = Window(NOW, NOW + 16 * 4 * quarter, OFFICE)
    own: Rep = rep(
        "tess",
        calendar=hours(**{day: [["09:00", "17:00"]] for day in days}),
        absences=tuple(Absence(NOW + start * quarter, NOW + (start + length) * quarter) for start, length in absences),
    )
    local = [(NOW + number * quarter).astimezone(OFFICE.zone) for number in range(64)]
    at_work = [moment for moment in local if f"{moment:%a}".lower() in days and 9 <= moment.hour < 17]
    there = [moment for moment in at_work if not any(each.starts_at <= moment < each.ends_at for each in own.absences)]
    away_now = any(each.starts_at <= NOW < each.ends_at for each in own.absences)
    expected = "absent" if away_now else "not_at_work" if not at_work else None if there else "absent"
    assert ineligibility(own, Wanted(BRAND, window)) == expected
    assert (absence_in_the_way(own, window) is not None) == (expected == "absent")
