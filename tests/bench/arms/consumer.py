"""Our consuming seam: records read and believed, the inbox, and one upserted table, in one commit per batch before the offsets'."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from shared.database import as_recordset
from shared.events import Event
from shared.events.engagements import EngagementRecorded
from tests.bench.arms.consuming import consumer_of
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
    return consumer_of(_upsert, name="consumer", database_url=database_url, bootstrap=bootstrap, group=group)


async def _upsert(session: AsyncSession, events: Sequence[Event], _: datetime) -> None:
    await session.execute(_UPSERT, {"rows": as_recordset([_row(event.fact) for event in events])})


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
