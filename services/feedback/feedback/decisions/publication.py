"""The facts feedback states: a report that stands, a case that was opened."""

from typing import assert_never

from feedback.decisions.reports import Report
from shared.events.facts import Fact
from shared.events.feedback import InsightRecorded, ObjectionRecorded, OutcomeRecorded


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
