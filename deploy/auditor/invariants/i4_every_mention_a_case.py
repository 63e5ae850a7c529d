"""I4: every mention of an adverse event is exactly one case, due in time, handed over, and nowhere in the commercial path if flagged."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import timedelta

from deploy.auditor.evidence import Evidence
from deploy.auditor.evidence.feedback import Case
from deploy.auditor.limits import Limits
from deploy.auditor.testimony import ReportTry
from deploy.auditor.verdicts import Examination, Verdict

_PROMISE = "every adverse-event mention is one case, due in 24 h, told, never parked"
_DUE_AFTER = timedelta(hours=24)
_COMMERCIAL = frozenset({"outcome.recorded", "objection.recorded", "insight.recorded"})


def decide(evidence: Evidence, _limits: Limits) -> Verdict:
    """Follows mentions from the rep's own log to cases, and cases to what was told of them.

    Until cases are pushed to a safety system, handed over means: readable in feedback, and told (in its outbox or further).
    """
    examination = Examination("I4", _PROMISE)
    _mentions(evidence, examination)
    for case in evidence.feedback.cases:
        examination.look_at()
        _in_time(case, examination)
    _handed_over(evidence, examination)
    _looked_at(evidence, examination)
    for parked in evidence.parked:
        if (parked.type or "").startswith("case.") and parked.event_id not in evidence.injected:
            examination.find("a case that was set aside", f"consumer={parked.consumer} event={parked.event_id}")
    _out_of_the_commercial_path(evidence, examination)
    return examination.verdict()


def _mentions(evidence: Evidence, examination: Examination) -> None:
    if evidence.witnessed.reports is None:
        examination.leave_untold("no field app wrote down what it reported")
        return
    tries: dict[str, list[ReportTry]] = defaultdict(list)
    for tried in evidence.witnessed.reports:
        if tried.mention is not None:
            tries[tried.report_id].append(tried)
    cases: dict[str, list[Case]] = defaultdict(list)
    for case in evidence.feedback.cases:
        if case.kind == "adverse_event":
            cases[case.report_id].append(case)
    ids = {case.id for case in evidence.feedback.cases}
    for report_id, of_report in tries.items():
        examination.look_at()
        answered = [tried for tried in of_report if _is_taken_up(tried)]
        found = cases[report_id]
        if answered and not found:
            examination.find("a mention without its case", f"report={report_id} status={answered[0].status} mention={answered[0].mention}")
        if len(found) > 1:
            examination.find("a mention with several cases", f"report={report_id} cases={sorted(case.id for case in found)}")
        examination.find_each("a case that was named and is not there", {tried.case_id for tried in answered if tried.case_id} - ids)
        for case in found:
            _as_reported(case, of_report, answered, examination)


def _is_taken_up(tried: ReportTry) -> bool:
    return tried.case_id is not None or (tried.status is not None and 200 <= tried.status < 300)


def _as_reported(case: Case, tries: Iterable[ReportTry], answered: list[ReportTry], examination: Examination) -> None:
    if any(tried.mention == "in_words" for tried in tries) and not case.has_text:
        examination.find("a case without the words that raised it", f"case={case.id} report={case.report_id}")
    first_answer = min((tried.answered_at for tried in answered if tried.answered_at), default=None)
    if first_answer is not None and case.awareness_at > first_answer:
        examination.find("awareness later than the answer", f"case={case.id} aware={case.awareness_at} answered={first_answer}")


def _in_time(case: Case, examination: Examination) -> None:
    if case.due_at != case.awareness_at + _DUE_AFTER:
        examination.find("a case with a wrong due time", f"case={case.id} aware={case.awareness_at} due={case.due_at}")
    if case.awareness_at > case.received_at:
        examination.find("a case received before anybody knew", f"case={case.id} aware={case.awareness_at} received={case.received_at}")


def _handed_over(evidence: Evidence, examination: Examination) -> None:
    """Every case is told under one event id, as it is; nothing is told of a case that is not there."""
    told: dict[str, set[str]] = defaultdict(set)
    for event in evidence.events.values():
        if event.type == "case.opened":
            told[event.fact["case_id"]].add(event.id)
    cases = {case.id: case for case in evidence.feedback.cases}
    for case in cases.values():
        if evidence.is_settled(case.received_at) and len(told[case.id]) != 1:
            examination.find("a case not told exactly once", f"case={case.id} events={len(told[case.id])}")
    for case_id in told.keys() - cases.keys():
        if all(evidence.is_settled(evidence.events[event_id].recorded_at) for event_id in told[case_id]):
            examination.find("a case that was told and is not there", f"case={case_id}")


def _looked_at(evidence: Evidence, examination: Examination) -> None:
    """What people typed at marketing's door has a verdict, and the one that was told."""
    told: dict[str, set[str]] = defaultdict(set)
    for event in evidence.events.values():
        if event.type == "text.triaged":
            told[event.fact["text_id"]].add(event.fact["verdict"])
    for text in evidence.intake.texts:
        examination.look_at()
        if text.verdict is None and evidence.is_settled(text.received_at):
            examination.find("a text that nobody has looked at", f"text={text.id} received={text.received_at}")
        if text.verdict not in (None, "replaced") and evidence.is_settled(text.received_at) and told[text.id] != {text.verdict}:
            examination.find("a verdict on a text other than was told", f"text={text.id} has={text.verdict} told={sorted(told[text.id])}")


def _out_of_the_commercial_path(evidence: Evidence, examination: Examination) -> None:
    """What was flagged is counted nowhere: no event of its codes, no objection, nothing resting on it."""
    flagged = {report.id for report in evidence.feedback.reports if report.state == "case_only"}
    flagged |= {tried.report_id for tried in evidence.witnessed.reports or () if tried.mention == "flagged" and _is_taken_up(tried)}
    examination.look_at(len(flagged))
    told = Counter(event.fact["report_id"] for event in evidence.events.values() if event.type in _COMMERCIAL)
    counted = {objection.report_id for objection in evidence.reporting.objections}
    rested_on = {one.report_id for one in evidence.reporting.decision_evidence}
    examination.find_each("a flagged report whose codes were told", flagged & told.keys())
    examination.find_each("a flagged report that reporting counts", flagged & (counted | rested_on))
