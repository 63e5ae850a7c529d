"""Cutting a span of time into whole UTC days, which rollups answer, and the rest, which only facts answer exactly."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta


@dataclass(frozen=True, slots=True)
class Span:
    """From `since` (included) to `until` (excluded), both aware."""

    since: datetime
    until: datetime

    def before(self) -> "Span":
        """The same length of time just before."""
        return Span(self.since - (self.until - self.since), self.since)

    @property
    def first_whole_day(self) -> date:
        """The first UTC day that lies in the span with its beginning."""
        since = self.since.astimezone(UTC)
        return since.date() if since.time() == time.min else since.date() + timedelta(days=1)

    @property
    def end_of_whole_days(self) -> date:
        """The day after the last whole one. Not after `first_whole_day` when the span holds no whole day."""
        return self.until.astimezone(UTC).date()
