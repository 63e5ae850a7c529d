"""Who carried how many leads, replayed from what routing told in the order in which it decided."""

from collections import defaultdict
from collections.abc import Iterator
from datetime import timedelta

from deploy.auditor.evidence import Evidence
from deploy.auditor.evidence.events import Event

_ENDS = frozenset({"recycled", "disqualified"})
# Planned calls, what a manager's reps let run out, and what somebody gives by hand go to whom they go, whatever they carry already.
_WHATEVER_THEY_CARRY = frozenset({"on_plan", "manager", "by_hand"})
# A rep's row that changed and an assignment decided at about that time: which came first is not told.
_ABOUT_THE_SAME_TIME = timedelta(seconds=1)


def over_capacity(evidence: Evidence) -> Iterator[str]:
    """Assignments that gave a rep more open leads than they may have, for reps whose row has not changed since.

    Positions in the outbox are taken while the rep is locked, so they tell what was decided on what; times do not.
    """
    most = {rep.id: rep.max_open_leads for rep in evidence.routing.reps}
    changed_at = {event.fact["rep_id"]: event.recorded_at for event in evidence.events.values() if event.type == "rep.snapshot"}
    carried: dict[str, set[str]] = defaultdict(set)
    owners: dict[str, str] = {}
    for rep_id, lead_id in _carried_before(evidence):
        carried[rep_id].add(lead_id)
        owners[lead_id] = rep_id
    for event in _moves(evidence):
        lead_id = event.fact["lead_id"]
        carried[owners.pop(lead_id, "")].discard(lead_id)
        if event.type != "lead.assigned":
            continue
        rep_id = owners[lead_id] = event.fact["rep_id"]
        carried[rep_id].add(lead_id)
        if event.fact.get("step") in _WHATEVER_THEY_CARRY:
            continue
        known_since = changed_at.get(rep_id, evidence.told_since)
        if rep_id in most and len(carried[rep_id]) > most[rep_id] and event.recorded_at > known_since + _ABOUT_THE_SAME_TIME:
            yield f"rep={rep_id} lead={lead_id} open={len(carried[rep_id])} most={most[rep_id]} at={event.recorded_at.isoformat()}"


def _moves(evidence: Evidence) -> Iterator[Event]:
    """What gave leads to reps and took them away."""
    for telling in sorted((each for each in evidence.told if each.service == "routing"), key=lambda each: each.position):
        event = telling.event
        ended = event.type == "lead.stage_changed" and event.fact["to_stage"] in _ENDS
        if event.type in ("lead.assigned", "lead.waiting") or ended:
            yield event


def _carried_before(evidence: Evidence) -> Iterator[tuple[str, str]]:
    """Open leads whose assignment is older than what is still on record of it."""
    assigned = {event.fact["lead_id"] for event in evidence.events.values() if event.type == "lead.assigned"}
    for lead in evidence.routing.leads:
        if lead.rep_id is not None and lead.ended_at is None and lead.id not in assigned:
            yield lead.rep_id, lead.id
