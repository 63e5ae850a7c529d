"""Finds owners for leads: each is decided in order on what the one before left, and all is written in one go."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import assert_never
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from routing.decisions.assignment.deciding import AssignTo, Queue, Withhold, decide_assignment
from routing.decisions.assignment.rerouting import reason_to_reroute, stays
from routing.decisions.assignment.sentences import sentence_of
from routing.decisions.assignment.steps import Situation
from routing.decisions.effective import day_of
from routing.decisions.lifecycle.stages import Move, StageEntry, standing_of
from routing.operations.assignment.considering import Hand, take_in_hand
from routing.operations.briefs.writing import issue_briefs
from routing.operations.clocks.timekeeping import start_outreach
from routing.operations.desk import Desk
from routing.operations.leads.stages import about, enter, move, position_of
from routing.queries.brief_material import Material
from routing.queries.field_force import FieldForce, Place
from routing.tables import Lead
from shared.events.leads import LeadAssigned, LeadWaiting


@dataclass(frozen=True, slots=True)
class Search:
    """A lead that needs an owner, why now, and the event that asks for one (what was last said of the lead, if none is named)."""

    lead: Lead
    reason: str
    cause: UUID | None = None
    is_review: bool = False
    """It has an owner, who keeps it where the same rules still find them right."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What finding owners rests on, read in one go, the queue's round first: whatever changes later begins another."""

    round_number: int
    field_force: FieldForce
    material: Material


async def find_owners(session: AsyncSession, desk: Desk, searches: Sequence[Search], known: Surroundings) -> None:
    """Gives each lead, in this order, to the rep the policy finds, or lets it wait in the queue, or ends it if nobody may call."""
    places = {search.lead.id: _place_of(desk, search.lead, known.field_force) for search in searches}
    hand = await take_in_hand(session, desk, [(search.lead, places[search.lead.id]) for search in searches], known.field_force)
    assigned: list[Lead] = []
    for search in searches:
        search.lead.tried_in_round = known.round_number
        desk.touched_leads.add(search.lead.id)
        if find_owner(desk, search, hand, places[search.lead.id]):
            assigned.append(search.lead)
    desk.turns = hand.turn_rows()
    issue_briefs(desk, assigned, known.material)


def _place_of(desk: Desk, lead: Lead, field_force: FieldForce) -> Place:
    person_id = desk.person_of(lead.contact_id)
    contact = desk.contacts.get(person_id)
    if contact is None:
        raise ValueError("a lead of a contact nobody described")
    account = desk.primary_accounts.get(person_id)
    return field_force.place_of(contact, account, brand_id=lead.brand_id, day=day_of(desk.now))


def find_owner(desk: Desk, search: Search, hand: Hand, place: Place) -> bool:
    """Decides one lead, and tells whether it has another owner than before."""
    lead, owner_id, former_territory_id = search.lead, search.lead.rep_id, search.lead.territory_id
    if search.is_review and stays(position_of(lead), hand.reps.get(owner_id or ""), attempted=desk.was_attempted(lead)):
        return False
    pinned = desk.policy_of(lead)
    lead.policy_version = pinned.version
    lead.territory_id, lead.region = place.territory_id, place.region
    incumbent_rep_id = owner_id if search.is_review else None
    situation = hand.situation(desk, lead, place, incumbent_rep_id=incumbent_rep_id, starts_afresh=_previous_rep_id(lead) is not None)
    decision = decide_assignment(pinned.policy.assignment, situation=situation)
    match decision:
        case AssignTo() if decision.rep_id == incumbent_rep_id:
            if lead.territory_id != former_territory_id:
                desk.record(lead, "kept", from_stage=lead.stage, reason="realigned", decided=decision)
        case AssignTo():
            hand.give(decision, brand_id=lead.brand_id, taken_from=owner_id)
            desk.frees_capacity |= owner_id is not None
            _assign(desk, search, decision, situation, place)
            return True
        case Queue():
            hand.count(owner_id, -1)
            desk.frees_capacity |= owner_id is not None
            _enqueue(desk, search, decision, situation, place)
        case Withhold():
            move(desk, lead, Move((StageEntry("disqualified"),), decision.reason), cause=search.cause)
        case _:
            assert_never(decision)
    return False


def _previous_rep_id(lead: Lead) -> str | None:
    """Who had the lead before whoever gets it now; None if nobody."""
    return lead.rep_id or lead.previous_rep_id or (lead.excluded_rep_ids[-1] if lead.excluded_rep_ids else None)


def _reason(search: Search, situation: Situation) -> str:
    return reason_to_reroute(situation.reps.get(search.lead.rep_id or "")) if search.is_review else search.reason


def _assign(desk: Desk, search: Search, decision: AssignTo, situation: Situation, place: Place) -> None:
    lead, from_stage, previous_rep_id = search.lead, search.lead.stage, _previous_rep_id(search.lead)
    reason = _reason(search, situation)
    lead.rep_id, lead.previous_rep_id = decision.rep_id, None
    lead.assigned_at = desk.now
    lead.waiting_since = lead.waiting_reason = None
    fact = LeadAssigned(
        **about(lead),
        rep_id=decision.rep_id,
        previous_rep_id=previous_rep_id,
        step=decision.step,
        territory_id=lead.territory_id,
        region=lead.region,
        campaign_id=lead.campaign_id,
        assigned_at=desk.now,
    )
    lead.last_event_id = assigned_event_id = desk.say(lead, fact, cause=search.cause)
    # Where the person was reached already, or asked to wait, the lead stands where it stood: only its owner is another.
    if from_stage in {"mql", "accepted"}:
        enter(desk, lead, StageEntry("assigned"), from_stage=from_stage, reason=decision.step)
    lead.owned_from = standing_of(position_of(lead))
    sentence = sentence_of(decision, situation=situation, taken_from=previous_rep_id)
    desk.record(lead, "assigned", from_stage=from_stage, to_stage=lead.stage, reason=reason, decided=decision, sentence=sentence)
    lead.last_event_id = assigned_event_id  # the brief and the clock follow from the owner, not from the stage
    start_outreach(desk, lead, place.calendar, afresh=previous_rep_id is not None)


def _enqueue(desk: Desk, search: Search, decision: Queue, situation: Situation, place: Place) -> None:
    lead, from_stage = search.lead, search.lead.stage
    if lead.waiting_reason == decision.reason:
        return  # it waits on for what it waited for
    lead.rep_id, lead.previous_rep_id = None, lead.rep_id or lead.previous_rep_id
    lead.owned_from = None
    lead.waiting_since = lead.waiting_since or desk.now
    lead.waiting_reason = decision.reason
    fact = LeadWaiting(**about(lead), reason=decision.reason, since=lead.waiting_since)
    lead.last_event_id = desk.say(lead, fact, cause=search.cause)
    if from_stage in {"assigned", "accepted"}:
        enter(desk, lead, StageEntry("mql"), from_stage=from_stage, reason=_reason(search, situation))
    sentence = sentence_of(decision, situation=situation)
    desk.record(lead, "waiting", from_stage=from_stage, to_stage=lead.stage, reason=decision.reason, decided=decision, sentence=sentence)
    start_outreach(desk, lead, place.calendar, afresh=False)
