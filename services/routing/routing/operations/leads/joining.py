"""Joins the leads of contacts who turned out to be one person: per brand one goes on, the others close."""

from collections.abc import Mapping
from uuid import UUID

from routing.decisions.lifecycle.merging import OpenLead, decide_survival
from routing.decisions.lifecycle.stages import Move, StageEntry, standing_of
from routing.operations.desk import Desk
from routing.operations.leads.stages import move, position_of
from routing.tables import Lead


def join_leads(desk: Desk, *, causes: Mapping[str, UUID]) -> None:
    """Closes every open lead on the desk besides the one that goes on of its person x brand.

    `causes` are the events that told of a contact, by its id. A parting opens nothing again: what was closed stays closed.
    """
    for pair, leads in list(desk.cycles.items()):
        open_leads = {lead.id: lead for lead in leads if lead.ended_at is None}
        if len(open_leads) < 2:
            continue
        survival = decide_survival([OpenLead(each.id, standing_of(position_of(each)), each.qualified_at) for each in open_leads.values()])
        kept = desk.newest_leads[pair] = open_leads[survival.lead_id]
        for lead_id in survival.closing:
            _close(desk, open_leads[lead_id], kept, causes=causes)


def _close(desk: Desk, closing: Lead, kept: Lead, *, causes: Mapping[str, UUID]) -> None:
    closing.merged_into_lead_id = kept.id
    cause = causes.get(closing.contact_id) or causes.get(kept.contact_id)
    move(desk, closing, Move((StageEntry("disqualified"),), "merged"), cause=cause, details={"lead_id": str(kept.id)})
    desk.record(kept, "joined", from_stage=kept.stage, reason="merged", details={"lead_id": str(closing.id)})
