"""What stands on a topic, read from its beginning to where it ends now."""

from collections import Counter
from collections.abc import Collection

from aiokafka import AIOKafkaConsumer, ConsumerRecord


async def times_told(bootstrap: str, topic: str, *, keys: Collection[str] | None = None) -> Counter[str]:
    """How often each event stands there, by event id; of these keys alone where some are given."""
    consumer = AIOKafkaConsumer(topic, bootstrap_servers=bootstrap, auto_offset_reset="earliest", enable_auto_commit=False)
    await consumer.start()
    times: Counter[str] = Counter()
    try:
        ends = await consumer.end_offsets(consumer.assignment())
        while any([await consumer.position(partition) < end for partition, end in ends.items()]):
            for batch in (await consumer.getmany(timeout_ms=200)).values():
                for record in batch:
                    if keys is None or record.key.decode() in keys:
                        times[dict(record.headers)["ce_id"].decode()] += 1
    finally:
        await consumer.stop()
    return times


async def records_of(bootstrap: str, topic: str, *, key: str) -> list[ConsumerRecord[bytes, bytes]]:
    """The records that stand there under a key, in order."""
    consumer = AIOKafkaConsumer(topic, bootstrap_servers=bootstrap, auto_offset_reset="earliest", enable_auto_commit=False)
    await consumer.start()
    found: list[ConsumerRecord[bytes, bytes]] = []
    try:
        ends = await consumer.end_offsets(consumer.assignment())
        while any([await consumer.position(partition) < end for partition, end in ends.items()]):
            for batch in (await consumer.getmany(timeout_ms=200)).values():
                found += [record for record in batch if record.key == key.encode()]
    finally:
        await consumer.stop()
    return found
