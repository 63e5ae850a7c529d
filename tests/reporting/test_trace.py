"""Which events belong to the circle of one id, walked over a journal held in memory."""

from collections.abc import Collection, Iterable
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from reporting.decisions.journal import noted
from reporting.decisions.trace import Entry, Lookup, trace
from shared.events import Event, Fact, loop
from shared.events.feedback import ConsentReported
from shared.events.loop import ChangePublished, DecisionDecided, DecisionOpened, ThemeEmerged
from tests.reporting import happened

START = datetime(2026, 11, 1, 9, tzinfo=UTC)
RECEIPT_A, RECEIPT_B, THEME = UUID(int=1), UUID(int=2), UUID(int=3)
SCOPE = loop.Scope(brand_id="cardiox", topic="efficacy", specialty="cardiology")


class Journal:
    """Events in the order they were told, a minute apart."""

    def __init__(self) -> None:
        self.events: list[Event] = []

    def tell(self, fact: Fact, journey: UUID) -> Event:
        event = happened.event(fact, START + timedelta(minutes=len(self.events)), journey=journey)
        self.events.append(event)
        return event

    def find(self, lookup: Lookup) -> list[Entry]:
        return [entry for entry in map(as_entry, self.events) if matches(entry, lookup)]

    def types(self, sought: str) -> list[str]:
        return [entry.event_type for entry in walk(self, sought)]

    def ids(self, sought: str) -> set[UUID]:
        return {entry.event_id for entry in walk(self, sought)}


def as_entry(event: Event) -> Entry:
    note = noted(event.fact)
    return Entry(
        event_id=event.id,
        event_type=event.fact.contract.event_type,
        service=event.fact.producer,
        correlation_id=event.correlation_id,
        causation_id=event.causation_id,
        occurred_at=event.occurred_at,
        recorded_at=event.recorded_at,
        contact_id=note.contact_id,
        subjects=note.subjects,
        rests_on=note.rests_on,
        summary=note.summary,
    )


def matches(entry: Entry, lookup: Lookup) -> bool:
    asked = (
        entry.correlation_id in lookup.correlation_ids
        or not lookup.subjects.isdisjoint(entry.subjects)
        or not lookup.rests_on.isdisjoint(entry.rests_on)
    )
    return asked and (lookup.people is None or entry.contact_id is None or entry.contact_id in lookup.people)


def walk(journal: Journal, sought: str) -> Collection[Entry]:
    steps = trace(sought)
    lookup = next(steps)
    for _ in range(50):
        try:
            lookup = steps.send(journal.find(lookup))
        except StopIteration as end:
            found: list[Entry] = end.value
            return found
    raise AssertionError("the walk does not end")


def test_what_a_rep_was_told_is_found_by_its_report_and_its_contact() -> None:
    said = {"report_id": "report-1", "contact_id": "hcp-1", "purpose": "marketing", "at": START, "evidence": "told_to_rep"}
    note = noted(ConsentReported(channel="any", state="denied", **said))
    assert (note.summary, note.subjects, note.contact_id) == ("told to a rep: any denied for marketing", ("report-1", "hcp-1"), "hcp-1")


def journey(journal: Journal, receipt: UUID, lead_id: str, contact_id: str, report_id: str, *, rep_id: str = "rep-1") -> None:
    """One contact's way from the click to an objection."""
    engaged = happened.engagement(f"e-{lead_id}", contact_id, START)
    journal.tell(engaged, receipt)
    journal.tell(happened.qualified(lead_id, contact_id, START, engagement_ids=[engaged.engagement_id]), receipt)
    journal.tell(happened.assigned(lead_id, contact_id, START, rep_id=rep_id), receipt)
    journal.tell(happened.objection(report_id, contact_id, START, lead_id=lead_id, rep_id=rep_id), receipt)


def close_the_circle(journal: Journal, reports: Iterable[str]) -> None:
    """Theme, decision and change on these reports; each rep is told of their own."""
    report_ids = list(reports)
    theme = ThemeEmerged(
        theme_id=str(THEME), signal="objection_rising", scope=SCOPE, report_ids=report_ids[:1], count=5, reps=3, previous=0,
        first_seen=START, emerged_at=START,
    )  # fmt: skip
    opened = DecisionOpened(
        decision_id="d1", theme_id=str(THEME), signal="objection_rising", scope=SCOPE, report_ids=report_ids[:1],
        recommended="change", owner="marketing", due_at=START, opened_at=START,
    )  # fmt: skip
    decided = DecisionDecided(
        decision_id="d1", theme_id=str(THEME), scope=SCOPE, report_ids=report_ids, choice="change", reason_code="asset_gap",
        owner="marketing", review_on=START.date(), decided_at=START,
    )  # fmt: skip
    change = ChangePublished(change_id="ch1", decision_id="d1", report_ids=report_ids, kind="asset_updated", published_at=START)
    for fact in (theme, opened, decided, change):
        journal.tell(fact, THEME)
    for number, report_id in enumerate(report_ids, 1):
        journal.tell(happened.told("ch1", [report_id], START, rep_id=f"rep-{number}", decision_id="d1"), THEME)


@pytest.fixture
def journal() -> Journal:
    """Two contacts' journeys of one receipt and one of another, whose objections led to a change."""
    journal = Journal()
    journey(journal, RECEIPT_A, "l1", "c1", "r1")
    journey(journal, RECEIPT_A, "l2", "c2", "r2", rep_id="rep-2")
    journey(journal, RECEIPT_B, "l3", "c3", "r3", rep_id="rep-3")
    close_the_circle(journal, ["r1", "r2", "r3"])
    return journal


FULL_CIRCLE = [
    "engagement.recorded",
    "lead.qualified",
    "lead.assigned",
    "objection.recorded",
    "theme.emerged",
    "decision.opened",
    "decision.decided",
    "change.published",
    "rep.told",
]


@pytest.mark.parametrize("sought", ["l1", "c1", "r1"])
def test_from_a_lead_contact_or_report_the_circle_is_walked_from_click_to_the_rep_being_told(journal: Journal, sought: str) -> None:
    assert journal.types(sought) == FULL_CIRCLE


def test_what_only_goes_on_by_itself_after_the_rep_was_told_is_none_of_the_circle(journal: Journal) -> None:
    journal.tell(happened.breached("l1", "c1", START), RECEIPT_A)
    assert journal.types("l1") == FULL_CIRCLE
    journal.tell(happened.entered("l1", "c1", "meeting_held", START), RECEIPT_A)
    assert journal.types("l1") == [*FULL_CIRCLE, "lead.stage_changed"], "what somebody did is told"


def test_before_that_it_belongs_to_the_journey() -> None:
    journal = Journal()
    journey(journal, RECEIPT_A, "l1", "c1", "r1")
    journal.tell(happened.breached("l1", "c1", START), RECEIPT_A)
    assert journal.types("l1")[-1] == "clock.breached"
    close_the_circle(journal, ["r1"])
    assert "clock.breached" in journal.types("l1")


def test_a_report_that_joined_the_evidence_late_finds_the_theme_it_joined(journal: Journal) -> None:
    assert journal.types("l3") == FULL_CIRCLE


def test_a_receipt_is_followed_for_all_of_its_contacts(journal: Journal) -> None:
    types = journal.types(str(RECEIPT_A))
    assert (types.count("objection.recorded"), types.count("theme.emerged"), types.count("rep.told")) == (2, 1, 2)


@pytest.mark.parametrize("sought", ["d1", str(THEME), "ch1"])
def test_from_theme_decision_or_change_every_journey_is_found(journal: Journal, sought: str) -> None:
    assert journal.ids(sought) == {event.id for event in journal.events}


def test_others_of_the_same_receipt_are_left_out(journal: Journal) -> None:
    assert all("c2" not in entry.subjects for entry in walk(journal, "l1"))


def test_what_a_lead_rests_on_is_found_in_earlier_receipts_and_the_lead_from_there() -> None:
    journal = Journal()
    first = journal.tell(happened.engagement("e1", "c1", START), RECEIPT_A)
    second = journal.tell(happened.engagement("e2", "c1", START), RECEIPT_B)
    lead = journal.tell(happened.qualified("l1", "c1", START, engagement_ids=["e2", "e1"]), RECEIPT_B)
    assert journal.ids("l1") == journal.ids(str(RECEIPT_A)) == {first.id, second.id, lead.id}


def test_an_insight_about_nobody_finds_its_change() -> None:
    journal = Journal()
    journal.tell(happened.insight("r1", START), RECEIPT_A)
    journal.tell(ChangePublished(change_id="ch1", answers=["r1"], report_ids=["r1"], kind="other", published_at=START), THEME)
    assert journal.types("r1") == journal.types("ch1") == ["insight.recorded", "change.published"]


@pytest.mark.parametrize("sought", ["", "nobody", str(UUID(int=9)), "%", "{}"])
def test_what_nobody_spoke_of_has_no_trace(journal: Journal, sought: str) -> None:
    assert walk(journal, sought) == []
