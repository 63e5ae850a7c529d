"""Writes briefs: for leads that were just given to somebody, and in a new version where what they say has changed."""

from collections.abc import Sequence
from datetime import UTC
from typing import Any

import orjson

from routing.decisions.briefs.changes import changes_between
from routing.decisions.briefs.parts import Brief, BriefChange, BriefFacts
from routing.decisions.briefs.resting import rests_on
from routing.decisions.briefs.writing import compose_brief
from routing.decisions.facts import Subject
from routing.operations.desk import Desk
from routing.operations.leads.stages import about
from routing.operations.standing import reached_stage, sql_candidate_of
from routing.queries.brief_material import Material
from routing.tables import Lead
from shared.events.leads import BriefIssued


def issue_briefs(desk: Desk, leads: Sequence[Lead], material: Material) -> None:
    """Writes a new version of each lead's brief, with what changed since the one before."""
    for lead in leads:
        _issue(desk, lead, *_composed(desk, lead, material))
        desk.notes.outdate_when_met(lead, now=desk.now)


def revise_briefs(desk: Desk, leads: Sequence[Lead], material: Material) -> int:
    """The same for those leads whose brief would tell something else now; returns how many those are. Of who was erased none is written."""
    revised = 0
    for lead in leads:
        desk.notes.outdated.pop(lead.id, None)  # it is looked at as it is now
        brief, changes = _composed(desk, lead, material)
        if changes and lead.id in material.about.newest_briefs:
            _issue(desk, lead, brief, changes)
            revised += 1
        desk.notes.outdate_when_met(lead, now=desk.now)
    return revised


def _composed(desk: Desk, lead: Lead, material: Material) -> tuple[Brief, tuple[BriefChange, ...]]:
    pair = desk.pair_of(lead)
    subject = desk.subject(pair) or Subject(desk.contacts[pair[0]])
    specialty, account = subject.contact.specialty, subject.account
    known = material.about
    brief_facts = BriefFacts(
        policy=desk.policy_of(lead).policy,
        subject=subject,
        score=desk.score_of(lead),
        engagements=material.engagements.get(pair, ()),
        assets=material.assets,
        kind=lead.kind,
        journey_stage=reached.stage if (reached := reached_stage(desk, lead)) else "awareness",
        stage=lead.stage,
        readiness=ready.readiness_id if (ready := sql_candidate_of(desk, lead)) else None,
        rep_id=lead.rep_id,
        campaign=material.campaigns.get(lead.campaign_id or ""),
        heard_topics=known.own_topics.get(pair, ()),
        heard_in_specialty=known.in_specialty.get((specialty, lead.brand_id), {}) if specialty else {},
        others_at_account=known.others_at(account.account_id, lead.brand_id, besides=pair[0]) if account else (),
        earlier_leads=known.earlier_leads.get(pair, ()),
        meeting_at=None if lead.meeting_at is None else lead.meeting_at.astimezone(known.zones.get(lead.id, UTC)),
    )
    brief = compose_brief(brief_facts, version=lead.brief_version + 1, now=desk.now)
    before = known.newest_briefs.get(lead.id)
    if before is None:
        return brief, ()
    return brief, changes_between(before, brief, assets=material.assets, brand_id=lead.brand_id, now=desk.now)


def _issue(desk: Desk, lead: Lead, brief: Brief, changes: tuple[BriefChange, ...]) -> None:
    lead.brief_version = brief.version
    lead.brief_issued_at = desk.now
    lead.brief_rests_on = sorted(rests_on(brief, brand_id=lead.brand_id, campaign_id=lead.campaign_id))
    desk.touched_leads.add(lead.id)
    desk.notes.outdated.pop(lead.id, None)
    told = [{"code": change.code, "text": change.text} for change in changes]
    document = {**_document(brief), "policy_version": lead.policy_version, "changes": told}
    desk.briefs.append({"lead_id": lead.id, "version": brief.version, "issued_at": desk.now, "document": document})
    fact = BriefIssued(
        **about(lead),
        version=brief.version,
        rep_id=lead.rep_id,
        journey_stage=brief.journey_stage,
        urgency=brief.urgency,
        sql_candidate=brief.sql_candidate,
        readiness=brief.readiness,
        changes=list(dict.fromkeys(change.code for change in changes)),
        issued_at=desk.now,
    )
    desk.say(lead, fact)


def _document(brief: Brief) -> dict[str, Any]:
    """The brief as JSON, without its clock: that one lives on, and is shown as it stands."""
    document: dict[str, Any] = orjson.loads(orjson.dumps(brief))
    del document["clock"]
    return document
