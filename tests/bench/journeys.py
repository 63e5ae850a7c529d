"""How long it takes from a webhook posted until what follows from it is committed, at the far end of a pipeline.

The far end tells by NOTIFY, which PostgreSQL sends as it commits; both moments are read on the clock of this process. Requests are
sent when they are due, whether those before are answered or not.
"""

import asyncio
import hashlib
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Literal

import psycopg

from tests.bench.away import measure_here, measured_away, say_begun
from tests.bench.bodies import CONTACTS, mautic_forms

CHANNEL = "bench_arrived"

_CONNECTIONS = 32
_ARRIVE_SECONDS = 60
_END_OF_HEAD = b"\r\n\r\n"


@dataclass(frozen=True, slots=True)
class Journeys:
    """What to send where, and how it is told at the far end: by its contact, or by the digest of its body.

    No contact travels twice in a run. Without a rate everything is sent at once. Those of the warm-up are not counted.
    """

    port: int
    path: str
    first: int
    at: str
    told_by: Literal["contact", "digest"]
    database_url: str
    warm_up: int
    counted: int
    rate_per_second: float | None


@dataclass(frozen=True, slots=True)
class Arrived:
    """When those counted arrived: times from when each was due, and how many a second arrived from the first due to the last."""

    p50_ms: float
    p99_ms: float
    per_second: float


def run(journeys: Journeys, *, when_begun: Callable[[], None] = lambda: None) -> Arrived:
    """Sends and waits for all to arrive, away from the services; `when_begun` is called when the warm-up is over."""
    if journeys.warm_up + journeys.counted > CONTACTS:
        raise ValueError("more journeys than contacts")
    return Arrived(**measured_away("tests.bench.journeys", journeys, when_begun=when_begun))


async def _travel(journeys: Journeys) -> Arrived:
    total = journeys.warm_up + journeys.counted
    requests = list(islice(mautic_forms(path=journeys.path, first=journeys.first, at=journeys.at), total))
    names = [_name(journeys, place, request) for place, request in enumerate(requests)]
    due: dict[str, float] = {}
    arrived: dict[str, float] = {}
    listening = await psycopg.AsyncConnection.connect(journeys.database_url.replace("+psycopg", ""), autocommit=True)
    await listening.execute(f"LISTEN {CHANNEL}")
    idle: asyncio.Queue[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = asyncio.Queue()
    for _ in range(_CONNECTIONS):
        idle.put_nowait(await asyncio.open_connection("127.0.0.1", journeys.port))
    hearing = asyncio.create_task(_hear(listening, arrived, total))
    begin = time.perf_counter()
    async with asyncio.TaskGroup() as posting:
        for place, (name, request) in enumerate(zip(names, requests, strict=True)):
            if place == journeys.warm_up:
                say_begun()
            if journeys.rate_per_second is not None:
                await asyncio.sleep(begin + place / journeys.rate_per_second - time.perf_counter())
            due[name] = time.perf_counter()
            posting.create_task(_post(idle, request))
    await asyncio.wait_for(hearing, _ARRIVE_SECONDS)
    counted = names[journeys.warm_up :]
    times = sorted(arrived[name] - due[name] for name in counted)
    elapsed = max(arrived[name] for name in counted) - due[counted[0]]
    return Arrived(times[len(times) // 2] * 1000, times[len(times) * 99 // 100] * 1000, len(times) / elapsed)


def _name(journeys: Journeys, place: int, request: bytes) -> str:
    if journeys.told_by == "contact":
        return f"hcp-{(journeys.first + place) % CONTACTS}"
    return digest(request.partition(_END_OF_HEAD)[2])


def digest(body: bytes) -> str:
    """What a pipeline that reads nothing of a body calls it."""
    return hashlib.md5(body, usedforsecurity=False).hexdigest()


async def _hear(listening: psycopg.AsyncConnection[tuple[object, ...]], arrived: dict[str, float], total: int) -> None:
    async for notice in listening.notifies():
        arrived.setdefault(notice.payload, time.perf_counter())
        if len(arrived) == total:
            return


async def _post(idle: "asyncio.Queue[tuple[asyncio.StreamReader, asyncio.StreamWriter]]", request: bytes) -> None:
    reader, writer = await idle.get()
    writer.write(request)
    head = await reader.readuntil(_END_OF_HEAD)
    if not head.startswith(b"HTTP/1.1 202 "):
        raise RuntimeError(f"answered {head[:12].decode()}")
    length = next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
    await reader.readexactly(int(length.partition(b":")[2]))
    idle.put_nowait((reader, writer))


def tell_on_insert(table: str, column: str, *, only: str = "true") -> Iterator[str]:
    """The statements that have a table tell of each row as it is committed."""
    yield (
        f"CREATE OR REPLACE FUNCTION bench_tell() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN PERFORM pg_notify('{CHANNEL}', NEW.{column}); RETURN NULL; END $$"
    )
    yield f"CREATE OR REPLACE TRIGGER bench_tell AFTER INSERT ON {table} FOR EACH ROW WHEN ({only}) EXECUTE FUNCTION bench_tell()"


if __name__ == "__main__":
    measure_here(_travel, Journeys)
