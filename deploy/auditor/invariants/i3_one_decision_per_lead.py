"""I3: every engagement has one verdict, every lead one current decision, at most one owner, and nobody more than they can carry."""

from collections import Counter, defaultdict

from deploy.auditor.evidence import Evidence
from deploy.auditor.evidence.events import Event, Telling
from deploy.auditor.evidence.routing import Lead, Record
from deploy.auditor.invariants import by_hand, ownership
from deploy.auditor.limits import Limits
from deploy.auditor.verdicts import Examination, Verdict

_PROMISE = "one verdict per engagement, one decision and owner per lead, capacity kept"
_ENDS = frozenset({"recycled", "disqualified"})
_GIVEN = ("assigned", "reassigned")


def decide(evidence: Evidence, _limits: Limits) -> Verdict:
    """Holds leads against their decision records, against what was told of them, and against what others heard."""
    examination = Examination("I3", _PROMISE)
    _verdicts(evidence, examination)
    _open_leads(evidence, examination)
    _records(evidence, examination)
    _qualified_once(evidence, examination)
    _owners(evidence, examination)
    for excess in ownership.over_capacity(evidence):
        examination.find("a rep was given more leads than they can carry", excess)
    if evidence.witnessed.moves is None:
        examination.leave_untold("nobody wrote down what they did with leads by hand")
    examination.look_at(len(by_hand.accepted(evidence)))
    for lost in by_hand.not_kept(evidence):
        examination.find("a move that was accepted and is not kept", lost)
    return examination.verdict()


def _verdicts(evidence: Evidence, examination: Examination) -> None:
    """Scored, waiting or ignored by policy: what that is stands in one ledger, made by one policy version."""
    versions = {(ledger.contact_id, ledger.brand_id): ledger.policy_version for ledger in evidence.routing.ledgers}
    if len(versions) < len(evidence.routing.ledgers):
        examination.find("several verdicts on one contact and brand", f"ledgers={len(evidence.routing.ledgers)} pairs={len(versions)}")
    judged = {each.engagement_id: (each.contact_id, each.brand_id) for each in evidence.routing.engagements if each.brand_id is not None}
    for engagement_id, pair in judged.items():
        examination.look_at()
        if pair not in versions:
            examination.find("an engagement without a verdict", f"engagement={engagement_id}")
    by_machines = {each.engagement_id for each in evidence.routing.engagements if each.machine}
    for points in evidence.routing.points:
        if points.engagement_id in by_machines:
            examination.find("points for what a machine did", f"engagement={points.engagement_id}")
        if judged.get(points.engagement_id) != (points.contact_id, points.brand_id):
            examination.find("points for an engagement that is not there", f"engagement={points.engagement_id}")
        elif versions.get((points.contact_id, points.brand_id)) != points.policy_version:
            examination.find("points by another policy version than the ledger's", f"engagement={points.engagement_id}")


def _open_leads(evidence: Evidence, examination: Examination) -> None:
    """An open lead has an owner or waits with a reason, unless it is on hold; a contact has one per brand."""
    is_open: Counter[tuple[str, str]] = Counter()
    for lead in evidence.routing.leads:
        examination.look_at()
        if (lead.ended_at is not None) != (lead.stage in _ENDS):
            examination.find("a lead that has ended and has not", f"lead={lead.id} stage={lead.stage}")
        if lead.ended_at is not None:
            continue
        is_open[lead.contact_id, lead.brand_id] += 1
        waits = lead.waiting_since is not None and bool(lead.waiting_reason)
        if waits == (lead.rep_id is not None) and not (lead.stage == "on_hold" and not waits):
            wrong = "a lead that waits and has an owner" if waits else "a lead with neither an owner nor a reason to wait"
            examination.find(wrong, f"lead={lead.id} stage={lead.stage}")
    for pair, leads in is_open.items():
        if leads > 1:
            examination.find("several open leads of one contact and brand", f"contact={pair[0]} brand={pair[1]}")


def _records(evidence: Evidence, examination: Examination) -> None:
    """Decision records stand without a gap and end in what the lead is."""
    records: dict[str, list[Record]] = defaultdict(list)
    for record in evidence.routing.records:
        records[record.lead_id].append(record)
    for lead in evidence.routing.leads:
        history = sorted(records.pop(lead.id, []), key=lambda record: record.position)
        if [record.position for record in history] != list(range(1, lead.record_count + 1)):
            examination.find("decision records with a gap", f"lead={lead.id} of={lead.record_count} there={len(history)}")
        elif history:
            _ends_in(lead, history, examination)
    examination.find_each("decision records of a lead that is not there", records)


def _ends_in(lead: Lead, history: list[Record], examination: Examination) -> None:
    # A stage that was told late was passed before the one the lead stands at.
    stage = next((each.to_stage for each in reversed(history) if each.to_stage is not None and each.kind != "entered_late"), None)
    if stage != lead.stage:
        examination.find("a lead in another stage than was decided", f"lead={lead.id} is={lead.stage} decided={stage}")
    placing = next((record for record in reversed(history) if record.kind in (*_GIVEN, "waiting")), None)
    for record in history:
        if record.kind in _GIVEN and len(record.chosen) != 1:
            examination.find("an assignment that chose several reps or none", f"lead={lead.id} record={record.position}")
    if lead.ended_at is None and placing is not None:
        owner = placing.chosen[0] if placing.kind in _GIVEN and placing.chosen else None
        if owner != lead.rep_id:
            examination.find("a lead with another owner than was decided", f"lead={lead.id} is={lead.rep_id} decided={owner}")


def _qualified_once(evidence: Evidence, examination: Examination) -> None:
    told: dict[str, set[str]] = defaultdict(set)
    for event in evidence.events.values():
        if event.type == "lead.qualified":
            told[event.fact["lead_id"]].add(event.id)
    for lead in evidence.routing.leads:
        if evidence.is_settled(lead.qualified_at):
            examination.look_at()
            if len(told[lead.id]) != 1:
                examination.find("a lead not told exactly once as qualified", f"lead={lead.id} events={len(told[lead.id])}")


def _owners(evidence: Evidence, examination: Examination) -> None:
    """Routing's owner is who was told last, and who feedback and reporting know of."""
    lasts: dict[str, Event] = {lead_id: tellings[-1].event for lead_id, tellings in _placings(evidence).items()}
    in_feedback = {lead.lead_id: lead.rep_id for lead in evidence.feedback.leads}
    in_reporting = {lead.lead_id: lead.rep_id for lead in evidence.reporting.leads}
    for lead in evidence.routing.leads:
        last = lasts.get(lead.id)
        if last is None or not evidence.is_settled(last.recorded_at):
            continue
        examination.look_at()
        told = last.fact["rep_id"] if last.type == "lead.assigned" else None
        if told != lead.rep_id and lead.ended_at is None:
            examination.find("another owner was told than the lead has", f"lead={lead.id} is={lead.rep_id} told={told}")
        if last.id not in evidence.parked_for.get("feedback", ()) and in_feedback.get(lead.id) != told:
            examination.find("feedback knows another owner", f"lead={lead.id} told={told} feedback={in_feedback.get(lead.id)}")
        if told and last.id not in evidence.parked_for.get("reporting", ()) and in_reporting.get(lead.id) != told:
            examination.find("reporting knows another owner", f"lead={lead.id} told={told} reporting={in_reporting.get(lead.id)}")


def _placings(evidence: Evidence) -> dict[str, list[Telling]]:
    """What was told of each lead's owners, in the order it was decided."""
    found: dict[str, list[Telling]] = defaultdict(list)
    for telling in sorted(evidence.told, key=lambda telling: telling.position):
        if telling.event.type in ("lead.assigned", "lead.waiting"):
            found[telling.event.key].append(telling)
    return found
