"""Moves leads from stage to stage, and says so: the only place where a lead's stage changes."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any, cast
from uuid import UUID

from routing.decisions.clocks.clock import Clock, end_clock
from routing.decisions.clocks.rules import CLOCK_KINDS, ClockKind
from routing.decisions.lifecycle.reasons import Recycling, recycling_for
from routing.decisions.lifecycle.stages import END_STAGES, ForwardStage, LeadPosition, Move, Stage, StageEntry, standing_of
from routing.operations.briefs.noticing import give_reason
from routing.operations.desk import Desk
from routing.operations.leads.conversations import guard_conversation
from routing.operations.standing import reached_stage
from routing.tables import Lead
from shared.events.feedback import OutcomeRecorded
from shared.events.leads import ClockEnded, LeadRecycled, LeadStageChanged


def about(lead: Lead) -> dict[str, Any]:
    """What every event about a lead says."""
    return {"lead_id": str(lead.id), "contact_id": lead.contact_id, "brand_id": lead.brand_id, "policy_version": lead.policy_version}


def about_clock(lead: Lead, clock: Clock) -> dict[str, Any]:
    """What every event about one of a lead's clocks says."""
    return {**about(lead), "kind": clock.kind, "rep_id": lead.rep_id, "started_at": clock.started_at, "due_at": clock.due_at}


def position_of(lead: Lead, *, may_reopen: bool = True) -> LeadPosition:
    """Where the lead stands, as the lifecycle's decisions see it."""
    return LeadPosition(
        stage=cast("Stage", lead.stage),
        rep_id=lead.rep_id,
        ended_at=lead.ended_at,
        held_from=cast("ForwardStage | None", lead.held_from),
        owned_from=cast("ForwardStage | None", lead.owned_from),
        may_reopen=may_reopen,
    )


def move(
    desk: Desk,
    lead: Lead,
    moved: Move,
    *,
    cause: UUID | None = None,
    at: datetime | None = None,
    report: OutcomeRecorded | None = None,
    recycling: Recycling | None = None,
    by_sub: str | None = None,
    details: Mapping[str, Any] | None = None,
) -> None:
    """Takes a lead through the stages of a decision. `at` is when what moved it happened; `cause` the event that told of it.

    A lead that is recycled goes where its reason says, unless `recycling` says otherwise. `by_sub` is who moved it by hand; `details` are
    kept with the decision, and of a report who made it.
    """
    reported = {"report_id": report.report_id, "rep_id": report.rep_id, "code": report.code} if report else {}
    details = {**reported, **(details or {})} or None
    at = at or desk.now
    _leave(lead, moved)
    for entry in moved.entries:
        from_stage = lead.stage
        if entry.stage == "recycled":
            recycling = recycling or recycling_for(moved.reason, today=desk.now.date())
            details = {**(details or {}), "track": recycling.track, "return_on": recycling.return_on}
        enter(desk, lead, entry, from_stage=from_stage, reason=moved.reason, cause=cause, at=at, report=report)
        kind = "stage_implied" if entry.implied else "stage_changed"
        desk.record(lead, kind, from_stage=from_stage, to_stage=entry.stage, reason=moved.reason, by_sub=by_sub, details=details)
    if lead.stage in END_STAGES:
        _end(desk, lead, at=at)
    if lead.stage == "recycled" and recycling is not None:
        _recycle(desk, lead, recycling, reason=moved.reason, at=at, cause=cause)
    guard_conversation(desk, lead)


def enter(
    desk: Desk,
    lead: Lead,
    entry: StageEntry,
    *,
    from_stage: str | None,
    reason: str,
    cause: UUID | None = None,
    at: datetime | None = None,
    report: OutcomeRecorded | None = None,
) -> None:
    """Enters one stage and says so; what was decided is for the caller to record."""
    lead.stage = entry.stage
    fact = _changed(desk, lead, entry, from_stage=from_stage, reason=reason, at=at or desk.now, report=report)
    desk.touched_leads.add(lead.id)
    give_reason(desk.notes, lead, entry.stage, at=at or desk.now)
    desk.notes.outdate(lead, now=desk.now)
    lead.last_event_id = desk.say(lead, fact, cause=cause, occurred_at=at)


def enter_late(
    desk: Desk, lead: Lead, entries: tuple[StageEntry, ...], *, reason: str, at: datetime, cause: UUID, report: OutcomeRecorded
) -> None:
    """Says and records stages that the lead turns out to have entered before: it stands where it stood."""
    for entry in entries:
        fact = _changed(desk, lead, entry, from_stage=None, reason=reason, at=at, report=report, late=True)
        desk.say(lead, fact, cause=cause, occurred_at=at)
        details = {"report_id": report.report_id, "rep_id": report.rep_id, "code": report.code, "entered_at": at}
        desk.record(lead, "entered_late", to_stage=entry.stage, reason=reason, details=details)


def _changed(
    desk: Desk,
    lead: Lead,
    entry: StageEntry,
    *,
    from_stage: str | None,
    reason: str,
    at: datetime,
    report: OutcomeRecorded | None,
    late: bool = False,
) -> LeadStageChanged:
    merged_into, reached = lead.merged_into_lead_id, reached_stage(desk, lead)
    return LeadStageChanged(
        **about(lead),
        from_stage=from_stage,
        to_stage=entry.stage,
        reason=reason,
        implied=entry.implied,
        late=late,
        report_id=report.report_id if report else None,
        rep_id=lead.rep_id,
        campaign_id=lead.campaign_id,
        merged_into_lead_id=None if merged_into is None else str(merged_into),
        changed_at=at,
        journey_stage=reached.stage if reached else None,
    )


def _leave(lead: Lead, moved: Move) -> None:
    """What held for the stage that is left: the place to go on from, the date to come back on."""
    goes_on_hold = moved.entries[-1].stage == "on_hold"
    lead.held_from = standing_of(position_of(lead)) if goes_on_hold else None
    if not goes_on_hold:
        lead.held_until = None
    lead.ended_at = lead.track = lead.resume_on = None
    if goes_on_hold:
        lead.waiting_since = lead.waiting_reason = None


def _end(desk: Desk, lead: Lead, *, at: datetime) -> None:
    """Closes the cycle: nobody waits for the lead, its clocks end, and its owner has room for another."""
    lead.ended_at = at
    lead.waiting_since = lead.waiting_reason = lead.meeting_at = None
    desk.frees_capacity |= lead.rep_id is not None
    end_clocks(desk, lead, at=at, reason="lead_ended")


def end_clocks(desk: Desk, lead: Lead, *, at: datetime, reason: str, kinds: Collection[ClockKind] = CLOCK_KINDS) -> list[Clock]:
    """Ends the lead's clocks of these kinds that nobody met, and says so; returns them as they were."""
    unmet = [clock for clock in desk.clocks_of(lead) if clock.kind in kinds and clock.state not in {"met", "ended"}]
    for clock in unmet:
        desk.set_clock(lead, end_clock(clock, at=at, reason=reason))
        desk.say(lead, ClockEnded(**about_clock(lead, clock), reason=reason, ended_at=at))
    return unmet


def _recycle(desk: Desk, lead: Lead, recycling: Recycling, *, reason: str, at: datetime, cause: UUID | None) -> None:
    lead.track, lead.resume_on = recycling.track, recycling.return_on
    fact = LeadRecycled(
        **about(lead), reason=reason, track=recycling.track, return_on=recycling.return_on, rep_id=lead.rep_id, recycled_at=at
    )
    lead.last_event_id = desk.say(lead, fact, cause=cause, occurred_at=at)
