"""Kafka goes away and comes back: consumers and relay wait, say so, and go on by themselves."""

import asyncio
from collections.abc import Sequence
from datetime import datetime

from aiokafka import AIOKafkaProducer
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from deploy.launcher.servers import Servers
from shared.consuming import Consuming
from shared.database import Database
from shared.events import Event
from shared.events.topics import ENGAGEMENTS
from shared.health import Health
from shared.ids import new_id
from shared.metadata import ask_with_pauses
from shared.outbox import publish
from shared.relay import Relay
from tests.polling import until
from tests.shared.conftest import engagement


async def test_a_service_started_while_kafka_is_away_waits_says_so_and_begins_when_it_comes(
    database: Database, started_servers: Servers
) -> None:
    contact = f"waiting-{new_id()}"
    applied: list[str] = []

    async def handler(session: AsyncSession, events: Sequence[Event], now: datetime) -> None:
        applied.extend(event.fact.key() for event in events)

    relay = Relay(database=database, bootstrap=started_servers.kafka_bootstrap)
    consuming = Consuming(service=f"test-{new_id()}", database=database, bootstrap=started_servers.kafka_bootstrap)
    consuming.subscribe(ENGAGEMENTS, handler)
    health = Health(database=database, relay=relay, consuming=consuming)
    async with database.transaction() as session:
        await publish(session, [engagement(1, contact=contact)])

    stop = asyncio.Event()
    started_servers.stop_kafka()
    try:
        running = asyncio.gather(relay.run(stop), consuming.run(stop))

        async def says_why() -> bool:
            return any("kafka" in reason for reason in await health.reasons())

        await until(says_why, what="readiness names Kafka")
    finally:
        await asyncio.to_thread(started_servers.start_kafka)
    await until(lambda: contact in applied, seconds=40, what="the event is relayed and consumed")

    async def is_ready() -> bool:
        return await health.reasons() == []

    await until(is_ready, what="everything is ready again")
    stop.set()
    await running


async def test_a_broker_that_stops_in_between_costs_a_delay_and_no_event(database: Database, started_servers: Servers) -> None:
    contact = f"between-{new_id()}"

    async def handler(session: AsyncSession, events: Sequence[Event], now: datetime) -> None:
        await session.execute(text("CREATE TABLE IF NOT EXISTS heard (event_id uuid)"))
        for event in events:
            if event.fact.key() == contact:
                await session.execute(text("INSERT INTO heard VALUES (:id)"), {"id": event.id})

    async def heard() -> int:
        async with database.reading() as session:
            if await session.scalar(text("SELECT to_regclass('heard') IS NULL")):
                return 0
            return int(await session.scalar(text("SELECT count(*) FROM heard")) or 0)

    async def post(numbers: range) -> None:
        for number in numbers:
            async with database.transaction() as session:
                await publish(session, [engagement(number, contact=contact)])

    relay = Relay(database=database, bootstrap=started_servers.kafka_bootstrap)
    consuming = Consuming(service=f"test-{new_id()}", database=database, bootstrap=started_servers.kafka_bootstrap)
    consuming.subscribe(ENGAGEMENTS, handler)
    stop = asyncio.Event()
    running = asyncio.gather(relay.run(stop), consuming.run(stop))
    await post(range(20))

    async def some_heard() -> bool:
        return await heard() > 0

    await until(some_heard, what="the first events are consumed")
    await asyncio.to_thread(started_servers.stop_kafka)
    await post(range(20, 40))
    await asyncio.to_thread(started_servers.start_kafka)

    async def all_heard() -> bool:
        return await heard() >= 40

    await until(all_heard, seconds=40, what="every event is consumed")
    assert await heard() == 40
    stop.set()
    await running


async def test_a_producer_that_finds_nobody_asks_with_pauses(started_servers: Servers) -> None:
    producer = AIOKafkaProducer(bootstrap_servers=started_servers.kafka_bootstrap)
    ask_with_pauses(producer.client)
    await producer.start()
    await asyncio.to_thread(started_servers.stop_kafka)
    try:
        loop = asyncio.get_running_loop()
        asked, over = 0, loop.time() + 1
        while loop.time() < over:
            assert not await producer.client.force_metadata_update()
            asked += 1
        assert 1 <= asked <= 11
    finally:
        await asyncio.to_thread(started_servers.start_kafka)
        await producer.stop()
