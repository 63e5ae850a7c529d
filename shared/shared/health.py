"""Health that tells the truth: alive says only that the process answers, ready says why not, with the figures behind it."""

import asyncio
from datetime import UTC, datetime
from typing import Any

from aiokafka import TopicPartition
from aiokafka.errors import KafkaError
from fastapi import FastAPI
from fastapi.responses import JSONResponse
from sqlalchemy import text

from shared import telemetry
from shared.consuming import Consumer, Consuming
from shared.database import WEATHER, Database
from shared.loops import sleep_unless
from shared.relay import Relay

# Events that wait longer than this mean that Kafka or the relay is in trouble.
_OUTBOX_AGE_SECONDS_MAX = 30
# Lag without progress for this long means that a consumer is stuck, not merely behind.
_STUCK_SECONDS = 30
_PROBE_SECONDS = 5
_PROBE_TIMEOUT_SECONDS = 3

_OUTBOX = text(
    """
    SELECT (SELECT count(*) FROM (SELECT 1 FROM outbox LIMIT 100000) AS counted) AS depth,
           (SELECT extract(epoch FROM clock_timestamp() - queued_at) FROM outbox ORDER BY position LIMIT 1) AS oldest_age_seconds
    """
)


class Health:
    """Probes the parts of one process and remembers what it found."""

    def __init__(self, *, database: Database, relay: Relay | None, consuming: Consuming | None) -> None:
        self._database = database
        self._relay = relay
        self._consuming = consuming
        self._outbox: dict[str, Any] = {}
        self._lags: dict[str, int] = {}

    async def watch(self, stop: asyncio.Event) -> None:
        """Keeps the gauges current until stopped."""
        while not stop.is_set():
            await self.reasons()
            await sleep_unless(stop, _PROBE_SECONDS)

    async def reasons(self) -> list[str]:
        """Why this process is not ready, in words; empty when it is."""
        reasons = [*await self._database_reasons()]
        if self._relay is not None and self._relay.waiting_for:
            reasons.append(f"the relay waits for {self._relay.waiting_for}")
        if self._consuming is not None:
            for consumer in self._consuming.consumers.values():
                reasons += await self._consumer_reasons(consumer)
        return reasons

    async def _database_reasons(self) -> list[str]:
        try:
            async with asyncio.timeout(_PROBE_TIMEOUT_SECONDS), self._database.reading() as session:
                row = (await session.execute(_OUTBOX)).one()
        except (*WEATHER, TimeoutError):
            return ["the database does not answer"]
        age = float(row.oldest_age_seconds or 0)
        self._outbox = {"depth": row.depth, "oldest_age_seconds": round(age, 3)}
        telemetry.OUTBOX_DEPTH.set(row.depth)
        telemetry.OUTBOX_OLDEST_AGE_SECONDS.set(age)
        if age > _OUTBOX_AGE_SECONDS_MAX:
            return [f"the oldest event in the outbox has waited {age:.0f} s"]
        return []

    async def _consumer_reasons(self, consumer: Consumer) -> list[str]:
        client = consumer.subscriber.consumer
        assigned: set[TopicPartition] = client.assignment() if client is not None else set()
        if not assigned:
            return [f"{consumer.name} has no partitions assigned"]
        lag = 0
        for partition in assigned:
            lag_here = await _lag(client, partition)
            telemetry.CONSUMER_LAG.labels(topic=partition.topic, partition=str(partition.partition)).set(lag_here)
            lag += lag_here
        self._lags[consumer.name] = lag
        if consumer.waiting_for:
            return [f"{consumer.name} waits for {consumer.waiting_for}"]
        idle_seconds = (datetime.now(UTC) - consumer.last_progress_at).total_seconds() if consumer.last_progress_at else 0.0
        if lag and idle_seconds > _STUCK_SECONDS:
            return [f"{consumer.name} is {lag} events behind and has not moved for {idle_seconds:.0f} s"]
        return []

    def figures(self) -> dict[str, Any]:
        """The figures behind the last answer."""
        answer: dict[str, Any] = {"outbox": self._outbox}
        if self._relay is not None and self._relay.last_success_at is not None:
            answer["relay_last_success_at"] = self._relay.last_success_at.isoformat()
        if self._consuming is not None:
            answer["consumers"] = {
                name: {
                    "lag": self._lags.get(name),
                    "last_progress_at": consumer.last_progress_at.isoformat() if consumer.last_progress_at else None,
                }
                for name, consumer in self._consuming.consumers.items()
            }
        return answer


async def _lag(client: Any, partition: TopicPartition) -> int:
    highwater: int | None = client.highwater(partition)
    if highwater is None:
        return 0
    try:
        async with asyncio.timeout(_PROBE_TIMEOUT_SECONDS):
            position: int = await client.position(partition)
            return max(0, highwater - position)
    except (KafkaError, TimeoutError):
        return 0


def add_health_routes(app: FastAPI, health: Health) -> None:
    """`GET /livez` and `GET /readyz`, open to all: they tell no more than how the process fares."""

    @app.get("/livez", tags=["health"])
    async def livez() -> dict[str, str]:
        return {"status": "alive"}

    @app.get("/readyz", tags=["health"], responses={503: {"description": "Not ready; the reasons say why."}})
    async def readyz() -> JSONResponse:
        reasons = await health.reasons()
        status = 503 if reasons else 200
        return JSONResponse({"ready": not reasons, "reasons": reasons, **health.figures()}, status_code=status)
