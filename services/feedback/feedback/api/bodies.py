"""What reps post, and what they are answered."""

from collections.abc import Sequence
from typing import Annotated, Any, ClassVar, assert_never
from uuid import UUID

from pydantic import Field

from feedback.decisions.reports import Report, ReportKind
from feedback.operations.reports import ReportState
from shared.bodies import Answer, Body, Code, Flag, Id, Moment, Note, ReasonCode, Uuid

# What is shown in one visit; more is a client's mistake, and would make an event no broker takes.
AssetIds = Annotated[list[Id], Field(max_length=50)]
Topics = Annotated[list[Code], Field(max_length=20)]


class ReportBody(Body):
    """What every report has. `coded` names the fields an event carries beside who, whom and when."""

    kind_of_report: ClassVar[ReportKind]
    coded: ClassVar[frozenset[str]]

    id: Uuid | None = None
    occurred_at: Moment
    note: Note | None = None

    def codes(self) -> dict[str, Any]:
        """The coded fields as JSON values."""
        return self.model_dump(mode="json", include=set(self.coded))


class Opportunity(Body):
    """An HCO-level opportunity the lead contributed to."""

    account_id: Id
    type: Code


class OutcomeBody(ReportBody):
    """What came of a contact attempt on a lead. `meeting_at`: for when a meeting was booked."""

    kind_of_report = "outcome"
    coded = frozenset({"code", "channel", "reason_code", "assets_shown", "opportunity", "call_id", "meeting_at"})

    lead_id: Id
    code: Code
    channel: Code
    reason_code: ReasonCode | None = None
    assets_shown: AssetIds = []
    opportunity: Opportunity | None = None
    call_id: Id | None = None
    meeting_at: Moment | None = None


class ObjectionBody(ReportBody):
    """What an HCP objected to. The rep says whether it happened in a patient, and whether it is a medical question."""

    kind_of_report = "objection"
    coded = frozenset({"topic", "nature", "reaction", "asset_id", "call_id"})

    lead_id: Id | None = None
    contact_id: Id | None = None
    brand_id: Id | None = None
    topic: Code
    nature: Code
    reaction: Code
    asset_id: Id | None = None
    call_id: Id | None = None
    adverse_event: Flag
    medical_question: Flag


class InsightBody(ReportBody):
    """Something a rep learned that is no objection."""

    kind_of_report = "insight"
    coded = frozenset({"kind", "topics"})

    contact_id: Id | None = None
    account_id: Id | None = None
    brand_id: Id | None = None
    kind: Code
    topics: Topics = []
    note: Note
    adverse_event: Flag
    medical_question: Flag


class ReportAnswer(Answer):
    """A report as it was taken up. In state `case_only` it left the commercial path; `pending` waits until its lead is heard of.

    `case_id` is the first of `case_ids`, a safety case before any other.
    """

    id: UUID
    type: ReportKind
    state: ReportState
    case_id: UUID | None
    case_ids: list[UUID]
    rep_id: str
    contact_id: str | None
    brand_id: str | None
    occurred_at: Moment
    received_at: Moment


class OutcomeAnswer(ReportAnswer):
    """An outcome as it was taken up."""

    lead_id: str
    code: str
    channel: str
    reason_code: str | None
    assets_shown: list[str]
    opportunity: Opportunity | None
    call_id: str | None
    meeting_at: Moment | None = None


class ObjectionAnswer(ReportAnswer):
    """An objection as it was taken up."""

    lead_id: str | None
    topic: str
    nature: str
    reaction: str
    asset_id: str | None
    call_id: str | None


class InsightAnswer(ReportAnswer):
    """An insight as it was taken up."""

    account_id: str | None
    kind: str
    topics: list[str]


def report_answer(report: Report, *, state: ReportState, case_ids: Sequence[UUID]) -> ReportAnswer:
    """What the rep is told of a report they posted."""
    common = {
        "id": report.id,
        "type": report.kind,
        "state": state,
        "case_id": case_ids[0] if case_ids else None,
        "case_ids": list(case_ids),
        "rep_id": report.rep_id,
        "contact_id": report.contact_id,
        "brand_id": report.brand_id,
        "occurred_at": report.occurred_at,
        "received_at": report.received_at,
    }
    match report.kind:
        case "outcome":
            return OutcomeAnswer.model_validate({**common, **report.codes, "lead_id": report.lead_id})
        case "objection":
            return ObjectionAnswer.model_validate({**common, **report.codes, "lead_id": report.lead_id})
        case "insight":
            return InsightAnswer.model_validate({**common, **report.codes, "account_id": report.account_id})
        case _:
            assert_never(report.kind)
