"""Records on Kafka that no producer of ours would write: each is set aside alone, and what comes after it has its effect."""

import asyncio
import gzip
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer
from sqlalchemy import text

from shared.consuming import read_batch
from shared.events import Event
from shared.events.topics import ENGAGEMENTS
from shared.service import Service
from shared.topics import ensure_topics
from tests.conftest import MakeService
from tests.polling import until
from tests.reporting import happened

AT = datetime(2026, 3, 2, 10, tzinfo=UTC)


class Record:
    """A Kafka record, as the client library hands it over."""

    topic, partition, offset = ENGAGEMENTS.name, 0, 0

    def __init__(self, key: bytes | None, value: bytes | None, headers: Sequence[tuple[str, bytes | None]]) -> None:
        self.key, self.value, self.headers = key, value, headers


def engagement(engagement_id: str) -> Event:
    return happened.event(happened.engagement(engagement_id, "c-1", AT), AT)


def headers_of(event: Event, **changes: bytes | None) -> list[tuple[str, bytes | None]]:
    """The event's headers; a header changed to None is left out."""
    headers = {name: value.encode() for name, value in event.headers.items()}
    return [(name, value) for name, value in {**headers, **changes}.items() if value is not None]


GOOD = engagement("good")
BODY = GOOD.body.encode()

SPOILT: dict[str, Record] = {
    "no key": Record(None, BODY, headers_of(GOOD)),
    "another's key": Record(b"c-2", BODY, headers_of(GOOD)),
    "a key that is not UTF-8": Record(b"\xff\xfe", BODY, headers_of(GOOD)),
    "no value": Record(b"c-1", None, headers_of(GOOD)),
    "an empty value": Record(b"c-1", b"", headers_of(GOOD)),
    "no headers": Record(b"c-1", BODY, []),
    "a header name with a NUL": Record(b"c-1", b"x", [("ce_\x00id", b"x")]),
    "a NUL in every header": Record(b"c-1", BODY, [(name, b"\x00") for name, _ in headers_of(GOOD)]),
    "a very long type": Record(b"c-1", BODY, headers_of(GOOD, ce_type=b"engagement.recorded", ce_specversion=b"x" * 10_000)),
    "a later major version": Record(b"c-1", BODY, headers_of(GOOD, ce_dataschema=b"urn:fullcircle:engagement.recorded:2")),
    "no version": Record(b"c-1", BODY, headers_of(GOOD, ce_dataschema=None)),
    "a time before the calendar begins": Record(b"c-1", BODY, headers_of(GOOD, ce_time=b"0001-01-01T00:00:00+14:00")),
    "a time after the calendar ends": Record(b"c-1", BODY, headers_of(GOOD, ce_recordedtime=b"9999-12-31T23:59:59-14:00")),
    "an act before the calendar begins": Record(
        b"c-1", BODY.replace(b'"occurred_at":"2026-03-02T10:00:00Z"', b'"occurred_at":"0001-01-01T00:00:00+14:00"'), headers_of(GOOD)
    ),
    "nested absurdly": Record(b"c-1", b'{"topics":' + b"[" * 100_000 + b"]" * 100_000 + b"}", headers_of(GOOD)),
    "not a number": Record(b"c-1", BODY.replace(b'"machine":false', b'"machine":NaN'), headers_of(GOOD)),
    "a NUL in its text": Record(b"c-1", BODY.replace(b"dosing-guide", b"dosing\\u0000guide"), headers_of(GOOD)),
    "a lone surrogate": Record(b"c-1", BODY.replace(b"dosing-guide", b"dosing\\ud800guide"), headers_of(GOOD)),
    "2 MB of one field": Record(b"c-1", BODY.replace(b"dosing-guide", b"x" * 2_000_000), headers_of(GOOD)),
    "compressed by hand": Record(b"c-1", gzip.compress(BODY), headers_of(GOOD)),
    "8 MB of blanks in a small batch": Record(b"c-1", b" " * 8_000_000, headers_of(GOOD)),
}


@pytest.mark.parametrize("record", SPOILT.values(), ids=SPOILT.keys())
def test_a_spoilt_record_is_unreadable_and_says_why_without_its_words(record: Any) -> None:
    batch = read_batch([record])
    [(_, reason)] = batch.unreadable
    assert reason
    assert not {"dosing", "xxx"} & set(reason.split())
    assert (batch.events, batch.unknown_types) == ([], [])


@pytest.fixture
async def produce(kafka: str) -> AsyncIterator[AIOKafkaProducer]:
    """A producer that compresses, as somebody would who wants a small batch to become a large one."""
    await ensure_topics(kafka)
    async with AIOKafkaProducer(bootstrap_servers=kafka, compression_type="gzip", max_request_size=10_000_000) as producer:
        yield producer


async def test_every_spoilt_record_is_set_aside_and_the_next_engagement_is_counted(
    make_service: MakeService, produce: AIOKafkaProducer
) -> None:
    reporting: Service = await make_service("reporting", webhook_allow="127.0.0.1")
    for record in SPOILT.values():
        await produce.send_and_wait(ENGAGEMENTS.name, record.value, key=record.key, headers=record.headers)
    after = engagement("after")
    await produce.send_and_wait(ENGAGEMENTS.name, after.body.encode(), key=b"c-1", headers=headers_of(after))
    stop = asyncio.Event()
    running = asyncio.create_task(reporting.consuming.run(stop))

    async def counts() -> tuple[int, int]:
        async with reporting.database.reading() as session:
            row = (await session.execute(text("SELECT (SELECT count(*) FROM quarantine), (SELECT count(*) FROM inbox)"))).one()
            return row[0], row[1]

    async def all_settled() -> bool:
        return running.done() or ((await counts())[0] >= len(SPOILT) and (await counts())[1] >= 1)

    try:
        await until(all_settled, seconds=30)
        assert not running.done()
    finally:
        stop.set()
        await running
    async with reporting.database.reading() as session:
        journal = await session.scalars(text("SELECT event_id FROM inbox"))
        assert after.id in journal.all()
