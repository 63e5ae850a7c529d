"""What reps reported of leads, kept so that their reports count together, whatever the order in which they come."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from routing.decisions.lifecycle.outcomes import ReportedOutcome
from routing.decisions.lifecycle.stages import Overruled
from routing.operations.desk import Desk
from routing.tables import Lead
from shared.database import Statement, together
from shared.events.feedback import OutcomeRecorded

_REPORTS = "SELECT * FROM reported_outcomes WHERE lead_id = ANY(%(lead_ids)s)"
_TAKEN_BACK = """
    DELETE FROM reported_outcomes USING unnest(CAST(%(lead_ids)s AS uuid[]), CAST(%(report_ids)s AS text[])) AS back (lead_id, report_id)
    WHERE reported_outcomes.lead_id = back.lead_id AND reported_outcomes.report_id = back.report_id
"""


@dataclass(slots=True)
class Reports:
    """The reports that count, by lead: those of its owner, since they got it."""

    by_lead: dict[UUID, list[ReportedOutcome]] = field(default_factory=lambda: defaultdict(list))
    taken_back: list[tuple[UUID, str]] = field(default_factory=list)

    def earlier(self, lead: Lead) -> Sequence[ReportedOutcome]:
        """What was taken of the lead's owner so far."""
        return self.by_lead[lead.id]

    def standing(self, lead: Lead, *, overruled: Collection[Overruled] = ()) -> Sequence[ReportedOutcome]:
        """What counts of the lead's owner but for what is just overruled."""
        gone = {each.report_id for each in overruled}
        return [each for each in self.by_lead[lead.id] if each.report_id not in gone]

    def take(self, desk: Desk, lead: Lead, outcome: ReportedOutcome) -> None:
        """The report counts."""
        if lead.assigned_at is None:
            raise ValueError("a report of a lead that was never anybody's")
        self.by_lead[lead.id].append(outcome)
        desk.reports.append(
            {
                "lead_id": lead.id,
                "report_id": outcome.report_id,
                "rep_id": outcome.rep_id,
                "owned_since": lead.assigned_at,
                "code": outcome.code,
                "reason_code": outcome.reason_code,
                "occurred_at": outcome.occurred_at,
                "received_at": outcome.received_at,
                "meeting_at": outcome.meeting_at,
            }
        )

    def take_back(self, desk: Desk, lead: Lead, report_id: str) -> ReportedOutcome:
        """The report doesn't count after all; what it said."""
        outcome = next(each for each in self.by_lead[lead.id] if each.report_id == report_id)
        self.by_lead[lead.id].remove(outcome)
        desk.reports = [row for row in desk.reports if (row["lead_id"], row["report_id"]) != (lead.id, report_id)]
        self.taken_back.append((lead.id, report_id))
        return outcome

    async def keep(self, session: AsyncSession) -> None:
        """Takes away what doesn't count any more; what counts is written when the desk is cleared."""
        if self.taken_back:
            gone = {"lead_ids": [lead_id for lead_id, _ in self.taken_back], "report_ids": [report_id for _, report_id in self.taken_back]}
            await together(session, Statement(_TAKEN_BACK, gone, list))


async def reports_on(session: AsyncSession, desk: Desk, lead_ids: Collection[UUID]) -> Reports:
    """The reports that count of these leads. Whoever asks holds their contacts."""
    reports = Reports()
    [rows] = await together(session, Statement(_REPORTS, {"lead_ids": list(lead_ids)}, list))
    for row in rows:
        lead = desk.leads[row.lead_id]
        if (row.rep_id, row.owned_since) == (lead.rep_id, lead.assigned_at):
            reports.by_lead[lead.id].append(_outcome(row))
    return reports


def reported(desk: Desk, lead: Lead, fact: OutcomeRecorded) -> ReportedOutcome:
    """What the event says, as the lifecycle's decisions see it."""
    # A device's clock may be wrong; nothing happened before the lead was there, or will have happened later than now.
    at = min(max(fact.occurred_at, lead.qualified_at), desk.now)
    meeting_at = None if fact.meeting_at is None else max(fact.meeting_at, at)
    return ReportedOutcome(fact.code, fact.rep_id, at, fact.reason_code, fact.report_id, meeting_at, fact.received_at)


def _outcome(row: Any) -> ReportedOutcome:
    return ReportedOutcome(row.code, row.rep_id, row.occurred_at, row.reason_code, row.report_id, row.meeting_at, row.received_at)
