"""Dispatching: webhooks leave, signed, in order per key, each subscription on its own, until delivered or dead.

Deliver, then record: a kill in between sends the same webhook again under the same id, never under another.
"""

import asyncio
import contextlib
import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from time import monotonic

import httpx
import structlog
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from reporting.decisions.addresses import RefusedAddress, decide_endpoint
from reporting.decisions.retries import Answered, Delivered, Unanswered, verdict_on
from reporting.guarded import AddressRefused, NoAddress, guarded_client
from reporting.operations.attempts import Attempt, AttemptBook
from reporting.operations.recording import BELL
from reporting.signing import signed_headers
from shared import failpoints, tracing
from shared.database import Database, is_weather
from shared.loops import lead, wait_for_bell

_log = structlog.get_logger()

_ATTEMPT_TIMEOUT_SECONDS = 10
# What an endpoint answers is nobody's business here; this much is read so that the connection can be used again.
_ANSWER_BYTES_MAX = 16 * 1024
_REST_TIMEOUT_SECONDS = 1
# What is queued in this process rings; this is for what another process queued, and for what comes again by the clock.
_POLL_SECONDS = 0.25
# Keys of one subscription delivered side by side, and how many subscriptions may look for what is due at once.
_KEYS_AT_ONCE = 20
_CONNECTIONS_AT_ONCE = 3
_WIND_UP_SECONDS = 3

_DUE_SUBSCRIPTIONS = text(
    """
    SELECT name FROM subscriptions AS s
    WHERE state = 'active' AND EXISTS (
        SELECT 1 FROM deliveries AS d WHERE d.subscription = s.name AND d.state = 'pending' AND d.next_attempt_at <= :now
    )
    ORDER BY name
    """
)
# The earliest of each key alone: whatever follows it is parked behind it.
_DUE = text(
    """
    SELECT d.position, d.event_id, d.key, d.body, d.attempts, d.traceparent, s.name AS subscription, s.url, s.secrets
    FROM deliveries AS d JOIN subscriptions AS s ON s.name = d.subscription
    WHERE d.subscription = :subscription AND s.state = 'active' AND d.state = 'pending' AND d.next_attempt_at <= :now
      AND NOT EXISTS (
          SELECT 1 FROM deliveries AS earlier
          WHERE earlier.subscription = d.subscription AND earlier.key = d.key AND earlier.state = 'pending'
            AND earlier.position < d.position
      )
    ORDER BY d.next_attempt_at, d.position LIMIT :limit
    """
)


@dataclass(frozen=True, slots=True)
class _Due:
    position: int
    event_id: str
    key: str
    body: str
    attempts: int
    traceparent: str | None
    subscription: str
    url: str
    secrets: list[str]


class Dispatcher:
    """Delivers what is due. `run` leads until stopped; `run_once` makes one attempt per subscription and key, and counts them."""

    def __init__(self, *, database: Database, listed: frozenset[str], clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._database = database
        self._listed = listed
        self._clock = clock
        self._connections = asyncio.Semaphore(_CONNECTIONS_AT_ONCE)
        self._book = AttemptBook(database)

    async def run(self, stop: asyncio.Event) -> None:
        """Delivers until stopped, in whichever process holds the office."""

        async def work(connection: AsyncConnection) -> None:
            await self._dispatch(connection, stop)

        await lead(work, database=self._database, office="dispatcher", stop=stop)

    async def run_once(self) -> int:
        """One attempt for the earliest due delivery of every key. Returns how many were made, whatever came of them."""
        async with guarded_client(self._listed, timeout_seconds=_ATTEMPT_TIMEOUT_SECONDS) as client:
            async with self._database.engine.connect() as connection:
                names = await self._due_subscriptions(connection)
            return sum(await asyncio.gather(*(self._deliver_round(client, name) for name in names)))

    async def _dispatch(self, connection: AsyncConnection, stop: asyncio.Event) -> None:
        """One task per subscription that has something due, so that an endpoint that hangs holds up its own deliveries alone."""
        at_work: dict[str, asyncio.Task[None]] = {}
        bell = self._database.bells[BELL]
        async with guarded_client(self._listed, timeout_seconds=_ATTEMPT_TIMEOUT_SECONDS) as client:
            try:
                while not stop.is_set():
                    bell.clear()
                    for name in [name for name, task in at_work.items() if task.done()]:
                        at_work.pop(name).result()
                    for name in await self._due_subscriptions(connection):
                        if name not in at_work:
                            at_work[name] = asyncio.create_task(self._deliver_all(client, name, stop))
                            at_work[name].add_done_callback(lambda _: bell.set())  # something may have come at its last look
                    await wait_for_bell(bell, stop, at_most_seconds=_POLL_SECONDS)
            finally:
                await _wind_up(at_work.values())

    async def _due_subscriptions(self, connection: AsyncConnection) -> list[str]:
        names = list((await connection.scalars(_DUE_SUBSCRIPTIONS, {"now": self._clock()})).all())
        await connection.rollback()  # it only read, and must not keep a snapshot open
        return names

    async def _deliver_all(self, client: httpx.AsyncClient, subscription: str, stop: asyncio.Event) -> None:
        try:
            while not stop.is_set() and await self._deliver_round(client, subscription):
                pass
        except Exception as error:
            if not is_weather(error):
                raise
            _log.warning("deliveries wait", subscription=subscription, error=type(error).__name__)

    async def _deliver_round(self, client: httpx.AsyncClient, subscription: str) -> int:
        async with self._connections, self._database.reading() as session:
            rows = await session.execute(_DUE, {"subscription": subscription, "now": self._clock(), "limit": _KEYS_AT_ONCE})
            due = [_Due(**{**row._mapping, "event_id": str(row.event_id)}) for row in rows]
        for ended in await asyncio.gather(*(self._deliver(client, one) for one in due), return_exceptions=True):
            if isinstance(ended, BaseException):
                raise ended
        return len(due)

    async def _deliver(self, client: httpx.AsyncClient, due: _Due) -> None:
        at, began = self._clock(), monotonic()
        outcome = await self._attempt(client, due, at=at)
        number = due.attempts + 1
        attempt = Attempt(
            position=due.position,
            subscription=due.subscription,
            key=due.key,
            number=number,
            began_at=at,
            ended_at=self._clock(),
            duration_ms=round((monotonic() - began) * 1000),
            outcome=outcome,
            verdict=verdict_on(outcome, attempts=number, now=self._clock(), jitter=random.random()),  # noqa: S311  spreads load, hides nothing
        )
        if isinstance(attempt.verdict, Delivered):
            failpoints.reach("dispatcher.delivered")
        await self._book.record(attempt)

    async def _attempt(self, client: httpx.AsyncClient, due: _Due, *, at: datetime) -> Answered | Unanswered:
        if isinstance(decide_endpoint(due.url, self._listed), RefusedAddress):  # what was listed once may not be any more
            return Unanswered("address_refused")
        headers = signed_headers(due.secrets, webhook_id=due.event_id, at=at, body=due.body)
        try:
            with tracing.leaving(due.traceparent, "deliver webhook", subscription=due.subscription) as trace_headers:
                async with asyncio.timeout(_ATTEMPT_TIMEOUT_SECONDS):
                    return await _post(client, due.url, headers=headers | trace_headers, body=due.body)
        except AddressRefused:
            return Unanswered("address_refused")
        except NoAddress:
            return Unanswered("no_address")
        except (TimeoutError, httpx.TimeoutException):
            return Unanswered("timed_out")
        except httpx.ConnectError:
            return Unanswered("no_connection")
        except httpx.HTTPError:
            return Unanswered("broken_answer")


async def _post(client: httpx.AsyncClient, url: str, *, headers: dict[str, str], body: str) -> Answered:
    sent = {**headers, "content-type": "application/json", "user-agent": "FullCircle", "accept-encoding": "identity"}
    async with client.stream("POST", url, content=body.encode(), headers=sent) as response:
        # The answer stands once its head is here, whatever becomes of the rest.
        with contextlib.suppress(TimeoutError, httpx.HTTPError):
            async with asyncio.timeout(_REST_TIMEOUT_SECONDS):
                await _read_little(response)
        return Answered(response.status_code, response.headers.get("retry-after"))


async def _read_little(response: httpx.Response) -> None:
    read = 0
    async for chunk in response.aiter_raw():
        read += len(chunk)
        if read > _ANSWER_BYTES_MAX:
            return


async def _wind_up(tasks: Iterable[asyncio.Task[None]]) -> None:
    """Lets attempts under way end for a moment, then cuts them: whatever is not recorded goes out again under the same id."""
    running = list(tasks)
    if running:
        await asyncio.wait(running, timeout=_WIND_UP_SECONDS)
    for task in running:
        task.cancel()
    await asyncio.gather(*running, return_exceptions=True)
