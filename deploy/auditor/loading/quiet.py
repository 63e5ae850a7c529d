"""Waits until nothing is on its way any more: what is asked of a system that still moves would be found missing where it goes."""

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime

import psycopg
from aiokafka import AIOKafkaConsumer
from aiokafka.admin import AIOKafkaAdminClient

from deploy.auditor.loading.topics import partitions_of
from deploy.auditor.services import HEARS, TOPICS

# An event may slip from one service to the next between two looks, but not past several in a row.
_LOOKS_IN_A_ROW = 3
_BETWEEN_LOOKS_SECONDS = 0.4
_CONNECT_SECONDS = 10
_WAITING = "SELECT count(*) FROM outbox"
_DUE = """
    SELECT count(*) FROM deliveries JOIN subscriptions ON name = subscription
    WHERE deliveries.state = 'pending' AND subscriptions.state = 'active' AND next_attempt_at <= now()
"""


async def wait_until_quiet(databases: Mapping[str, str], bootstrap: str | None, *, seconds: float) -> tuple[datetime, str | None]:
    """Since when nothing was on its way, and None; or when the wait was over, and what still was."""
    deadline = asyncio.get_running_loop().time() + seconds
    quiet_since: datetime | None = None
    looks = 0
    while True:
        looked_at = datetime.now(UTC)
        moving = {name: count for name, count in (await _on_its_way(databases, bootstrap)).items() if count}
        quiet_since, looks = (None, 0) if moving else (quiet_since or looked_at, looks + 1)
        if quiet_since is not None and looks >= _LOOKS_IN_A_ROW:
            return quiet_since, None
        if moving and asyncio.get_running_loop().time() > deadline:
            return looked_at, ", ".join(f"{name}: {count}" for name, count in sorted(moving.items()))
        await asyncio.sleep(_BETWEEN_LOOKS_SECONDS)


async def _on_its_way(databases: Mapping[str, str], bootstrap: str | None) -> dict[str, int]:
    counts: dict[str, int] = {}
    for service, url in databases.items():
        plain = url.replace("postgresql+psycopg://", "postgresql://")
        async with await psycopg.AsyncConnection.connect(plain, connect_timeout=_CONNECT_SECONDS, autocommit=True) as connection:
            counts[f"{service} outbox"] = await _count(connection, _WAITING)
            if service == "reporting":
                counts["deliveries due"] = await _count(connection, _DUE)
    return counts | (await _behind(bootstrap) if bootstrap else {})


async def _count(connection: psycopg.AsyncConnection[tuple[int]], query: str) -> int:
    row = await (await connection.execute(query)).fetchone()
    return row[0] if row else 0


async def _behind(bootstrap: str) -> dict[str, int]:
    """How far each consumer's committed offsets are behind the ends of its topic."""
    partitions = await partitions_of(bootstrap, TOPICS)
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, enable_auto_commit=False)
    await consumer.start()
    try:
        await admin.start()
        ends = await consumer.end_offsets(partitions)
        begins = await consumer.beginning_offsets(partitions)
        behind = {}
        for service, topics in HEARS.items():
            for topic in sorted(topics):
                of_topic = [partition for partition in partitions if partition.topic == topic]
                committed = await admin.list_consumer_group_offsets(f"{service}.{topic}", partitions=of_topic)
                behind[f"{service}.{topic} behind"] = sum(_lag(committed.get(each), begins[each], ends[each]) for each in of_topic)
        return behind
    finally:
        await admin.close()
        await consumer.stop()


def _lag(committed: object, begin: int, end: int) -> int:
    offset = getattr(committed, "offset", -1)
    return max(0, end - (offset if offset >= 0 else begin))
