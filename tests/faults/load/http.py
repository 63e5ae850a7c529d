"""A small HTTP client for loads: as little work per request as can be, and the truth about connections that break.

General clients look through all their connections at every request, which a few hundred of them make dearer than what is measured.
"""

import asyncio
import random
from collections import defaultdict, deque
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from time import monotonic
from urllib.parse import urlsplit

import orjson

# Servers close what is idle for five seconds; what has lain that long might break under the next request.
_IDLE_SECONDS_MAX = 2.0
_AGAIN_SECONDS_FIRST = 0.2
_AGAIN_SECONDS_MAX = 3.0
_STATUSES_WITHOUT_BODY = frozenset({204, 304})


class NoAnswer(Exception):
    """The connection could not be made, broke, or was silent too long. `status` is what had come by then, None for nothing."""

    def __init__(self, status: int | None = None) -> None:
        super().__init__(f"status {status}")
        self.status = status


@dataclass(frozen=True, slots=True)
class Answered:
    """A whole answer; header names in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def content(self) -> dict[str, object]:
        """The body's JSON object; empty for any other body."""
        read = orjson.loads(self.body) if "json" in self.headers.get("content-type", "") else {}
        return read if isinstance(read, dict) else {}


@dataclass(slots=True)
class _Connection:
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    idle_since: float = 0.0

    @property
    def is_usable(self) -> bool:
        return monotonic() - self.idle_since < _IDLE_SECONDS_MAX and not self.reader.at_eof() and not self.writer.is_closing()


class Http:
    """Requests over connections that are kept open, as many as are needed at once."""

    def __init__(self) -> None:
        self._idle: dict[tuple[str, int], deque[_Connection]] = defaultdict(deque)

    @property
    def usable(self) -> int:
        """How many open connections wait for another request."""
        return sum(connection.is_usable for connections in self._idle.values() for connection in connections)

    async def get(self, address: str, headers: Mapping[str, str], *, seconds: float) -> Answered:
        """Raises `NoAnswer` unless a whole answer comes in time."""
        return await self.request("GET", address, headers, b"", seconds=seconds)

    async def post(self, address: str, headers: Mapping[str, str], body: bytes, *, seconds: float) -> Answered:
        """Raises `NoAnswer` unless a whole answer comes in time."""
        return await self.request("POST", address, headers, body, seconds=seconds)

    async def request(self, method: str, address: str, headers: Mapping[str, str], body: bytes, *, seconds: float) -> Answered:
        """Raises `NoAnswer` unless a whole answer comes in time."""
        parts = urlsplit(address)
        place = str(parts.hostname), parts.port or 80
        path = parts.path + (f"?{parts.query}" if parts.query else "")
        lines = [f"{method} {path} HTTP/1.1", f"Host: {parts.netloc}", f"Content-Length: {len(body)}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        return await self._exchange(place, "\r\n".join([*lines, "", ""]).encode() + body, seconds=seconds)

    def close(self) -> None:
        """Closes what is idle."""
        for connections in self._idle.values():
            for connection in connections:
                connection.writer.close()
        self._idle.clear()

    async def _exchange(self, place: tuple[str, int], request: bytes, *, seconds: float) -> Answered:
        status: list[int] = []
        connection: _Connection | None = None
        is_whole = False
        try:
            async with asyncio.timeout(seconds):
                connection = self._kept(place) or _Connection(*await asyncio.open_connection(*place))
                connection.writer.write(request)
                answer = await _read(connection.reader, status)
                is_whole = True
        except (OSError, EOFError, TimeoutError, ValueError, asyncio.LimitOverrunError):
            raise NoAnswer(status[0] if status else None) from None
        finally:
            if connection is not None:
                self._put_back(place, connection, is_whole=is_whole)
        if answer.headers.get("connection", "").lower() == "close":
            connection.writer.close()
        return answer

    def _kept(self, place: tuple[str, int]) -> _Connection | None:
        connections = self._idle[place]
        while connections:
            connection = connections.pop()
            if connection.is_usable:
                return connection
            connection.writer.close()
        return None

    def _put_back(self, place: tuple[str, int], connection: _Connection, *, is_whole: bool) -> None:
        if is_whole:
            connection.idle_since = monotonic()
            self._idle[place].append(connection)
        else:
            with suppress(RuntimeError):  # the loop may be closing
                connection.writer.transport.abort()


def is_settled(status: int | None) -> bool:
    """Whether an app may forget what it asked for: it was done, or refused for what it says."""
    return status is not None and status < 500 and status != 429


async def until_settled(try_once: Callable[[], Awaitable[bool]], *, chance: random.Random) -> None:
    """Tries, more and more slowly, until a try says that it is settled."""
    tries = 0
    while not await try_once():
        wait = min(_AGAIN_SECONDS_FIRST * 2**tries, _AGAIN_SECONDS_MAX)
        await asyncio.sleep(wait * chance.uniform(0.5, 1))
        tries += 1


async def _read(reader: asyncio.StreamReader, status: list[int]) -> Answered:
    """The next answer; its status stands in `status` as soon as it has come."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    status.append(int(head[0].split(" ", 2)[1]))
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:] if line)}
    length = headers.get("content-length")
    if length is not None:
        body = await reader.readexactly(int(length))
    else:
        body = b"" if status[0] in _STATUSES_WITHOUT_BODY else await reader.read()
    return Answered(status[0], headers, body)
