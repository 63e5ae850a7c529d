"""Our consuming seam: records read and believed, the inbox, and one upserted table, in one commit per batch before the offsets'."""

import asyncio
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from shared.consuming import Consuming
from shared.database import Database, as_recordset
from shared.events import Event
from shared.events.engagements import EngagementRecorded
from shared.events.topics import ENGAGEMENTS
from tests.bench.trials import Move, run_trial

_UPSERT = text(
    """
    INSERT INTO bench_engagements (engagement_id, contact_id, kind, channel, campaign_id, brand_id, topics, occurred_at)
    SELECT engagement_id, contact_id, kind, channel, campaign_id, brand_id, topics, occurred_at
    FROM json_to_recordset(CAST(:rows AS json)) AS r(engagement_id text, contact_id text, kind text, channel text, campaign_id text,
        brand_id text, topics text[], occurred_at timestamptz)
    ON CONFLICT (engagement_id) DO UPDATE SET kind = excluded.kind, occurred_at = excluded.occurred_at
    """
)


async def begin(*, database_url: str, bootstrap: str, group: str) -> Move:
    """A service with one consumer, of a group that has read nothing yet."""
    consuming = Consuming(service=group, database=Database(database_url, application_name="bench-consumer"), bootstrap=bootstrap)
    applied = 0
    more = asyncio.Event()

    async def upsert(session: AsyncSession, events: Sequence[Event], _: datetime) -> None:
        nonlocal applied
        await session.execute(_UPSERT, {"rows": as_recordset([_row(event.fact) for event in events])})
        applied += len(events)
        more.set()

    consuming.subscribe(ENGAGEMENTS, upsert)
    started: list[asyncio.Task[None]] = []
    wanted = 0

    async def move(events: int) -> None:
        nonlocal wanted
        wanted += events
        if not started:
            started.append(asyncio.create_task(consuming.run(asyncio.Event())))
        while applied < wanted:
            more.clear()
            await more.wait()

    return move


def _row(fact: object) -> dict[str, object]:
    assert isinstance(fact, EngagementRecorded)
    return {
        "engagement_id": fact.engagement_id,
        "contact_id": fact.contact_id,
        "kind": fact.kind,
        "channel": fact.channel,
        "campaign_id": fact.campaign_id,
        "brand_id": fact.brand_id,
        "topics": fact.topics,
        "occurred_at": fact.occurred_at,
    }


if __name__ == "__main__":
    run_trial(begin)
