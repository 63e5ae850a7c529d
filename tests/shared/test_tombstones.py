"""Tombstones: they end what a compacted topic says of a key, nothing said before can leave or be sent again, and nobody stumbles."""

from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import text

from shared.consuming import read_batch
from shared.database import Database
from shared.events import Event
from shared.events.contacts import ContactSnapshot
from shared.events.topics import CONTACTS, ENGAGEMENTS
from shared.ids import new_id
from shared.outbox import TOMBSTONE, bury, publish
from shared.relay import Relay, send_again
from tests.records import records_of
from tests.shared.conftest import engagement

NOW = datetime(2026, 3, 5, 9, tzinfo=UTC)


@pytest.fixture
async def relay(database: Database, kafka: str) -> AsyncIterator[Relay]:
    relay = Relay(database=database, bootstrap=kafka)
    yield relay
    await relay.close()


def snapshot(contact_id: str, version: int = 1) -> Event:
    fact = ContactSnapshot(contact_id=contact_id, version=version, provisional=False, family_name="Example")
    return Event.of(fact, occurred_at=NOW, recorded_at=NOW, correlation_id=new_id())


async def say(database: Database, *events: Event) -> None:
    async with database.transaction() as session:
        await publish(session, events)


async def end(database: Database, *keys: str) -> None:
    async with database.transaction() as session:
        await bury(session, CONTACTS, keys)


async def relay_all(relay: Relay, database: Database) -> None:
    async with database.engine.connect() as connection:
        while await relay.run_once(connection):
            pass


async def books(database: Database) -> list[Any]:
    async with database.reading() as session:
        query = "SELECT key, type, body FROM outbox UNION ALL SELECT key, type, body FROM sent_snapshots ORDER BY key"
        return [tuple(row) for row in await session.execute(text(query))]


async def test_what_waits_goes_and_a_record_without_a_value_takes_its_place(database: Database, relay: Relay, kafka: str) -> None:
    gone, stays = f"gone-{new_id()}", f"stays-{new_id()}"
    await say(database, snapshot(gone), snapshot(stays))
    await end(database, gone)
    await relay_all(relay, database)
    assert [record.value for record in await records_of(kafka, CONTACTS.name, key=gone)] == [None]
    [other] = await records_of(kafka, CONTACTS.name, key=stays)
    assert other.value is not None


async def test_what_was_sent_is_ended_and_only_the_tombstone_can_be_sent_again(database: Database, relay: Relay, kafka: str) -> None:
    gone = f"gone-{new_id()}"
    await say(database, snapshot(gone))
    await relay_all(relay, database)
    await end(database, gone)
    assert await books(database) == [(gone, TOMBSTONE, None)]
    await relay_all(relay, database)
    async with database.transaction() as session:
        await send_again(session, since=NOW)
    assert await books(database) == [(gone, TOMBSTONE, None), (gone, TOMBSTONE, None)]
    await relay_all(relay, database)
    values = [record.value is None for record in await records_of(kafka, CONTACTS.name, key=gone)]
    assert values == [False, True, True]


async def test_a_key_may_be_ended_again(database: Database, relay: Relay, kafka: str) -> None:
    gone = f"gone-{new_id()}"
    for _ in range(2):
        await end(database, gone)
    await relay_all(relay, database)
    assert [record.value for record in await records_of(kafka, CONTACTS.name, key=gone)] == [None]


async def test_only_a_compacted_topic_can_be_told_to_end_something(database: Database) -> None:
    async with database.transaction() as session:
        with pytest.raises(ValueError, match="not compacted"):
            await bury(session, ENGAGEMENTS, ["hcp-1"])


class Record:
    """A Kafka record, as the client library hands it over."""

    partition, offset = 0, 0

    def __init__(self, topic: str, key: bytes | None, value: bytes | None, headers: Sequence[tuple[str, bytes | None]]) -> None:
        self.topic, self.key, self.value, self.headers = topic, key, value, headers


OURS = [("ce_type", TOMBSTONE.encode())]


def test_a_consumer_passes_a_tombstone_by() -> None:
    event = engagement(1)
    after: Any = Record(ENGAGEMENTS.name, b"hcp-1", event.body.encode(), [(name, value.encode()) for name, value in event.headers.items()])
    batch = read_batch([Record(CONTACTS.name, b"hcp-1", None, OURS), after])
    assert (batch.tombstones, batch.unreadable, [one for one, _ in batch.events]) == (1, [], [event])


@pytest.mark.parametrize(
    "record",
    [
        Record(ENGAGEMENTS.name, b"hcp-1", None, OURS),
        Record(CONTACTS.name, None, None, OURS),
        Record(CONTACTS.name, b"hcp-1", None, []),
        Record(CONTACTS.name, b"hcp-1", b"", OURS),
    ],
    ids=["of a topic that keeps everything", "of nobody", "without a word who wrote it", "with an empty value"],
)
def test_what_is_none_of_ours_is_set_aside(record: Any) -> None:
    batch = read_batch([record])
    assert (batch.tombstones, len(batch.unreadable)) == (0, 1)
