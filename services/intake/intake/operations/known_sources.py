"""The connected platforms as this process knows them: read whole, so that a name nobody has costs what a known one does."""

import asyncio
import time
from collections.abc import Mapping
from contextvars import Context

from intake.queries import StoredSource, all_sources
from shared.database import Database

AGE_SECONDS_MAX = 1.0
"""How long a change made by another process may go unseen here. A secret being rotated stays valid for longer."""

_READ_SECONDS = 5.0


class KnownSources:
    """Sources by name, at most a second old; `forget` makes a change of our own count at once."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._known: Mapping[str, StoredSource] = {}
        self._fresh_until = 0.0
        self._changes = 0
        self._reading: asyncio.Task[None] | None = None

    async def find(self, name: str) -> StoredSource | None:
        """The source of that name, or None if there is none."""
        if time.monotonic() >= self._fresh_until:
            await self._read_together()
        return self._known.get(name)

    def forget(self) -> None:
        """After a change was committed: what is known is asked for anew, also where it was being read at that moment."""
        self._changes += 1
        self._fresh_until = 0.0

    async def _read_together(self) -> None:
        """One reading for all who need it at that moment, which nobody waits for longer than a few seconds."""
        if self._reading is None:
            self._reading = asyncio.get_running_loop().create_task(self._read(), context=Context())
            self._reading.add_done_callback(self._end)
        reading = self._reading
        done, _ = await asyncio.wait({reading}, timeout=_READ_SECONDS)
        if not done:
            reading.cancel()
            self._end(reading)
            raise ConnectionError("the sources were not read in time")
        reading.result()

    async def _read(self) -> None:
        while time.monotonic() >= self._fresh_until:
            began, changes = time.monotonic(), self._changes
            async with self._database.reading() as session:
                known = await all_sources(session)
            if changes == self._changes:
                self._known, self._fresh_until = known, began + AGE_SECONDS_MAX

    def _end(self, reading: "asyncio.Task[None]") -> None:
        if self._reading is reading:
            self._reading = None
        if reading.done() and not reading.cancelled():
            reading.exception()  # told to whoever waits, if anybody still does
