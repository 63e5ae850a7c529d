"""Finds owners for leads: reps and turns are locked, each lead is decided in order on what the one before left, and all is written."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import assert_never
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from routing import tables
from routing.decisions.assignment import AssignableLead, Assignment, AssignTo, Queue, Rep, Situation, Withhold, decide_assignment
from routing.decisions.clocks import start_clock
from routing.decisions.effective import day_of
from routing.decisions.lifecycle import Move, StageEntry
from routing.decisions.rotation import Rotation, rotation_from_document, rotation_to_document
from routing.operations.briefing import Material, issue_briefs
from routing.operations.desk import Desk
from routing.operations.rows import Row, holding
from routing.operations.stages import about, enter, move
from routing.queries.field_force import Geography, Place, holding_reps, open_leads, rep_of
from routing.tables import Lead
from shared.database import together
from shared.events.leads import ClockStarted, LeadAssigned, LeadWaiting

_NO_TURNS_YET = Rotation()

Turns = dict[tuple[str, str], Rotation]
"""By territory and brand."""


@dataclass(frozen=True, slots=True)
class Search:
    """A lead that needs an owner, why now, and the event that asks for one (what was last said of the lead, if none is named)."""

    lead: Lead
    reason: str
    cause: UUID | None = None


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What finding owners rests on, read in one go, the queue's round first: whatever changes later begins another."""

    round_number: int
    places: Geography
    material: Material


async def find_owners(session: AsyncSession, desk: Desk, searches: Sequence[Search], known: Surroundings) -> None:
    """Gives each lead, in this order, to the rep the policy finds, or lets it wait in the queue, or ends it if nobody may call.

    Reps and turns stay locked until the transaction ends, so that n leads at once are n leads one after another, here and elsewhere.
    """
    located = {search.lead.id: _locate(desk, search.lead, known.places) for search in searches}
    turns, reps = await _hold_turns_and_reps(session, desk, searches)
    assigned: list[Lead] = []
    for search in searches:
        lead = search.lead
        decision = _decide(desk, lead, reps=reps, turns=turns)
        match decision:
            case AssignTo():
                if lead.territory_id is not None:
                    turns[lead.territory_id, lead.brand_id] = decision.rotation
                reps[decision.rep_id] = replace(reps[decision.rep_id], open_leads=reps[decision.rep_id].open_leads + 1)
                _assign(desk, search, decision, located[lead.id])
                assigned.append(lead)
            case Queue():
                _enqueue(desk, search, decision, located[lead.id], round_number=known.round_number)
            case Withhold():
                move(desk, lead, Move((StageEntry("disqualified"),), decision.reason), cause=search.cause)
            case _:
                assert_never(decision)
    desk.turns = [_turn_row(place, rotation) for place, rotation in turns.items()]
    issue_briefs(desk, assigned, known.material)


def _locate(desk: Desk, lead: Lead, places: Geography) -> Place:
    contact = desk.contacts.get(lead.contact_id)
    if contact is None:
        raise ValueError("a lead of a contact nobody described")
    place = places.place_of(contact, desk.primary_accounts.get(lead.contact_id))
    lead.territory_id, lead.region = place.territory_id, place.region
    desk.touched_leads.add(lead.id)
    return place


async def _hold_turns_and_reps(session: AsyncSession, desk: Desk, searches: Sequence[Search]) -> tuple[Turns, dict[str, Rep]]:
    keys = sorted({(search.lead.territory_id, search.lead.brand_id) for search in searches if search.lead.territory_id is not None})
    named: set[str] = set()
    for search in searches:
        account = desk.primary_accounts.get(search.lead.contact_id)
        if account is not None:
            named |= {*account.named_rep_ids, *([account.owner_rep_id] if account.owner_rep_id else [])}
        if search.lead.earlier_rep_id is not None:
            named.add(search.lead.earlier_rep_id)
    territory_ids = {territory_id for territory_id, _ in keys}
    turns, rows, counts = await together(
        session,
        holding(tables.Rotation, [_turn_row(key, _NO_TURNS_YET) for key in keys]),
        holding_reps(rep_ids=named, territory_ids=territory_ids),
        open_leads(rep_ids=named, territory_ids=territory_ids, besides=list(desk.leads)),
    )
    reps = {row.id: rep_of(row, open_leads=counts.get(row.id, 0), day=day_of(desk.now)) for row in rows}
    # Of the leads on the desk the database knows how they were; how they are now is known here.
    for lead in desk.leads.values():
        if lead.ended_at is None and lead.rep_id in reps:
            reps[lead.rep_id] = replace(reps[lead.rep_id], open_leads=reps[lead.rep_id].open_leads + 1)
    return {(row.territory_id, row.brand_id): rotation_from_document(row.document) for row in turns}, reps


def _turn_row(key: tuple[str, str], rotation: Rotation) -> Row:
    return {"territory_id": key[0], "brand_id": key[1], "document": rotation_to_document(rotation)}


def _decide(desk: Desk, lead: Lead, *, reps: dict[str, Rep], turns: Turns) -> Assignment:
    pinned = desk.policy_of(lead)
    lead.policy_version = pinned.version
    rotation = _NO_TURNS_YET if lead.territory_id is None else turns[lead.territory_id, lead.brand_id]
    situation = Situation(
        lead=AssignableLead(lead.brand_id, frozenset(lead.excluded_rep_ids), lead.earlier_rep_id),
        contact=desk.contacts[lead.contact_id],
        account=desk.primary_accounts.get(lead.contact_id),
        territory_id=lead.territory_id,
        reps=reps,
        rotation=rotation,
    )
    return decide_assignment(pinned.policy.assignment, situation=situation)


def _assign(desk: Desk, search: Search, decision: AssignTo, place: Place) -> None:
    lead, from_stage = search.lead, search.lead.stage
    previous_rep_id = lead.excluded_rep_ids[-1] if lead.excluded_rep_ids else None
    lead.rep_id = decision.rep_id
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
    if from_stage != "assigned":
        enter(desk, lead, StageEntry("assigned"), from_stage=from_stage, reason=decision.step)
    desk.record(lead, "assigned", from_stage=from_stage, to_stage="assigned", reason=search.reason, decided=decision)
    lead.last_event_id = assigned_event_id  # the brief and the clock follow from the owner, not from the stage
    _start_clock(desk, lead, place, afresh=previous_rep_id is not None)


def _enqueue(desk: Desk, search: Search, decision: Queue, place: Place, *, round_number: int) -> None:
    lead, from_stage = search.lead, search.lead.stage
    lead.tried_in_round = round_number
    if lead.waiting_reason == decision.reason:
        return  # it waits on for what it waited for
    lead.rep_id = None
    lead.waiting_since = lead.waiting_since or desk.now
    lead.waiting_reason = decision.reason
    fact = LeadWaiting(**about(lead), reason=decision.reason, since=lead.waiting_since)
    lead.last_event_id = desk.say(lead, fact, cause=search.cause)
    if from_stage != "mql":
        enter(desk, lead, StageEntry("mql"), from_stage=from_stage, reason=search.reason)
    desk.record(lead, "waiting", from_stage=from_stage, to_stage="mql", reason=decision.reason, decided=decision)
    _start_clock(desk, lead, place, afresh=False)


def _start_clock(desk: Desk, lead: Lead, place: Place, *, afresh: bool) -> None:
    """Starts the lead's first-outreach clock: at qualification, in the queue too, and afresh for an owner who follows another."""
    if lead.id in desk.clocks and not afresh:
        return
    started_at = desk.now if afresh else lead.qualified_at
    rules = desk.policy_of(lead).policy.clocks
    clock = start_clock(rules, calendar=place.calendar, started_at=started_at, rep_requested=lead.rep_requested)
    desk.set_clock(lead, clock)
    fact = ClockStarted(**about(lead), kind=clock.kind, rep_id=lead.rep_id, started_at=clock.started_at, due_at=clock.due_at)
    desk.say(lead, fact)
