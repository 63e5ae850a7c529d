"""Moves leads from stage to stage, and says so: the only place where a lead's stage changes."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, cast
from uuid import UUID

from routing.decisions.lifecycle import END_STAGES, LeadPosition, Move, Stage, StageEntry
from routing.operations.desk import Desk
from routing.operations.noticing import give_reason
from routing.tables import Lead
from shared.events.feedback import OutcomeRecorded
from shared.events.leads import LeadStageChanged


def about(lead: Lead) -> dict[str, Any]:
    """What every event about a lead says."""
    return {"lead_id": str(lead.id), "contact_id": lead.contact_id, "brand_id": lead.brand_id, "policy_version": lead.policy_version}


def position_of(lead: Lead) -> LeadPosition:
    """Where the lead stands, as the lifecycle's decisions see it."""
    return LeadPosition(cast("Stage", lead.stage), lead.rep_id, lead.ended_at)


def move(
    desk: Desk,
    lead: Lead,
    moved: Move,
    *,
    cause: UUID | None = None,
    at: datetime | None = None,
    report: OutcomeRecorded | None = None,
    details: Mapping[str, Any] | None = None,
) -> None:
    """Takes a lead through the stages of a decision. `at` is when what moved it happened; `cause` the event that told of it.

    `details` are kept with the decision; of a report it is who made it.
    """
    reported = {"report_id": report.report_id, "rep_id": report.rep_id, "code": report.code} if report else {}
    kept = {**reported, **(details or {})} or None
    at = at or desk.now
    for entry in moved.entries:
        from_stage = lead.stage
        enter(desk, lead, entry, from_stage=from_stage, reason=moved.reason, cause=cause, at=at, report=report)
        kind = "stage_implied" if entry.implied else "stage_changed"
        desk.record(lead, kind, from_stage=from_stage, to_stage=entry.stage, reason=moved.reason, details=kept)
    if lead.stage in END_STAGES:
        _end(desk, lead, at=at)


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
    desk.touched_leads.add(lead.id)
    give_reason(desk.notes, lead, entry.stage, at=at or desk.now)
    desk.notes.outdate(lead, now=desk.now)
    fact = LeadStageChanged(
        **about(lead),
        from_stage=from_stage,
        to_stage=entry.stage,
        reason=reason,
        implied=entry.implied,
        report_id=report.report_id if report else None,
        rep_id=lead.rep_id,
        campaign_id=lead.campaign_id,
        changed_at=at or desk.now,
    )
    lead.last_event_id = desk.say(lead, fact, cause=cause, occurred_at=at)


def _end(desk: Desk, lead: Lead, *, at: datetime) -> None:
    """Closes the cycle: nobody waits for the lead, its clock stands still, and its owner has room for another."""
    lead.ended_at = at
    lead.waiting_since = lead.waiting_reason = None
    desk.frees_capacity |= lead.rep_id is not None
    clock = desk.clocks.get(lead.id)
    if clock is not None and clock.state != "met":
        desk.set_clock(lead, replace(clock, state="paused"))
