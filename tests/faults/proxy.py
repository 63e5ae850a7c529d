"""A TCP proxy that can be told to misbehave as networks do: slow, reset, half-open, or swallowing what it was given.

It has a thread and an event loop of its own, so that whoever tells it so may be blocked meanwhile.
"""

import asyncio
import socket
import struct
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Literal

LOOPBACK = "127.0.0.1"

Direction = Literal["to_server", "to_client"]

_CHUNK_BYTES = 64 * 1024
_ANSWER_SECONDS = 10.0
# Closing with this set sends RST instead of FIN.
_LINGER_NOT_AT_ALL = struct.pack("ii", 1, 0)


@dataclass(eq=False)
class _Pair:
    """One connection through the proxy: the side that came, and the side it was passed on to."""

    client: asyncio.StreamWriter
    server: asyncio.StreamWriter
    is_abandoned: bool = False


class FaultProxy:
    """Passes connections on to one server, faultlessly until told otherwise. `port` is where it listens."""

    def __init__(self, target_port: int) -> None:
        self.port = 0
        self._target_port = target_port
        self._delay_seconds = 0.0
        self._swallowed: set[Direction] = set()
        self._pairs: set[_Pair] = set()
        self._loop = asyncio.new_event_loop()

    @property
    def connections(self) -> int:
        """How many are open."""
        return len(self._pairs)

    def delay(self, seconds: float) -> None:
        """Holds every piece of data that long, in either direction."""
        self._delay_seconds = seconds

    def swallow(self, *directions: Direction) -> None:
        """Goes on accepting and reading, and drops what goes in these directions (both when none is named): nobody is told."""
        self._swallowed = set(directions or ("to_server", "to_client"))

    def behave(self) -> None:
        """Is faultless again. What was swallowed stays lost, and what was cut stays cut."""
        self._delay_seconds, self._swallowed = 0.0, set()

    def reset(self) -> int:
        """Ends every open connection by RST on both sides; new ones pass. Returns how many those were."""
        return self._run(self._reset)

    def abandon(self) -> int:
        """Makes every open connection half-open: the server sees it end, the client sees nothing at all. Returns how many those were."""
        return self._run(self._abandon)

    def _run(self, act: Callable[[], Awaitable[int]]) -> int:
        async def call() -> int:
            return await act()

        return asyncio.run_coroutine_threadsafe(call(), self._loop).result(_ANSWER_SECONDS)

    async def _reset(self) -> int:
        pairs = list(self._pairs)
        for pair in pairs:
            for writer in (pair.client, pair.server):
                connection: socket.socket = writer.get_extra_info("socket")
                with suppress(OSError):
                    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_NOT_AT_ALL)
                writer.transport.abort()
        return len(pairs)

    async def _abandon(self) -> int:
        pairs = [pair for pair in self._pairs if not pair.is_abandoned]
        for pair in pairs:
            pair.is_abandoned = True
            pair.server.close()
        return len(pairs)

    async def _accept(self, client_reader: asyncio.StreamReader, client: asyncio.StreamWriter) -> None:
        try:
            server_reader, server = await asyncio.open_connection(LOOPBACK, self._target_port)
        except OSError:
            client.transport.abort()
            return
        pair = _Pair(client, server)
        self._pairs.add(pair)
        try:
            with suppress(asyncio.CancelledError):  # the proxy stops
                async with asyncio.TaskGroup() as directions:
                    directions.create_task(self._pass_on(pair, client_reader, server, "to_server"))
                    directions.create_task(self._pass_on(pair, server_reader, client, "to_client"))
        finally:
            self._pairs.discard(pair)
            client.close()
            server.close()

    async def _pass_on(self, pair: _Pair, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, direction: Direction) -> None:
        with suppress(ConnectionError):
            while piece := await reader.read(_CHUNK_BYTES):
                if self._delay_seconds:
                    await asyncio.sleep(self._delay_seconds)
                if direction not in self._swallowed and not pair.is_abandoned:
                    writer.write(piece)
                    await writer.drain()
        # Whoever abandoned a connection hides its end from the client; otherwise one side's end is the other's.
        if not pair.is_abandoned:
            writer.close()

    async def _listen(self, is_listening: threading.Event) -> None:
        server = await asyncio.start_server(self._accept, LOOPBACK, self.port)
        self.port = server.sockets[0].getsockname()[1]
        is_listening.set()
        async with server:
            with suppress(asyncio.CancelledError):
                await server.serve_forever()

    def _serve(self, is_listening: threading.Event) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_until_complete(self._listen(is_listening))
        finally:
            for task in asyncio.all_tasks(self._loop):
                task.cancel()
            self._loop.run_until_complete(asyncio.sleep(0))
            self._loop.close()

    def _stop(self) -> None:
        for task in asyncio.all_tasks(self._loop):
            task.cancel()


@contextmanager
def fault_proxy(target_port: int, *, port: int = 0) -> Iterator[FaultProxy]:
    """A proxy in front of that loopback port while the block runs, on `port` or any that is free."""
    proxy = FaultProxy(target_port)
    proxy.port = port
    is_listening = threading.Event()
    thread = threading.Thread(target=proxy._serve, args=(is_listening,), name="fault-proxy", daemon=True)
    thread.start()
    if not is_listening.wait(_ANSWER_SECONDS):
        raise OSError("the fault proxy could not listen")
    try:
        yield proxy
    finally:
        proxy._loop.call_soon_threadsafe(proxy._stop)
        thread.join(_ANSWER_SECONDS)
