"""What reported outcomes do to a lead. Reports come late, out of order and from several devices: what counts is what they say together.

The rules, for the reports of a lead's owner:

- What was reached was reached, at the earliest time any report tells of; nothing goes back.
- A disqualification ends the lead when it happened; of several the earliest counts. What is told to have happened later is refused,
  whenever it comes.
- A rejection stands only while nothing was heard of the person, and until the rep accepts after all; of several that stand the earliest
  counts. One that doesn't stand is refused, whenever it comes, and a lead that ended by it goes on.
- Two of the same moment come in the order of their ids.

Each is a rule about a set of reports, so the same reports end in the same in every order. Only two things depend on when a report is
heard: a rejection that speaks of the rep takes effect at once, since the lead is somebody else's afterwards; and a lead doesn't go on once
another of the same contact and brand has begun.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Literal

from routing.decisions.lifecycle.reasons import sends_to_another_rep
from routing.decisions.lifecycle.stages import (
    END_STAGES,
    FORWARD_STAGES,
    EndStage,
    ForwardStage,
    LeadPosition,
    Move,
    NoChange,
    Overruled,
    Stage,
    StageEntry,
    is_past_contact,
    standing_of,
)

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

RefusalReason = Literal[
    "unknown_outcome", "not_assigned", "lead_of_another_rep", "lead_ended", "rejected_after_contact", "accepted_after_all"
]


@dataclass(frozen=True, slots=True)
class ReportedOutcome:
    """What a rep reported; an unknown code is refused, not an error."""

    code: str
    rep_id: str
    occurred_at: datetime
    reason_code: str | None = None
    report_id: str = ""
    meeting_at: datetime | None = None
    """For when a meeting was booked; None if it wasn't, or nobody said."""
    received_at: datetime | None = None
    """When feedback heard of it; None if that wasn't kept."""

    @property
    def order(self) -> tuple[datetime, str]:
        """Its place among the reports of a lead."""
        return self.occurred_at, self.report_id

    @property
    def heard_at(self) -> datetime:
        """When it was told."""
        return self.received_at or self.occurred_at

    @property
    def reason(self) -> str:
        """Why the lead moves, in a code."""
        return self.reason_code or self.code


@dataclass(frozen=True, slots=True)
class Reopen(Move):
    """The rejection that ended the lead doesn't stand: the lead goes on, at these stages."""


@dataclass(frozen=True, slots=True)
class Restate:
    """The lead ended as it was known to, but at another time or for another reason."""

    entry: StageEntry
    reason: str
    at: datetime
    late: tuple[StageEntry, ...] = ()
    overruled: tuple[Overruled, ...] = ()


@dataclass(frozen=True, slots=True)
class Reassign:
    """The lead goes to another rep than this one."""

    excluded_rep_id: str
    reason: str


@dataclass(frozen=True, slots=True)
class Refuse:
    """A report the lifecycle doesn't allow; it moves nothing and the rep is told why."""

    reason: RefusalReason


OutcomeDecision = Move | Reopen | Restate | NoChange | Reassign | Refuse


@dataclass(frozen=True, slots=True)
class Told:
    """What a set of reports of a lead's owner says, whatever their order."""

    furthest: ForwardStage
    end: ReportedOutcome | None = None
    """The report that ended the lead."""
    entered: Mapping[ForwardStage, datetime] = field(default_factory=dict)
    refused: Mapping[str, RefusalReason] = field(default_factory=dict)
    """By report id."""

    @property
    def end_stage(self) -> EndStage | None:
        """What the lead ended as; None if it goes on."""
        if self.end is None:
            return None
        return "recycled" if self.end.code == "rejected" else "disqualified"


def told_by(reports: Sequence[ReportedOutcome], *, owned_from: ForwardStage) -> Told:
    """Read what reports of one owner say together; `owned_from` is the stage at which they got the lead."""
    ends = [each for each in reports if STAGE_OF_OUTCOME.get(each.code) in END_STAGES]
    end = min(ends, key=_order, default=None)
    refused: dict[str, RefusalReason] = {}
    for each in reports:
        if each not in ends and end is not None and each.occurred_at > end.occurred_at:
            refused[each.report_id] = "lead_ended"
    steps = [(stage, each) for each in reports if (stage := _step(each)) and each.report_id not in refused]
    was_heard_of = bool(ends) or is_past_contact(owned_from) or any(is_past_contact(stage) for stage, _ in steps)
    rejections = [each for each in reports if each.code == "rejected" and each.report_id not in refused]
    for each in rejections:
        if was_heard_of:
            refused[each.report_id] = "rejected_after_contact"
        elif any(step.order > each.order for _, step in steps):
            refused[each.report_id] = "accepted_after_all"
    if end is None:
        ending = (each for each in rejections if each.report_id not in refused and not sends_to_another_rep(each.reason_code))
        end = min(ending, key=_order, default=None)
    furthest = max((owned_from, *(stage for stage, _ in steps)), key=FORWARD_STAGES.index)
    entered: dict[ForwardStage, datetime] = {}
    for stage, step in steps:
        for passed in FORWARD_STAGES[FORWARD_STAGES.index(owned_from) + 1 : FORWARD_STAGES.index(stage) + 1]:
            entered[passed] = min(entered.get(passed, step.occurred_at), step.occurred_at)
    return Told(furthest, end, entered, refused)


def decide_outcome(lead: LeadPosition, outcome: ReportedOutcome, *, earlier: Sequence[ReportedOutcome] = ()) -> OutcomeDecision:
    """Decide what a reported outcome does to a lead. `earlier` are the reports of its owner that were taken before, in any order."""
    if outcome.code not in OUTCOMES:
        return Refuse("unknown_outcome")
    if lead.rep_id is None:
        return Refuse("not_assigned")
    if lead.rep_id != outcome.rep_id:
        return Refuse("lead_of_another_rep")
    has_ended = lead.stage in END_STAGES
    owned_from = lead.owned_from or ("assigned" if has_ended else standing_of(lead))
    before, after = told_by(earlier, owned_from=owned_from), told_by([*earlier, outcome], owned_from=owned_from)
    if has_ended and (before.end is None or (before.end_stage, before.end.occurred_at) != (lead.stage, lead.ended_at)):
        return _after_another_end(lead, outcome, before, after)
    if outcome.report_id in after.refused:
        return Refuse(after.refused[outcome.report_id])
    if after.end is not None:
        return _towards_the_end(lead, outcome, before, after)
    return _reopening(lead, outcome, before, after) if has_ended else _forward(outcome, before, after)


def _forward(outcome: ReportedOutcome, before: Told, after: Told) -> OutcomeDecision:
    """What a report does to a lead that goes on."""
    if outcome.code == "rejected":
        return Reassign(outcome.rep_id, outcome.reason)
    late = _late(outcome, before, after)
    entries = _entries(before.furthest, after.furthest)
    if entries:
        return Move(entries, outcome.reason, late, _overruled(before, after))
    return NoChange("no_stage_of_its_own" if outcome.code in OUTCOMES_WITHOUT_STAGE else "already_reached", late)


def _after_another_end(lead: LeadPosition, outcome: ReportedOutcome, before: Told, after: Told) -> OutcomeDecision:
    """What a report does to a lead that no report ended: somebody did by hand, the person opted out, another lead took over."""
    is_late = lead.ended_at is not None and outcome.occurred_at <= lead.ended_at
    if STAGE_OF_OUTCOME.get(outcome.code) == lead.stage:
        return NoChange("already_reached")
    if not is_late:
        return Refuse("lead_ended")
    if after.end_stage == "disqualified":  # recycled, but what the person said counts
        return Move((StageEntry("disqualified"),), outcome.reason, overruled=_overruled(before, after))
    return NoChange("late_report", _late(outcome, before, after, has_ended=True) if lead.owned_from else ())


def _towards_the_end(lead: LeadPosition, outcome: ReportedOutcome, before: Told, after: Told) -> OutcomeDecision:
    """The reports together end the lead: it ends now, or ended otherwise than was known, or this one tells of the time before."""
    end, stage = after.end, after.end_stage
    if end is None or stage is None:
        raise ValueError("reports that end nothing")
    overruled, late = _overruled(before, after), _late(outcome, before, after, has_ended=lead.stage in END_STAGES)
    if stage != lead.stage:
        return Move((StageEntry(stage),), end.reason, late, overruled)
    if end != before.end:
        return Restate(StageEntry(stage), end.reason, end.occurred_at, late, overruled)
    is_end = outcome.code == "rejected" or STAGE_OF_OUTCOME.get(outcome.code) in END_STAGES
    return NoChange("already_reached" if is_end else "late_report", late)


def _reopening(lead: LeadPosition, outcome: ReportedOutcome, before: Told, after: Told) -> OutcomeDecision:
    """The lead was recycled by a rejection that doesn't stand any more."""
    if not lead.may_reopen:
        return Refuse("lead_ended")
    entries = _entries(before.furthest, after.furthest) or (StageEntry(after.furthest),)
    return Reopen(entries, outcome.reason, _late(outcome, before, after), _overruled(before, after))


def _entries(here: ForwardStage, there: ForwardStage) -> tuple[StageEntry, ...]:
    """The stages from one to another that lies ahead, without the first."""
    ahead = FORWARD_STAGES[FORWARD_STAGES.index(here) + 1 : FORWARD_STAGES.index(there) + 1]
    return tuple(StageEntry(stage, implied=stage != there) for stage in ahead)


def _late(outcome: ReportedOutcome, before: Told, after: Told, *, has_ended: bool = False) -> tuple[StageEntry, ...]:
    """The stages this report shows were entered earlier than was known, or, once the lead has ended, at all."""
    step = _step(outcome)

    def is_news(stage: ForwardStage) -> bool:
        known_at = before.entered.get(stage)
        return has_ended if known_at is None else after.entered[stage] < known_at

    shown = (stage for stage in FORWARD_STAGES if stage in after.entered and is_news(stage))
    return tuple(StageEntry(stage, implied=stage != step) for stage in shown)


def _overruled(before: Told, after: Told) -> tuple[Overruled, ...]:
    return tuple(Overruled(report_id, reason) for report_id, reason in after.refused.items() if report_id not in before.refused)


def _step(outcome: ReportedOutcome) -> ForwardStage | None:
    stage = STAGE_OF_OUTCOME.get(outcome.code)
    return stage if stage in FORWARD_STAGES else None


def _order(outcome: ReportedOutcome) -> tuple[datetime, str]:
    return outcome.order
