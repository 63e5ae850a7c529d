"""The outbox and its relay against real PostgreSQL and Kafka: nothing committed is lost, nothing uncommitted leaves, order holds."""

import asyncio
import random
from collections import defaultdict
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta

import pytest
from aiokafka import AIOKafkaConsumer, ConsumerRecord
from aiokafka.errors import KafkaError
from sqlalchemy import text

from shared import retention
from shared.database import Database
from shared.events import Event, read_event
from shared.events.contacts import ContactSnapshot
from shared.events.topics import CONTACTS, ENGAGEMENTS
from shared.ids import new_id
from shared.outbox import EVENT_BYTES_MAX, EventTooLarge, publish
from shared.relay import Relay, send_again
from shared.topics import ensure_topics
from tests.polling import until
from tests.shared.conftest import engagement


@pytest.fixture
async def relay(database: Database, kafka: str) -> AsyncIterator[Relay]:
    relay = Relay(database=database, bootstrap=kafka)
    yield relay
    await relay.close()


async def _put(database: Database, *events: Event) -> None:
    async with database.transaction() as session:
        await publish(session, events)


async def _relay_all(relay: Relay, database: Database) -> int:
    moved = 0
    async with database.engine.connect() as connection:
        while count := await relay.run_once(connection):
            moved += count
    return moved


async def _read(kafka: str, topic: str, ids: set[str], *, seconds: float = 20) -> list[ConsumerRecord[bytes, bytes]]:
    """Every record of the topic so far, read until all the ids were seen."""
    consumer = AIOKafkaConsumer(topic, bootstrap_servers=kafka, auto_offset_reset="earliest", enable_auto_commit=False)
    await consumer.start()
    records: list[ConsumerRecord[bytes, bytes]] = []
    missing = set(ids)
    try:
        async with asyncio.timeout(seconds):
            while missing:
                for batch in (await consumer.getmany(timeout_ms=200)).values():
                    records += batch
                    missing -= {_id(record) for record in batch}
    finally:
        await consumer.stop()
    return [record for record in records if _id(record) in ids]


def _id(record: ConsumerRecord[bytes, bytes]) -> str:
    return (dict(record.headers).get("ce_id") or b"").decode(errors="replace")


async def _outbox_depth(database: Database) -> int:
    async with database.reading() as session:
        return int(await session.scalar(text("SELECT count(*) FROM outbox")) or 0)


async def test_a_committed_event_reaches_kafka_as_it_was_published(database: Database, relay: Relay, kafka: str) -> None:
    event = engagement(1)
    await _put(database, event)
    assert await _relay_all(relay, database) == 1
    [record] = await _read(kafka, ENGAGEMENTS.name, {str(event.id)})
    assert record.key == b"hcp-1"
    assert read_event(value=record.value, headers=record.headers) == event
    assert await _outbox_depth(database) == 0


async def test_an_event_of_a_rolled_back_transaction_never_existed(database: Database, relay: Relay) -> None:
    with pytest.raises(RuntimeError):
        async with database.transaction() as session:
            await publish(session, [engagement(1)])
            raise RuntimeError
    assert await _relay_all(relay, database) == 0


async def test_events_of_one_key_keep_their_order_through_many_batches(
    database: Database, relay: Relay, kafka: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.relay.BATCH_EVENTS_MAX", 7)
    events = [engagement(number, contact=f"order-{number % 3}") for number in range(60)]
    for event in events:
        await _put(database, event)
    await _relay_all(relay, database)
    arrived: dict[bytes, list[str]] = defaultdict(list)
    for record in await _read(kafka, ENGAGEMENTS.name, {str(event.id) for event in events}):
        arrived[record.key].append(_id(record))
    for contact in range(3):
        assert arrived[f"order-{contact}".encode()] == [str(event.id) for event in events[contact::3]]


async def test_transactions_that_commit_late_are_not_skipped(database: Database, relay: Relay, kafka: str) -> None:
    """Positions are handed out before commits, so a later position may become visible first."""
    events = [engagement(number) for number in range(120)]
    done = asyncio.Event()

    async def write(mine: list[Event]) -> None:
        for event in mine:
            async with database.transaction() as session:
                await publish(session, [event])
                await session.execute(text("SELECT pg_sleep(:seconds)"), {"seconds": random.random() / 100})

    async def relay_meanwhile() -> int:
        moved = 0
        async with database.engine.connect() as connection:
            while not done.is_set():
                moved += await relay.run_once(connection)
        return moved

    relaying = asyncio.create_task(relay_meanwhile())
    await asyncio.gather(*(write(events[start::6]) for start in range(6)))
    done.set()
    moved = await relaying + await _relay_all(relay, database)
    assert moved == len(events)
    assert len(await _read(kafka, ENGAGEMENTS.name, {str(event.id) for event in events})) == len(events)


async def test_what_kafka_did_not_acknowledge_stays_in_the_outbox(database: Database) -> None:
    await _put(database, engagement(1))
    unreachable = Relay(database=database, bootstrap="127.0.0.1:9")
    async with database.engine.connect() as connection:
        with pytest.raises(KafkaError):
            await unreachable.run_once(connection)
    assert await _outbox_depth(database) == 1


async def test_only_one_relay_is_active_and_another_takes_over_when_it_ends(database: Database, kafka: str) -> None:
    first, second = Relay(database=database, bootstrap=kafka), Relay(database=database, bootstrap=kafka)
    stop_first, stop_second = asyncio.Event(), asyncio.Event()
    leading = asyncio.create_task(first.run(stop_first))
    await until(lambda: first.last_success_at is not None)
    waiting = asyncio.create_task(second.run(stop_second))
    await _put(database, engagement(1))
    await _until_empty(database)
    assert second.last_success_at is None
    stop_first.set()
    await leading
    await _put(database, engagement(2))
    await _until_empty(database)
    assert second.last_success_at is not None
    stop_second.set()
    await waiting


async def test_a_relay_that_loses_its_connection_goes_on(database: Database, relay: Relay) -> None:
    stop = asyncio.Event()
    running = asyncio.create_task(relay.run(stop))
    await until(lambda: relay.last_success_at is not None)
    async with database.engine.connect() as connection:
        await connection.execute(text("SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory'"))
    await _put(database, engagement(1))
    await _until_empty(database)
    stop.set()
    await running


async def test_what_was_sent_can_be_sent_again_with_the_same_ids(database: Database, relay: Relay, kafka: str) -> None:
    old, recent = engagement(1, contact="again"), engagement(2, contact="again")
    stale, current = _contact("again", 1), _contact("again", 2)
    await _put(database, old, stale)
    await _relay_all(relay, database)
    async with database.transaction() as session:
        await session.execute(text("UPDATE sent_events SET sent_at = sent_at - interval '2 days'"))
    await _put(database, recent, current)
    await _relay_all(relay, database)
    waiting = engagement(3, contact="again")
    await _put(database, waiting)

    async with database.transaction() as session:
        assert await send_again(session, since=datetime.now(UTC) - timedelta(days=1)) == 2
    async with database.reading() as session:
        queued = (await session.scalars(text("SELECT event_id FROM outbox ORDER BY position"))).all()
    assert queued == [current.id, recent.id, waiting.id]
    await _relay_all(relay, database)
    records = await _read(kafka, ENGAGEMENTS.name, {str(recent.id)})
    assert len(records) == 2


async def test_what_was_read_ahead_is_left_alone_when_it_was_put_back_meanwhile(
    database: Database, relay: Relay, kafka: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.relay.BATCH_EVENTS_MAX", 3)
    events = [engagement(number, contact="ahead") for number in range(6)]
    await _put(database, *events)
    async with database.engine.connect() as connection:
        assert await relay.run_once(connection) == 3  # and has read the other three
        async with database.transaction() as session:
            assert await send_again(session, since=datetime.now(UTC) - timedelta(days=1)) == 3
        assert await relay.run_once(connection) == 0
    assert await _outbox_depth(database) == 6
    assert await _relay_all(relay, database) == 6
    arrived = [_id(record) for record in await _read(kafka, ENGAGEMENTS.name, {str(event.id) for event in events})]
    assert arrived == [str(event.id) for event in [*events[:3], *events]]


def _contact(contact_id: str, version: int) -> Event:
    now = datetime.now(UTC)
    fact = ContactSnapshot(contact_id=contact_id, version=version, provisional=False)
    return Event.of(fact, occurred_at=now, recorded_at=now, correlation_id=new_id())


async def test_only_the_latest_snapshot_per_key_is_kept_for_sending_again(database: Database, relay: Relay) -> None:
    await _put(database, *(_contact("kept", version) for version in range(1, 6)))
    await _relay_all(relay, database)
    async with database.reading() as session:
        rows = (await session.execute(text("SELECT topic, key, CAST(body AS json) ->> 'version' AS version FROM sent_snapshots"))).all()
    assert [tuple(row) for row in rows] == [(CONTACTS.name, "kept", "5")]


async def test_an_event_kafka_would_refuse_for_good_is_refused_before_it_is_committed(database: Database) -> None:
    now = datetime.now(UTC)
    names = [f"{number}@{'x' * 1000}.example" for number in range(EVENT_BYTES_MAX // 1000)]
    event = Event.of(
        ContactSnapshot(contact_id="big", version=1, provisional=False, emails=names),
        occurred_at=now,
        recorded_at=now,
        correlation_id=new_id(),
    )
    with pytest.raises(EventTooLarge):
        await _put(database, event)


async def test_topics_are_made_with_their_settings_and_never_remade(kafka: str) -> None:
    await ensure_topics(kafka)
    await ensure_topics(kafka)


async def test_housekeeping_makes_the_days_ahead_and_drops_those_past(database: Database) -> None:
    await retention.tidy(database, today=date(2026, 1, 1))
    await retention.tidy(database, today=date(2026, 1, 2))
    assert await _days(database) == {"sent_events_20260101", "sent_events_20260102", "sent_events_20260103"}
    await retention.tidy(database, today=date(2026, 2, 1))
    assert await _days(database) == {"sent_events_20260102", "sent_events_20260103", "sent_events_20260201", "sent_events_20260202"}


async def _days(database: Database) -> set[str]:
    async with database.reading() as session:
        names = (await session.scalars(text("SELECT inhrelid::regclass::text FROM pg_inherits"))).all()
    return {name for name in names if name.removeprefix("sent_events_").isdigit()}


async def _until_empty(database: Database) -> None:
    async def is_empty() -> bool:
        return await _outbox_depth(database) == 0

    await until(is_empty, what="the outbox is empty")
