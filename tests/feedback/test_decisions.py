"""The pure rules: what is known of a lead, what becomes of a report, whose a case is."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import get_args
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedback.decisions import cases
from feedback.decisions.feed import FeedFacts, sentence
from feedback.decisions.leads import after_lead_event
from feedback.decisions.reach import KnownLead, Reach
from feedback.decisions.reports import AwaitLead, Contradiction, OutOfReach, Publish, Report, Surroundings, decide_report
from shared.events.leads import LeadAssigned, LeadFact, LeadWaiting
from shared.events.loop import ChangeKind, Choice

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
JOURNEY = UUID(int=1)
OWNED = KnownLead("lead-1", "contact-1", "brand-1", JOURNEY, rep_id="rep-1", territory_id="t-1", owner_since=NOON)
REPORT = Report(
    id=UUID(int=7),
    kind="objection",
    rep_id="rep-1",
    posted_as="rep",
    lead_id="lead-1",
    contact_id=None,
    account_id=None,
    brand_id=None,
    occurred_at=NOON,
    received_at=NOON,
    codes={},
    correlation_id=UUID(int=7),
)


def _owner_events() -> st.SearchStrategy[list[LeadFact]]:
    """Assignments and waits of one lead, each at a time of its own."""
    lead = {"lead_id": "lead-1", "contact_id": "contact-1", "brand_id": "brand-1", "policy_version": "p"}

    def build(owners: list[str | None]) -> list[LeadFact]:
        facts: list[LeadFact] = []
        for hour, owner in enumerate(owners):
            at = NOON + timedelta(hours=hour)
            if owner is None:
                facts.append(LeadWaiting(**lead, reason="nobody", since=at))
            else:
                facts.append(LeadAssigned(**lead, rep_id=owner, step="pool", assigned_at=at))
        return facts

    return st.lists(st.none() | st.sampled_from(["rep-1", "rep-2"]), min_size=1, max_size=6).map(build)


def _known_after(facts: Sequence[LeadFact]) -> KnownLead:
    lead: KnownLead | None = None
    for fact in facts:
        lead = after_lead_event(lead, fact, correlation_id=JOURNEY)
    assert lead is not None
    return lead


@given(st.data())
def test_a_lead_s_owner_is_the_latest_in_whatever_order_events_come(data: st.DataObject) -> None:
    facts = data.draw(_owner_events())
    shuffled = data.draw(st.permutations(facts))
    assert _known_after(shuffled) == _known_after(facts)
    assert _known_after(facts).rep_id == getattr(facts[-1], "rep_id", None)


@given(st.lists(st.sampled_from(["rep-1", "rep-2", None]), max_size=3), st.sampled_from(["rep-1", "rep-2", "boss"]), st.booleans())
def test_a_rep_s_reach_is_never_wider_than_a_manager_s(owners: list[str | None], rep_id: str, in_territory: bool) -> None:
    for owner in owners:
        lead = KnownLead("l", "c", "b", JOURNEY, rep_id=owner, territory_id="t-1" if in_territory else None, owner_since=NOON)
        widened = Reach(rep_id, "manager", frozenset({"t-1"}), frozenset({"rep-2"}))
        plain = Reach(rep_id, "rep", frozenset({"t-1"}), frozenset({"rep-2"}))
        assert plain.covers_lead(lead) == (owner == rep_id)
        assert widened.covers_lead(lead) or not plain.covers_lead(lead)


def test_a_report_on_an_owned_lead_is_published_with_what_the_lead_says() -> None:
    verdict = decide_report(REPORT, Surroundings(Reach("rep-1", "rep"), lead=OWNED))
    assert isinstance(verdict, Publish)
    assert (verdict.report.contact_id, verdict.report.brand_id, verdict.report.correlation_id) == ("contact-1", "brand-1", JOURNEY)


@pytest.mark.parametrize("lead", [None, KnownLead("lead-1", "contact-1", "brand-1", JOURNEY, None, None, None)])
def test_a_report_waits_while_nobody_is_known_to_own_the_lead(lead: KnownLead | None) -> None:
    assert decide_report(REPORT, Surroundings(Reach("rep-1", "rep"), lead=lead)) == AwaitLead()


def test_another_s_lead_is_out_of_reach_before_anything_about_it_is_said() -> None:
    contradicting = Report(**{name: getattr(REPORT, name) for name in REPORT.__slots__} | {"brand_id": "another"})
    assert decide_report(contradicting, Surroundings(Reach("rep-2", "rep"), lead=OWNED)) == OutOfReach("lead")
    assert isinstance(decide_report(contradicting, Surroundings(Reach("rep-1", "rep"), lead=OWNED)), Contradiction)


@given(st.integers(-(10**8), 10**8) | st.none())
def test_awareness_is_when_the_rep_knew_and_never_later_than_receipt(seconds_before_receipt: int | None) -> None:
    occurred_at = None if seconds_before_receipt is None else NOON - timedelta(seconds=seconds_before_receipt)
    awareness = cases.aware_since(occurred_at=occurred_at, received_at=NOON)
    assert awareness == (NOON if occurred_at is None or occurred_at > NOON else occurred_at)


def test_a_day_is_twenty_four_hours_across_a_change_of_clocks() -> None:
    before_the_change = datetime(2026, 3, 29, 0, 30, tzinfo=UTC)
    assert cases.due_at(before_the_change) == datetime(2026, 3, 30, 0, 30, tzinfo=UTC)


def test_oversight_sees_every_kind_and_reads_none() -> None:
    assert len(cases.visible_kinds({"auditor"})) == 5
    assert cases.readable_kinds({"auditor", "admin", "rep"}) == frozenset()


@pytest.mark.parametrize("kind", get_args(ChangeKind))
@pytest.mark.parametrize("named", [{}, {"asset_id": "a-1", "campaign_id": "c-1"}])
def test_every_change_has_a_sentence(kind: str, named: dict[str, str]) -> None:
    told = sentence(FeedFacts("changed", {"change_kind": kind} | named, None, ()))
    assert told.startswith("Marketing ")
    assert told.endswith(" because of what you and others heard.")


@pytest.mark.parametrize("choice", get_args(Choice))
def test_every_choice_has_a_sentence(choice: str) -> None:
    assert sentence(FeedFacts("decided", {"choice": choice, "reason_code": "r"}, None, ("supply",))).endswith("heard about supply.")
