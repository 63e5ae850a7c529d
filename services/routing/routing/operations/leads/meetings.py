"""Keeps for when a meeting is agreed, with its lead: it is told where the lead is shown, and in its brief."""

from collections.abc import Sequence

from routing.decisions.clocks.business_time import Calendar
from routing.decisions.lifecycle.meetings import Meeting, meeting_in
from routing.decisions.lifecycle.outcomes import ReportedOutcome
from routing.operations.desk import Desk
from routing.tables import Lead
from shared.events.feedback import OutcomeRecorded


def meeting_of(lead: Lead, reports: Sequence[ReportedOutcome], *, standing: Sequence[ReportedOutcome]) -> Meeting | None:
    """The meeting by the reports of the owner that stand; the one the lead was handed over with counts until they book another."""
    has_booked = any(each.meeting_at is not None for each in reports)
    return meeting_in(standing, handed_over=None if has_booked else lead.meeting_at)


def keep_meeting(desk: Desk, lead: Lead, meeting: Meeting | None, report: OutcomeRecorded, calendar: Calendar) -> None:
    """The lead has this meeting ahead, or none: if it was told what came of it, or the lead has ended. Another than before is recorded."""
    before = lead.meeting_at
    lead.meeting_at = meeting.at if meeting is not None and meeting.told_by is None and lead.ended_at is None else None
    if lead.meeting_at == before:
        return
    desk.touched_leads.add(lead.id)
    desk.notes.outdate(lead, now=desk.now)
    if lead.meeting_at is not None:
        reported = {"report_id": report.report_id, "rep_id": report.rep_id, "code": report.code}
        details = {**reported, "meeting_at": lead.meeting_at, "was_at": before, "zone": calendar.zone.key}
        desk.record(lead, "meeting_agreed", reason="meeting_booked" if before is None else "meeting_moved", details=details)
