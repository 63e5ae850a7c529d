"""For when a meeting is agreed, and what is to be told of a lead, by the reports of its owner together: in any order the same.

- Of several bookings that name a time the one agreed on last stands. One that names none says nothing about the time.
- What came of it is told by the first report to come of what happened after the booking: that it was held, or more; or any attempt to reach
  the person from its time on, be it that nobody was there.
- Once that is told, or the lead has ended, no meeting lies ahead.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from routing.decisions.lifecycle.outcomes import ATTEMPTS, ReportedOutcome

COME_OF_A_MEETING = frozenset({"meeting_held", "opportunity_created"})
"""The outcomes that say a meeting took place, whenever it was to be."""


@dataclass(frozen=True, slots=True)
class Meeting:
    """A meeting agreed on for a time, and the report that told first what came of it; None: nobody did."""

    at: datetime
    told_by: ReportedOutcome | None = None


@dataclass(frozen=True, slots=True)
class Telling:
    """Since when there is something to tell of a lead, and when it was told; None: it is still to be."""

    since: datetime
    told_at: datetime | None = None


def meeting_in(reports: Sequence[ReportedOutcome], *, handed_over: datetime | None = None) -> Meeting | None:
    """Return the meeting these reports agree on; else the one the lead was `handed_over` with, which came before all of them."""
    booked = max((each for each in reports if each.meeting_at is not None), key=_order, default=None)
    at = handed_over if booked is None else booked.meeting_at
    if at is None:
        return None
    later = (each for each in reports if booked is None or each.order > booked.order)
    telling = (each for each in later if each.code in COME_OF_A_MEETING or (each.code in ATTEMPTS and each.occurred_at >= at))
    return Meeting(at, min(telling, key=lambda each: (each.heard_at, each.report_id), default=None))


def telling_in(reports: Sequence[ReportedOutcome], meeting: Meeting | None, *, goes_on: bool) -> Telling | None:
    """Return what there is to tell of a lead: what comes of its meeting while it `goes_on`, else the newest attempt.

    None without any, or if nobody kept when that was told.
    """
    if meeting is not None and meeting.told_by is None and goes_on:
        return Telling(meeting.at)
    newest = max((each for each in reports if each.code in ATTEMPTS), key=_order, default=None)
    return None if newest is None or newest.received_at is None else telling_of(newest, meeting)


def telling_of(report: ReportedOutcome, meeting: Meeting | None) -> Telling:
    """Return since when this report was due, and when it came: from the meeting's time on if it told first what came of that.

    A meeting that was held before its time is told like any other attempt.
    """
    if meeting is not None and meeting.told_by == report and report.heard_at >= meeting.at:
        return Telling(meeting.at, report.heard_at)
    return Telling(min(report.occurred_at, report.heard_at), report.heard_at)


def _order(report: ReportedOutcome) -> tuple[datetime, str]:
    return report.order
