"""Events as other services would have said them, short to write: everything a test doesn't name is usual."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from shared.events import Event, Fact
from shared.events.cases import CaseOpened
from shared.events.contacts import ContactSnapshot
from shared.events.engagements import EngagementRecorded
from shared.events.feedback import InsightRecorded, ObjectionRecorded, OutcomeRecorded, RepTold
from shared.events.leads import ClockBreached, LeadAssigned, LeadQualified, LeadScore, LeadStageChanged, NurtureHeld, NurtureResumed
from shared.ids import new_id


def event(fact: Fact, at: datetime, *, journey: UUID | None = None, cause: Event | None = None) -> Event:
    """The fact as an event that was written down when it happened."""
    return Event.of(
        fact, occurred_at=at, recorded_at=at, correlation_id=journey or new_id(), causation_id=cause.id if cause is not None else None
    )


def contact(contact_id: str, *, version: int = 1, specialty: str | None = "cardiology", **more: Any) -> ContactSnapshot:
    return ContactSnapshot(
        contact_id=contact_id,
        version=version,
        provisional=False,
        specialty=specialty,
        **{"emails": ["heart@example.org"], "given_name": "Ada", "family_name": "Byron", **more},
    )


def engagement(
    engagement_id: str, contact_id: str, at: datetime, *, kind: str = "email_clicked", flags: Sequence[str] = ()
) -> EngagementRecorded:
    return EngagementRecorded(
        engagement_id=engagement_id,
        source="mautic-us",
        source_event_id=f"event-of-{engagement_id}",
        contact_id=contact_id,
        kind=kind,
        channel="email",
        context="promotional",
        asset_id="dosing-guide",
        occurred_at=at,
        received_at=at,
        machine=False,
        flags=list(flags),
    )


def qualified(lead_id: str, contact_id: str, at: datetime, **more: Any) -> LeadQualified:
    return LeadQualified(
        lead_id=lead_id,
        contact_id=contact_id,
        qualified_at=at,
        **{
            "brand_id": "cardiox",
            "policy_version": "v1",
            "kind": "off_plan",
            "score": LeadScore(fit=40, engagement=55, grade="A1"),
            "campaign_id": "launch",
            "region": "north",
            **more,
        },
    )


def assigned(lead_id: str, contact_id: str, at: datetime, *, rep_id: str = "rep-1", **more: Any) -> LeadAssigned:
    return LeadAssigned(
        lead_id=lead_id,
        contact_id=contact_id,
        rep_id=rep_id,
        assigned_at=at,
        **{"brand_id": "cardiox", "policy_version": "v1", "step": "territory", "region": "north", "campaign_id": "launch", **more},
    )


def held(lead_id: str, contact_id: str, at: datetime) -> NurtureHeld:
    return NurtureHeld(
        lead_id=lead_id, contact_id=contact_id, brand_id="cardiox", policy_version="v1", scope="promotional", campaign_id="launch",
        reason="rep_in_conversation", held_at=at,
    )  # fmt: skip


def resumed(lead_id: str, contact_id: str, at: datetime) -> NurtureResumed:
    return NurtureResumed(
        lead_id=lead_id, contact_id=contact_id, brand_id="cardiox", policy_version="v1", scope="promotional", campaign_id="launch",
        reason="lead_recycled", track="stay_in_touch", resumed_at=at,
    )  # fmt: skip


def entered(lead_id: str, contact_id: str, stage: str, at: datetime, **more: Any) -> LeadStageChanged:
    return LeadStageChanged(
        lead_id=lead_id,
        contact_id=contact_id,
        to_stage=stage,
        changed_at=at,
        **{
            "brand_id": "cardiox",
            "policy_version": "v1",
            "from_stage": "assigned",
            "reason": stage,
            "implied": False,
            "campaign_id": "launch",
            **more,
        },
    )


def breached(lead_id: str, contact_id: str, at: datetime) -> ClockBreached:
    return ClockBreached(
        lead_id=lead_id,
        contact_id=contact_id,
        brand_id="cardiox",
        policy_version="v1",
        kind="first_outreach",
        rep_id="rep-1",
        started_at=at,
        due_at=at,
        breached_at=at,
    )


def objection(report_id: str, contact_id: str, at: datetime, *, rep_id: str = "rep-1", **more: Any) -> ObjectionRecorded:
    return ObjectionRecorded(
        report_id=report_id,
        contact_id=contact_id,
        rep_id=rep_id,
        occurred_at=at,
        received_at=at,
        **{"brand_id": "cardiox", "topic": "dosing_administration", "nature": "concern", "reaction": "neutral", **more},
    )


def outcome(report_id: str, lead_id: str, contact_id: str, at: datetime, *, code: str = "contacted") -> OutcomeRecorded:
    return OutcomeRecorded(
        report_id=report_id,
        lead_id=lead_id,
        contact_id=contact_id,
        brand_id="cardiox",
        rep_id="rep-1",
        code=code,
        channel="phone",
        occurred_at=at,
        received_at=at,
    )


def insight(report_id: str, at: datetime, *, contact_id: str | None = None) -> InsightRecorded:
    return InsightRecorded(report_id=report_id, contact_id=contact_id, rep_id="rep-1", kind="access", occurred_at=at, received_at=at)


def told(change_id: str, report_ids: list[str], at: datetime, *, rep_id: str = "rep-1", decision_id: str | None = None) -> RepTold:
    return RepTold(rep_id=rep_id, report_ids=report_ids, change_id=change_id, decision_id=decision_id, kind="asset_updated", told_at=at)


def case(case_id: str, report_id: str, at: datetime) -> CaseOpened:
    return CaseOpened(
        case_id=case_id,
        report_id=report_id,
        kind="adverse_event",
        certainty="possible",
        awareness_at=at,
        received_at=at,
        due_at=at,
    )
