"""Load by HTTP: many connections that each send their next request when the last is answered, from a process of its own.

Kept raw so that it never is the bottleneck: requests are bytes made beforehand, answers are read just far enough to find their end.
With a rate, requests are sent when they are due, answered or not, and how long one took counts from when it was due.
"""

import asyncio
import importlib
import re
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from tests.bench.away import measure_here, measured_away, say_begun

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_ANSWER_SECONDS = 30
_SUCCESS = range(200, 300)


@dataclass(frozen=True, slots=True)
class Load:
    """What to send. `requests` names a function, `package.module:name`, that yields whole requests as bytes, given `arguments`.

    `prepared_per_second`: more than what it is sent to answers; what is not made beforehand is made while measuring.
    """

    port: int
    connections: int
    seconds: float
    warm_up_seconds: float
    requests: str
    arguments: Mapping[str, Any] = field(default_factory=dict)
    rate_per_second: float | None = None
    prepared_per_second: float = 9_000


@dataclass(frozen=True, slots=True)
class Answered:
    """What came back in the measured time: answers by status, and how long they took."""

    seconds: float
    statuses: Mapping[str, int]
    p50_ms: float
    p99_ms: float
    sent: int

    @property
    def succeeded(self) -> int:
        """Answers 2xx."""
        return sum(count for status, count in self.statuses.items() if int(status) in _SUCCESS)

    @property
    def per_second(self) -> float:
        return self.succeeded / self.seconds


def run(load: Load, *, when_begun: Callable[[], None] = lambda: None) -> Answered:
    """Puts the load on, away from the services; `when_begun` is called when the warm-up is over."""
    return Answered(**measured_away("tests.bench.load", load, when_begun=when_begun))


class _Tally:
    def __init__(self) -> None:
        self.statuses: Counter[str] = Counter()
        self.seconds: list[float] = []
        self.sent = 0

    def clear(self) -> None:
        self.__init__()  # type: ignore[misc]


class _Connection(asyncio.Protocol):
    """One keep-alive connection: `send` writes a request, `answered` is called with the status once its answer has come whole."""

    def __init__(self, answered: Callable[["_Connection", str, float], None]) -> None:
        self._answered = answered
        self._unread = b""
        self._began = 0.0
        self.transport: asyncio.Transport

    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def send(self, request: bytes, *, due: float) -> None:
        self._began = due
        self.transport.write(request)

    def data_received(self, data: bytes) -> None:
        self._unread += data
        head = self._unread.find(b"\r\n\r\n")
        if head < 0:
            return
        length = _LENGTH.search(self._unread, 0, head + 2)
        if len(self._unread) < head + 4 + (int(length[1]) if length else 0):
            return
        status, self._unread = self._unread[9:12].decode(), b""
        self._answered(self, status, time.perf_counter() - self._began)

    def connection_lost(self, error: Exception | None) -> None:
        if not self.transport.is_closing() or error is not None:
            self._answered(self, "0", time.perf_counter() - self._began)


class _Sender:
    def __init__(self, load: Load, requests: Iterator[bytes]) -> None:
        self.load = load
        self.requests = requests
        self.tally = _Tally()
        self.idle: deque[_Connection] = deque()
        self.waiting: deque[float] = deque()  # when requests were due that found no idle connection
        self.stopped = False

    async def connect(self) -> None:
        loop = asyncio.get_running_loop()
        for _ in range(self.load.connections):
            _, connection = await loop.create_connection(lambda: _Connection(self.answered), "127.0.0.1", self.load.port)
            self.idle.append(connection)

    def answered(self, connection: _Connection, status: str, seconds: float) -> None:
        self.tally.statuses[status] += 1
        self.tally.seconds.append(seconds)
        if self.stopped or status == "0":
            return
        if self.load.rate_per_second is None:
            self.send(connection, due=time.perf_counter())
        elif self.waiting:
            self.send(connection, due=self.waiting.popleft())
        else:
            self.idle.append(connection)

    def send(self, connection: _Connection, *, due: float) -> None:
        self.tally.sent += 1
        connection.send(next(self.requests), due=due)

    async def go(self, seconds: float) -> None:
        """Sends for that long."""
        if self.load.rate_per_second is None:
            while self.idle:
                self.send(self.idle.popleft(), due=time.perf_counter())
            await asyncio.sleep(seconds)
            return
        begin = time.perf_counter()
        for number in range(int(seconds * self.load.rate_per_second)):
            due = begin + number / self.load.rate_per_second
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            if self.idle:
                self.send(self.idle.popleft(), due=due)
            else:
                self.waiting.append(due)


async def _put_on(load: Load) -> Answered:
    module, _, name = load.requests.partition(":")
    source: Iterator[bytes] = getattr(importlib.import_module(module), name)(**load.arguments)
    per_second = load.rate_per_second or load.prepared_per_second
    prepared = deque(islice(source, int(per_second * (load.seconds + load.warm_up_seconds))))
    sender = _Sender(load, (prepared.popleft() if prepared else next(source) for _ in iter(int, 1)))
    await sender.connect()
    await sender.go(load.warm_up_seconds)
    sender.tally.clear()
    say_begun()
    begun = time.perf_counter()
    await sender.go(load.seconds)
    elapsed = time.perf_counter() - begun
    sender.stopped = True
    times = sorted(sender.tally.seconds) or [0.0]
    return Answered(
        seconds=elapsed,
        statuses=dict(sender.tally.statuses),
        p50_ms=times[len(times) // 2] * 1000,
        p99_ms=times[len(times) * 99 // 100] * 1000,
        sent=sender.tally.sent,
    )


if __name__ == "__main__":
    measure_here(_put_on, Load)
