"""What reported outcomes do to a lead, in any order they come."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise, permutations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.decisions.lifecycle.outcomes import (
    ATTEMPTS,
    OUTCOMES,
    STAGE_OF_OUTCOME,
    OutcomeDecision,
    Reassign,
    Refuse,
    ReportedOutcome,
    decide_outcome,
)
from routing.decisions.lifecycle.stages import (
    END_STAGES,
    FORWARD_STAGES,
    MEANINGS,
    TRANSITIONS,
    Illegal,
    LeadPosition,
    Move,
    NoChange,
    Stage,
    StageEntry,
    decide_hold,
    decide_opt_out,
    decide_recycling,
    decide_restated,
    decide_resumption,
    is_legal,
)

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
BEFORE_CONTACT: list[Stage] = ["assigned", "accepted"]
AFTER_CONTACT: list[Stage] = ["contacted", "sql", "meeting_booked", "meeting_held", "opportunity"]
FORWARD_OUTCOMES = sorted(code for code, stage in STAGE_OF_OUTCOME.items() if stage in FORWARD_STAGES)
DISQUALIFYING = sorted(code for code, stage in STAGE_OF_OUTCOME.items() if stage == "disqualified")


def lead(stage: Stage = "assigned", **changes: Any) -> LeadPosition:
    return LeadPosition(stage, **{"rep_id": "ann", **changes})


def report(code: str, *, minutes: int = 0, **changes: Any) -> ReportedOutcome:
    return ReportedOutcome(code, **{"rep_id": "ann", "occurred_at": NOW + timedelta(minutes=minutes), **changes})


def after(position: LeadPosition, outcome: ReportedOutcome) -> LeadPosition:
    """Act on a decision as the service does."""
    match decide_outcome(position, outcome):
        case Move(entries=entries):
            stage = entries[-1].stage
            return LeadPosition(stage, position.rep_id, ended_at=outcome.occurred_at if stage in END_STAGES else None)
        case _:
            return position


def test_every_stage_has_its_row_in_the_table_and_ends_have_no_way_out() -> None:
    assert set(TRANSITIONS) == {*FORWARD_STAGES, *END_STAGES, "on_hold"}
    assert all(not TRANSITIONS[stage] for stage in END_STAGES)
    assert all(is_legal(stage, following) for stage, following in pairwise(FORWARD_STAGES))
    assert all(is_legal("on_hold", stage) and is_legal(stage, "on_hold") for stage in FORWARD_STAGES)


@pytest.mark.parametrize(
    ("code", "stage"),
    [
        ("accepted", "accepted"),
        ("contacted", "contacted"),
        ("material_requested", "contacted"),
        ("follow_up_agreed", "contacted"),
        ("referred_to_medical", "contacted"),
        ("qualified", "sql"),
        ("meeting_booked", "meeting_booked"),
        ("meeting_held", "meeting_held"),
        ("opportunity_created", "opportunity"),
        ("not_interested", "disqualified"),
        ("no_need", "disqualified"),
        ("unreachable", "disqualified"),
        ("left_practice", "disqualified"),
        ("wrong_contact", "disqualified"),
        ("declined_consent", "disqualified"),
        ("rejected", "recycled"),
    ],
)
def test_an_outcome_leads_to_its_stage(code: str, stage: Stage) -> None:
    decision = decide_outcome(lead(), report(code))
    assert isinstance(decision, Move)
    assert decision.entries[-1] == StageEntry(stage)


@pytest.mark.parametrize("code", ["no_answer", "left_message"])
def test_nobody_reached_changes_no_stage(code: str) -> None:
    assert decide_outcome(lead(), report(code)) == NoChange("no_stage_of_its_own")


def test_stages_that_were_skipped_are_entered_as_implied() -> None:
    decision = decide_outcome(lead("assigned"), report("meeting_booked"))
    assert decision == Move(
        (
            StageEntry("accepted", implied=True),
            StageEntry("contacted", implied=True),
            StageEntry("sql", implied=True),
            StageEntry("meeting_booked"),
        ),
        "meeting_booked",
    )


def test_a_stage_reached_already_is_not_entered_again() -> None:
    assert decide_outcome(lead("sql"), report("contacted")) == NoChange("already_reached")
    assert decide_outcome(lead("sql"), report("qualified")) == NoChange("already_reached")


def test_the_reason_of_a_move_is_the_reps_reason_code_where_there_is_one() -> None:
    decision = decide_outcome(lead(), report("not_interested", reason_code="prefers_competitor"))
    assert isinstance(decision, Move)
    assert decision.reason == "prefers_competitor"


def test_attempts_are_what_tells_of_trying_to_reach_the_person() -> None:
    assert {"accepted", "rejected"} == OUTCOMES - ATTEMPTS


@pytest.mark.parametrize("stage", BEFORE_CONTACT)
@pytest.mark.parametrize(
    ("reason_code", "decision"),
    [
        ("wrong_territory", Reassign("ann", "wrong_territory")),
        ("no_capacity", Reassign("ann", "no_capacity")),
        ("bad_data", Move((StageEntry("recycled"),), "bad_data")),
        (None, Move((StageEntry("recycled"),), "rejected")),
    ],
    ids=["wrong territory: another rep", "no capacity: another rep", "bad data: recycled", "no reason: recycled"],
)
def test_a_rejection_goes_to_another_rep_or_back_to_marketing_by_its_reason(
    stage: Stage, reason_code: str | None, decision: OutcomeDecision
) -> None:
    assert decide_outcome(lead(stage), report("rejected", reason_code=reason_code)) == decision


@pytest.mark.parametrize("stage", AFTER_CONTACT)
@pytest.mark.parametrize("reason_code", ["wrong_territory", None])
def test_after_contact_a_lead_cannot_be_rejected(stage: Stage, reason_code: str | None) -> None:
    assert decide_outcome(lead(stage), report("rejected", reason_code=reason_code)) == Refuse("rejected_after_contact")


@pytest.mark.parametrize(
    ("position", "outcome", "reason"),
    [
        pytest.param(lead(), report("contacted", rep_id="bob"), "lead_of_another_rep", id="a lead of another rep"),
        pytest.param(lead("mql", rep_id=None), report("contacted"), "not_assigned", id="a lead in the queue"),
        pytest.param(lead(), report("danced"), "unknown_outcome", id="an unknown outcome"),
        pytest.param(lead("disqualified", ended_at=NOW), report("qualified", minutes=1), "lead_ended", id="news after the end"),
        pytest.param(lead("recycled", ended_at=NOW), report("no_answer", minutes=1), "lead_ended", id="an attempt after the end"),
    ],
)
def test_a_report_the_lifecycle_does_not_allow_is_refused_with_the_reason(
    position: LeadPosition, outcome: ReportedOutcome, reason: str
) -> None:
    assert decide_outcome(position, outcome) == Refuse(reason)  # type: ignore[arg-type]


def test_a_report_from_before_the_end_that_comes_after_it_changes_nothing_and_is_no_fault() -> None:
    ended = lead("disqualified", ended_at=NOW)
    assert decide_outcome(ended, report("contacted", minutes=-5)) == NoChange("late_report")


def test_ending_a_lead_twice_in_the_same_way_changes_nothing() -> None:
    ended = lead("disqualified", ended_at=NOW)
    assert decide_outcome(ended, report("no_need", minutes=5)) == NoChange("already_reached")


def test_a_lead_on_hold_goes_on_from_where_it_was() -> None:
    held = lead("on_hold", held_from="contacted")
    assert decide_outcome(held, report("contacted")) == NoChange("already_reached")
    assert decide_outcome(held, report("qualified")) == Move((StageEntry("sql"),), "qualified")
    assert decide_outcome(held, report("rejected")) == Refuse("rejected_after_contact")


def test_a_lead_on_hold_that_came_from_nowhere_is_an_error() -> None:
    with pytest.raises(ValueError, match="stands at no stage"):
        decide_outcome(lead("on_hold"), report("contacted"))


@pytest.mark.parametrize("codes", list(permutations(["accepted", "contacted", "qualified", "meeting_booked"])), ids=" ".join)
def test_the_same_reports_end_in_the_same_stage_in_every_order(codes: tuple[str, ...]) -> None:
    position = lead()
    for code in codes:
        position = after(position, report(code))
    assert position.stage == "meeting_booked"


@given(
    tidy=st.lists(st.sampled_from([*FORWARD_OUTCOMES, "no_answer", "left_message"]), min_size=1, max_size=8),
    shuffle=st.randoms(use_true_random=False),
)
def test_forward_reports_end_in_the_furthest_stage_whatever_the_order(tidy: list[str], shuffle: Any) -> None:
    reports = [report(code, minutes=minute) for minute, code in enumerate(tidy)]
    untidy = shuffle.sample(reports, len(reports))
    ends = []
    for arrivals in (reports, untidy):
        position = lead()
        for each in arrivals:
            position = after(position, each)
        ends.append(position.stage)
    assert ends[0] == ends[1]


@given(
    tidy=st.lists(st.sampled_from([*FORWARD_OUTCOMES, *DISQUALIFYING]), min_size=1, max_size=8),
    shuffle=st.randoms(use_true_random=False),
)
def test_a_disqualification_among_the_reports_decides_whatever_the_order(tidy: list[str], shuffle: Any) -> None:
    reports = [report(code, minutes=minute) for minute, code in enumerate(tidy)]
    position = lead()
    for each in shuffle.sample(reports, len(reports)):
        position = after(position, each)
    assert (position.stage == "disqualified") is any(code in DISQUALIFYING for code in tidy)


@given(stage=st.sampled_from(["assigned", *AFTER_CONTACT, "accepted"]), code=st.sampled_from(sorted(OUTCOMES)))
def test_every_step_of_a_move_is_in_the_table(stage: Stage, code: str) -> None:
    decision = decide_outcome(lead(stage), report(code))
    if isinstance(decision, Move):
        path = [stage, *(entry.stage for entry in decision.entries)]
        assert all(is_legal(here, there) for here, there in pairwise(path))
        assert [entry.implied for entry in decision.entries] == [True] * (len(decision.entries) - 1) + [False]


@pytest.mark.parametrize("stage", ["mql", *BEFORE_CONTACT])
def test_an_opt_out_withdraws_a_lead_nobody_has_touched(stage: Stage) -> None:
    assert decide_opt_out(lead(stage), attempted=False) == Move((StageEntry("disqualified"),), "consent")


@pytest.mark.parametrize(
    ("position", "attempted", "reason"),
    [
        pytest.param(lead("assigned"), True, "outreach_began", id="somebody tried to reach them"),
        pytest.param(lead("contacted"), False, "outreach_began", id="somebody did reach them"),
        pytest.param(lead("on_hold", held_from="sql"), False, "outreach_began", id="a conversation on hold"),
        pytest.param(lead("recycled", ended_at=NOW), False, "already_reached", id="the lead has ended"),
    ],
)
def test_an_opt_out_leaves_a_lead_alone_where(position: LeadPosition, attempted: bool, reason: str) -> None:
    assert decide_opt_out(position, attempted=attempted) == NoChange(reason)  # type: ignore[arg-type]


def test_every_stage_has_a_type_and_a_sentence_and_a_clock_runs_where_an_act_is_due() -> None:
    assert set(MEANINGS) == {"engaged", *TRANSITIONS}
    assert {stage for stage, meaning in MEANINGS.items() if meaning.type == "sla"} == {
        "assigned", "accepted", "contacted", "sql", "meeting_booked",
    }  # fmt: skip


@pytest.mark.parametrize("attempted", [True, False])
def test_what_was_restated_withdraws_a_held_lead_nobody_has_touched(attempted: bool) -> None:
    held = lead("on_hold", held_from="assigned")
    decision = decide_restated(held, attempted=attempted, still_qualified=False)
    assert decision == (NoChange("outreach_began") if attempted else Move((StageEntry("disqualified"),), "restated"))


@pytest.mark.parametrize("stage", FORWARD_STAGES)
def test_an_open_lead_may_be_held_resumed_where_it_stood_and_recycled(stage: Any) -> None:
    assert decide_hold(lead(stage), reason="asked_to_wait") == Move((StageEntry("on_hold"),), "asked_to_wait")
    held = lead("on_hold", held_from=stage)
    assert decide_resumption(held, reason="waited") == Move((StageEntry(stage),), "waited")
    for open_lead in (lead(stage), held):
        assert decide_recycling(open_lead, reason="wrong_timing") == Move((StageEntry("recycled"),), "wrong_timing")
        assert is_legal(open_lead.stage, "recycled")


@pytest.mark.parametrize("stage", END_STAGES)
def test_a_lead_that_ended_is_neither_held_nor_resumed_nor_recycled(stage: Any) -> None:
    ended = lead(stage, ended_at=NOW)
    for decision in (
        decide_hold(ended, reason="asked_to_wait"),
        decide_resumption(ended, reason="waited"),
        decide_recycling(ended, reason="wrong_timing"),
    ):
        assert isinstance(decision, Illegal)


def test_a_lead_is_held_once_and_resumed_only_if_it_is_held() -> None:
    assert isinstance(decide_hold(lead("on_hold", held_from="sql"), reason="asked_to_wait"), Illegal)
    assert isinstance(decide_resumption(lead("sql"), reason="waited"), Illegal)
