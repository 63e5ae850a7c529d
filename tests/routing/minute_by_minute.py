"""Business time as anybody would count it who has the patience: minute by minute, on the wall clock of the place."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

MINUTE = timedelta(minutes=1)
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


@dataclass(frozen=True)
class Counting:
    """Weekly hours, a zone, and the days that are closed although the week says otherwise."""

    hours: Mapping[str, Sequence[Sequence[str]]]
    zone: str
    is_holiday: Callable[[date], bool]

    def is_open(self, moment: datetime) -> bool:
        """Whether the minute that begins at this moment is open."""
        local = moment.astimezone(ZoneInfo(self.zone))
        wall = f"{local.hour:02}:{local.minute:02}"
        blocks = self.hours.get(DAYS[local.weekday()], ())
        return any(opens <= wall < closes for opens, closes in blocks) and not self.is_holiday(local.date())

    def due(self, start: datetime, minutes: int, *, stands_still: Callable[[datetime], bool] = lambda _: False) -> datetime:
        """When so many open minutes (one at least) have passed, not counting those in which it stands still."""
        moment = start
        while minutes:
            minutes -= self.is_open(moment) and not stands_still(moment)
            moment += MINUTE
        return moment

    def open_minutes(self, start: datetime, end: datetime, *, stands_still: Callable[[datetime], bool] = lambda _: False) -> int:
        """How many open minutes lie between two moments."""
        count = (end - start) // MINUTE
        moments = (start + number * MINUTE for number in range(max(0, count)))
        return sum(self.is_open(moment) and not stands_still(moment) for moment in moments)

    def working_days_on(self, start: datetime, days: int) -> datetime:
        """The same wall time so many working days on; the next open minute if it is closed then."""
        zone = ZoneInfo(self.zone)
        local = start.astimezone(zone)
        day = local.date()
        while days:
            day += timedelta(days=1)
            days -= bool(self.hours.get(DAYS[day.weekday()])) and not self.is_holiday(day)
        moment = datetime.combine(day, local.time(), tzinfo=zone).astimezone(UTC)
        while not self.is_open(moment):
            moment += MINUTE
        return moment
