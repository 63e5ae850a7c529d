"""Retention: the day partitions of what was sent, and the age of the inbox."""

import asyncio
from datetime import UTC, date, datetime, timedelta

from sqlalchemy import text

from shared.database import Database
from shared.loops import repeat

SENT_DAYS = 30
# Longer than anything can still be redelivered or sent again.
INBOX_DAYS = 2 * SENT_DAYS + 1
_ROUND_SECONDS = 600

_PARTITIONS = text("SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'sent_events'::regclass")
_FORGET = text("DELETE FROM inbox WHERE accepted_at < now() - make_interval(days => :days)")
_PREFIX = "sent_events_"


async def keep_tidy(database: Database, stop: asyncio.Event) -> None:
    """Makes the partitions of today and tomorrow, drops those past their days, and trims the inbox, until stopped."""

    async def run_once() -> int:
        await tidy(database, today=datetime.now(UTC).date())
        return 0

    await repeat(run_once, name="retention", every_seconds=_ROUND_SECONDS, stop=stop)


async def tidy(database: Database, *, today: date) -> None:
    """One round of housekeeping as of `today` (UTC)."""
    async with database.transaction() as session:
        present = set((await session.scalars(_PARTITIONS)).all())
        for day in (today, today + timedelta(days=1)):
            name = f"{_PREFIX}{day:%Y%m%d}"
            if name not in present:
                await session.execute(
                    text(
                        f"CREATE TABLE IF NOT EXISTS {name} PARTITION OF sent_events "
                        f"FOR VALUES FROM ('{day} 00:00+00') TO ('{day + timedelta(days=1)} 00:00+00')"
                    )
                )
        for name in present:
            day_text = name.removeprefix(_PREFIX)
            if day_text.isdigit() and datetime.strptime(day_text, "%Y%m%d").replace(tzinfo=UTC).date() < today - timedelta(days=SENT_DAYS):
                await session.execute(text(f"DROP TABLE {name}"))
        await session.execute(_FORGET, {"days": INBOX_DAYS})
