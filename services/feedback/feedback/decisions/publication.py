"""The facts feedback states: a report that stands, a case that was opened."""

from typing import assert_never

from feedback.decisions.reports import Report
from shared.events.facts import Fact
from shared.events.feedback import ConsentReported, InsightRecorded, ObjectionRecorded, OutcomeRecorded

_DECLINED = "declined_consent"


def fact_of(report: Report) -> Fact:
    """The report as its event says it, which is codes alone."""
    said = {**report.codes, "report_id": str(report.id), "rep_id": report.rep_id, "occurred_at": report.occurred_at}
    said |= {"contact_id": report.contact_id, "brand_id": report.brand_id, "received_at": report.received_at}
    match report.kind:
        case "outcome":
            return OutcomeRecorded.model_validate({**said, "lead_id": report.lead_id})
        case "objection":
            return ObjectionRecorded.model_validate({**said, "lead_id": report.lead_id})
        case "insight":
            return InsightRecorded.model_validate({**said, "account_id": report.account_id})
        case _:
            assert_never(report.kind)


def consent_in(report: Report) -> ConsentReported | None:
    """What the report says that its contact does not allow, if it says so.

    Who declines to a rep has closed every channel, not the one they said it on: a visit that ends with it must not be followed by a
    colleague's call for another brand. The person's own later word opens them again.
    """
    if report.kind != "outcome" or report.codes["code"] != _DECLINED or report.contact_id is None:
        return None
    return ConsentReported(
        report_id=str(report.id),
        contact_id=report.contact_id,
        channel="any",
        purpose="marketing",
        state="denied",
        at=min(report.occurred_at, report.received_at),
        evidence="told_to_rep",
    )
