"""I14: of somebody whose erasure is certified nothing is left that names them: in no table, in no book, on no topic. Cases stay."""

from collections.abc import Iterable

from deploy.auditor.evidence import Evidence
from deploy.auditor.limits import Limits
from deploy.auditor.services import ERASED_VERSION
from deploy.auditor.verdicts import Examination, Verdict

_PROMISE = "whose erasure is certified is named nowhere; codes and cases stay"


def decide(evidence: Evidence, _limits: Limits) -> Verdict:
    """Looks for the erased in every place that names people."""
    examination = Examination("I14", _PROMISE)
    gone = {contact_id for erasure in evidence.intake.erasures if erasure.certified_at is not None for contact_id in erasure.contact_ids}
    if not gone:
        examination.leave_untold("no erasure was certified")
        return examination.verdict()
    examination.look_at(len(gone))
    named = {
        "named in intake": (person.id for person in evidence.intake.people if person.is_named),
        "recognised by an address or id in intake": (key.contact_id for key in evidence.intake.keys),
        "with consents in intake": (consent.contact_id for consent in evidence.intake.consents),
        "named in routing": (contact.contact_id for contact in evidence.routing.contacts if contact.is_named),
        "in a brief": _in_briefs(evidence),
        "written about in a note": _in_notes(evidence),
        "known by ids of others in reporting": (contact.contact_id for contact in evidence.reporting.contacts if contact.has_ids),
        "described in the books": (one.event.key for one in evidence.told if one.event.topic == "contacts"),
        "described on the bus": (one.key for one in evidence.on_topics if one.event.topic == "contacts"),
        "open to a late description": _still_open(evidence),
    }
    for where, contact_ids in named.items():
        examination.find_each(f"an erased person {where}", gone.intersection(contact_ids))
    return examination.verdict()


def _in_briefs(evidence: Evidence) -> Iterable[str]:
    written = {brief.lead_id for brief in evidence.routing.briefs}
    return (lead.contact_id for lead in evidence.routing.leads if lead.id in written)


def _in_notes(evidence: Evidence) -> Iterable[str]:
    typed = {note.report_id for note in evidence.feedback.notes}
    return (report.contact_id for report in evidence.feedback.reports if report.id in typed and report.contact_id is not None)


def _still_open(evidence: Evidence) -> Iterable[str]:
    """Those of whom a snapshot that comes late would be believed."""
    yield from (contact.contact_id for contact in evidence.routing.contacts if contact.version != ERASED_VERSION)
    yield from (contact.contact_id for contact in evidence.reporting.contacts if contact.version != ERASED_VERSION)
