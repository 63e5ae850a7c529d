"""Decides what stands for each contact x brand: leads withdrawn from who opted out, and new ones for who became an MQL."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from routing.decisions.assignment.steps import LeadKind
from routing.decisions.consent import is_do_not_contact
from routing.decisions.effective import day_of
from routing.decisions.lifecycle.stages import Move, NoChange, StageEntry, decide_opt_out
from routing.decisions.policies.document import Policy
from routing.decisions.qualification.arithmetic import kept_score
from routing.decisions.qualification.deciding import Cycle, Qualified, decide_qualification
from routing.decisions.qualification.reach import Older, may_qualify
from routing.operations.assignment.owners import Search, Surroundings, find_owners
from routing.operations.desk import Desk
from routing.operations.leads.conversations import guard_conversations
from routing.operations.leads.joining import join_leads
from routing.operations.leads.stages import about, enter, move, position_of
from routing.operations.ledgers.keeping import complete_ledgers
from routing.operations.standing import reached_stage, sql_candidate_of
from routing.queries.at_once import at_once
from routing.queries.brief_material import Material, material
from routing.queries.facts import Pair
from routing.queries.field_force import FieldForce, standing
from routing.queries.policies import PinnedPolicy
from routing.tables import Lead
from shared.database import Statement, together
from shared.events.leads import LeadQualified, LeadScore
from shared.ids import new_id

_ENVELOPES = """
    SELECT engagement_id, campaign_id, occurred_at, event_id, correlation_id FROM engagements
    WHERE engagement_id = ANY(%(engagement_ids)s)
"""

CARRIERS_MAX = 50
"""How many of the engagements that carried a lead are named with it."""


@dataclass(frozen=True, slots=True)
class Crossing:
    """A pair that qualified, by which policy, and the engagements that carried it, the decisive one first, then newest first.

    None carry somebody whose day to come back has come, if they did nothing since.
    """

    pair: Pair
    pinned: PinnedPolicy
    qualified: Qualified
    carriers: tuple[str, ...]


async def decide_pairs(
    session: AsyncSession,
    desk: Desk,
    pairs: Collection[Pair],
    *,
    fresh: Sequence[str] = (),
    causes: Mapping[str, UUID] | None = None,
    searches: Sequence[Search] = (),
    returning: Collection[Pair] = (),
) -> None:
    """Decides each pair on the desk as it stands now; those whose contact or policy isn't known wait.

    `fresh` are the engagements that came just now, in order; `causes` the events that described contacts anew, by contact id.
    `searches` are leads without an owner, to be given one before any new lead; `returning` are pairs whose day to come back has come.
    """
    join_leads(desk, causes=causes or {})
    withdraw_opted_out(desk, causes=causes or {})
    guard_conversations(desk)
    open_to_a_lead = [pair for pair in pairs if not desk.has_open_lead(pair) and not desk.is_merged(pair[0])]
    undecided = [pair for pair in open_to_a_lead if pair in desk.partly_read and _may_qualify(desk, pair, returns=pair in returning)]
    await complete_ledgers(session, desk, [*undecided, *desk.pairs_of(search.lead for search in searches)])
    judged = [pair for pair in open_to_a_lead if pair not in desk.partly_read]
    crossings = [crossing for pair in judged if (crossing := _judge(desk, pair, fresh, returns=pair in returning))]
    still_wanted = [search for search in searches if search.lead.ended_at is None]
    if not crossings and not still_wanted:
        return
    envelopes, known = await _surroundings(session, desk, crossings, still_wanted)
    opened = [Search(_open(desk, crossing, envelopes, known.field_force), reason="qualified") for crossing in crossings]
    await find_owners(session, desk, [*still_wanted, *opened], known)
    guard_conversations(desk)


async def _surroundings(
    session: AsyncSession, desk: Desk, crossings: Sequence[Crossing], searches: Sequence[Search]
) -> tuple[Mapping[str, Any], Surroundings]:
    """The engagements that carried the crossings, by id, and what finding owners for all rests on."""
    carriers = {engagement_id for crossing in crossings for engagement_id in crossing.carriers[:CARRIERS_MAX]}
    pairs = [*(crossing.pair for crossing in crossings), *desk.pairs_of(search.lead for search in searches)]
    campaign_ids = {search.lead.campaign_id for search in searches if search.lead.campaign_id is not None}
    about, *others = material(
        pairs,
        now=desk.now,
        campaign_ids=campaign_ids,
        engagement_ids=carriers,
        lead_ids=[search.lead.id for search in searches if search.lead.brief_version > 0],
    )
    by_id = Statement(_ENVELOPES, {"engagement_ids": list(carriers)}, lambda rows: {row.engagement_id: row for row in rows})
    if desk.catalog_is_held:
        [(told, now, envelopes, *answers)] = await together(session, at_once(about, standing(), by_id, *others))
    else:  # the first one may wait for who changes what briefs show: only what is read after it is as it stays
        told, (now, envelopes, *answers) = await together(session, about, at_once(standing(), by_id, *others))
    return envelopes, Surroundings(now.round_number, now.field_force, Material(told, *answers))


def withdraw_opted_out(desk: Desk, *, causes: Mapping[str, UUID]) -> None:
    """Ends every untouched lead of a contact who may not be contacted (any more)."""
    for lead in desk.leads.values():
        contact = desk.contacts.get(desk.person_of(lead.contact_id))
        if lead.ended_at is not None or contact is None or not is_do_not_contact(contact.consents):
            continue
        match decide_opt_out(position_of(lead), attempted=desk.was_attempted(lead)):
            case Move() as withdrawal:
                move(desk, lead, withdrawal, cause=causes.get(lead.contact_id))
            case NoChange():
                pass  # outreach began: the rep in conversation ends the lead with what they hear


def _cycle(desk: Desk, pair: Pair, *, returns: bool) -> Cycle:
    newest, head = desk.newest_leads.get(pair), desk.ledgers.get(pair)
    asked = head.asked if head else None
    return Cycle(previous_ended_at=newest.ended_at if newest else None, rep_requested_at=asked.at if asked else None, returns=returns)


def _may_qualify(desk: Desk, pair: Pair, *, returns: bool) -> bool:
    """Whether the rows of the pair's ledger that were not read could make the difference."""
    subject, pinned, head = desk.subject(pair), desk.policy(pair), desk.ledgers.get(pair)
    if subject is None or pinned is None or head is None:
        return False
    rows, cycle = desk.contributions.get(pair, []), _cycle(desk, pair, returns=returns)
    unread = None if head.row_counts is None else Counter(head.row_counts) - Counter(row.rule_id for row in rows)
    older = Older(unread, until=desk.partly_read[pair])
    return may_qualify(pinned.policy, subject=subject, rows=rows, older=older, now=desk.now, cycle=cycle)


def _judge(desk: Desk, pair: Pair, fresh: Sequence[str], *, returns: bool) -> Crossing | None:
    subject, pinned, head = desk.subject(pair), desk.policy(pair), desk.ledgers.get(pair)
    if subject is None or pinned is None:
        return None
    asked, cycle = head.asked if head else None, _cycle(desk, pair, returns=returns)
    decision = decide_qualification(pinned.policy, subject=subject, ledger=desk.contributions.get(pair, []), now=desk.now, cycle=cycle)
    if not isinstance(decision, Qualified):
        return None  # below a threshold, gated, or carried by nothing live: the reading of the score says which
    live = [line for line in decision.score.lines if line.kind == "engagement" and line.points > 0 and not line.backfilled]
    live.sort(key=lambda line: (line.occurred_at or desk.now, line.engagement_id or ""), reverse=True)
    newest_first = list(dict.fromkeys(line.engagement_id for line in live if line.engagement_id))
    if not newest_first and asked is not None:
        newest_first = [asked.engagement_id]
    decisive = [engagement_id for engagement_id in reversed(fresh) if engagement_id in newest_first][:1]
    return Crossing(pair, pinned, decision, tuple(dict.fromkeys([*decisive, *newest_first])))


def _open(desk: Desk, crossing: Crossing, envelopes: Mapping[str, Any], field_force: FieldForce) -> Lead:
    contact_id, brand_id = crossing.pair
    carriers = [envelopes[engagement_id] for engagement_id in crossing.carriers[:CARRIERS_MAX]]
    by_time = sorted(carriers, key=lambda each: (each.occurred_at, each.engagement_id), reverse=True)
    previous = desk.newest_leads.get(crossing.pair)
    if carriers:
        begun_by = carriers[0].correlation_id, carriers[0].event_id
    elif previous is not None:
        begun_by = previous.correlation_id, previous.last_event_id
    else:
        raise ValueError("a lead that nothing carries and none went before")
    account = desk.primary_accounts.get(contact_id)
    place = field_force.place_of(desk.contacts[contact_id], account, brand_id=brand_id, day=day_of(desk.now))
    lead = Lead(
        id=new_id(),
        contact_id=contact_id,
        brand_id=brand_id,
        kind="on_plan" if crossing.pair in desk.targets else "off_plan",
        stage="mql",
        policy_version=crossing.pinned.version,
        qualified_at=desk.now,
        reason_at=desk.now,
        correlation_id=begun_by[0],
        last_event_id=begun_by[1],
        rep_requested=crossing.qualified.rep_requested,
        engagement_ids=[each.engagement_id for each in by_time],
        territory_id=place.territory_id,
        region=place.region,
        campaign_id=next((each.campaign_id for each in by_time if each.campaign_id), None),
        previous_lead_id=previous.id if previous else None,
        counting_after=previous.ended_at if previous else None,
        # A rep who gave the lead before back isn't asked to take it for old acquaintance.
        earlier_rep_id=previous.rep_id if previous and previous.stage != "recycled" else None,
    )
    desk.add_lead(lead, reading=crossing.qualified.score)
    announce(desk, lead, crossing.qualified, policy=crossing.pinned.policy)
    return lead


def announce(desk: Desk, lead: Lead, qualified: Qualified, *, policy: Policy) -> None:
    """Says and records that a lead began."""
    score, reached, ready = qualified.score, reached_stage(desk, lead), sql_candidate_of(desk, lead)
    fact = LeadQualified(
        **about(lead),
        kind=cast("LeadKind", lead.kind),
        score=LeadScore(fit=float(score.fit), engagement=float(score.engagement), grade=score.grade),
        campaign_id=lead.campaign_id,
        territory_id=lead.territory_id,
        region=lead.region,
        engagement_ids=lead.engagement_ids,
        previous_lead_id=None if lead.previous_lead_id is None else str(lead.previous_lead_id),
        qualified_at=lead.qualified_at,
        journey_stage=reached.stage if reached else None,
        sql_candidate=ready is not None,
    )
    lead.last_event_id = desk.say(lead, fact)
    enter(desk, lead, StageEntry("mql"), from_stage=None, reason=qualified.reason)
    details = {"score": kept_score(policy, score)}
    desk.record(lead, "qualified", to_stage="mql", reason=qualified.reason, details=details)
    if ready is not None:
        desk.record(lead, "sql_candidate", reason=ready.readiness_id)
