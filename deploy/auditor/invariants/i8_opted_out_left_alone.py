"""I8: nobody who opted out is called: their leads are withdrawn, visibly, and nothing is told of an assignment after it."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from deploy.auditor.evidence import Evidence
from deploy.auditor.evidence.events import Event, moment
from deploy.auditor.evidence.intake import Consent, Intake
from deploy.auditor.limits import Limits
from deploy.auditor.services import ERASED_VERSION
from deploy.auditor.verdicts import Examination, Verdict

_PROMISE = "no assignment after an opt-out; one made in between is withdrawn, visibly"
_REP_CHANNELS = frozenset({"in_person", "phone", "video", "email"})
# Until then nobody has spoken with the person; afterwards the rep in conversation ends the lead with what they hear.
_UNTOUCHED = frozenset({"mql", "assigned", "accepted"})
# The opt-out is marked as applied a moment before its effect is committed, and an assignment decided in that moment is withdrawn with it.
_IN_BETWEEN = timedelta(seconds=10)


def decide(evidence: Evidence, _limits: Limits) -> Verdict:
    """Holds leads, and what was told of them, against who may not be contacted."""
    examination = Examination("I8", _PROMISE)
    known = {contact.contact_id for contact in evidence.routing.contacts if contact.version is not None}
    by_directory = _opted_out(_standing(evidence.intake)) & known
    in_routing = _opted_out(
        (contact.contact_id, act["channel"], act["state"]) for contact in evidence.routing.contacts for act in contact.consents
    )
    erased = {contact.contact_id for contact in evidence.routing.contacts if contact.version == ERASED_VERSION}
    for contact_id in (by_directory ^ in_routing) - erased:  # of whom intake knows nothing, and whom nobody may call
        if not _is_still_young(evidence, contact_id):
            examination.find("routing knows other consents than the directory", f"contact={contact_id}")
    opted_out = by_directory | in_routing
    examination.look_at(len(opted_out))
    if not opted_out:
        examination.leave_untold("nobody opted out of being called")
    _told_to_reps(evidence, examination)
    _leads_withdrawn(evidence, opted_out, examination)
    _visibly(evidence, examination)
    _told_afterwards(evidence, in_routing, examination)
    return examination.verdict()


def _standing(intake: Intake) -> Iterable[tuple[str, str, str]]:
    """What each contact says, and for whoever is merged what the person says whose contacts they all are.

    What was said since the last of them was merged is the person's, and the latest of it stands; of what was said before, any denial.
    """
    merged = [alias for alias in intake.aliases if alias.is_contact]
    survivors = {alias.alias_id: alias.contact_id for alias in merged}
    since: dict[str, datetime] = {}
    ids: dict[str, set[str]] = defaultdict(set)
    for alias in merged:
        since[alias.contact_id] = max(since.get(alias.contact_id, alias.since), alias.since)
        ids[alias.contact_id] |= {alias.contact_id, alias.alias_id}
    said: dict[tuple[str, str, str], list[Consent]] = defaultdict(list)
    for act in intake.consents:
        survivor_id = survivors.get(act.contact_id, act.contact_id)
        if survivor_id in since:
            said[survivor_id, act.channel, act.purpose].append(act)
        else:
            yield act.contact_id, act.channel, act.state
    for (survivor_id, channel, _), acts in said.items():
        for contact_id in ids[survivor_id]:
            yield contact_id, channel, _of_the_whole(acts, since[survivor_id])


def _of_the_whole(acts: Sequence[Consent], since: datetime) -> str:
    if any(act.state == "denied" and act.at is None for act in acts):
        return "denied"
    later = [(act.at, act.state == "denied") for act in acts if act.at is not None and act.at >= since]
    is_denied = max(later)[1] if later else any(act.state == "denied" for act in acts)
    return "denied" if is_denied else "granted"


def _opted_out(acts: Iterable[tuple[str, str, str]]) -> set[str]:
    """Who has denied everything, or every channel that a rep has. A channel denied for one purpose is denied."""
    denied: dict[str, set[str]] = defaultdict(set)
    for contact_id, channel, state in acts:
        if state == "denied":
            denied[contact_id].add(channel)
    return {contact_id for contact_id, channels in denied.items() if "any" in channels or channels >= _REP_CHANNELS}


def _is_still_young(evidence: Evidence, contact_id: str) -> bool:
    snapshots = (event for event in evidence.events.values() if event.type == "contact.snapshot" and event.key == contact_id)
    return any(event.recorded_at > evidence.settled_at for event in snapshots)


def _told_to_reps(evidence: Evidence, examination: Examination) -> None:
    """What somebody told a rep stands with the directory, or what was said later does."""
    survivors = {alias.alias_id: alias.contact_id for alias in evidence.intake.aliases}
    standing: dict[tuple[str, str, str], list[Consent]] = defaultdict(list)
    for act in evidence.intake.consents:
        standing[survivors.get(act.contact_id, act.contact_id), act.channel, act.purpose].append(act)
    excused = evidence.parked_for.get("intake", frozenset()) | evidence.injected
    erased = {contact.contact_id for contact in evidence.routing.contacts if contact.version == ERASED_VERSION}
    for event in evidence.events.values():
        if event.type != "consent.reported" or event.id in excused or not evidence.is_settled(event.recorded_at):
            continue
        contact_id, at = event.fact["contact_id"], moment(event.fact["at"])
        if contact_id in erased:
            continue
        examination.look_at()
        acts = standing[survivors.get(contact_id, contact_id), event.fact["channel"], event.fact["purpose"]]
        if not any(act.state == "denied" if act.at is None else act.at >= at for act in acts):
            examination.find("a denial told to a rep that the directory does not know", f"contact={contact_id} event={event.id}")


def _leads_withdrawn(evidence: Evidence, opted_out: set[str], examination: Examination) -> None:
    clocks = evidence.routing.clocks
    attempted = {clock.lead_id for clock in clocks if clock.kind == "first_outreach" and clock.met_at is not None}
    for lead in evidence.routing.leads:
        stands_at = lead.held_from or lead.stage  # a rest saves nobody's lead
        if lead.contact_id in opted_out and lead.ended_at is None and stands_at in _UNTOUCHED and lead.id not in attempted:
            examination.find("a lead of somebody who opted out", f"lead={lead.id} contact={lead.contact_id} rep={lead.rep_id}")


def _visibly(evidence: Evidence, examination: Examination) -> None:
    """A withdrawal stands in the lead's history and was told; afterwards nobody is told that the lead is theirs."""
    told_at: dict[str, int] = {}
    assigned: dict[str, list[tuple[int, Event]]] = defaultdict(list)
    for telling in evidence.told:
        event = telling.event
        if event.type == "lead.stage_changed" and event.fact["to_stage"] == "disqualified" and event.fact["reason"] == "consent":
            told_at[event.fact["lead_id"]] = telling.position
        if event.type == "lead.assigned":
            assigned[event.fact["lead_id"]].append((telling.position, event))
    delivered = {delivery.event_id for delivery in evidence.reporting.deliveries}
    for record in evidence.routing.records:
        if record.to_stage != "disqualified" or record.reason != "consent" or not evidence.is_settled(record.at):
            continue
        examination.look_at()
        if record.lead_id not in told_at:
            examination.find("a withdrawal that was not told", f"lead={record.lead_id}")
            continue
        for position, event in assigned[record.lead_id]:
            if position > told_at[record.lead_id]:
                sent = " and sent out" if event.id in delivered else ""
                examination.find("an assignment after the withdrawal", f"lead={record.lead_id} event={event.id} told{sent}")


def _told_afterwards(evidence: Evidence, opted_out: set[str], examination: Examination) -> None:
    """No lead of theirs was assigned after routing had applied the snapshot that stops it."""
    since = _applied_at(evidence, opted_out)
    for event in evidence.events.values():
        if event.type == "lead.assigned" and event.fact["contact_id"] in since:
            examination.look_at()
            if event.recorded_at > since[event.fact["contact_id"]] + _IN_BETWEEN:
                examination.find("an assignment after the opt-out", f"lead={event.fact['lead_id']} event={event.id}")


def _applied_at(evidence: Evidence, opted_out: set[str]) -> dict[str, datetime]:
    """When routing first applied a snapshot since which the person has been opted out without interruption."""
    applied = evidence.inbox.get("routing.contacts", {})
    snapshots: dict[str, list[Event]] = defaultdict(list)
    for event in evidence.events.values():
        if event.type == "contact.snapshot" and event.fact["contact_id"] in opted_out and event.id in applied:
            snapshots[event.fact["contact_id"]].append(event)
    since: dict[str, datetime] = {}
    for contact_id, events in snapshots.items():
        for event in sorted(events, key=lambda event: int(event.fact["version"]), reverse=True):
            if not _stops(event.fact):
                break
            since[contact_id] = applied[event.id]
    return since


def _stops(fact: Any) -> bool:
    return bool(_opted_out((fact["contact_id"], act["channel"], act["state"]) for act in fact["consents"]))
