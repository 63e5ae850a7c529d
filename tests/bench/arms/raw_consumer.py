"""The libraries alone: `getmany`, the fields of each body, COPY into a temporary table, an upsert from it, and the offsets."""

import orjson
import psycopg
from aiokafka import AIOKafkaConsumer

from shared.consuming import BATCH_RECORDS_MAX
from shared.events.topics import ENGAGEMENTS
from tests.bench.trials import Move, run_trial

_COLUMNS = ("engagement_id", "contact_id", "kind", "channel", "campaign_id", "brand_id", "topics", "occurred_at")
_COPY = f"COPY incoming ({', '.join(_COLUMNS)}) FROM STDIN"
_UPSERT = f"""
    INSERT INTO bench_engagements ({", ".join(_COLUMNS)}) SELECT {", ".join(_COLUMNS)} FROM incoming
    ON CONFLICT (engagement_id) DO UPDATE SET kind = excluded.kind, occurred_at = excluded.occurred_at
"""


async def begin(*, database_url: str, bootstrap: str, group: str) -> Move:
    """A consumer of a group that has read nothing yet."""
    connection = await psycopg.AsyncConnection.connect(database_url.replace("+psycopg", ""))
    await connection.execute("CREATE TEMP TABLE incoming (LIKE bench_engagements) ON COMMIT DELETE ROWS")
    await connection.commit()
    consumer = AIOKafkaConsumer(
        ENGAGEMENTS.name, bootstrap_servers=bootstrap, group_id=group, auto_offset_reset="earliest", enable_auto_commit=False
    )
    await consumer.start()

    async def move(events: int) -> None:
        while events > 0:
            batches = await consumer.getmany(timeout_ms=1_000, max_records=BATCH_RECORDS_MAX)
            bodies = [orjson.loads(record.value) for records in batches.values() for record in records]
            if not bodies:
                continue
            async with connection.cursor() as cursor:
                async with cursor.copy(_COPY) as copy:
                    for body in bodies:
                        await copy.write_row([body[column] for column in _COLUMNS])
                await cursor.execute(_UPSERT)
            await connection.commit()
            await consumer.commit()
            events -= len(bodies)

    return move


if __name__ == "__main__":
    run_trial(begin)
