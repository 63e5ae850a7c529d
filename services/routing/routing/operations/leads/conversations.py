"""Tells automation when a rep is in conversation with somebody, and when that is over."""

from typing import Any, assert_never, cast

from routing.decisions.lifecycle.conversation import GuardedLead, HandOn, Hold, Resume, conversation_of, decide_guard
from routing.decisions.lifecycle.stages import ForwardStage, LeadPosition, Stage
from routing.operations.desk import Desk
from routing.tables import Lead
from shared.events.leads import NurtureHeld, NurtureResumed


def guard_conversation(desk: Desk, lead: Lead) -> None:
    """Says what has changed for the lead's person x brand: whoever moves a lead, or hears of an attempt, calls it afterwards."""
    guarded = _guarded(desk, lead)
    if not guarded.held_for and conversation_of(guarded) is None:
        return
    person_id, _ = pair = desk.pair_of(lead)
    leads = {each.id: each for each in desk.cycles[pair]}
    for decided in decide_guard([_guarded(desk, each) for each in leads.values()], person_id=person_id):
        match decided:
            case Hold(lead_id, contact_id, reason):
                holding = leads[lead_id]
                _hold_for(desk, holding, contact_id)
                desk.say(holding, NurtureHeld(**_about(holding, contact_id), reason=reason, held_at=desk.now))
            case Resume(lead_id, contact_id, reason):
                over = leads[lead_id]
                _release(desk, over, contact_id)
                desk.say(over, NurtureResumed(**_about(over, contact_id), reason=reason, track=over.track, resumed_at=desk.now))
            case HandOn(from_lead_id, to_lead_id, contact_id):
                _release(desk, leads[from_lead_id], contact_id)
                _hold_for(desk, leads[to_lead_id], contact_id)
            case _:
                assert_never(decided)


def guard_conversations(desk: Desk) -> None:
    """The same for all that lies on the desk: contacts were merged or parted."""
    for lead in list(desk.leads.values()):
        guard_conversation(desk, lead)


def _guarded(desk: Desk, lead: Lead) -> GuardedLead:
    position = LeadPosition(cast("Stage", lead.stage), lead.rep_id, held_from=cast("ForwardStage | None", lead.held_from))
    return GuardedLead(
        lead.id,
        lead.contact_id,
        position,
        attempted=desk.was_attempted(lead),
        held_for=lead.nurture_held_for,
        is_merged=lead.merged_into_lead_id is not None,
    )


def _hold_for(desk: Desk, lead: Lead, contact_id: str) -> None:
    if contact_id not in lead.nurture_held_for:
        lead.nurture_held_for = [*lead.nurture_held_for, contact_id]
    desk.touched_leads.add(lead.id)


def _release(desk: Desk, lead: Lead, contact_id: str) -> None:
    lead.nurture_held_for = [each for each in lead.nurture_held_for if each != contact_id]
    desk.touched_leads.add(lead.id)


def _about(lead: Lead, contact_id: str) -> dict[str, Any]:
    """What either event says; the contact by the id that is meant, which need not be the lead's."""
    return {
        "lead_id": str(lead.id),
        "contact_id": contact_id,
        "brand_id": lead.brand_id,
        "policy_version": lead.policy_version,
        "scope": "promotional",
        "campaign_id": lead.campaign_id,
    }
