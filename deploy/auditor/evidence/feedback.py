"""Feedback's tables, as far as they are evidence."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, ClassVar

from deploy.auditor.evidence.rows import ReadAs, Row

_HAS_TEXT = ReadAs("EXISTS (SELECT 1 FROM case_texts WHERE case_texts.case_id = cases.id AND case_texts.text <> '')")


@dataclass(frozen=True, slots=True)
class Report(Row):
    """What a rep reported."""

    table: ClassVar[str] = "reports"

    id: str
    kind: str
    state: str
    rep_id: str
    posted_as: str
    lead_id: str | None
    contact_id: str | None


@dataclass(frozen=True, slots=True)
class Note(Row):
    """That something was typed with a report."""

    table: ClassVar[str] = "report_notes"

    report_id: str


@dataclass(frozen=True, slots=True)
class Case(Row):
    """A safety or medical matter, and whether what was said stands beside it."""

    table: ClassVar[str] = "cases"

    id: str
    kind: str
    certainty: str
    report_id: str
    awareness_at: datetime
    received_at: datetime
    due_at: datetime
    has_text: Annotated[bool, _HAS_TEXT]


@dataclass(frozen=True, slots=True)
class OwnedLead(Row):
    """Whose a lead is, as feedback heard."""

    table: ClassVar[str] = "leads"

    lead_id: str
    rep_id: str | None


@dataclass(frozen=True, slots=True)
class Feedback:
    """All of it."""

    reports: Sequence[Report] = ()
    cases: Sequence[Case] = ()
    leads: Sequence[OwnedLead] = ()
    notes: Sequence[Note] = ()
