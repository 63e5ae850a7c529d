"""Gives a lead to a rep who was named, whatever the assignment's steps would say: nobody's turn is taken."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from routing.decisions.assignment.deciding import Candidate
from routing.decisions.lifecycle.stages import StageEntry, standing_of
from routing.operations.briefs.noticing import give_reason
from routing.operations.briefs.writing import issue_briefs
from routing.operations.clocks.timekeeping import start_outreach
from routing.operations.desk import Desk
from routing.operations.leads.stages import about, enter, position_of
from routing.queries.brief_material import Material, material
from routing.queries.calendars import Calendars
from routing.tables import Lead
from shared.database import together
from shared.events.leads import LeadAssigned


@dataclass(frozen=True, slots=True)
class HandOver:
    """A lead, whom it goes to, by which rule and why, and the event that led to it."""

    lead: Lead
    rep_id: str
    rule: str
    reason: str
    cause: UUID | None = None
    kind: str = "assigned"
    by_sub: str | None = None
    """Who decided it by hand."""


async def hand_over(session: AsyncSession, desk: Desk, handed: Sequence[HandOver], openings: Calendars) -> None:
    """Gives each lead to the rep named, with a fresh clock and a new brief. A lead that was contacted keeps its stage."""
    if not handed:
        return
    for each in handed:
        _hand(desk, each, openings)
    leads = [each.lead for each in handed]
    campaign_ids = {lead.campaign_id for lead in leads if lead.campaign_id is not None}
    reads = material(desk.pairs_of(leads), now=desk.now, campaign_ids=campaign_ids, lead_ids=[lead.id for lead in leads])
    known = Material(*await together(session, *reads))
    # Of who was erased there is none.
    issue_briefs(desk, [lead for lead in leads if lead.brief_version == 0 or lead.id in known.about.newest_briefs], known)


def _hand(desk: Desk, handed: HandOver, openings: Calendars) -> None:
    lead, from_stage = handed.lead, handed.lead.stage
    fact = LeadAssigned(
        **about(lead),
        rep_id=handed.rep_id,
        previous_rep_id=lead.rep_id,
        step=handed.rule,
        territory_id=lead.territory_id,
        region=lead.region,
        campaign_id=lead.campaign_id,
        assigned_at=desk.now,
    )
    desk.frees_capacity |= lead.rep_id is not None
    lead.rep_id, lead.previous_rep_id, lead.assigned_at = handed.rep_id, None, desk.now
    give_reason(desk.notes, lead, "assigned", at=desk.now)
    lead.waiting_since = lead.waiting_reason = None
    lead.owned_from = "assigned" if from_stage in {"mql", "accepted"} else standing_of(position_of(lead))
    lead.last_event_id = assigned_event_id = desk.say(lead, fact, cause=handed.cause)
    if from_stage in {"mql", "accepted"}:
        enter(desk, lead, StageEntry("assigned"), from_stage=from_stage, reason=handed.rule)
    desk.record(
        lead,
        handed.kind,
        from_stage=from_stage,
        to_stage=lead.stage,
        reason=handed.reason,
        rule=handed.rule,
        candidates=[Candidate(handed.rep_id, eligible=True, why_not=None)],
        by_sub=handed.by_sub,
    )
    lead.last_event_id = assigned_event_id  # the brief and the clock follow from the owner, not from the stage
    start_outreach(desk, lead, openings.of(lead.territory_id), afresh=True)
