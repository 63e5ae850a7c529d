"""Several devices report on one lead, late and in any order: the same reports end in the same stage, truth and refusals."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import permutations
from typing import Any, assert_never

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.decisions.lifecycle.outcomes import (
    OUTCOMES,
    STAGE_OF_OUTCOME,
    Reassign,
    Refuse,
    Reopen,
    ReportedOutcome,
    Restate,
    decide_outcome,
)
from routing.decisions.lifecycle.reasons import REASONS, recycling_for
from routing.decisions.lifecycle.stages import END_STAGES, FORWARD_STAGES, LeadPosition, Move, NoChange, Overruled, Stage, StageEntry

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
CODES = sorted(OUTCOMES)


def report(code: str, minute: int, *, report_id: str | None = None, reason_code: str | None = None) -> ReportedOutcome:
    return ReportedOutcome(code, "ann", NOW + timedelta(minutes=minute), reason_code, report_id or f"{code}@{minute}")


@dataclass
class Service:
    """Acts on decisions as the service does, and keeps what somebody who reads the lead's history would believe."""

    owned_from: Any = "assigned"
    may_reopen: bool = True
    stage: Stage = "assigned"
    ended_at: datetime | None = None
    reason: str | None = None
    taken: dict[str, ReportedOutcome] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)
    entered: dict[str, datetime] = field(default_factory=dict)

    def hear(self, outcome: ReportedOutcome) -> Any:
        position = LeadPosition(self.stage, "ann", self.ended_at, owned_from=self.owned_from, may_reopen=self.may_reopen)
        decision = decide_outcome(position, outcome, earlier=list(self.taken.values()))
        if isinstance(decision, Refuse):
            self.refused[outcome.report_id] = decision.reason
            return decision
        self.taken[outcome.report_id] = outcome
        match decision:
            case Move():  # Reopen too
                at = outcome.occurred_at
                self._enter(decision.late, outcome.occurred_at)
                self._enter(decision.entries, at)
                self.stage = decision.entries[-1].stage
                self.ended_at, self.reason = (at, decision.reason) if self.stage in END_STAGES else (None, None)
                self._overrule(decision.overruled)
            case Restate():
                self.ended_at, self.reason = decision.at, decision.reason
                self._enter(decision.late, outcome.occurred_at)
                self._overrule(decision.overruled)
            case NoChange():
                self._enter(decision.late, outcome.occurred_at)
            case Reassign():
                raise AssertionError("these reports speak of no rep")
            case _:
                assert_never(decision)
        return decision

    def _enter(self, entries: tuple[StageEntry, ...], at: datetime) -> None:
        for entry in entries:
            if entry.stage in FORWARD_STAGES:
                self.entered[entry.stage] = min(self.entered.get(entry.stage, at), at)

    def _overrule(self, overruled: tuple[Overruled, ...]) -> None:
        for each in overruled:
            del self.taken[each.report_id]
            self.refused[each.report_id] = each.reason

    def outcome(self) -> tuple[Any, ...]:
        return self.stage, self.ended_at, self.reason, sorted(self.refused)

    def entered_as_taken(self) -> dict[str, datetime]:
        """When each stage was entered by the reports that stand."""
        found: dict[str, datetime] = {}
        for each in self.taken.values():
            stage = STAGE_OF_OUTCOME.get(each.code)
            if stage in FORWARD_STAGES:
                for passed in FORWARD_STAGES[FORWARD_STAGES.index(self.owned_from) + 1 : FORWARD_STAGES.index(stage) + 1]:
                    found[passed] = min(found.get(passed, each.occurred_at), each.occurred_at)
        return found


REPORTS = st.lists(
    st.tuples(st.sampled_from(CODES), st.integers(0, 5), st.sampled_from([None, "bad_data", "wrong_timing"])), min_size=1, max_size=7
)


def _reports(drawn: list[tuple[str, int, str | None]]) -> list[ReportedOutcome]:
    return [
        report(code, minute, report_id=f"r{number}", reason_code=reason if code == "rejected" else None)
        for number, (code, minute, reason) in enumerate(drawn)
    ]


@given(drawn=REPORTS, owned_from=st.sampled_from(["assigned", "accepted", "contacted", "sql"]), shuffle=st.randoms(use_true_random=False))
def test_the_same_reports_end_in_the_same_in_any_order(drawn: list[tuple[str, int, str | None]], owned_from: Any, shuffle: Any) -> None:
    reports = _reports(drawn)
    tidy, untidy = (Service(owned_from=owned_from, stage=owned_from) for _ in range(2))
    for each in sorted(reports, key=lambda each: each.order):
        tidy.hear(each)
    for each in shuffle.sample(reports, len(reports)):
        untidy.hear(each)
    assert untidy.outcome() == tidy.outcome()
    assert untidy.taken == tidy.taken
    # Every stage that a report which stands tells of was told, at its earliest time.
    for service in (tidy, untidy):
        told = service.entered_as_taken()
        assert {stage: at for stage, at in service.entered.items() if stage in told and at == told[stage]} == told


@given(drawn=REPORTS)
def test_a_report_told_again_changes_nothing(drawn: list[tuple[str, int, str | None]]) -> None:
    service = Service()
    reports = _reports(drawn)
    for each in reports:
        service.hear(each)
    before = service.outcome()
    for each in reports:
        if each.report_id in service.taken:
            service.taken.pop(each.report_id)
            service.hear(each)
    assert service.outcome() == before


def _after(*reports: ReportedOutcome) -> Service:
    service = Service()
    for each in reports:
        service.hear(each)
    return service


def _in_every_order(*reports: ReportedOutcome) -> list[Service]:
    return [_after(*order) for order in permutations(reports)]


def test_contact_beats_a_rejection_whichever_happened_or_came_first() -> None:
    for rejected_at in (1, 9):
        for service in _in_every_order(report("rejected", rejected_at), report("contacted", 5)):
            assert (service.stage, service.refused) == ("contacted", {f"rejected@{rejected_at}": "rejected_after_contact"})


def test_a_rep_who_accepts_after_all_has_the_lead_and_one_who_rejects_later_has_not() -> None:
    for service in _in_every_order(report("rejected", 1), report("accepted", 2)):
        assert (service.stage, service.refused) == ("accepted", {"rejected@1": "accepted_after_all"})
    for service in _in_every_order(report("accepted", 1), report("rejected", 2)):
        assert (service.stage, service.ended_at, service.refused) == ("recycled", NOW + timedelta(minutes=2), {})


def test_of_several_disqualifications_the_earliest_ends_the_lead_and_what_happened_later_is_refused() -> None:
    services = _in_every_order(report("no_need", 5), report("not_interested", 3), report("qualified", 4), report("contacted", 1))
    for service in services:
        assert (service.stage, service.ended_at, service.reason) == ("disqualified", NOW + timedelta(minutes=3), "not_interested")
        assert service.refused == {"qualified@4": "lead_ended"}
        assert service.entered["contacted"] == NOW + timedelta(minutes=1)


def test_a_disqualification_beats_a_rejection() -> None:
    for service in _in_every_order(report("rejected", 1), report("unreachable", 2)):
        assert (service.stage, service.refused) == ("disqualified", {"rejected@1": "rejected_after_contact"})


def test_two_of_the_same_moment_come_in_the_order_of_their_ids() -> None:
    for service in _in_every_order(report("no_need", 3, report_id="b"), report("not_interested", 3, report_id="a")):
        assert service.reason == "not_interested"


def test_a_stage_is_entered_at_the_earliest_time_that_is_told() -> None:
    for service in _in_every_order(report("contacted", 4), report("meeting_booked", 2), report("accepted", 1)):
        assert service.stage == "meeting_booked"
        assert {stage: int((at - NOW).total_seconds() // 60) for stage, at in service.entered.items()} == {
            "accepted": 1, "contacted": 2, "sql": 2, "meeting_booked": 2,
        }  # fmt: skip


def test_a_lead_does_not_go_on_once_another_has_begun() -> None:
    service = Service(may_reopen=False)
    service.hear(report("rejected", 1))
    assert service.hear(report("contacted", 2)) == Refuse("lead_ended")
    assert service.stage == "recycled"


def test_a_lead_goes_on_from_where_the_rejection_found_it() -> None:
    service = _after(report("accepted", 1), report("rejected", 2))
    assert service.hear(report("qualified", 3)) == Reopen(
        (StageEntry("contacted", implied=True), StageEntry("sql")),
        "qualified",
        overruled=(Overruled("rejected@2", "rejected_after_contact"),),
    )


def test_what_somebody_ended_by_hand_stays_ended_but_a_late_no_counts() -> None:
    recycled = LeadPosition("recycled", "ann", NOW, owned_from="assigned")
    assert decide_outcome(recycled, report("contacted", 1)) == Refuse("lead_ended")
    late = decide_outcome(recycled, report("contacted", -1))
    assert late == NoChange("late_report", (StageEntry("accepted", implied=True), StageEntry("contacted")))
    assert decide_outcome(recycled, report("not_interested", -1)) == Move((StageEntry("disqualified"),), "not_interested")
    assert decide_outcome(recycled, report("rejected", -1)) == NoChange("late_report")


def test_a_rejection_that_speaks_of_the_rep_gives_the_lead_away_unless_the_person_was_reached() -> None:
    assert _after(report("accepted", 1)).hear(report("no_answer", 2)) == NoChange("no_stage_of_its_own")
    position = LeadPosition("accepted", "ann", owned_from="assigned")
    rejection = report("rejected", 3, reason_code="wrong_territory")
    assert decide_outcome(position, rejection, earlier=[report("accepted", 1)]) == Reassign("ann", "wrong_territory")
    reached = LeadPosition("contacted", "ann", owned_from="assigned")
    assert decide_outcome(reached, rejection, earlier=[report("contacted", 9)]) == Refuse("rejected_after_contact")


@pytest.mark.parametrize(
    ("reason_code", "track", "days"),
    [
        ("wrong_timing", "stay_in_touch", 90),
        ("bad_data", "data_check", None),
        ("never_heard_of_it", "general", None),
        (None, "general", None),
    ],
)
def test_a_recycled_lead_goes_where_its_reason_says(reason_code: str | None, track: str, days: int | None) -> None:
    recycling = recycling_for(reason_code, today=NOW.date())
    assert (recycling.track, recycling.return_on) == (track, None if days is None else NOW.date() + timedelta(days=days))


def test_what_somebody_says_goes_before_the_reason() -> None:
    recycling = recycling_for("wrong_timing", today=NOW.date(), track="congress", return_on=NOW.date())
    assert (recycling.track, recycling.return_on) == ("congress", NOW.date())


def test_every_reason_says_what_follows_for_each_kind_it_may_be_given_for() -> None:
    assert {(reason.effect(kind), bool(reason.track)) for reason in REASONS.values() for kind in reason.kinds} >= {
        ("another_rep", False), ("recycled", True), ("on_hold", False), ("disqualified", False),
    }  # fmt: skip
    assert all(reason.words.endswith(".") for reason in REASONS.values())
