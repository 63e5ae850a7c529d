"""The client library alone, sending the same records in batches of the same number, each batch acknowledged before the next."""

import asyncio
from itertools import cycle, islice

from aiokafka import AIOKafkaProducer

from shared.relay import BATCH_EVENTS_MAX
from tests.bench.streams import CONTACTS, engagements
from tests.bench.trials import Move, run_trial

_BATCH_BYTES = 128 * 1024


async def begin(*, bootstrap: str, topic: str) -> Move:
    """A producer that promises what the relay's promises, and the records as bytes."""
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, acks="all", enable_idempotence=True, max_batch_size=_BATCH_BYTES)
    await producer.start()
    records = cycle(
        [
            (event.fact.key().encode(), event.body.encode(), [(name, value.encode()) for name, value in event.headers.items()])
            for event in engagements(CONTACTS)
        ]
    )

    async def move(events: int) -> None:
        for _ in range(0, events, BATCH_EVENTS_MAX):
            batch = islice(records, BATCH_EVENTS_MAX)
            sent = [await producer.send(topic, key=key, value=value, headers=headers) for key, value, headers in batch]
            await asyncio.gather(*sent)

    return move


if __name__ == "__main__":
    run_trial(begin)
