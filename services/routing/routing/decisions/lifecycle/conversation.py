"""The conversation guard: while a rep is in conversation with somebody, promotional automation holds, told once for each of their ids."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from routing.decisions.lifecycle.stages import END_STAGES, LeadPosition, is_past_contact, standing_of

HeldReason = Literal["rep_in_conversation", "outreach_begun"]
ResumedReason = Literal["lead_recycled", "lead_disqualified", "lead_merged", "contact_parted", "outreach_anew"]


@dataclass(frozen=True, slots=True)
class GuardedLead:
    """A lead as the guard sees it. `held_for` are the contact ids automation was told to hold because of it."""

    lead_id: UUID
    contact_id: str
    position: LeadPosition
    attempted: bool
    held_for: Sequence[str] = ()
    is_merged: bool = False


@dataclass(frozen=True, slots=True)
class Hold:
    """Automation is to hold for this contact."""

    lead_id: UUID
    contact_id: str
    reason: HeldReason


@dataclass(frozen=True, slots=True)
class Resume:
    """Automation may go on with this contact."""

    lead_id: UUID
    contact_id: str
    reason: ResumedReason


@dataclass(frozen=True, slots=True)
class HandOn:
    """Another lead holds for this contact from now on; automation was told already."""

    from_lead_id: UUID
    to_lead_id: UUID
    contact_id: str


GuardDecision = Hold | Resume | HandOn


def conversation_of(lead: GuardedLead) -> HeldReason | None:
    """Tell why automation must hold because of a lead: its person was reached, or its rep took it on and tries to.

    A lead on hold is a conversation still.
    """
    if lead.position.stage in END_STAGES:
        return None
    standing = standing_of(lead.position)
    if is_past_contact(standing):
        return "rep_in_conversation"
    return "outreach_begun" if standing == "accepted" and lead.attempted else None


def decide_guard(leads: Sequence[GuardedLead], *, person_id: str) -> list[GuardDecision]:
    """Decide what automation is told of one person x brand. `person_id` is who stands for them; a lead may go by another of their ids.

    Automation holds for both ids while any of the leads is a conversation, and is told once, whichever lead began it.
    """
    wanted: dict[str, tuple[GuardedLead, HeldReason]] = {}
    for lead in leads:
        if reason := conversation_of(lead):
            for contact_id in (person_id, lead.contact_id):
                wanted.setdefault(contact_id, (lead, reason))
    decided: list[GuardDecision] = []
    told: set[str] = set()
    for lead in leads:
        for contact_id in lead.held_for:
            told.add(contact_id)
            if contact_id not in wanted:
                decided.append(Resume(lead.lead_id, contact_id, _why_over(lead, contact_id, person_id)))
            elif conversation_of(lead) is None:
                decided.append(HandOn(lead.lead_id, wanted[contact_id][0].lead_id, contact_id))
    decided += [Hold(lead.lead_id, contact_id, reason) for contact_id, (lead, reason) in wanted.items() if contact_id not in told]
    return decided


def _why_over(lead: GuardedLead, contact_id: str, person_id: str) -> ResumedReason:
    if lead.is_merged:
        return "lead_merged"
    if lead.position.stage == "recycled":
        return "lead_recycled"
    if lead.position.stage == "disqualified":
        return "lead_disqualified"
    # A lead that goes on: of a contact that is somebody else again, or given to a rep who hasn't tried yet.
    return "contact_parted" if contact_id not in (person_id, lead.contact_id) else "outreach_anew"
