"""Group commit: deliveries that arrive while a transaction is under way share the next one.

One writer at a time, which begins when something waits and ends when nothing does, so that an idle process commits at once what comes
and a busy one pays for a commit once in up to 256 deliveries. They are recorded in the order in which they arrived. Nobody is told
anything before their own delivery is committed.
"""

import asyncio
from collections import deque
from collections.abc import Sequence
from contextvars import Context
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import structlog

from intake.decisions.receipts import Delivery, Tally
from intake.operations.erasures.ledger import ErasureLedger
from intake.operations.recording import record, record_at_once
from shared import failpoints, telemetry, tracing
from shared.database import Database, is_weather, weather_reason

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Bounds:
    """How much may wait and be committed together, and for how long.

    A delivery waits at most `wait_seconds`: less than what platforms wait for us, and than what a leaving process grants.
    A transaction the database doesn't answer is given up after `commit_seconds`, and the next one begins on another connection.
    """

    batch_deliveries: int = 256
    batch_items: int = 5_000
    batch_bytes: int = 8 * 1024 * 1024
    queue_deliveries: int = 4_096
    queue_bytes: int = 32 * 1024 * 1024
    wait_seconds: float = 5.0
    commit_seconds: float = 10.0


class Overloaded(Exception):
    """More waits to be committed than may."""


class NotCommitted(Exception):
    """The delivery couldn't be made durable in time. It may still be: whoever sends it again is told `duplicate` then."""


@dataclass(slots=True, eq=False)
class _Waiting:
    """A delivery in the queue, who waits for it, and the trace they are in."""

    delivery: Delivery
    told: "asyncio.Future[Tally]"
    origin: tracing.Origin | None

    def give_up(self) -> None:
        if not self.told.done():
            self.told.set_exception(NotCommitted("not in time"))

    def succeed(self, tally: Tally) -> None:
        if not self.told.done():
            self.told.set_result(tally)

    def fail(self, error: Exception) -> None:
        if not self.told.done():
            self.told.set_exception(error)


class GroupCommit:
    """The one way into `record` for whoever posts."""

    def __init__(self, database: Database, bounds: Bounds = Bounds(), *, erasures: ErasureLedger) -> None:
        self._database = database
        self._erasures = erasures
        self._bounds = bounds
        self._queue: deque[_Waiting] = deque()
        self._bytes = 0
        self._writer: asyncio.Task[None] | None = None

    @property
    def is_idle(self) -> bool:
        """Whether nothing waits and nothing is being committed."""
        return self._writer is None

    async def record(self, delivery: Delivery) -> Tally:
        """What became of the delivery, once it is durable. Raises `Overloaded` at once, `NotCommitted` within the bounds' time."""
        bounds, size = self._bounds, len(delivery.body)
        if len(self._queue) >= bounds.queue_deliveries or (self._queue and self._bytes + size > bounds.queue_bytes):
            raise Overloaded
        loop = asyncio.get_running_loop()
        waiting = _Waiting(delivery, loop.create_future(), tracing.here())
        self._queue.append(waiting)
        self._bytes += size
        if self._writer is None:
            # In surroundings of its own: it works for everybody, not for the request that happened to come first.
            self._writer = loop.create_task(self._write(), context=Context())
        deadline = loop.call_later(bounds.wait_seconds, waiting.give_up)
        try:
            return await waiting.told
        finally:
            deadline.cancel()

    async def _write(self) -> None:
        try:
            while batch := self._next_batch():
                await self._commit(batch)
        finally:
            self._writer = None

    def _next_batch(self) -> list[_Waiting]:
        """The oldest that fit together, without those nobody waits for any longer; a very large one goes alone."""
        bounds, batch, items, size = self._bounds, list[_Waiting](), 0, 0
        while self._queue and len(batch) < bounds.batch_deliveries:
            delivery = self._queue[0].delivery
            items += len(delivery.items)
            size += len(delivery.body)
            if batch and (items > bounds.batch_items or size > bounds.batch_bytes):
                break
            waiting = self._queue.popleft()
            self._bytes -= len(delivery.body)
            if waiting.told.done():
                items -= len(delivery.items)
                size -= len(delivery.body)
            else:
                batch.append(waiting)
        return batch

    async def _commit(self, batch: Sequence[_Waiting]) -> None:
        """Commits all of them together; halves what failed for its content until the bad ones are alone."""
        try:
            tallies = await self._attempt(batch)
        except Exception as error:  # noqa: BLE001  everybody who waits is told something
            if is_weather(error) or isinstance(error, TimeoutError):
                _log.warning("commit failed", deliveries=len(batch), reason=weather_reason(error), error=type(error).__name__)
                for waiting in batch:
                    waiting.fail(NotCommitted("weather"))
            elif len(batch) > 1:
                middle = len(batch) // 2
                await self._commit(batch[:middle])
                await self._commit(batch[middle:])
            else:
                await self._keep_unrecorded(batch[0], error)
            return
        for waiting, tally in zip(batch, tallies, strict=True):
            waiting.succeed(tally)

    async def _keep_unrecorded(self, waiting: _Waiting, error: Exception) -> None:
        """What can't be recorded is kept as it came, with that verdict; where that too fails, whoever waits is told of it."""
        delivery = waiting.delivery
        _log.error("a delivery can't be recorded", receipt_id=str(delivery.receipt_id), exc_info=error)
        kept = delivery.unrecordable()
        if delivery.kept_if_refused and delivery != kept:
            await self._commit([replace(waiting, delivery=kept)])
        else:
            waiting.fail(error)

    async def _attempt(self, batch: Sequence[_Waiting]) -> list[Tally]:
        """One transaction, in a task of its own: one that never ends is left behind, and ends by the connection's own bounds."""
        attempt = asyncio.create_task(self._transact(batch))
        try:
            done, _ = await asyncio.wait({attempt}, timeout=self._bounds.commit_seconds)
        except asyncio.CancelledError:
            attempt.cancel()
            raise
        if not done:
            attempt.add_done_callback(_forget)
            attempt.cancel()
            raise TimeoutError
        return attempt.result()

    async def _transact(self, batch: Sequence[_Waiting]) -> list[Tally]:
        deliveries = [waiting.delivery for waiting in batch]
        origins = {waiting.delivery.receipt_id: waiting.origin for waiting in batch if waiting.origin is not None}
        with tracing.within(origins):
            now = datetime.now(UTC)
            tallies = await record_at_once(self._database, deliveries, erasures=self._erasures, now=now)
            if tallies is None:
                async with self._database.transaction() as session:
                    tallies = await record(session, deliveries, erasures=self._erasures, now=now)
                    failpoints.reach("webhook.committing")
        failpoints.reach("webhook.committed")
        telemetry.INTAKE_COMMIT_DELIVERIES.observe(len(batch))
        return tallies


def _forget(attempt: "asyncio.Task[list[Tally]]") -> None:
    if not attempt.cancelled():
        attempt.exception()
