"""Leaving: a process that is asked to go is gone within 15 seconds, whatever is stuck in it.

Cutting it short loses nothing: what was acknowledged is committed, and what isn't committed comes again.
"""

import asyncio
import os
import signal
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import structlog

_log = structlog.get_logger()

# Requests first, then consumers and loops, then the relay: together within the 15 s an orchestrator usually grants.
REQUEST_SECONDS = 6
WORK_SECONDS = 4
BATCH_SECONDS = 3
RELAY_SECONDS = 2.5
HARD_LIMIT_SECONDS = 14.5

_EXIT_STATUS = 1


class Departure:
    """Sets `stop` at the first SIGTERM or SIGINT. A second one, or the hard limit, ends the process at once."""

    def __init__(self, stop: asyncio.Event) -> None:
        self._stop = stop
        self._limit = threading.Timer(HARD_LIMIT_SECONDS, _end_now, ["the hard limit"])
        self._limit.daemon = True
        self._begun = False

    def listen(self) -> None:
        """Hears the signals on the running loop."""
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, self._hear)

    def _hear(self) -> None:
        if self._stop.is_set():
            _end_now("a second signal")
        self._stop.set()
        self.begin()

    def begin(self) -> None:
        """The process is on its way out, for whatever reason: from now on the hard limit counts, by a thread of its own."""
        if not self._begun:
            self._begun = True
            self._limit.start()

    def note_end(self, part: asyncio.Task[None]) -> None:
        """For `add_done_callback`: a part that failed takes the others with it, and they too have only so long."""
        if not part.cancelled() and part.exception() is not None:
            self.begin()

    def over(self) -> None:
        """Everything has ended in good order."""
        self._limit.cancel()


def _end_now(why: str) -> None:
    _log.error("ended without waiting any longer", because_of=why)
    os._exit(_EXIT_STATUS)


@asynccontextmanager
async def cut_after(stop: asyncio.Event, *, seconds: float, part: str) -> AsyncIterator[None]:
    """Cuts the block short when it hasn't ended that long after `stop`; it then counts as ended."""
    try:
        async with asyncio.timeout(None) as limit:
            bell = asyncio.create_task(_ring(stop, limit, seconds))
            try:
                yield
            finally:
                bell.cancel()
    except TimeoutError:
        if not limit.expired():
            raise
        _log.warning("cut short", part=part, after_seconds=seconds)


async def _ring(stop: asyncio.Event, limit: asyncio.Timeout, seconds: float) -> None:
    await stop.wait()
    limit.reschedule(asyncio.get_running_loop().time() + seconds)
