"""The watchdog: a consumer that stands still although there is work and Kafka answers is started again, then the whole process.

Client libraries are known to stop fetching after a rebalance or a broker's restart and to say nothing. Weather is no reason: a
consumer that waits for the database, or for Kafka, is left to wait.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import assert_never

import structlog
from aiokafka.errors import KafkaError

from shared import telemetry
from shared.consuming import Consumer, Consuming
from shared.lag import Place, is_spare, place_of, show

_log = structlog.get_logger()

STALLED_SECONDS = 30
# A batch in hand may be slow rather than stuck, and would only begin anew; Kafka itself waits 300 s for it.
STALLED_IN_HAND_SECONDS = 120
UNASSIGNED_SECONDS = 60


class ConsumerStuckError(RuntimeError):
    """Starting a consumer again didn't help: the process must end and be started again."""


@dataclass(frozen=True, slots=True)
class Standing:
    """Since when a consumer is behind without moving, or has no partitions although Kafka answers; and what was tried against it."""

    behind_since: datetime | None = None
    unassigned_since: datetime | None = None
    restarts: int = 0


@dataclass(frozen=True, slots=True)
class Leave:
    """Nothing is wrong, or not for long enough."""


@dataclass(frozen=True, slots=True)
class Restart:
    """Start the consumer again. `reason` is a word for the metric."""

    reason: str


@dataclass(frozen=True, slots=True)
class GiveUp:
    """It was started again before, and that helped nothing."""

    reason: str


Verdict = Leave | Restart | GiveUp


def observe(standing: Standing, place: Place, *, moved_at: datetime | None, is_waiting: bool, now: datetime) -> Standing:
    """The standing after another look. `moved_at`: when the consumer last applied something; `is_waiting`: whether for weather."""
    if not place.kafka_answers or is_waiting:
        return replace(standing, behind_since=None, unassigned_since=None)
    if not place.lags:
        return replace(standing, behind_since=None, unassigned_since=standing.unassigned_since or now)
    has_moved = standing.behind_since is not None and moved_at is not None and moved_at > standing.behind_since
    if place.lag == 0 or has_moved:
        return Standing()
    return replace(standing, behind_since=standing.behind_since or now, unassigned_since=None)


def judge(standing: Standing, *, in_hand: int, now: datetime) -> Verdict:
    """What to do about a consumer as it stands."""
    patience = timedelta(seconds=STALLED_IN_HAND_SECONDS if in_hand else STALLED_SECONDS)
    if standing.behind_since is not None and now - standing.behind_since >= patience:
        reason = "stalled"
    elif standing.unassigned_since is not None and now - standing.unassigned_since >= timedelta(seconds=UNASSIGNED_SECONDS):
        reason = "unassigned"
    else:
        return Leave()
    return GiveUp(reason) if standing.restarts else Restart(reason)


class Watchdog:
    """Looks at every consumer of a process. `look` brings the metrics up to date, `act` does what is called for."""

    def __init__(self, consuming: Consuming, *, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._consuming = consuming
        self._clock = clock
        self._standings: dict[str, Standing] = {}
        self.places: dict[str, Place] = {}

    async def look(self) -> None:
        """Asks the broker where each consumer stands, all at once."""
        consumers = list(self._consuming.consumers.values())
        places = await asyncio.gather(*(place_of(consumer) for consumer in consumers))
        for consumer, place in zip(consumers, places, strict=True):
            self._note(consumer, place)

    def _note(self, consumer: Consumer, place: Place) -> None:
        now = self._clock()
        standing = self._standings.get(consumer.name, Standing())
        is_waiting = consumer.waiting_for is not None
        self._standings[consumer.name] = observe(standing, place, moved_at=consumer.last_progress_at, is_waiting=is_waiting, now=now)
        self.places[consumer.name] = place
        if place.lags:
            consumer.is_spare = False
        show(consumer, place)
        telemetry.CONSUMER_STALLED_SECONDS.labels(consumer.topic.name).set(self.stalled_seconds(consumer))

    def stalled_seconds(self, consumer: Consumer) -> float:
        """For how long the consumer has been behind without moving."""
        since = self._standings.get(consumer.name, Standing()).behind_since
        return 0.0 if since is None else (self._clock() - since).total_seconds()

    async def act(self) -> None:
        """Starts stuck consumers again. Raises `ConsumerStuckError` where that didn't help before, or can't be done."""
        for consumer in self._consuming.consumers.values():
            standing = self._standings.get(consumer.name, Standing())
            verdict = judge(standing, in_hand=consumer.in_hand, now=self._clock())
            match verdict:
                case Leave():
                    continue
                case GiveUp(reason):
                    raise ConsumerStuckError(f"{consumer.name} is {reason} and starting it again did not help")
                case Restart(reason):
                    if reason == "unassigned" and await self._is_spare(consumer):
                        consumer.is_spare = True
                        self._standings[consumer.name] = Standing()
                        continue
                    await self._restart(consumer, reason)
                case _:
                    assert_never(verdict)

    async def _restart(self, consumer: Consumer, reason: str) -> None:
        _log.error("consumer restarted", consumer=consumer.name, reason=reason)
        telemetry.CONSUMER_RESTARTS.labels(consumer.topic.name, reason).inc()
        self._standings[consumer.name] = Standing(restarts=self._standings[consumer.name].restarts + 1)
        try:
            await self._consuming.restart(consumer)
        except (KafkaError, TimeoutError) as error:
            raise ConsumerStuckError(f"{consumer.name} is {reason} and could not be started again: {type(error).__name__}") from error

    async def _is_spare(self, consumer: Consumer) -> bool:
        try:
            return await is_spare(self._consuming.bootstrap, consumer)
        except (KafkaError, TimeoutError):
            return True  # it can't be told, so nothing is wrong that we know of
