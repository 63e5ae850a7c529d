"""Background loops: one shape for all, where weather is waited out and everything else ends the process."""

import asyncio
import random
from collections.abc import Awaitable, Callable

import structlog
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.database import Database, is_weather

_log = structlog.get_logger()

_BACKOFF_SECONDS_FIRST = 0.2
_BACKOFF_SECONDS_MAX = 3.0
_LEADER_RETRY_SECONDS = 1.0


async def sleep_unless(stop: asyncio.Event, seconds: float) -> None:
    """Waits that long, or until stopped."""
    try:
        await asyncio.wait_for(stop.wait(), seconds)
    except TimeoutError:
        return


async def wait_for_bell(bell: asyncio.Event, stop: asyncio.Event, *, at_most_seconds: float) -> None:
    """Waits until the bell rings, but not for longer than that, or until stopped."""
    rung, stopped = asyncio.ensure_future(bell.wait()), asyncio.ensure_future(stop.wait())
    try:
        await asyncio.wait({rung, stopped}, timeout=at_most_seconds, return_when=asyncio.FIRST_COMPLETED)
    finally:
        rung.cancel()
        stopped.cancel()


def backoff_seconds(attempt: int) -> float:
    """How long to wait before try `attempt` + 1 of something that failed for weather: doubling, capped, with jitter."""
    return float(min(_BACKOFF_SECONDS_FIRST * 2 ** min(attempt, 10), _BACKOFF_SECONDS_MAX) * random.uniform(0.5, 1))  # noqa: S311


async def repeat(run_once: Callable[[], Awaitable[int]], *, name: str, every_seconds: float, stop: asyncio.Event) -> None:
    """Calls `run_once` until stopped: again at once while it finds work, after `every_seconds` when it found none."""
    failures = 0
    while not stop.is_set():
        try:
            done = await run_once()
        except Exception as error:
            if not is_weather(error):
                raise
            failures += 1
            _log.warning("loop waits", loop=name, error=type(error).__name__, failures=failures)
            await sleep_unless(stop, backoff_seconds(failures))
            continue
        failures = 0
        if not done:
            await sleep_unless(stop, every_seconds)


async def lead(
    work: Callable[[AsyncConnection], Awaitable[None]],
    *,
    database: Database,
    office: str,
    stop: asyncio.Event,
) -> None:
    """Runs `work` in at most one process at a time, for as long as it holds the office.

    The office is an advisory lock of the session connection that `work` is given: whoever loses the connection loses the
    office with it, and whatever they had not committed.
    """
    failures = 0
    while not stop.is_set():
        try:
            async with database.engine.connect() as connection:
                taken = await connection.scalar(text("SELECT pg_try_advisory_lock(hashtext(:office))"), {"office": office})
                await connection.commit()
                failures = 0
                if taken:
                    await _work_in_office(work, connection, office)
                else:
                    await sleep_unless(stop, _LEADER_RETRY_SECONDS)
        except Exception as error:
            if not is_weather(error):
                raise
            failures += 1
            _log.warning("office waits", office=office, error=type(error).__name__, failures=failures)
            await sleep_unless(stop, backoff_seconds(failures))


async def _work_in_office(work: Callable[[AsyncConnection], Awaitable[None]], connection: AsyncConnection, office: str) -> None:
    try:
        await work(connection)
    finally:
        # The connection goes back to the pool, so the lock would stay with it: give up both.
        await connection.invalidate()
        _log.info("office left", office=office)
