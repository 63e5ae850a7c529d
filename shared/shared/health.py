"""Health that tells the truth: alive says only that the process answers, ready says why not, with the figures behind it."""

import asyncio
from typing import Any

from fastapi import FastAPI
from fastapi.responses import JSONResponse
from sqlalchemy import QueuePool, text

from shared import telemetry
from shared.auth import TokenVerifier
from shared.consuming import Consumer, Consuming
from shared.database import WEATHER, Database, weather_reason
from shared.loops import sleep_unless
from shared.relay import Relay
from shared.startup import Startup
from shared.watchdog import STALLED_SECONDS, Watchdog

# Events that wait longer than this mean that Kafka or the relay is in trouble.
_OUTBOX_AGE_SECONDS_MAX = 30
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

    def __init__(self, *, database: Database, relay: Relay | None, consuming: Consuming | None, startup: Startup | None = None) -> None:
        self._database = database
        self._relay = relay
        self._consuming = consuming
        self._startup = startup
        self.watchdog = Watchdog(consuming) if consuming is not None else None
        self._outbox: dict[str, Any] = {}

    async def watch(self, stop: asyncio.Event) -> None:
        """Keeps the gauges current until stopped, and has the watchdog act on what it sees."""
        while not stop.is_set():
            telemetry.READY.set(0 if await self.reasons() else 1)
            self._show_pool()
            if self.watchdog is not None:
                await self.watchdog.act()
            await sleep_unless(stop, _PROBE_SECONDS)

    async def reasons(self) -> list[str]:
        """Why this process is not ready, in words; empty when it is."""
        if self._startup is not None and self._startup.waiting_for is not None:
            return [self._startup.waiting_for]
        reasons = [*await self._database_reasons()]
        if self._relay is not None and self._relay.waiting_for:
            reasons.append(f"the relay waits for {self._relay.waiting_for}")
        if self._consuming is not None and self.watchdog is not None:
            reasons += await self._consuming_reasons(self._consuming, self.watchdog)
        return reasons

    async def _database_reasons(self) -> list[str]:
        try:
            async with asyncio.timeout(_PROBE_TIMEOUT_SECONDS), self._database.reading() as session:
                row = (await session.execute(_OUTBOX)).one()
        except (*WEATHER, TimeoutError) as error:
            return [weather_reason(error)]
        age = float(row.oldest_age_seconds or 0)
        self._outbox = {"depth": row.depth, "oldest_age_seconds": round(age, 3)}
        telemetry.OUTBOX_DEPTH.set(row.depth)
        telemetry.OUTBOX_OLDEST_AGE_SECONDS.set(age)
        if age > _OUTBOX_AGE_SECONDS_MAX:
            return [f"the oldest event in the outbox has waited {age:.0f} s"]
        return []

    async def _consuming_reasons(self, consuming: Consuming, watchdog: Watchdog) -> list[str]:
        if consuming.waiting_for:
            return [f"the consumers wait for {consuming.waiting_for}"]
        await watchdog.look()
        return [reason for consumer in consuming.consumers.values() if (reason := self._consumer_reason(consumer, watchdog))]

    def _consumer_reason(self, consumer: Consumer, watchdog: Watchdog) -> str | None:
        place = watchdog.places[consumer.name]
        if not place.lags and not consumer.is_spare:
            return f"{consumer.name} has no partitions assigned" if place.kafka_answers else f"{consumer.name} gets no answer from kafka"
        if consumer.waiting_for:
            return f"{consumer.name} waits for {consumer.waiting_for}"
        stalled_seconds = watchdog.stalled_seconds(consumer)
        if stalled_seconds > STALLED_SECONDS:
            return f"{consumer.name} is {place.lag} events behind and has not moved for {stalled_seconds:.0f} s"
        return None

    def _show_pool(self) -> None:
        pool = self._database.engine.pool
        if isinstance(pool, QueuePool):
            telemetry.DATABASE_CONNECTIONS_IN_USE.set(pool.checkedout())
            telemetry.DATABASE_CONNECTIONS_MAX.set(pool.size())

    def figures(self) -> dict[str, Any]:
        """The figures behind the last answer."""
        answer: dict[str, Any] = {"outbox": self._outbox}
        if self._relay is not None and self._relay.last_success_at is not None:
            answer["relay_last_success_at"] = self._relay.last_success_at.isoformat()
        if self._consuming is not None and self.watchdog is not None:
            places = self.watchdog.places
            answer["consumers"] = {
                name: {
                    "lag": places[name].lag if name in places else None,
                    "last_progress_at": consumer.last_progress_at.isoformat() if consumer.last_progress_at else None,
                }
                for name, consumer in self._consuming.consumers.items()
            }
        return answer


def add_health_routes(app: FastAPI, health: Health) -> None:
    """`GET /livez` and `GET /readyz`, open to all: they tell no more than how the process fares."""

    @app.get("/livez", tags=["health"])
    async def livez() -> dict[str, str]:
        return {"status": "alive"}

    @app.get("/readyz", tags=["health"], responses={503: {"description": "Not ready; the reasons say why."}})
    async def readyz() -> JSONResponse:
        reasons = await health.reasons()
        status = 503 if reasons else 200
        notes = _notes(getattr(app.state, "token_verifier", None))
        return JSONResponse({"ready": not reasons, "reasons": reasons, "notes": notes, **health.figures()}, status_code=status)


def _notes(verifier: TokenVerifier | None) -> list[str]:
    """What is worth knowing and no reason against being ready."""
    if verifier is not None and verifier.keys.is_empty:
        return ["the issuer's keys are not needed to start and not here yet: they are asked for with the first token"]
    return []
