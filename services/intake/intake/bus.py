"""What stands on the bus, asked of the broker itself: how it compacts a topic, and what can still be read there."""

from collections.abc import AsyncIterator, Collection
from contextlib import suppress
from datetime import timedelta

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import for_code

from intake.decisions.erasures.requests import Compaction
from shared.events import Event, Topic, UnknownType, Unreadable, read_event

_REQUEST_TIMEOUT_MS = 10_000
_POLL_MS = 500
_RECORDS_AT_ONCE = 2_000


async def compaction_of(bootstrap: str, topic: Topic) -> Compaction:
    """How the topic is compacted now, whatever it was made with. Raises `KafkaError`."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap, request_timeout_ms=_REQUEST_TIMEOUT_MS)
    try:
        await admin.start()
        answers = await admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, topic.name)])
    finally:
        await admin.close()
    [(code, reason, _, _, entries)] = [resource for answer in answers for resource in answer.resources]
    if code:
        raise for_code(code)(reason)
    settings = {entry[0]: entry[1] for entry in entries}
    segment, lag, delay = (
        timedelta(milliseconds=int(settings[name])) for name in ("segment.ms", "max.compaction.lag.ms", "file.delete.delay.ms")
    )
    return Compaction(segment, lag, delay)


async def keys_with_a_value(bootstrap: str, topic: Topic, keys: Collection[str]) -> set[str]:
    """Those of the keys of which a value can still be read. Raises `KafkaError`."""
    wanted = {key.encode() for key in keys}
    return {record.key.decode() async for record in _records(bootstrap, topic) if record.key in wanted and record.value is not None}


async def events_on(bootstrap: str, topic: Topic) -> list[Event]:
    """Every event that can be read there; what is none, or none we know, is left out. Raises `KafkaError`."""
    found = []
    async for record in _records(bootstrap, topic):
        with suppress(Unreadable, UnknownType):
            found.append(read_event(value=record.value, headers=record.headers))
    return found


async def _records(bootstrap: str, topic: Topic) -> AsyncIterator[ConsumerRecord[bytes, bytes]]:
    """From the topic's beginning to where it ends now, by a reader that belongs to no group."""
    partitions = await _partitions(bootstrap, topic)
    consumer = AIOKafkaConsumer(
        bootstrap_servers=bootstrap, enable_auto_commit=False, auto_offset_reset="earliest", request_timeout_ms=_REQUEST_TIMEOUT_MS
    )
    await consumer.start()
    try:
        consumer.assign(partitions)
        await consumer.seek_to_beginning(*partitions)
        ends = await consumer.end_offsets(partitions)
        while any([await consumer.position(partition) < end for partition, end in ends.items()]):
            for records in (await consumer.getmany(timeout_ms=_POLL_MS, max_records=_RECORDS_AT_ONCE)).values():
                for record in records:
                    yield record
    finally:
        await consumer.stop()


async def _partitions(bootstrap: str, topic: Topic) -> list[TopicPartition]:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap, request_timeout_ms=_REQUEST_TIMEOUT_MS)
    try:
        await admin.start()
        [described] = await admin.describe_topics([topic.name])
    finally:
        await admin.close()
    if described["error_code"]:
        raise for_code(described["error_code"])(topic.name)
    return [TopicPartition(topic.name, partition["partition"]) for partition in described["partitions"]]
