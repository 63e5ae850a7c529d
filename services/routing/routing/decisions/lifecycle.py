"""A lead's lifecycle: one table of legal transitions, and what each reported outcome does to it.

Reports come late and out of order, so a stage that was passed is never gone back to: the same reports lead to the same stage in any order.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Literal, get_args

ForwardStage = Literal["mql", "assigned", "accepted", "contacted", "sql", "meeting_booked", "meeting_held", "opportunity"]
EndStage = Literal["recycled", "disqualified"]
Stage = ForwardStage | EndStage | Literal["on_hold"]

FORWARD_STAGES: tuple[ForwardStage, ...] = get_args(ForwardStage)
END_STAGES: tuple[EndStage, ...] = get_args(EndStage)


def _stages(*stages: Stage) -> frozenset[Stage]:
    return frozenset(stages)


# Every stage but an end may turn into these two.
_DETOURS = _stages("disqualified", "on_hold")
TRANSITIONS: Mapping[Stage, frozenset[Stage]] = MappingProxyType(
    {
        "mql": _DETOURS | _stages("assigned", "recycled"),
        # Back to mql is the queue; from accepted back to assigned is another rep's turn.
        "assigned": _DETOURS | _stages("accepted", "mql", "recycled"),
        "accepted": _DETOURS | _stages("contacted", "assigned", "mql", "recycled"),
        # Rejection ends with contact: from here on a lead that leads nowhere is disqualified.
        "contacted": _DETOURS | _stages("sql"),
        "sql": _DETOURS | _stages("meeting_booked"),
        "meeting_booked": _DETOURS | _stages("meeting_held"),
        "meeting_held": _DETOURS | _stages("opportunity"),
        "opportunity": _DETOURS,
        "on_hold": _stages(*FORWARD_STAGES, *END_STAGES),
        # These end the cycle: what comes after is another lead.
        "recycled": _stages(),
        "disqualified": _stages(),
    }
)
"""The legal steps. A report may pass several forward steps at once; those in between are then entered as implied."""

STAGE_OF_OUTCOME: Mapping[str, Stage] = MappingProxyType(
    {
        "accepted": "accepted",
        "contacted": "contacted",
        "material_requested": "contacted",
        "follow_up_agreed": "contacted",
        "referred_to_medical": "contacted",
        "qualified": "sql",
        "meeting_booked": "meeting_booked",
        "meeting_held": "meeting_held",
        "opportunity_created": "opportunity",
        "not_interested": "disqualified",
        "no_need": "disqualified",
        "unreachable": "disqualified",
        "left_practice": "disqualified",
        "wrong_contact": "disqualified",
        "declined_consent": "disqualified",
    }
)
OUTCOMES_WITHOUT_STAGE = frozenset({"no_answer", "left_message"})
OUTCOMES = frozenset({*STAGE_OF_OUTCOME, *OUTCOMES_WITHOUT_STAGE, "rejected"})
ATTEMPTS = OUTCOMES - {"accepted", "rejected"}
"""The outcomes that tell of an attempt to reach the person, which stops the first-outreach clock."""

REASONS_FOR_ANOTHER_REP = frozenset({"wrong_territory", "wrong_rep", "no_capacity", "absent", "conflict_of_interest"})
"""Rejections that speak of the rep, not of the person. Every other, or none given, recycles the lead."""


@dataclass(frozen=True, slots=True)
class LeadPosition:
    """Where a lead stands. `ended_at` is when what ended it happened; `held_from` the stage a lead on hold resumes to."""

    stage: Stage
    rep_id: str | None
    ended_at: datetime | None = None
    held_from: ForwardStage | None = None


@dataclass(frozen=True, slots=True)
class ReportedOutcome:
    """What a rep reported; an unknown code is refused, not an error."""

    code: str
    rep_id: str
    occurred_at: datetime
    reason_code: str | None = None


@dataclass(frozen=True, slots=True)
class StageEntry:
    """A stage entered; `implied` if it was only passed."""

    stage: Stage
    implied: bool = False


@dataclass(frozen=True, slots=True)
class Move:
    """The lead enters these stages, in order; the last is where it stands."""

    entries: tuple[StageEntry, ...]
    reason: str


@dataclass(frozen=True, slots=True)
class NoChange:
    """A legal report that moves nothing."""

    reason: Literal["no_stage_of_its_own", "already_reached", "late_report", "outreach_began", "still_qualified"]


@dataclass(frozen=True, slots=True)
class Reassign:
    """The lead goes to another rep than this one."""

    excluded_rep_id: str
    reason: str


@dataclass(frozen=True, slots=True)
class Refuse:
    """A report the lifecycle doesn't allow; it moves nothing and the rep is told why."""

    reason: Literal["unknown_outcome", "not_assigned", "lead_of_another_rep", "lead_ended", "rejected_after_contact"]


OutcomeDecision = Move | NoChange | Reassign | Refuse


def is_legal(stage: Stage, target: Stage) -> bool:
    """Tell whether a lead may step from one stage straight to another."""
    return target in TRANSITIONS[stage]


def decide_outcome(lead: LeadPosition, outcome: ReportedOutcome) -> OutcomeDecision:
    """Decide what a reported outcome does to a lead.

    A report from before a lead's end that arrives after it changes nothing; one from after it is refused.
    """
    if outcome.code not in OUTCOMES:
        return Refuse("unknown_outcome")
    if lead.rep_id is None:
        return Refuse("not_assigned")
    if lead.rep_id != outcome.rep_id:
        return Refuse("lead_of_another_rep")
    if lead.stage in END_STAGES:
        return _after_the_end(lead, outcome)
    if outcome.code == "rejected":
        return _rejection(lead, outcome)
    if outcome.code in OUTCOMES_WITHOUT_STAGE:
        return NoChange("no_stage_of_its_own")
    return _move(lead, STAGE_OF_OUTCOME[outcome.code], reason=outcome.reason_code or outcome.code)


def decide_opt_out(lead: LeadPosition, *, attempted: bool) -> Move | NoChange:
    """Withdraw a lead whose contact now says do-not-contact, unless it has ended or outreach has begun.

    `attempted` tells whether its first-outreach clock is met: a rep in conversation ends the lead with what they heard.
    """
    return _withdraw(lead, attempted=attempted, reason="consent")


def decide_restated(lead: LeadPosition, *, attempted: bool, still_qualified: bool) -> Move | NoChange:
    """Withdraw a lead that qualified on what turned out to be something else, unless it has ended or outreach has begun.

    Leads are facts: one that would still have qualified, or that somebody works on, keeps its stage whatever its score is now.
    """
    return NoChange("still_qualified") if still_qualified else _withdraw(lead, attempted=attempted, reason="restated")


def _withdraw(lead: LeadPosition, *, attempted: bool, reason: str) -> Move | NoChange:
    if lead.stage in END_STAGES:
        return NoChange("already_reached")
    if attempted or FORWARD_STAGES.index(_standing(lead)) >= FORWARD_STAGES.index("contacted"):
        return NoChange("outreach_began")
    return Move((StageEntry("disqualified"),), reason)


def _after_the_end(lead: LeadPosition, outcome: ReportedOutcome) -> NoChange | Refuse:
    if STAGE_OF_OUTCOME.get(outcome.code) == lead.stage:
        return NoChange("already_reached")
    if lead.ended_at is not None and outcome.occurred_at <= lead.ended_at:
        return NoChange("late_report")
    return Refuse("lead_ended")


def _rejection(lead: LeadPosition, outcome: ReportedOutcome) -> Move | Reassign | Refuse:
    if not is_legal(_standing(lead), "recycled"):
        return Refuse("rejected_after_contact")
    reason = outcome.reason_code or outcome.code
    if outcome.reason_code in REASONS_FOR_ANOTHER_REP:
        return Reassign(outcome.rep_id, reason)
    return Move((StageEntry("recycled"),), reason)


def _move(lead: LeadPosition, target: Stage, *, reason: str) -> Move | NoChange:
    """Step aside to a detour, or forward through all stages up to the target."""
    if target not in FORWARD_STAGES:
        return Move((StageEntry(target),), reason)
    ahead = FORWARD_STAGES[FORWARD_STAGES.index(_standing(lead)) + 1 :]
    if target not in ahead:
        return NoChange("already_reached")
    passed = ahead[: ahead.index(target)]
    return Move((*(StageEntry(stage, implied=True) for stage in passed), StageEntry(target)), reason)


def _standing(lead: LeadPosition) -> ForwardStage:
    """Return how far the lead has come; a lead on hold stands where it was."""
    standing = lead.held_from if lead.stage == "on_hold" else lead.stage
    if standing not in FORWARD_STAGES:
        raise ValueError(f"a lead on hold, or ended, stands at no stage: {lead.stage}")
    return standing
