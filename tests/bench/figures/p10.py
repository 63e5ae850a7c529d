"""P10: the consuming seam alone (reading, inbox, one upserted table) against the libraries alone with COPY."""

import asyncio
from collections.abc import Iterator
from functools import partial
from itertools import count

import psycopg
from aiokafka import AIOKafkaProducer

from shared.events.topics import ENGAGEMENTS
from shared.topics import ensure_topics
from tests.bench.ground import Ground
from tests.bench.protocol import Goal, Measured, Plan, Sample, Say, compare
from tests.bench.streams import engagements
from tests.bench.trials import trial

GOAL = Goal(">=", 0.6)

_EVENTS_PER_SECOND = 8_000
"""About what a core applies, so that an arm runs for about as long as it is planned to."""
_SPARE_EVENTS = 2_000
"""A batch may take more than was asked for; the last one must still find some."""
TABLE = """
    CREATE TABLE IF NOT EXISTS bench_engagements (
        engagement_id text PRIMARY KEY, contact_id text NOT NULL, kind text NOT NULL, channel text NOT NULL, campaign_id text,
        brand_id text, topics text[] NOT NULL, occurred_at timestamptz NOT NULL
    )
"""


def take(ground: Ground, plan: Plan, say: Say) -> Iterator[Measured]:
    """Each run reads the same backlog by a consumer group of its own. The database is feedback's, which doesn't run."""
    ground.stop_service("feedback")
    bootstrap, database_url = ground.servers.kafka_bootstrap, ground.servers.database_url("feedback")
    warm_up, events = (round(seconds * _EVENTS_PER_SECOND) for seconds in (plan.warm_up_seconds, plan.seconds))
    with psycopg.connect(database_url.replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute(TABLE)
    asyncio.run(_say_events(bootstrap, warm_up + events + _SPARE_EVENTS))
    say("P10: the consuming seam with its inbox / getmany, COPY into a temporary table, upsert; events per second, a backlog")
    groups = count(1)

    def arm(name: str, _: Plan) -> Sample:
        ground.truncate(database_url, "bench_engagements", "inbox")
        pids = {each: ground.pid(each) for each in ("postgres", "kafka")}
        group = f"bench-{next(groups)}"
        return trial(name, warm_up=warm_up, events=events, pids=pids, database_url=database_url, bootstrap=bootstrap, group=group)

    yield compare("P10", ours=partial(arm, "consumer"), theirs=partial(arm, "raw_consumer"), goal=GOAL, plan=plan, say=say)


async def _say_events(bootstrap: str, number: int) -> None:
    await ensure_topics(bootstrap)
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, linger_ms=5)
    await producer.start()
    try:
        for event in engagements(number):
            headers = [(name, value.encode()) for name, value in event.headers.items()]
            await producer.send(ENGAGEMENTS.name, key=event.fact.key().encode(), value=event.body.encode(), headers=headers)
        await producer.flush()
    finally:
        await producer.stop()
