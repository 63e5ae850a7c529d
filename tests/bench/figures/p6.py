"""P6: our relay, from the outbox's rows to Kafka's acknowledgement and the commit, against the client library alone."""

import asyncio
from collections.abc import Iterator

import psycopg
from psycopg.types.json import Jsonb

from shared.relay import BATCH_EVENTS_MAX
from tests.bench.ground import Ground
from tests.bench.protocol import Goal, Measured, Plan, Sample, Say, compare
from tests.bench.streams import CONTACTS, engagements
from tests.bench.topics import make_topic
from tests.bench.trials import trial

GOAL = Goal(">=", 0.6)

_TOPIC = "bench-relay"
_EVENTS_PER_SECOND = 10_000
"""About what a core moves, so that an arm runs for about as long as it is planned to."""
_FILL = """
    INSERT INTO outbox (event_id, topic, key, type, headers, body)
    SELECT gen_random_uuid(), %(topic)s, sample.key, sample.type, sample.headers, sample.body
    FROM generate_series(0, %(events)s - 1) AS number JOIN sample ON sample.place = number %% %(samples)s ORDER BY number
"""


def take(ground: Ground, plan: Plan, say: Say) -> Iterator[Measured]:
    """In batches of the relay's size. The outbox is feedback's, which doesn't run."""
    ground.stop_service("feedback")
    bootstrap, database_url = ground.servers.kafka_bootstrap, ground.servers.database_url("feedback")
    warm_up, events = (_whole_batches(seconds) for seconds in (plan.warm_up_seconds, plan.seconds))
    asyncio.run(make_topic(bootstrap, _TOPIC))
    say("P6: the relay / aiokafka's send, acks=all, idempotent; events per second, a backlog in batches of 1,000")

    def relay(_: Plan) -> Sample:
        ground.truncate(database_url, "outbox", "sent_events")
        _fill(database_url, warm_up + events)
        pids = {name: ground.pid(name) for name in ("postgres", "kafka")}
        return trial("relay", warm_up=warm_up, events=events, pids=pids, database_url=database_url, bootstrap=bootstrap)

    def producer(_: Plan) -> Sample:
        pids = {"kafka": ground.pid("kafka")}
        return trial("raw_producer", warm_up=warm_up, events=events, pids=pids, bootstrap=bootstrap, topic=_TOPIC)

    yield compare("P6", ours=relay, theirs=producer, goal=GOAL, plan=plan, say=say)


def _whole_batches(seconds: float) -> int:
    return max(1, round(seconds * _EVENTS_PER_SECOND / BATCH_EVENTS_MAX)) * BATCH_EVENTS_MAX


def _fill(database_url: str, events: int) -> None:
    with psycopg.connect(database_url.replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute("CREATE TEMP TABLE sample (place int, key text, type text, headers jsonb, body text)")
        with connection.cursor().copy("COPY sample FROM STDIN") as copy:
            for place, event in enumerate(engagements(CONTACTS)):
                headers = Jsonb(event.headers)
                copy.write_row((place, event.fact.key(), event.fact.contract.event_type, headers, event.body))
        connection.execute(_FILL, {"topic": _TOPIC, "events": events, "samples": CONTACTS})
        connection.execute("VACUUM ANALYZE outbox")
