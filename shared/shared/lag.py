"""Lag: where a consumer stands on its partitions, asked of the broker itself, since a consumer that is stuck knows of nothing new."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field

from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.coordinator.protocol import ConsumerProtocolMemberAssignment
from aiokafka.errors import KafkaError

from shared import telemetry
from shared.consuming import Consumer

_ASK_TIMEOUT_SECONDS = 3


@dataclass(frozen=True, slots=True)
class Place:
    """How many records each partition given to this process is ahead of it. `kafka_answers` is false where that can't be known now."""

    kafka_answers: bool
    lags: Mapping[TopicPartition, int] = field(default_factory=dict)
    in_hand: int = 0

    @property
    def lag(self) -> int:
        """Records not yet applied."""
        return sum(self.lags.values()) + self.in_hand


async def place_of(consumer: Consumer) -> Place:
    """Where the consumer stands now. Never raises: a broker that doesn't answer is part of the answer."""
    client = consumer.subscriber.consumer
    if client is None:
        return Place(kafka_answers=False)
    try:
        async with asyncio.timeout(_ASK_TIMEOUT_SECONDS):
            assigned: set[TopicPartition] = client.assignment()
            if not assigned:
                await client.topics()
                return Place(kafka_answers=True)
            ends = await client.end_offsets(assigned)
            lags = {partition: max(0, end - await client.position(partition)) for partition, end in ends.items()}
    except (KafkaError, TimeoutError):
        return Place(kafka_answers=False, in_hand=consumer.in_hand)
    return Place(kafka_answers=True, lags=lags, in_hand=consumer.in_hand)


def show(consumer: Consumer, place: Place) -> None:
    """Sets the metrics of the consumer's partitions; those it lost are no longer shown."""
    topic = consumer.topic.name
    telemetry.CONSUMER_PARTITIONS.labels(topic).set(len(place.lags))
    for partition in consumer.partitions_shown - {each.partition for each in place.lags}:
        telemetry.CONSUMER_LAG.remove(topic, str(partition))
    consumer.partitions_shown = {each.partition for each in place.lags}
    for partition, lag in place.lags.items():
        telemetry.CONSUMER_LAG.labels(topic, str(partition.partition)).set(lag)


async def is_spare(bootstrap: str, consumer: Consumer) -> bool:
    """Whether other members of the consumer's group hold every partition of its topic. Raises `KafkaError` or `TimeoutError`."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    try:
        async with asyncio.timeout(_ASK_TIMEOUT_SECONDS):
            await admin.start()
            [answer] = await admin.describe_consumer_groups([consumer.name])
    finally:
        await admin.close()
    [(_, _, state, _, _, members, *_)] = answer.groups
    if state != "Stable":
        return False
    assignments = [ConsumerProtocolMemberAssignment.decode(given) for *_, given in members if given]
    held = {partition for assignment in assignments for partition in assignment.partitions()}
    return len(held) >= consumer.topic.partitions
