"""I9: nobody reads or writes outside their scope."""

from collections import defaultdict

from deploy.auditor.evidence import Evidence
from deploy.auditor.limits import Limits
from deploy.auditor.verdicts import Examination, Verdict

_PROMISE = "no read or write outside a role's scope"


def decide(evidence: Evidence, _limits: Limits) -> Verdict:
    """What refused probes were answered, and whether what reps reported was about leads that were ever theirs."""
    examination = Examination("I9", _PROMISE)
    if evidence.witnessed.probes is None:
        examination.leave_untold("nobody probed")
    for probe in evidence.witnessed.probes or ():
        if probe.status is None:
            continue  # nobody was let in where nobody answered
        examination.look_at()
        if probe.status not in probe.wanted:
            examination.find("a probe that was let in", f"{probe.who} {probe.method} {probe.path}: {probe.status}, not {probe.wanted}")
    _reports(evidence, examination)
    return examination.verdict()


def _reports(evidence: Evidence, examination: Examination) -> None:
    owners: dict[str, set[str]] = defaultdict(set)
    for record in evidence.routing.records:
        if record.kind == "assigned":
            owners[record.lead_id].update(record.chosen)
    callers: dict[str, set[str]] = defaultdict(set)
    for lead in evidence.routing.leads:
        callers[lead.contact_id] |= owners[lead.id]
    for report in evidence.feedback.reports:
        if report.state != "recorded" or report.posted_as != "rep":
            continue
        examination.look_at()
        if report.lead_id is not None and report.rep_id not in owners[report.lead_id]:
            examination.find("a report on a lead that was never theirs", f"report={report.id} rep={report.rep_id} lead={report.lead_id}")
        elif report.lead_id is None and report.contact_id is not None and report.rep_id not in callers[report.contact_id]:
            examination.find("a report on a contact that was never theirs", f"report={report.id} rep={report.rep_id}")
