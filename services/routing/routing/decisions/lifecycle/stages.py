"""A lead's lifecycle: what each stage is, one table of legal steps, and the detours: on hold, recycled, disqualified.

What reported outcomes do to a lead is decided next door (`outcomes.py`).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Literal, get_args

ForwardStage = Literal["mql", "assigned", "accepted", "contacted", "sql", "meeting_booked", "meeting_held", "opportunity"]
EndStage = Literal["recycled", "disqualified"]
Stage = ForwardStage | EndStage | Literal["on_hold"]
StageType = Literal["inventory", "gate", "sla"]

FORWARD_STAGES: tuple[ForwardStage, ...] = get_args(ForwardStage)
END_STAGES: tuple[EndStage, ...] = get_args(EndStage)


@dataclass(frozen=True, slots=True)
class StageMeaning:
    """What a stage is. An inventory keeps leads as long as it takes, a gate decides, an sla wants an act in time: only that one stalls."""

    type: StageType
    words: str


MEANINGS: Mapping[Literal["engaged"] | Stage, StageMeaning] = MappingProxyType(
    {
        "engaged": StageMeaning("inventory", "Known by what they did; below a threshold, so there is no lead yet."),
        "mql": StageMeaning("gate", "Fit and engagement crossed the policy's thresholds; an owner is looked for, in the queue if need be."),
        "assigned": StageMeaning("sla", "A rep owns the lead; the first-outreach clock runs."),
        "accepted": StageMeaning("sla", "The rep took it on; the first-outreach clock runs until they try to reach the person."),
        "contacted": StageMeaning("sla", "The person was reached; a next step is due."),
        "sql": StageMeaning("sla", "The rep confirmed relevance, clinical interest or account readiness; a meeting is due."),
        "meeting_booked": StageMeaning("sla", "A meeting has a date."),
        "meeting_held": StageMeaning("gate", "The meeting took place: an opportunity, or not."),
        "opportunity": StageMeaning("inventory", "The account decides in its own time."),
        "on_hold": StageMeaning("inventory", "Somebody asked for time; the lead goes on from where it stood, its clocks stand still."),
        "recycled": StageMeaning("inventory", "The cycle ended and marketing nurtures on; a new lead may follow."),
        "disqualified": StageMeaning("gate", "The cycle ended: no need, no fit, out of reach, or not allowed."),
    }
)
"""Every stage a person can be in with a brand."""


def _stages(*stages: Stage) -> frozenset[Stage]:
    return frozenset(stages)


# Every stage but an end may turn into these.
_DETOURS = _stages("disqualified", "recycled", "on_hold")
TRANSITIONS: Mapping[Stage, frozenset[Stage]] = MappingProxyType(
    {
        "mql": _DETOURS | _stages("assigned"),
        # Back to mql is the queue; from accepted back to assigned is another rep's turn.
        "assigned": _DETOURS | _stages("accepted", "mql"),
        "accepted": _DETOURS | _stages("contacted", "assigned", "mql"),
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


@dataclass(frozen=True, slots=True)
class LeadPosition:
    """Where a lead stands. `ended_at` is when what ended it happened; `held_from` the stage a lead on hold resumes to."""

    stage: Stage
    rep_id: str | None
    ended_at: datetime | None = None
    held_from: ForwardStage | None = None
    owned_from: ForwardStage | None = None
    """The stage at which its owner got it; None if that isn't known: then it has come from nowhere else."""
    may_reopen: bool = True
    """Whether no other lead of the contact and brand has begun since it ended."""


@dataclass(frozen=True, slots=True)
class StageEntry:
    """A stage entered; `implied` if it was only passed."""

    stage: Stage
    implied: bool = False


@dataclass(frozen=True, slots=True)
class Overruled:
    """A report that was taken and is refused after all, by what is known now."""

    report_id: str
    reason: str


@dataclass(frozen=True, slots=True)
class Move:
    """The lead enters these stages, in order; the last is where it stands.

    `late` are stages it turns out to have entered earlier than was known, `overruled` reports that fall with this one.
    """

    entries: tuple[StageEntry, ...]
    reason: str
    late: tuple[StageEntry, ...] = ()
    overruled: tuple[Overruled, ...] = ()


@dataclass(frozen=True, slots=True)
class NoChange:
    """A legal report that moves nothing; what it tells of the past is `late`."""

    reason: Literal["no_stage_of_its_own", "already_reached", "late_report", "outreach_began", "still_qualified"]
    late: tuple[StageEntry, ...] = ()


@dataclass(frozen=True, slots=True)
class Illegal:
    """A step that somebody asks for and the lifecycle doesn't allow; `reason` in words."""

    reason: str


def is_legal(stage: Stage, target: Stage) -> bool:
    """Tell whether a lead may step from one stage straight to another."""
    return target in TRANSITIONS[stage]


def is_past_contact(stage: ForwardStage) -> bool:
    """Tell whether the person was reached by the time a lead stands there: from then on it can't be rejected."""
    return FORWARD_STAGES.index(stage) >= FORWARD_STAGES.index("contacted")


def standing_of(lead: LeadPosition) -> ForwardStage:
    """Return how far an open lead has come; a lead on hold stands where it was. Raises ValueError for one that ended."""
    standing = lead.held_from if lead.stage == "on_hold" else lead.stage
    if standing not in FORWARD_STAGES:
        raise ValueError(f"a lead on hold, or ended, stands at no stage: {lead.stage}")
    return standing


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


def decide_hold(lead: LeadPosition, *, reason: str) -> Move | Illegal:
    """Let an open lead rest where it stands."""
    if lead.stage in END_STAGES:
        return Illegal("The lead has ended.")
    if lead.stage == "on_hold":
        return Illegal("The lead is on hold already: resume it first.")
    return Move((StageEntry("on_hold"),), reason)


def decide_resumption(lead: LeadPosition, *, reason: str) -> Move | Illegal:
    """Let a lead on hold go on from where it stood."""
    if lead.stage != "on_hold":
        return Illegal("The lead is not on hold.")
    return Move((StageEntry(standing_of(lead)),), reason)


def decide_recycling(lead: LeadPosition, *, reason: str) -> Move | Illegal:
    """End the cycle of an open lead and give the person back to marketing."""
    return Illegal("The lead has ended.") if lead.stage in END_STAGES else Move((StageEntry("recycled"),), reason)


def _withdraw(lead: LeadPosition, *, attempted: bool, reason: str) -> Move | NoChange:
    if lead.stage in END_STAGES:
        return NoChange("already_reached")
    if attempted or is_past_contact(standing_of(lead)):
        return NoChange("outreach_began")
    return Move((StageEntry("disqualified"),), reason)
