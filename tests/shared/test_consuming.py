"""The consuming wrapper against real PostgreSQL and Kafka: poison is set aside alone, weather is waited out, nothing is applied twice."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import datetime
from itertools import count

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from sqlalchemy import text
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import AsyncSession

from shared import consuming
from shared.consuming import Consuming, Handler, TooManyFailures
from shared.database import Database
from shared.events import Event
from shared.events.engagements import EngagementRecorded
from shared.events.topics import ENGAGEMENTS, LEADS
from shared.ids import new_id
from shared.topics import ensure_topics
from tests.polling import until
from tests.shared.conftest import engagement

type_of_applied = "CREATE TABLE IF NOT EXISTS applied (number serial, engagement_id text)"


class Effects:
    """A handler whose effect is a row per engagement, so that a double or a loss is there to be counted."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.batches: list[int] = []
        self.refused: Callable[[EngagementRecorded], bool] = lambda _: False
        self.weather = 0

    async def prepare(self) -> None:
        async with self._database.transaction() as session:
            await session.execute(text(type_of_applied))

    async def handler(self, session: AsyncSession, events: Sequence[Event], now: datetime) -> None:
        self.batches.append(len(events))
        if self.weather:
            self.weather -= 1
            raise OperationalError("SELECT 1", {}, Exception("the server closed the connection"))
        for event in events:
            assert isinstance(event.fact, EngagementRecorded)
            if self.refused(event.fact):
                raise ValueError("a bug")
            await session.execute(text("INSERT INTO applied (engagement_id) VALUES (:id)"), {"id": event.fact.engagement_id})

    async def applied(self) -> list[str]:
        async with self._database.reading() as session:
            return list((await session.scalars(text("SELECT engagement_id FROM applied ORDER BY number"))).all())


@pytest.fixture
async def effects(database: Database) -> Effects:
    effects = Effects(database)
    await effects.prepare()
    return effects


@pytest.fixture
async def produce(kafka: str) -> AsyncIterator[AIOKafkaProducer]:
    await ensure_topics(kafka)
    producer = AIOKafkaProducer(bootstrap_servers=kafka, acks="all")
    await producer.start()
    yield producer
    await producer.stop()


async def _send(producer: AIOKafkaProducer, *events: Event) -> None:
    for event in events:
        headers = [(name, value.encode()) for name, value in event.headers.items()]
        await producer.send_and_wait(ENGAGEMENTS.name, event.body.encode(), key=event.fact.key().encode(), headers=headers)


@contextlib.asynccontextmanager
async def _running(database: Database, kafka: str, handler: Handler, service: str | None = None) -> AsyncIterator[Consuming]:
    """A consumer of its own group; it sees the topic from the beginning, other tests' events included."""
    consuming = Consuming(service=service or f"test-{new_id()}", database=database, bootstrap=kafka)
    consuming.subscribe(ENGAGEMENTS, handler)
    stop = asyncio.Event()
    running = asyncio.create_task(consuming.run(stop))
    try:
        yield consuming
    finally:
        stop.set()
        with contextlib.suppress(TooManyFailures):
            await running


async def _quarantined(database: Database) -> list[tuple[str, str]]:
    async with database.reading() as session:
        return [tuple(row) for row in await session.execute(text("SELECT step, reason FROM quarantine ORDER BY kafka_offset"))]


async def test_every_event_has_its_effect_once_although_delivered_three_times(
    database: Database, kafka: str, effects: Effects, produce: AIOKafkaProducer
) -> None:
    events = [engagement(number, contact="once") for number in range(100)]
    await _send(produce, *events, *events, *events)
    mine = [event.fact.engagement_id for event in events if isinstance(event.fact, EngagementRecorded)]

    async def only_mine(session: AsyncSession, fresh: Sequence[Event], now: datetime) -> None:
        await effects.handler(session, [event for event in fresh if event.fact.key() == "once"], now)

    async with _running(database, kafka, only_mine):
        await until(lambda: _has(effects, mine[-1]))
    assert await effects.applied() == mine


async def _has(effects: Effects, engagement_id: str) -> bool:
    return engagement_id in await effects.applied()


async def test_committed_offsets_move_so_that_a_restart_goes_on_where_it_stopped(
    database: Database, kafka: str, effects: Effects, produce: AIOKafkaProducer
) -> None:
    event = engagement(1, contact="offsets")
    await _send(produce, event)
    service = f"test-{new_id()}"
    async with _running(database, kafka, effects.handler, service):
        await until(lambda: _has(effects, "engagement-1"))
        client = AIOKafkaConsumer(bootstrap_servers=kafka, group_id=f"{service}.engagements", enable_auto_commit=False)
        await client.start()

        async def is_committed() -> bool:
            partitions = [TopicPartition(ENGAGEMENTS.name, number) for number in range(ENGAGEMENTS.partitions)]
            ends = await client.end_offsets(partitions)
            return all([ends[partition] == 0 or await client.committed(partition) == ends[partition] for partition in partitions])

        try:
            await until(is_committed, what="the committed offsets reach the end")
        finally:
            await client.stop()


# Every test reads the topic from its beginning: what others sent must not be taken for one's own.
_NUMBERS = count(1_000, 2)

POISON = [
    pytest.param(None, b"poison", [], id="a null value"),
    pytest.param(b"\xff\x00\xfe", b"poison", [("ce_type", b"\xff\xfe")], id="headers that are not UTF-8"),
    pytest.param(b"{not json", b"poison", [("ce_specversion", b"1.0"), ("ce_type", b"engagement.recorded")], id="no JSON"),
    pytest.param(b"", b"poison", [("ce_type", None)], id="a header without a value"),
    pytest.param(b"x" * 900_000, None, [], id="a large value without a key"),
]


@pytest.mark.parametrize(("value", "key", "headers"), POISON)
async def test_poison_is_quarantined_and_its_neighbours_go_on(
    database: Database,
    kafka: str,
    effects: Effects,
    produce: AIOKafkaProducer,
    value: bytes | None,
    key: bytes | None,
    headers: list[tuple[str, bytes | None]],
) -> None:
    number = next(_NUMBERS)
    before, after = engagement(number, contact="poison"), engagement(number + 1, contact="poison")
    await _send(produce, before)
    poison = await produce.send_and_wait(ENGAGEMENTS.name, value, key=key, headers=headers)
    await _send(produce, after)
    async with _running(database, kafka, effects.handler):
        await until(lambda: _has(effects, f"engagement-{number + 1}"))
        await until(lambda: _is_set_aside(database, poison.partition, poison.offset), what="the poison in quarantine")
    assert {step for step, _ in await _quarantined(database)} == {"reading"}


async def _is_set_aside(database: Database, partition: int, offset: int) -> bool:
    of_record = text("SELECT count(*) FROM quarantine WHERE partition = :partition AND kafka_offset = :offset")
    async with database.reading() as session:
        return bool(await session.scalar(of_record, {"partition": partition, "offset": offset}))


async def test_an_event_under_anothers_key_or_on_anothers_topic_is_not_believed(produce: AIOKafkaProducer) -> None:
    event = engagement(1, contact="claimed")
    headers = [(name, value.encode()) for name, value in event.headers.items()]

    class Raw:
        topic, partition, offset, key, value = ENGAGEMENTS.name, 0, 0, b"somebody-else", event.body.encode()

    Raw.headers = headers  # type: ignore[attr-defined]
    elsewhere = type("Elsewhere", (Raw,), {"topic": LEADS.name, "key": b"claimed"})
    batch = consuming.read_batch([Raw(), elsewhere()])  # type: ignore[list-item]
    assert not batch.events
    assert len(batch.unreadable) == 2


async def test_an_event_that_keeps_failing_is_quarantined_and_the_rest_of_its_batch_is_not(
    database: Database, kafka: str, effects: Effects, produce: AIOKafkaProducer
) -> None:
    contact = f"failing-{new_id()}"
    events = [engagement(number, contact=contact) for number in range(3_000, 3_010)]
    effects.refused = lambda fact: fact.contact_id == contact and fact.engagement_id == "engagement-3004"
    await _send(produce, *events)
    async with _running(database, kafka, effects.handler):
        await until(lambda: _has(effects, "engagement-3009"))
    [(step, reason)] = [row for row in await _quarantined(database) if row[0] == "applying"]
    assert "ValueError" in reason
    assert step == "applying"


async def test_weather_is_waited_out_and_never_quarantined(
    database: Database, kafka: str, effects: Effects, produce: AIOKafkaProducer
) -> None:
    await _send(produce, engagement(4_000, contact=f"weather-{new_id()}"))
    effects.weather = 3
    async with _running(database, kafka, effects.handler):
        await until(lambda: _has(effects, "engagement-4000"))
    assert not [row for row in await _quarantined(database) if row[0] == "applying"]


async def test_too_many_failures_in_a_row_stop_the_consumer_instead_of_draining_the_topic(
    database: Database, kafka: str, effects: Effects, produce: AIOKafkaProducer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.consuming._FAILURES_IN_A_ROW_MAX", 3)
    contact = f"bad-deploy-{new_id()}"
    effects.refused = lambda fact: fact.contact_id == contact
    await _send(produce, *(engagement(number, contact=contact) for number in range(20)))
    async with _running(database, kafka, effects.handler) as running:
        await until(lambda: running.failed is not None and running.failed.done())
    assert len([row for row in await _quarantined(database) if row[0] == "applying"]) == 3


async def test_an_unknown_type_is_ignored_and_the_offset_moves_on(
    database: Database, kafka: str, effects: Effects, produce: AIOKafkaProducer
) -> None:
    event = engagement(1, contact="unknown")
    headers = [(name, value.encode()) for name, value in {**event.headers, "ce_type": "moon.landed"}.items()]
    await produce.send_and_wait(ENGAGEMENTS.name, b"{}", key=b"unknown", headers=headers)
    later = engagement(77, contact="unknown")
    await _send(produce, later)
    async with _running(database, kafka, effects.handler):
        await until(lambda: _has(effects, "engagement-77"))
    assert "moon" not in str(await _quarantined(database))
