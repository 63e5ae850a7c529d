"""Consuming: how records become effects. FastStream brings batches of raw records; everything after that is decided here.

- Poison (unreadable, or failing again and again on its own) is quarantined at once, that record alone, and the rest goes on.
- Weather (the database is away) is waited out, never quarantined, and never so long that Kafka takes us for dead.
- Too many failing records in a row is neither: a bad deploy must stop, not drain the topic into the quarantine.

The offset is committed only after the effect, so a kill in between means redelivery, which the inbox makes harmless.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import structlog
from aiokafka.errors import KafkaError
from faststream.kafka.message import KafkaAckableMessage
from faststream.middlewares import AckPolicy
from sqlalchemy.ext.asyncio import AsyncSession

from shared import failpoints, inbox, quarantine, telemetry, tracing
from shared.database import Database, is_weather
from shared.events import TOPICS, Event, Topic, UnknownType, Unreadable, read_event
from shared.leaving import BATCH_SECONDS
from shared.loops import backoff_seconds, sleep_unless
from shared.outbox import TOMBSTONE
from shared.polling import WaitingBroker
from shared.quarantine import Record
from shared.topics import ensure_topics

_log = structlog.get_logger()

Handler = Callable[[AsyncSession, Sequence[Event], datetime], Awaitable[None]]

# What a batch costs whatever its size is spread over this many; more would keep the event loop from answering for too long.
BATCH_RECORDS_MAX = 250
# FastStream sleeps this long after a poll that found nothing; the poll itself has waited by then (see `shared.polling`).
_REST_MS = 1
# A broker that lost its topics is noticed after this; until then a consumer sits there without an assignment.
_METADATA_AGE_MS_MAX = 5_000
# Weather is waited out this long within one poll (Kafka's max_poll_interval is 300 s), then the batch is fetched again.
_WAIT_SECONDS_MAX = 120
_TRIES_PER_EVENT = 3
_FAILURES_IN_A_ROW_MAX = 25
# Starting again means leaving the group and joining it anew; a client that can't within this time is beyond help.
_RESTART_SECONDS = 20
_COMPACTED = frozenset(topic.name for topic in TOPICS if topic.compacted)


class TooManyFailures(RuntimeError):
    """So many events failed in a row that the fault is ours: the process must stop and be looked at."""


@dataclass(slots=True)
class Consumer:
    """One topic read by one service: its handler, and how it fares."""

    name: str
    topic: Topic
    handler: Handler
    keeps_plans: bool = False
    subscriber: Any = None
    last_progress_at: datetime | None = None
    waiting_for: str | None = None
    in_hand: int = 0
    failures_in_a_row: int = 0
    is_spare: bool = False
    partitions_shown: set[int] = field(default_factory=set)


@dataclass(slots=True)
class Batch:
    """What a batch of records turned out to be. `events` keeps the records' order."""

    events: list[tuple[Event, Record]] = field(default_factory=list)
    unreadable: list[tuple[Record, str]] = field(default_factory=list)
    unknown_types: list[str] = field(default_factory=list)
    tombstones: int = 0


class Consuming:
    """All consumers of one service. `failed` is set to the reason when one must not go on."""

    def __init__(self, *, service: str, database: Database, bootstrap: str) -> None:
        self._service = service
        self._database = database
        self.bootstrap = bootstrap
        self.broker = WaitingBroker(
            bootstrap,
            logger=None,
            apply_types=False,
            allow_auto_create_topics=False,
            consumer_only=True,
            metadata_max_age_ms=_METADATA_AGE_MS_MAX,
            graceful_timeout=BATCH_SECONDS,
            client_id=f"fullcircle-{service}",
        )
        self.consumers: dict[str, Consumer] = {}
        self.failed: asyncio.Future[None] | None = None
        self.waiting_for: str | None = None
        self._stopping = asyncio.Event()

    def subscribe(self, topic: Topic, handler: Handler, *, keeps_plans: bool = False) -> None:
        """Has `handler(session, events, now)` applied to the topic's events, in sets, once each, in order per key.

        The handler writes through the session it is given and nothing else; it may be called again with the same events when a
        commit failed. A topic can be subscribed to once. `keeps_plans`: see `Database.transaction`.
        """
        consumer = Consumer(f"{self._service}.{topic.name}", topic, handler, keeps_plans)
        self.consumers[consumer.name] = consumer

        async def parse(records: Sequence[Record]) -> KafkaAckableMessage:  # awaited: what is not goes through a thread
            return KafkaAckableMessage(body=b"", raw_message=records, consumer=consumer.subscriber.consumer)

        consumer.subscriber = self.broker.subscriber(
            topic.name,
            batch=True,
            group_id=consumer.name,
            ack_policy=AckPolicy.MANUAL,
            auto_offset_reset="earliest",
            batch_timeout_ms=_REST_MS,
            max_records=BATCH_RECORDS_MAX,
            parser=parse,
            decoder=_undecoded,
        )

        async def consume(message: KafkaAckableMessage) -> None:
            await self._consume(consumer, message)

        consumer.subscriber(consume)

    async def run(self, stop: asyncio.Event) -> None:
        """Consumes until stopped. Raises `TooManyFailures` when a consumer gave up; waits for Kafka when it is away."""
        self.failed = asyncio.get_running_loop().create_future()
        failures = 0
        while not stop.is_set():
            try:
                await ensure_topics(self.bootstrap)
                await self.broker.start()
                self.waiting_for = None
                break
            except KafkaError as error:
                failures += 1
                self.waiting_for = "kafka"
                _log.warning("consumers wait for kafka", error=type(error).__name__, failures=failures)
                await self.broker.stop()
                await sleep_unless(stop, backoff_seconds(failures))
        stopped: asyncio.Future[Any] = asyncio.ensure_future(stop.wait())
        waited_for: set[asyncio.Future[Any]] = {stopped, self.failed}
        try:
            await asyncio.wait(waited_for, return_when=asyncio.FIRST_COMPLETED)
        finally:
            stopped.cancel()
            self._stopping.set()
            await self.broker.stop()
        if self.failed.done():
            self.failed.result()

    async def restart(self, consumer: Consumer) -> None:
        """Lets one consumer leave its group and join again. Raises `KafkaError` or TimeoutError when it can't."""
        async with asyncio.timeout(_RESTART_SECONDS):
            await consumer.subscriber.stop()
            await consumer.subscriber.start()

    async def _consume(self, consumer: Consumer, message: KafkaAckableMessage) -> None:
        """Applies one batch and commits its offsets. Never raises: FastStream would skip the batch and go on."""
        consumer.in_hand = len(message.raw_message)
        try:
            batch = read_batch(message.raw_message)
            settled = await self._settle(consumer, batch)
            if settled:
                failpoints.reach("consumer.applied")
                await message.ack()
                consumer.last_progress_at = datetime.now(UTC)
            else:
                await message.nack()
        except KafkaError as error:  # the group is rebalancing: whoever gets these records finds them in the inbox
            _log.warning("offsets not committed", consumer=consumer.name, error=type(error).__name__)
        except Exception as error:  # noqa: BLE001 - whatever it is, these records must come again: FastStream would commit past them
            await message.nack()
            if self.failed is not None and not self.failed.done() and not is_weather(error):
                self.failed.set_exception(error)
        finally:
            consumer.in_hand = 0

    async def _settle(self, consumer: Consumer, batch: Batch) -> bool:
        """Whether every record of the batch has had its effect or is quarantined; False when weather outlasted our patience."""
        deadline = asyncio.get_running_loop().time() + _WAIT_SECONDS_MAX
        failures = 0
        while True:
            try:
                await self._apply_together(consumer, batch)
            except Exception as error:  # noqa: BLE001 - a fault in one event must not lose its batch
                if not is_weather(error):
                    _log.exception("batch failed, trying its events one by one", consumer=consumer.name)
                    return await self._settle_apart(consumer, batch)
                failures += 1
                consumer.waiting_for = "the database"
                _log.warning("consumer waits", consumer=consumer.name, error=type(error).__name__, failures=failures)
                if self._stopping.is_set() or asyncio.get_running_loop().time() > deadline:
                    return False
                await sleep_unless(self._stopping, backoff_seconds(failures))
                continue
            consumer.waiting_for = None
            consumer.failures_in_a_row = 0
            _count(consumer.topic, batch)
            return True

    async def _apply_together(self, consumer: Consumer, batch: Batch) -> None:
        events = [event for event, _ in batch.events]
        with tracing.consuming(consumer.name, events):
            async with self._database.transaction(keeps_plans=consumer.keeps_plans) as session:
                for record, reason in batch.unreadable:
                    await quarantine.put(session, consumer=consumer.name, record=record, step="reading", reason=reason)
                await apply(session, consumer, events)

    async def _settle_apart(self, consumer: Consumer, batch: Batch) -> bool:
        """One event after the other, each in a transaction of its own, so that one bad event takes no other with it."""
        for part in _apart(batch):
            for attempt in range(1, _TRIES_PER_EVENT + 1):
                try:
                    await self._apply_together(consumer, part)
                except Exception as error:  # noqa: BLE001 - told by type in the quarantine's reason
                    if is_weather(error):
                        return False
                    if attempt == _TRIES_PER_EVENT:
                        await self._give_up(consumer, part, error)
                    continue
                consumer.failures_in_a_row = 0
                consumer.last_progress_at = datetime.now(UTC)
                _count(consumer.topic, part)
                break
        return True

    async def _give_up(self, consumer: Consumer, part: Batch, error: Exception) -> None:
        consumer.failures_in_a_row += 1
        if part.unreadable:
            raise error  # what can't even be set aside must not be passed over
        if consumer.failures_in_a_row > _FAILURES_IN_A_ROW_MAX:
            raise TooManyFailures(f"{consumer.name}: {consumer.failures_in_a_row} events failed in a row") from error
        async with self._database.transaction() as session:
            for event, record in part.events:
                reason = f"applying {event.fact.contract.event_type} failed {_TRIES_PER_EVENT} times with {type(error).__name__}"
                await quarantine.put(session, consumer=consumer.name, record=record, step="applying", reason=reason)
                _log.error("event quarantined", consumer=consumer.name, event_id=str(event.id), error=type(error).__name__)


async def apply(session: AsyncSession, consumer: Consumer, events: Sequence[Event]) -> None:
    """The effect of those events this consumer has not applied yet, inside the caller's transaction."""
    fresh = await inbox.accept(session, consumer.name, events)
    if fresh:
        await consumer.handler(session, fresh, datetime.now(UTC))
        failpoints.reach("consumer.applying")


def read_batch(records: Sequence[Record]) -> Batch:
    """Reads each record on its own: none can spoil another."""
    batch = Batch()
    for record in records:
        if _is_tombstone(record):
            batch.tombstones += 1
            continue
        try:
            batch.events.append((_believable(record), record))
        except UnknownType:
            batch.unknown_types.append("unknown")
        except Unreadable as unreadable:
            batch.unreadable.append((record, str(unreadable)))
    return batch


def _is_tombstone(record: Record) -> bool:
    """Whether it ends what a compacted topic says of its key. Nothing follows from it: who must forget is told on `erasures`."""
    return (
        record.value is None and record.key is not None and record.topic in _COMPACTED and ("ce_type", TOMBSTONE.encode()) in record.headers
    )


def _believable(record: Record) -> Event:
    """The record's event, if it stands where such an event belongs: anyone who may write to the bus could claim any id inside."""
    event = read_event(value=record.value, headers=record.headers)
    event_type = event.fact.contract.event_type
    if record.key is None or record.key.decode(errors="replace") != event.fact.key():
        raise Unreadable(f"{event_type} under a key that is not its own")
    if event.fact.contract.topic.name != record.topic:
        raise Unreadable(f"{event_type} does not belong on this topic")
    return event


def _apart(batch: Batch) -> list[Batch]:
    return [Batch(unreadable=batch.unreadable), *(Batch(events=[pair]) for pair in batch.events)]


def _count(topic: Topic, batch: Batch) -> None:
    for event_type, count in Counter(event.fact.contract.event_type for event, _ in batch.events).items():
        telemetry.EVENTS_CONSUMED.labels(topic=topic.name, type=event_type).inc(count)
    if batch.tombstones:
        telemetry.EVENTS_IGNORED.labels(topic=topic.name, type=TOMBSTONE).inc(batch.tombstones)
    for unknown in batch.unknown_types:
        telemetry.EVENTS_IGNORED.labels(topic=topic.name, type=unknown).inc()


async def _undecoded(message: KafkaAckableMessage) -> KafkaAckableMessage:
    """FastStream's default decoder would drop a whole batch for one bad header; ours hands the message on untouched."""
    return message
