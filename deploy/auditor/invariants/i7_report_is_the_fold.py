"""I7: the report is what its events make, to the unit, whatever their order, their repetitions and the restarts in between."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import datetime, timedelta

from deploy.auditor.evidence import Evidence
from deploy.auditor.evidence.events import Event
from deploy.auditor.evidence.reporting import Decision, Signal
from deploy.auditor.invariants.folding import FOLDED, Folded, FoldedObjection, fold
from deploy.auditor.limits import Limits
from deploy.auditor.services import ERASED_VERSION
from deploy.auditor.verdicts import Examination, Verdict

_PROMISE = "the report is what a fold of its events gives, to the unit"

Scope = tuple[str, str, str]
"""Brand, topic, the contacts' specialty."""


def decide(evidence: Evidence, _limits: Limits) -> Verdict:
    """Folds the events that reporting says it has, and holds the result against what it counted."""
    examination = Examination("I7", _PROMISE)
    _one_content_per_id(evidence, examination)
    _running_counts(evidence, examination)
    journal = {noted.event_id: noted for noted in evidence.reporting.journal if noted.event_type in FOLDED}
    gone = sum(event_id not in evidence.events and noted.event_type != "contact.snapshot" for event_id, noted in journal.items())
    if gone:
        examination.leave_untold(f"{gone} events that reporting counts are no longer on record, so nothing can be folded anew")
        return examination.verdict()
    examination.look_at(len(journal))
    erased = {one.contact_id: one.specialty or "" for one in evidence.reporting.contacts if one.version == ERASED_VERSION}
    folded = fold((evidence.events[event_id] for event_id in journal if event_id in evidence.events), erased=erased)
    _rollups(evidence, folded, examination)
    _facts(evidence, folded, examination)
    _decisions(evidence, folded, examination)
    return examination.verdict()


def _one_content_per_id(evidence: Evidence, examination: Examination) -> None:
    """If two contents went under one id, what is counted would depend on which came first."""
    digests: dict[str, int] = {}
    said: Iterable[Event] = (*(one.event for one in evidence.told), *(one.event for one in evidence.on_topics))
    different = {event.id for event in said if digests.setdefault(event.id, event.digest) != event.digest}
    examination.find_each("one event id with two contents", different)


def _running_counts(evidence: Evidence, examination: Examination) -> None:
    there = Counter((delivery.subscription, delivery.state) for delivery in evidence.reporting.deliveries)
    counted: Counter[tuple[str, str]] = Counter()
    for part in evidence.reporting.delivery_counts:
        counted[part.subscription, part.state] += part.count
    for key in sorted(there.keys() | counted.keys()):
        examination.look_at()
        if there[key] != counted[key]:
            examination.find(
                "deliveries counted other than there are", f"subscription and state={key} are={there[key]} counted={counted[key]}"
            )


def _rollups(evidence: Evidence, folded: Folded, examination: Examination) -> None:
    stored = {
        (row.day, row.measure, row.item, row.brand_id, row.campaign_id, row.specialty, row.region): row.count
        for row in evidence.reporting.rollups
    }
    examination.look_at(len(stored))
    for cell in sorted(stored.keys() | folded.cells.keys()):
        if stored.get(cell, 0) != folded.cells.get(cell, 0):
            cell_words = " ".join(str(part) or "-" for part in cell)
            examination.find("a count other than its events make", f"{cell_words}: {stored.get(cell, 0)}, not {folded.cells.get(cell, 0)}")


def _facts(evidence: Evidence, folded: Folded, examination: Examination) -> None:
    """Leads and objections, from which any range of the report is read."""
    stored = {lead.lead_id: dict(lead.entered) for lead in evidence.reporting.leads}
    for lead_id in sorted(stored.keys() | folded.leads.keys()):
        wanted = folded.leads[lead_id].entered if lead_id in folded.leads else None
        if stored.get(lead_id) != wanted:
            examination.find("a lead that entered its stages at other times", f"lead={lead_id}")
    rows = Counter(one.report_id for one in evidence.reporting.objections)
    examination.find_each("an objection that stands twice", (report_id for report_id, times in rows.items() if times > 1))
    objections = {
        one.report_id: (one.contact_id, one.rep_id, one.brand_id, one.topic, one.occurred_at) for one in evidence.reporting.objections
    }
    for report_id in sorted(objections.keys() | folded.objections.keys()):
        said = folded.objections.get(report_id)
        made = (said.contact_id, said.rep_id, said.brand_id, said.topic, said.occurred_at) if said else None
        if objections.get(report_id) != made:
            examination.find("an objection other than its event says", f"report={report_id}")


def _decisions(evidence: Evidence, folded: Folded, examination: Examination) -> None:
    """Scopes whose objections rise have their decision, and an open decision rests on every report that matches."""
    heard: dict[Scope, list[FoldedObjection]] = defaultdict(list)
    for objection in folded.objections.values():
        if specialty := folded.specialties.get(objection.contact_id):
            heard[objection.brand_id, objection.topic, specialty].append(objection)
    resting: dict[str, set[str]] = defaultdict(set)
    for one in evidence.reporting.decision_evidence:
        resting[one.decision_id].add(one.report_id)
    asked: dict[tuple[str, Scope], list[Decision]] = defaultdict(list)
    for decision in evidence.reporting.decisions:
        asked[decision.signal, (decision.brand_id, decision.topic, decision.specialty)].append(decision)
        _rests_on_its_own(decision, folded, resting[decision.decision_id], examination)
    for signal in evidence.reporting.signals:
        for scope, objections in sorted(heard.items()):
            examination.look_at()
            for decision in asked[signal.signal, scope]:
                _rests_on_all(evidence, signal, decision, objections, resting[decision.decision_id], examination)
            if sum(decision.state != "closed" for decision in asked[signal.signal, scope]) > 1:
                examination.find("several decisions asked for one scope at once", "/".join(scope))
            if not asked[signal.signal, scope] and _has_risen(evidence, signal, objections):
                examination.find("objections that rise and nobody was asked to decide", "/".join(scope))
    _told_once(evidence, examination)


def _rests_on_its_own(decision: Decision, folded: Folded, rests_on: set[str], examination: Examination) -> None:
    """Evidence is about the decision's brand and topic. (A contact's specialty may have changed since.)"""
    about = {one.report_id for one in folded.objections.values() if (one.brand_id, one.topic) == (decision.brand_id, decision.topic)}
    for report_id in sorted(rests_on - about):
        examination.find("evidence that is about something else", f"decision={decision.decision_id} report={report_id}")


def _rests_on_all(
    evidence: Evidence, signal: Signal, decision: Decision, heard: list[FoldedObjection], rests_on: set[str], examination: Examination
) -> None:
    """Whatever lies in an open decision's window to this day lay in it whenever it came."""
    began = evidence.taken_at - timedelta(days=signal.window_days)
    matching = {one.report_id for one in heard if began < one.occurred_at <= one.recorded_at <= evidence.settled_at}
    if decision.state == "open" and matching - rests_on:
        missing = sorted(matching - rests_on)
        examination.find("an open decision without a report that matches", f"decision={decision.decision_id} reports={missing}")


def _has_risen(evidence: Evidence, signal: Signal, heard: list[FoldedObjection]) -> bool:
    """The rule was met when the last report came, and still is: time alone opens and closes nothing."""
    last = max(one.recorded_at for one in heard)
    return all(_is_rising(signal, heard, now) for now in (last, evidence.settled_at))


def _is_rising(signal: Signal, heard: list[FoldedObjection], now: datetime) -> bool:
    window = timedelta(days=signal.window_days)
    within = [one for one in heard if now - window < one.occurred_at <= now]
    before = sum(now - 2 * window < one.occurred_at <= now - window for one in heard)
    is_much = len(within) >= signal.objections_min and len({one.rep_id for one in within}) >= signal.reps_min
    return is_much and len(within) >= signal.growth_min * before


def _told_once(evidence: Evidence, examination: Examination) -> None:
    for kind, names in (("theme.emerged", "theme_id"), ("decision.opened", "decision_id")):
        told = Counter(event.fact[names] for event in evidence.events.values() if event.type == kind)
        for decision in evidence.reporting.decisions:
            subject = getattr(decision, names)
            if evidence.is_settled(decision.opened_at) and told[subject] != 1:
                examination.find(f"a decision whose {kind} was not told once", f"decision={decision.decision_id} times={told[subject]}")
