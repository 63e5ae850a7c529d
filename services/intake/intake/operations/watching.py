"""Watching sources: their receipts are counted by the hour, each once, and set beside what came in the weeks before."""

import asyncio
from collections import defaultdict
from datetime import UTC, datetime, timedelta

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from intake.decisions import habits
from intake.decisions.habits import Habit
from shared.database import Database, as_recordset
from shared.loops import repeat

_EVERY_SECONDS = 60
# A delivery is committed or given up well within this after its receipt: whatever is older than it is there or never will be.
SETTLED_AFTER = timedelta(seconds=30)

_ONE_AT_A_TIME = text("SELECT pg_advisory_xact_lock(hashtext('watch'))")
_COUNT = text(
    """
    INSERT INTO source_hours (source, hour, receipts, accepted, duplicate, ignored, rejected)
    SELECT s.name, date_trunc('hour', r.received_at, 'UTC'), count(*), sum(r.accepted), sum(r.duplicate), sum(r.ignored), sum(r.rejected)
    FROM sources s
    LEFT JOIN source_watches w ON w.source = s.name
    JOIN receipts r ON r.source = s.name AND r.door = 'webhook'
        AND r.received_at >= coalesce(w.counted_until, :remembered_since) AND r.received_at < :until
    GROUP BY 1, 2
    ON CONFLICT (source, hour) DO UPDATE SET
        receipts = source_hours.receipts + excluded.receipts, accepted = source_hours.accepted + excluded.accepted,
        duplicate = source_hours.duplicate + excluded.duplicate, ignored = source_hours.ignored + excluded.ignored,
        rejected = source_hours.rejected + excluded.rejected
    """
)
_FORGET = text("DELETE FROM source_hours WHERE hour < :remembered_since")
_STANDING = text(
    """
    SELECT s.name, w.quiet_since, last.received_at AS last_at
    FROM sources s
    LEFT JOIN source_watches w ON w.source = s.name
    LEFT JOIN LATERAL (
        SELECT received_at FROM receipts WHERE source = s.name AND door = 'webhook' ORDER BY received_at DESC LIMIT 1
    ) AS last ON true
    """
)
_HOURS = text("SELECT source, hour, receipts FROM source_hours")
_KEEP = text(
    """
    INSERT INTO source_watches (source, counted_until, last_at, expected_gap_seconds, quiet_since)
    SELECT source, :until, last_at, expected_gap_seconds, quiet_since
    FROM json_to_recordset(CAST(:rows AS json)) AS r(
        source text, last_at timestamptz, expected_gap_seconds double precision, quiet_since timestamptz
    )
    ON CONFLICT (source) DO UPDATE SET
        counted_until = excluded.counted_until, last_at = excluded.last_at, expected_gap_seconds = excluded.expected_gap_seconds,
        quiet_since = excluded.quiet_since
    """
)


async def watch_until_stopped(database: Database, stop: asyncio.Event) -> None:
    """Looks at every source once a minute; of several processes each does, one after the other, and counts nothing twice."""

    async def look_once() -> int:
        async with database.transaction() as session:
            await session.execute(_ONE_AT_A_TIME)
            await look(session, now=datetime.now(UTC))
        return 0

    await repeat(look_once, name="watch", every_seconds=_EVERY_SECONDS, stop=stop)


async def look(session: AsyncSession, *, now: datetime) -> None:
    """One look: counts what has come, and judges each source's silence."""
    until, remembered_since = now - SETTLED_AFTER, now - habits.REMEMBERED
    await session.execute(_COUNT, {"until": until, "remembered_since": remembered_since})
    await session.execute(_FORGET, {"remembered_since": remembered_since})
    known = await _habits(session)
    rows = []
    for source in await session.execute(_STANDING):
        expected = habits.expectations(known[source.name], now=now) if source.name in known else []
        quiet_since = habits.quiet_since(source.quiet_since, expected=expected, last_at=source.last_at, now=now)
        gap_seconds = expected[0].gap_seconds if expected else None
        rows.append({"source": source.name, "last_at": source.last_at, "expected_gap_seconds": gap_seconds, "quiet_since": quiet_since})
    await session.execute(_KEEP, {"until": until, "rows": as_recordset(rows)})


async def _habits(session: AsyncSession) -> dict[str, Habit]:
    hours: dict[str, dict[datetime, int]] = defaultdict(dict)
    for row in await session.execute(_HOURS):
        hours[row.source][row.hour.astimezone(UTC)] = row.receipts
    return {source: Habit(receipts, since=min(receipts)) for source, receipts in hours.items()}
