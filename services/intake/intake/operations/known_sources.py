"""The connected platforms as this process knows them: read whole, so that a name nobody has costs what a known one does."""

import asyncio
import time
from collections.abc import Mapping
from contextvars import Context

import structlog

from intake.platforms import ConnectedSource, UnknownPlatform
from intake.queries.received import StoredSource, all_sources
from shared.database import Database

AGE_SECONDS_MAX = 1.0
"""How long a change made by another process may go unseen here. A secret being rotated stays valid for longer."""

_READ_SECONDS = 5.0

_log = structlog.get_logger()


class KnownSources:
    """Sources by name, at most a second old; `forget` makes a change of our own count at once."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._known: Mapping[str, ConnectedSource] = {}
        self._unreadable: Mapping[str, StoredSource] = {}
        self._fresh_until = 0.0
        self._changes = 0
        self._reading: asyncio.Task[None] | None = None

    async def find(self, name: str) -> ConnectedSource | None:
        """The source of that name, or None if there is none. Raises `UnknownPlatform` for one that only a later version can read."""
        asked_at = time.monotonic()
        # However long a reading took: what it found counts for whoever asked before it began, or soon after.
        while asked_at >= self._fresh_until:
            await self._read_together()
        if name in self._unreadable:
            raise UnknownPlatform(name)
        return self._known.get(name)

    def remembered(self, name: str) -> ConnectedSource | None:
        """The source of that name as it was last read, however long ago."""
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
        if not done or reading.cancelled():  # by whoever waited longest
            raise ConnectionError("the sources were not read in time")
        reading.result()

    async def _read(self) -> None:
        changes = None
        while changes != self._changes:
            began_at, changes = time.monotonic(), self._changes
            async with self._database.reading() as session:
                stored = await all_sources(session)
        self._take(stored)
        self._fresh_until = began_at + AGE_SECONDS_MAX

    def _take(self, stored: Mapping[str, StoredSource]) -> None:
        """One source nobody here can read takes no other along. What is stored as before stays as it was made."""
        known, unreadable = dict[str, ConnectedSource](), dict[str, StoredSource]()
        for name, source in stored.items():
            before = self._known.get(name)
            try:
                known[name] = before if before is not None and before.stored == source else ConnectedSource.of(source)
            except UnknownPlatform:
                unreadable[name] = source
                if name not in self._unreadable:
                    _log.error("a source is of a platform this version doesn't know", source=name)
        self._known, self._unreadable = known, unreadable

    def _end(self, reading: "asyncio.Task[None]") -> None:
        if self._reading is reading:
            self._reading = None
        if reading.done() and not reading.cancelled():
            reading.exception()  # told to whoever waits, if anybody still does
