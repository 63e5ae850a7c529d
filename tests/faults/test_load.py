"""The load on its own: the same seed sends the same, and every event in a body has a name."""

import itertools
from collections import Counter
from datetime import UTC, datetime

import orjson

from intake.decisions.adapters import ADAPTERS, SourceFacts
from shared.strict_json import Malformed, parse
from tests.faults.load.planning import planned_rows
from tests.faults.load.population import people, population
from tests.faults.load.script import IMPORT, Post, Script
from tests.faults.table import table

POSTS = 600


def posts(seed: int) -> list[Post]:
    everybody = population(50, seed=seed, today=datetime.now(UTC).date(), open_leads_max=5).people
    return list(itertools.islice(Script(everybody, seed=seed).posts(), POSTS))


def test_the_same_seed_sends_the_same_events_and_another_others() -> None:
    first, again, other = ([(post.source, post.items) for post in posts(seed)] for seed in (7, 7, 8))
    assert first == again
    assert first != other


def test_every_event_that_an_adapter_reads_has_a_name() -> None:
    for post in posts(7):
        if post.source == IMPORT:
            assert len(orjson.loads(post.body)) == len(post.items)
            continue
        try:
            value = parse(post.body)
        except Malformed:
            assert len(post.items) == 1
            continue
        items = ADAPTERS[post.source].read(value, SourceFacts(post.source, {"rep_visit_requested": "rep_requested"}))
        assert len(items) == len(post.items), post


def test_a_name_stands_for_one_event_and_some_come_again() -> None:
    times = Counter(name for post in posts(7) for name in post.items)
    bodies: dict[str, set[bytes]] = {}
    for post in posts(7):
        for name in post.items:
            bodies.setdefault(name, set()).add(post.body)
    assert max(times.values()) > 1
    assert all(len(different) == 1 for different in bodies.values())


def test_two_groups_of_the_same_seed_differ_in_name_alone() -> None:
    first, second = people("a", 40, seed=3, first=1_000), people("b", 40, seed=3, first=2_000)
    assert [(one.specialty, one.account_id, one.postal_code) for one in first] == [
        (one.specialty, one.account_id, one.postal_code) for one in second
    ]
    assert not {one.id for one in first} & {one.id for one in second}


def test_the_same_seed_plans_the_same_and_every_kind_of_planned_lead_is_there() -> None:
    today = datetime.now(UTC).date()
    everybody, again, others = (population(200, seed=seed, today=today, open_leads_max=5) for seed in (7, 7, 8))
    planned = planned_rows(everybody)
    assert planned == planned_rows(again)
    assert planned["targets"] != planned_rows(others)["targets"]
    known = {person.id for person in everybody.people}
    assert len(planned["targets"]) == len(known) // 10
    assert {target["contact_id"] for target in planned["targets"]} <= known
    called_by = Counter(target.get("rep_id") for target in planned["targets"])
    assert called_by[None] == len(planned["targets"]) // 2
    [with_delegate, alone] = planned["absences"]
    assert with_delegate["delegate_rep_id"] in {rep.id for rep in everybody.reps}
    assert "delegate_rep_id" not in alone
    assert called_by[alone["rep_id"]] > 0, "nobody's planned calls wait"
    [alignment] = planned["alignments"]
    lent = [person for person in everybody.people if person.id in alignment["include"]["contact_ids"]]
    assert lent
    assert alignment["territory_id"] not in {person.territory_id for person in lent}


def test_the_table_says_what_was_broken() -> None:
    row = {
        "fault": "F8", "what": "broker stopped", "acknowledged": 9, "tries": 10, "adverse_events": 2, "engagements": 8, "leads": 1,
        "drain_seconds": 3.5, "took_seconds": 20.0, "passed": False,
        "marks": [{"what": "nothing is lost", "held": False, "found": "1"}, {"what": "all is told", "held": True, "found": "0"}],
        "verdicts": [{"invariant": "I1", "state": "broken", "findings": [{"wrong": "an act on record twice", "total": 3}]}],
    }  # fmt: skip
    told = "\n".join(table([row]))
    assert "| F8 " in told
    assert "9/10" in told
    assert "FAIL" in told
    assert "F8: nothing is lost: 1" in told
    assert "F8: I1: an act on record twice: 3" in told
    assert "all is told" not in told
