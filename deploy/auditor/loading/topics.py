"""Reads topics from the beginning to where they end now, belonging to no group: nobody's offsets move."""

from collections.abc import AsyncIterator, Iterable
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

from deploy.auditor.evidence.events import NoEvent, Occurrence, read_event
from deploy.auditor.evidence.sightings import Searching

_POLL_MS = 500
_RECORDS_AT_ONCE = 5_000


async def partitions_of(bootstrap: str, topics: Iterable[str]) -> list[TopicPartition]:
    """The partitions of those of the topics that are there."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        described = await admin.describe_topics(sorted(topics))
    finally:
        await admin.close()
    there = [each for each in described if not each["error_code"]]
    return [TopicPartition(each["topic"], partition["partition"]) for each in there for partition in each["partitions"]]


async def read_topics(bootstrap: str, topics: Iterable[str], searching: Searching) -> AsyncIterator[Occurrence]:
    """Every record that is an event, per partition in its order. What is none is searched for canaries all the same."""
    partitions = await partitions_of(bootstrap, topics)
    if not partitions:
        return
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, enable_auto_commit=False, auto_offset_reset="earliest")
    await consumer.start()
    try:
        consumer.assign(partitions)
        ends = await consumer.end_offsets(partitions)
        await consumer.seek_to_beginning(*partitions)
        while any([await consumer.position(partition) < end for partition, end in ends.items()]):
            batches = await consumer.getmany(timeout_ms=_POLL_MS, max_records=_RECORDS_AT_ONCE)
            for partition, records in batches.items():
                for record in records:
                    if record.offset < ends[partition] and (occurrence := _read(record, searching)) is not None:
                        yield occurrence
    finally:
        await consumer.stop()


def _read(record: Any, searching: Searching) -> Occurrence | None:
    key, value = record.key or b"", record.value or b""
    written = b"\n".join([key, *(part for name, text in record.headers for part in (name.encode(), text or b"")), value])
    searching.look(f"topic.{record.topic}", f"partition {record.partition} offset {record.offset}", written)
    try:
        headers = {name.lower(): text.decode() for name, text in record.headers if text is not None}
        event = read_event(topic=record.topic, key=key.decode(), headers=headers, body=value)
    except (NoEvent, UnicodeDecodeError):
        return None
    return Occurrence(record.partition, record.offset, event.key, event)
