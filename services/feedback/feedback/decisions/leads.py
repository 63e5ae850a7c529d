"""What is known of a lead after one more event about it, in whichever order events come."""

from dataclasses import replace
from datetime import datetime
from uuid import UUID

from feedback.decisions.reach import KnownLead
from shared.events.leads import LeadAssigned, LeadFact, LeadStageChanged, LeadWaiting


def after_lead_event(lead: KnownLead | None, fact: LeadFact, *, correlation_id: UUID) -> KnownLead:
    """The lead as known after `fact`. Ownership goes by when it changed, so that an older event never takes a lead back."""
    known = lead or KnownLead(
        lead_id=fact.lead_id,
        contact_id=fact.contact_id,
        brand_id=fact.brand_id,
        correlation_id=correlation_id,
        rep_id=None,
        territory_id=None,
        owner_since=None,
    )
    known = replace(known, territory_id=known.territory_id or getattr(fact, "territory_id", None))
    match fact:
        case LeadAssigned() if _is_news(known, fact.assigned_at):
            return replace(known, rep_id=fact.rep_id, territory_id=fact.territory_id or known.territory_id, owner_since=fact.assigned_at)
        case LeadWaiting() if _is_news(known, fact.since):
            return replace(known, rep_id=None, owner_since=fact.since)
        case LeadStageChanged() if fact.rep_id is not None and known.owner_since is None:
            return replace(known, rep_id=fact.rep_id, owner_since=fact.changed_at)
        case _:
            return known


def _is_news(lead: KnownLead, at: datetime) -> bool:
    return lead.owner_since is None or at >= lead.owner_since
