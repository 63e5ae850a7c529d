"""When objections become a theme: five from three reps, twice as many as before, in the window that ends now."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reporting.decisions.dossiers import folded
from reporting.decisions.signals import Heard, JoinEvidence, LeaveAlone, OpenDecision, Rule, Scope, Standing, decide_signal, gained
from tests.reporting import happened

NOW = datetime(2026, 11, 22, 9, tzinfo=UTC)
RULE = Rule(
    signal="objection_rising",
    objections_min=5,
    reps_min=3,
    growth_min=2,
    window=timedelta(days=28),
    recommended="change",
    owner="marketing",
    due_in=timedelta(days=14),
)
DECISION = UUID(int=7)


def heard(count: int, *, reps: int = 3, days_ago: float = 1, prefix: str = "r") -> list[Heard]:
    at = NOW - timedelta(days=days_ago)
    return [Heard(f"{prefix}{number}", f"rep-{number % reps}", at + timedelta(seconds=number)) for number in range(count)]


def reason(decision: object) -> str:
    assert isinstance(decision, LeaveAlone)
    return decision.reason


class TestAScopeWithoutDecision:
    def test_opens_on_the_fifth_objection_of_three_reps(self) -> None:
        decision = decide_signal(RULE, heard(5), None, now=NOW)
        assert isinstance(decision, OpenDecision)
        assert decision.report_ids == ("r0", "r1", "r2", "r3", "r4")
        assert (decision.figures.count, decision.figures.reps, decision.figures.previous) == (5, 3, 0)
        assert decision.due_at == NOW + timedelta(days=14)

    @pytest.mark.parametrize(
        ("heard", "why"),
        [
            (heard(4), "too_few_objections"),
            (heard(9, reps=2), "too_few_reps"),
            (heard(5) + heard(3, days_ago=40, prefix="old"), "not_rising"),
            (heard(4) + heard(1, days_ago=28.001, prefix="old"), "too_few_objections"),
            (heard(4) + heard(1, days_ago=-1, prefix="coming"), "too_few_objections"),
        ],
    )
    def test_is_left_alone_below_any_threshold(self, heard: list[Heard], why: str) -> None:
        assert reason(decide_signal(RULE, heard, None, now=NOW)) == why

    def test_exactly_twice_as_many_is_rising(self) -> None:
        assert isinstance(decide_signal(RULE, heard(6) + heard(3, days_ago=40, prefix="old"), None, now=NOW), OpenDecision)

    def test_what_was_heard_two_windows_ago_counts_nowhere(self) -> None:
        assert isinstance(decide_signal(RULE, heard(5) + heard(9, days_ago=57, prefix="old"), None, now=NOW), OpenDecision)


class TestAScopeWithADecision:
    def test_new_reports_join_an_open_one_once(self) -> None:
        standing = Standing(DECISION, frozenset({"r0", "r1", "r2", "r3", "r4"}), is_decided=False)
        decision = decide_signal(RULE, heard(7), standing, now=NOW)
        assert isinstance(decision, JoinEvidence)
        assert (decision.decision_id, decision.report_ids, decision.figures.count) == (DECISION, ("r5", "r6"), 7)

    def test_reports_join_even_when_the_rule_is_no_longer_met(self) -> None:
        standing = Standing(DECISION, frozenset({"gone"}), is_decided=False)
        assert isinstance(decide_signal(RULE, heard(1), standing, now=NOW), JoinEvidence)

    def test_known_and_old_reports_do_not_join(self) -> None:
        standing = Standing(DECISION, frozenset({"r0"}), is_decided=False)
        assert reason(decide_signal(RULE, heard(1) + heard(3, days_ago=29, prefix="old"), standing, now=NOW)) == "no_new_report"

    def test_a_decided_one_is_left_alone_until_its_review(self) -> None:
        assert reason(decide_signal(RULE, heard(50), Standing(DECISION, frozenset(), is_decided=True), now=NOW)) == "awaiting_review"


class TestScopesThatGain:
    def test_an_objection_of_a_contact_without_specialty_is_in_no_scope(self) -> None:
        assert gained({}, folded({}, [happened.objection("r1", "c1", NOW)])) == {}

    def test_a_late_specialty_brings_all_objections_of_the_contact_into_their_scopes(self) -> None:
        before = folded({}, [happened.objection("r1", "c1", NOW), happened.objection("r2", "c1", NOW, topic="efficacy")])
        after = folded(before, [happened.contact("c1")])
        assert gained(before, after) == {
            Scope("cardiox", "dosing_administration", "cardiology"): {"c1"},
            Scope("cardiox", "efficacy", "cardiology"): {"c1"},
        }

    def test_a_newer_snapshot_of_the_same_specialty_brings_nothing(self) -> None:
        before = folded({}, [happened.objection("r1", "c1", NOW), happened.contact("c1")])
        assert gained(before, folded(before, [happened.contact("c1", version=2)])) == {}


ages_days = st.floats(-3, 70)
many_heard = st.lists(st.tuples(st.sampled_from(["rep-1", "rep-2", "rep-3", "rep-4"]), ages_days), max_size=30).map(
    lambda drawn: [Heard(f"r{number}", rep_id, NOW - timedelta(days=age)) for number, (rep_id, age) in enumerate(drawn)]
)


@settings(deadline=None)
@given(many_heard)
def test_opens_exactly_when_the_rule_is_met_whatever_the_order(heard: list[Heard]) -> None:
    current = [one for one in heard if NOW - timedelta(days=28) < one.occurred_at <= NOW]
    previous = [one for one in heard if NOW - timedelta(days=56) < one.occurred_at <= NOW - timedelta(days=28)]
    is_met = len(current) >= 5 and len({one.rep_id for one in current}) >= 3 and len(current) >= 2 * len(previous)
    decision = decide_signal(RULE, heard, None, now=NOW)
    assert isinstance(decision, OpenDecision) == is_met
    assert decide_signal(RULE, heard[::-1], None, now=NOW) == decision


@settings(deadline=None)
@given(many_heard)
def test_evidence_never_joins_twice(heard: list[Heard]) -> None:
    first = decide_signal(RULE, heard, Standing(DECISION, frozenset(), is_decided=False), now=NOW)
    joined = frozenset(first.report_ids) if isinstance(first, JoinEvidence) else frozenset()
    again = decide_signal(RULE, heard, Standing(DECISION, joined, is_decided=False), now=NOW)
    assert reason(again) == "no_new_report"
