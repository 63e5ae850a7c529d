"""Polling: how FastStream's consumers wait for records, which is most of the latency of an idle system.

After a poll that found nothing its batch loop sleeps for as long again. Our consumers wait inside the poll, where a record that arrives
wakes them, and so are neither late nor busy with asking.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from faststream.kafka import KafkaBroker

_WAIT_MS = 1_000


class WaitingConsumer(AIOKafkaConsumer):  # type: ignore[misc]  # aiokafka tells no types
    """A consumer whose polls last until there is something, or a second, whatever they are asked for."""

    async def getmany(
        self,
        *partitions: TopicPartition,
        timeout_ms: int = 0,  # noqa: ARG002  the loop's own, which it would also sleep
        max_records: int | None = None,
    ) -> dict[TopicPartition, list[ConsumerRecord[bytes, bytes]]]:
        records: dict[TopicPartition, list[ConsumerRecord[bytes, bytes]]]
        records = await super().getmany(*partitions, timeout_ms=_WAIT_MS, max_records=max_records)
        return records


class WaitingBroker(KafkaBroker):
    """FastStream's broker, reading by `WaitingConsumer`s."""

    async def _connect(self) -> Callable[..., Any]:
        ready: Any = await super()._connect()
        self.config.broker_config.builder = partial(WaitingConsumer, **ready.keywords)
        return self.config.broker_config.builder
