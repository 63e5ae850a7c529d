"""Writes briefs for leads that were just given to somebody."""

from collections.abc import Sequence
from typing import Any

import orjson
from sqlalchemy.ext.asyncio import AsyncSession

from routing.decisions.brief import Brief, BriefFacts, compose_brief
from routing.decisions.facts import Subject
from routing.operations.desk import Desk, pairs_of
from routing.operations.stages import about
from routing.queries import facts
from routing.tables import Lead
from shared.events.leads import BriefIssued


async def issue_briefs(session: AsyncSession, desk: Desk, leads: Sequence[Lead]) -> None:
    """Writes a new version of each lead's brief."""
    if not leads:
        return
    pairs = pairs_of(leads)
    engagements = await facts.newest_engagements(session, pairs)
    heard_topics = await facts.heard_topics(session, pairs)
    assets = await facts.assets(session, {lead.brand_id for lead in leads})
    campaigns = await facts.campaigns(session, {lead.campaign_id for lead in leads if lead.campaign_id})
    for lead, pair in zip(leads, pairs, strict=True):
        brief_facts = BriefFacts(
            policy=desk.policy_of(lead).policy,
            subject=Subject(desk.contacts[lead.contact_id], desk.primary_accounts.get(lead.contact_id)),
            score=desk.score_of(lead),
            engagements=engagements.get(pair, []),
            assets=assets,
            campaign=campaigns.get(lead.campaign_id or ""),
            heard_topics=heard_topics.get(pair, []),
        )
        _issue(desk, lead, compose_brief(brief_facts, version=lead.brief_version + 1, now=desk.now))


def _issue(desk: Desk, lead: Lead, brief: Brief) -> None:
    lead.brief_version = brief.version
    desk.touched_leads.add(lead.id)
    desk.briefs.append({"lead_id": lead.id, "version": brief.version, "issued_at": desk.now, "document": _document(brief)})
    fact = BriefIssued(**about(lead), version=brief.version, rep_id=lead.rep_id, journey_stage=brief.journey_stage, issued_at=desk.now)
    desk.say(lead, fact)


def _document(brief: Brief) -> dict[str, Any]:
    """The brief as JSON, without its clock: that one lives on, and is shown as it stands."""
    document: dict[str, Any] = orjson.loads(orjson.dumps(brief))
    del document["clock"]
    return document
