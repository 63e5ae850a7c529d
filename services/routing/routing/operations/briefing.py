"""Writes briefs for leads that were just given to somebody."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from routing.decisions.brief import Brief, BriefFacts, compose_brief
from routing.decisions.facts import Asset, Campaign, Engagement, Subject
from routing.operations.desk import Desk
from routing.operations.stages import about
from routing.queries.facts import Pair
from routing.tables import Lead
from shared.events.leads import BriefIssued


@dataclass(frozen=True, slots=True)
class Material:
    """What briefs are written from, besides what lies on the desk."""

    engagements: Mapping[Pair, Sequence[Engagement]]
    heard_topics: Mapping[Pair, Sequence[str]]
    assets: Mapping[str, Asset]
    campaigns: Mapping[str, Campaign]


def issue_briefs(desk: Desk, leads: Sequence[Lead], material: Material) -> None:
    """Writes a new version of each lead's brief."""
    for lead in leads:
        pair = lead.contact_id, lead.brand_id
        brief_facts = BriefFacts(
            policy=desk.policy_of(lead).policy,
            subject=Subject(desk.contacts[lead.contact_id], desk.primary_accounts.get(lead.contact_id)),
            score=desk.score_of(lead),
            engagements=material.engagements.get(pair, ()),
            assets=material.assets,
            campaign=material.campaigns.get(lead.campaign_id or ""),
            heard_topics=material.heard_topics.get(pair, ()),
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
