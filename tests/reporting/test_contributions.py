"""Dossiers and what they add to the rollups: whatever the order, the duplicates and the batches, the counts are the same."""

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from reporting.decisions.contributions import Cell, contributions, shifts
from reporting.decisions.dossiers import Dossier, folded
from shared.events import Fact
from tests.reporting import happened

NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)


def cell(
    measure: str, item: str, *, day: date = date(2026, 11, 1), specialty: str = "", campaign: str = "launch", region: str = "north"
) -> Cell:
    return Cell(day, measure, item, "cardiox", campaign, specialty, region)  # type: ignore[arg-type]


def counted(facts: Sequence[Fact]) -> Counter[Cell]:
    total: Counter[Cell] = Counter()
    for dossier in folded({}, facts).values():
        total.update(contributions(dossier))
    return total


class TestCounting:
    def test_a_lead_counts_in_every_stage_it_entered_and_converts_where_the_next_was_entered(self) -> None:
        counts = counted([happened.qualified("l1", "c1", NOON), happened.assigned("l1", "c1", NOON + timedelta(days=1))])
        assert counts == {cell("entered", "mql"): 1, cell("converted", "mql"): 1, cell("entered", "assigned", day=date(2026, 11, 2)): 1}

    def test_an_implied_stage_counts_as_entered(self) -> None:
        counts = counted([happened.entered("l1", "c1", "accepted", NOON, implied=True), happened.entered("l1", "c1", "contacted", NOON)])
        assert counts[cell("converted", "accepted", region="")] == 1

    def test_detours_and_reassignments_enter_no_stage_again(self) -> None:
        facts = [
            happened.assigned("l1", "c1", NOON),
            happened.assigned("l1", "c1", NOON + timedelta(days=3), rep_id="rep-2", previous_rep_id="rep-1"),
            happened.entered("l1", "c1", "recycled", NOON + timedelta(days=4)),
        ]
        assert counted(facts) == {cell("entered", "assigned"): 1}

    def test_an_objection_takes_campaign_and_region_from_its_lead_and_specialty_from_its_contact(self) -> None:
        facts = [
            happened.objection("r1", "c1", NOON, lead_id="l1"),
            happened.qualified("l1", "c1", NOON),
            happened.contact("c1", specialty="oncology"),
        ]
        assert counted(facts)[cell("objected", "dosing_administration", specialty="oncology")] == 1

    def test_a_late_contact_moves_every_count_of_theirs(self) -> None:
        before = folded({}, [happened.qualified("l1", "c1", NOON), happened.objection("r1", "c1", NOON)])
        after = folded(before, [happened.contact("c1")])
        assert shifts(before.values(), after.values()) == {
            cell("entered", "mql"): -1,
            cell("entered", "mql", specialty="cardiology"): 1,
            cell("objected", "dosing_administration", campaign="", region=""): -1,
            cell("objected", "dosing_administration", campaign="", region="", specialty="cardiology"): 1,
        }

    def test_an_older_snapshot_changes_nothing(self) -> None:
        known = folded({}, [happened.contact("c1", version=3, specialty="oncology")])
        assert folded(known, [happened.contact("c1", version=2)]) == known

    def test_days_are_those_of_utc(self) -> None:
        late = datetime.fromisoformat("2026-11-01T23:30:00-05:00")
        assert {one.day for one in counted([happened.qualified("l1", "c1", late)])} == {date(2026, 11, 2)}


moments = st.integers(0, 4 * 24).map(lambda hours: NOON + timedelta(hours=hours))
contact_ids = st.sampled_from(["c1", "c2"])
campaigns = st.sampled_from([None, "launch", "relaunch"])
regions = st.sampled_from([None, "north", "south"])


def of_lead(contact_id: str) -> st.SearchStrategy[Fact]:
    """Facts about one of a contact's two leads: whose lead it is never changes."""
    lead_ids = st.sampled_from([f"{contact_id}-l1", f"{contact_id}-l2"])
    contact = st.just(contact_id)
    stages = st.sampled_from(["accepted", "contacted", "sql", "meeting_booked", "recycled"])
    return st.one_of(
        st.builds(happened.qualified, lead_ids, contact, moments, campaign_id=campaigns, region=regions),
        st.builds(happened.assigned, lead_ids, contact, moments, campaign_id=campaigns, region=regions),
        st.builds(happened.entered, lead_ids, contact, stages, moments, campaign_id=campaigns),
    )


@st.composite
def histories(draw: st.DrawFn) -> list[Fact]:
    """Facts about two contacts as their producers would state them: a version or a report is said one way only."""
    facts: list[Fact] = draw(st.lists(contact_ids.flatmap(of_lead), max_size=12))
    for contact_id in ("c1", "c2"):
        specialties = draw(st.lists(st.sampled_from([None, "cardiology", "oncology"]), max_size=3))
        facts += [happened.contact(contact_id, version=number, specialty=one) for number, one in enumerate(specialties, 1)]
        for number in range(draw(st.integers(0, 3))):
            lead_id = draw(st.sampled_from([None, f"{contact_id}-l1", f"{contact_id}-l2"]))
            facts.append(happened.objection(f"{contact_id}-r{number}", contact_id, draw(moments), lead_id=lead_id))
    return facts


@settings(deadline=None)
@given(histories(), st.data())
def test_order_and_duplicates_make_no_difference(facts: list[Fact], data: st.DataObject) -> None:
    shuffled = data.draw(st.permutations(facts + data.draw(st.lists(st.sampled_from(facts), max_size=5) if facts else st.just([]))))
    assert folded({}, shuffled) == folded({}, facts)


@settings(deadline=None)
@given(histories(), st.data())
def test_shifts_of_any_split_add_up_to_a_full_recompute(facts: list[Fact], data: st.DataObject) -> None:
    rollups: Counter[Cell] = Counter()
    dossiers: dict[str, Dossier] = {}
    rest = data.draw(st.permutations(facts))
    while rest:
        size = data.draw(st.integers(1, len(rest)))
        batch, rest = rest[:size], rest[size:]
        after = folded(dossiers, batch)
        rollups.update(shifts(dossiers.values(), after.values()))
        dossiers = after
    assert {one: count for one, count in rollups.items() if count} == counted(facts)
