"""The relay: takes events from the outbox, oldest first, and gives them to Kafka. One is active per service.

Delivery is at least once: a kill between Kafka's acknowledgement and our commit sends the batch again with the same ids, and the
consumers' inboxes make that harmless. What Kafka acknowledged stays replayable (`republish`).
"""

import asyncio
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from operator import itemgetter
from typing import Any

import structlog
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError
from aiokafka.partitioner import murmur2
from aiokafka.producer.message_accumulator import BatchBuilder
from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from shared import failpoints, telemetry, tracing
from shared.database import Database
from shared.events import TOPICS
from shared.leaving import RELAY_SECONDS, cut_after
from shared.loops import backoff_seconds, lead, sleep_unless, wait_for_bell
from shared.metadata import ask_with_pauses
from shared.outbox import BELL, note_published
from shared.topics import ensure_topics

_log = structlog.get_logger()

# Large enough that a backlog drains at Kafka's pace, small enough that its rows fit comfortably in memory.
BATCH_EVENTS_MAX = 1_000

# A commit in this process rings at once; this is for commits of other processes (an API running apart from its worker).
_POLL_SECONDS = 0.1
# Under load it rests this much longer than it worked: what is committed meanwhile goes in one batch, and doesn't cost the door a third.
_RESTS = 2
_SEND_TIMEOUT_SECONDS = 15
_LAST_CLOSE_SECONDS = 1
_REQUEST_TIMEOUT_MS = 10_000
_METADATA_AGE_MS_MAX = 5_000
# What one partition gets at once; Kafka takes up to a megabyte.
_PRODUCER_BATCH_BYTES = 512 * 1024
_REQUEST_BYTES_MAX = 1_048_576

Place = tuple[str, int]
"""A topic and a partition of it."""

_TOPIC_AND_TYPE = itemgetter(1, 3)

_COMPACTED = [topic.name for topic in TOPICS if topic.compacted]

# Queue semantics: what is still there has not left. (A cursor by position would skip transactions that commit late.)
# Its commit need not wait for the disk: where it is lost with the server, the same events are there again, and are sent again.
_OLDEST = text("SELECT position, topic, key, type, headers, body FROM outbox ORDER BY position LIMIT :limit")
_TAKE = text(
    """
    WITH taken AS (
        DELETE FROM outbox WHERE position = ANY (CAST(:positions AS bigint[]))
        RETURNING position, event_id, topic, key, type, headers, body
    ), sent AS (
        INSERT INTO sent_events (sent_at, position, event_id, topic, key, type, headers, body)
        SELECT now(), position, event_id, topic, key, type, headers, body FROM taken WHERE topic <> ALL (:compacted)
    ), current AS (
        INSERT INTO sent_snapshots (topic, key, position, event_id, type, headers, body)
        SELECT DISTINCT ON (topic, key) topic, key, position, event_id, type, headers, body
        FROM taken WHERE topic = ANY (:compacted)
        ORDER BY topic, key, position DESC
        ON CONFLICT (topic, key) DO UPDATE
        SET position = excluded.position, event_id = excluded.event_id, type = excluded.type,
            headers = excluded.headers, body = excluded.body
    )
    SELECT (SELECT count(*) FROM taken), set_config('synchronous_commit', 'off', true)
    """
)

# Writers wait for the moment this takes, so that nothing new slips in between the old; then what was waiting follows what is sent again.
_HOLD_WRITERS = text("LOCK TABLE outbox IN SHARE ROW EXCLUSIVE MODE")
_SEND_AGAIN = text(
    """
    WITH waiting AS (
        DELETE FROM outbox RETURNING position, event_id, topic, key, type, headers, body
    ), sent AS (
        DELETE FROM sent_events WHERE sent_at >= :since RETURNING position, event_id, topic, key, type, headers, body
    ), again AS (
        INSERT INTO outbox (event_id, topic, key, type, headers, body)
        SELECT event_id, topic, key, type, headers, body
        FROM (
            SELECT 1 AS turn, position, event_id, topic, key, type, headers, body FROM sent_snapshots
            UNION ALL SELECT 2, * FROM sent
            UNION ALL SELECT 3, * FROM waiting
        ) AS everything
        ORDER BY turn, position
        RETURNING 1
    )
    SELECT (SELECT count(*) FROM again) - (SELECT count(*) FROM waiting)
    """
)


class Relay:
    """One service's relay. `run` leads until stopped; `run_once` moves one batch and says how many events it held."""

    def __init__(self, *, database: Database, bootstrap: str) -> None:
        self._database = database
        self._bootstrap = bootstrap
        self._producer: AIOKafkaProducer | None = None
        self._read_ahead: Sequence[Row[Any]] = ()
        self.last_success_at: datetime | None = None
        self.waiting_for: str | None = None

    async def run(self, stop: asyncio.Event) -> None:
        """Relays until stopped, in whichever process holds the office."""

        async def work(connection: AsyncConnection) -> None:
            telemetry.RELAY_LEADING.set(1)
            try:
                await self._relay(connection, stop)
                await self._flush(connection)
            finally:
                telemetry.RELAY_LEADING.set(0)

        async with cut_after(stop, seconds=RELAY_SECONDS, part="relay"):
            try:
                await lead(work, database=self._database, office="relay", stop=stop)
            finally:
                await self.close(within_seconds=_LAST_CLOSE_SECONDS)

    async def _flush(self, connection: AsyncConnection) -> None:
        """What was said last leaves too, if Kafka takes it now; otherwise it waits for whoever relays next."""
        try:
            while await self.run_once(connection):
                pass
        except (KafkaError, TimeoutError) as error:
            _log.info("events stay in the outbox", error=type(error).__name__)

    async def _relay(self, connection: AsyncConnection, stop: asyncio.Event) -> None:
        failures = 0
        while not stop.is_set():
            bell = self._database.bells[BELL]
            bell.clear()
            began = time.monotonic()
            try:
                moved = await self.run_once(connection)
            except (KafkaError, TimeoutError) as error:
                failures += 1
                self.waiting_for = "kafka"
                _log.warning("relay waits for kafka", error=type(error).__name__, failures=failures)
                await self.close()
                await sleep_unless(stop, backoff_seconds(failures))
                continue
            failures = 0
            self.waiting_for = None
            self.last_success_at = datetime.now(UTC)
            if moved < BATCH_EVENTS_MAX:
                await sleep_unless(stop, _RESTS * (time.monotonic() - began) if moved else 0)
                await wait_for_bell(bell, stop, at_most_seconds=_POLL_SECONDS)

    async def run_once(self, connection: AsyncConnection) -> int:
        """Sends the oldest batch and takes it from the outbox once Kafka has acknowledged all of it. Returns how many events.

        Raises `KafkaError` or `TimeoutError` when Kafka did not acknowledge: then nothing was taken. While Kafka works on a batch the
        next is read, but sent only when this one has left: nothing overtakes what failed.
        """
        began_ns = tracing.now_ns()
        rows, self._read_ahead = self._read_ahead, ()
        async with connection.begin() as transaction:
            rows = rows or await self._oldest(connection)
            if not rows:
                return 0
            ours = asyncio.Event()
            sending = asyncio.create_task(self._send(rows, ours))
            try:
                taken = await connection.scalar(_TAKE, {"positions": [row.position for row in rows], "compacted": _COMPACTED})
                if taken != len(rows):  # they were put back meanwhile, to be sent again with all that follows
                    await transaction.rollback()
                    return 0
                ours.set()
                following = await self._oldest(connection) if len(rows) == BATCH_EVENTS_MAX else ()
                await sending
            finally:
                sending.cancel()
                await asyncio.wait({sending})
            failpoints.reach("relay.acknowledged")
        self._read_ahead = following
        tracing.note_sent([row.headers for row in rows], began_ns=began_ns)
        for (topic, event_type), count in Counter(map(_TOPIC_AND_TYPE, rows)).items():
            telemetry.EVENTS_PUBLISHED.labels(topic=topic, type=event_type).inc(count)
        return len(rows)

    async def _oldest(self, connection: AsyncConnection) -> Sequence[Row[Any]]:
        return (await connection.execute(_OLDEST, {"limit": BATCH_EVENTS_MAX})).all()

    async def _send(self, rows: Sequence[Row[Any]], ours: asyncio.Event) -> None:
        """Packs events and, once they are ours to send, sends them, each partition's in order, until Kafka has acknowledged all."""
        async with asyncio.timeout(_SEND_TIMEOUT_SECONDS):
            producer = await self._ready_producer()
            batches = await _by_partition(producer, rows)
            await ours.wait()
            await asyncio.gather(*(_send_in_order(producer, place, of_partition) for place, of_partition in batches.items()))

    async def _ready_producer(self) -> AIOKafkaProducer:
        if self._producer is None:
            await ensure_topics(self._bootstrap)
            producer = AIOKafkaProducer(
                bootstrap_servers=self._bootstrap,
                acks="all",
                enable_idempotence=True,
                max_batch_size=_PRODUCER_BATCH_BYTES,
                max_request_size=_REQUEST_BYTES_MAX,
                request_timeout_ms=_REQUEST_TIMEOUT_MS,
                metadata_max_age_ms=_METADATA_AGE_MS_MAX,
            )
            ask_with_pauses(producer.client)
            try:
                await producer.start()
            except BaseException:
                await producer.stop()
                raise
            self._producer = producer
        return self._producer

    async def close(self, *, within_seconds: float = _SEND_TIMEOUT_SECONDS) -> None:
        """Drops the producer. An idempotent producer that failed stays failed: the next send builds a new one."""
        producer, self._producer = self._producer, None
        if producer is not None:
            try:
                async with asyncio.timeout(within_seconds):
                    await producer.stop()
            except (KafkaError, TimeoutError) as error:
                _log.warning("producer left behind", error=type(error).__name__)


async def _by_partition(producer: AIOKafkaProducer, rows: Iterable[Any]) -> dict[Place, list[BatchBuilder]]:
    """The events as Kafka takes them, in batches per partition: a future per event would cost more than all the rest."""
    partitions: dict[str, list[int]] = {}
    batches: defaultdict[Place, list[BatchBuilder]] = defaultdict(list)
    for _, topic, key, _, headers, body in rows:
        if topic not in partitions:
            partitions[topic] = sorted(await producer.partitions_for(topic))
        raw_key, raw_headers = key.encode(), [(name, value.encode()) for name, value in headers.items()]
        value = None if body is None else body.encode()  # a tombstone has none
        of_place = batches[topic, partitions[topic][_hash(raw_key) % len(partitions[topic])]]
        if not of_place or of_place[-1].append(timestamp=None, key=raw_key, value=value, headers=raw_headers) is None:
            of_place.append(producer.create_batch())
            of_place[-1].append(timestamp=None, key=raw_key, value=value, headers=raw_headers)
    return batches


async def _send_in_order(producer: AIOKafkaProducer, place: Place, batches: Iterable[BatchBuilder]) -> None:
    topic, partition = place
    for batch in batches:
        acknowledged = await producer.send_batch(batch, topic, partition=partition)
        await acknowledged


@lru_cache(10_000)  # in pure Python it costs as much as all else of an event, and one key's events come together
def _hash(key: bytes) -> int:
    """What every Kafka client computes a key's partition from, so that whoever else writes to a topic finds the same one."""
    return int(murmur2(key)) & 0x7FFFFFFF


async def send_again(session: AsyncSession, *, since: datetime) -> int:
    """Puts back into the outbox all current snapshots and every event acknowledged since then, with their ids and in their order.

    For a broker that lost its log. Consumers that had applied an event drop it again by its id. Returns how many were put back.
    """
    await session.execute(_HOLD_WRITERS)
    put_back = await session.scalar(_SEND_AGAIN, {"since": since})
    note_published(session)
    return int(put_back or 0)
