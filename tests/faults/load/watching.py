"""Witnesses beside the load: how every process fares, what is still on its way, and whether anybody reads what is not theirs."""

import asyncio
import os
import random
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic

import psycopg
from aiokafka import AIOKafkaConsumer
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError
from aiokafka.structs import TopicPartition

from deploy.auditor.testimony import Backlog, Probe, Sample, Witness
from deploy.launcher.servers import SERVICES
from deploy.launcher.world import World
from shared.events import REGISTRY, TOPICS
from tests.faults.load.field_app import KnownLead
from tests.faults.load.http import Http, NoAnswer
from tests.faults.load.population import Population
from tests.faults.load.preparation import WELL, Callers, plain

_LIVEZ_SECONDS = 2.0
_QUERY_SECONDS = 5.0
_KAFKA_SECONDS = 5.0
_PROBE_EVERY_SECONDS = 0.5
_PROBE_SECONDS = 10.0
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
_TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")

_ON_ITS_WAY = (
    "SELECT (SELECT count(*) FROM outbox), (SELECT count(*) FROM pg_stat_activity WHERE usename = current_user AND pid <> pg_backend_pid())"
)
_PENDING = "SELECT count(*) FROM deliveries WHERE state = 'pending' AND subscription = %s"

_HEARD = {service: sorted({contract.topic.name for contract in REGISTRY.values() if service in contract.consumers}) for service in SERVICES}


@dataclass(slots=True)
class Watch:
    """The last that was seen of each service's backlog, and since when it has been nothing."""

    witness: Witness
    backlog: dict[str, int] = field(default_factory=dict)
    seen_at: float = 0.0
    nothing_since: datetime | None = None

    def note(self, seen: list[Backlog]) -> None:
        """Another look at all services."""
        for one in seen:
            self.witness.tell(one)
        self.backlog = {one.service: one.outbox + one.lag + one.deliveries_pending for one in seen}
        self.seen_at = monotonic()
        is_nothing = len(self.backlog) == len(SERVICES) and not any(self.backlog.values())
        self.nothing_since = (self.nothing_since or datetime.now(UTC)) if is_nothing else None


async def sample_processes(world: World, names: Callable[[], list[str]], *, witness: Witness, http: Http, stop: asyncio.Event) -> None:
    """Every second: memory, files, threads and time of each process, and how long it takes to say that it lives."""
    begun: set[int] = set()
    while not stop.is_set():
        await asyncio.gather(*(_sample(world, name, witness, http, begun) for name in names()))
        await _rest(stop, 1.0)


async def _sample(world: World, name: str, witness: Witness, http: Http, begun: set[int]) -> None:
    """Tells of a process from its first answer on: while it starts, nothing about it is as it will be."""
    at, pid = datetime.now(UTC), world.pid(name)
    if pid is None:
        return
    began, livez = monotonic(), None
    with suppress(NoAnswer):
        await http.get(f"http://127.0.0.1:{world.port(name)}/livez", {}, seconds=_LIVEZ_SECONDS)
        livez = monotonic() - began
        begun.add(pid)
    if pid not in begun:
        return
    with suppress(OSError, ValueError, IndexError):  # it is gone by now
        witness.tell(_measured(name, pid, at, livez))


def _measured(name: str, pid: int, at: datetime, livez: float | None) -> Sample:
    process = Path(f"/proc/{pid}")
    fields = (process / "stat").read_text().rpartition(")")[2].split()
    user_ticks, system_ticks, threads = int(fields[11]), int(fields[12]), int(fields[17])
    return Sample(
        at=at,
        process=name,
        pid=pid,
        resident_bytes=int((process / "statm").read_text().split()[1]) * _PAGE_BYTES,
        open_files=len(list((process / "fd").iterdir())),
        threads=threads,
        cpu_seconds=(user_ticks + system_ticks) / _TICKS_PER_SECOND,
        livez_seconds=livez,
    )


async def watch_backlog(world: World, watch: Watch, *, stop: asyncio.Event) -> None:
    """Every second, for as long as databases and broker answer: what is still on its way."""
    while not stop.is_set():
        try:
            async with _kafka(world.kafka_bootstrap) as kafka, _databases(world) as databases:
                while not stop.is_set():
                    watch.note(await _look(kafka, databases))
                    await _rest(stop, 1.0)
        except (KafkaError, psycopg.Error, TimeoutError, OSError):
            watch.backlog, watch.nothing_since = {}, None
            await _rest(stop, 1.0)


@dataclass(frozen=True, slots=True)
class _Kafka:
    admin: AIOKafkaAdminClient
    consumer: AIOKafkaConsumer

    async def lag(self, service: str, ends: dict[TopicPartition, int]) -> int:
        """Events on its topics that a service has not committed yet."""
        behind = 0
        for topic in _HEARD[service]:
            offsets = await self.admin.list_consumer_group_offsets(f"{service}.{topic}")
            read = {place: max(offsets[place].offset, 0) for place in offsets}
            # Read after the ends were: a consumer may have come further than these.
            behind += sum(max(end - read.get(place, 0), 0) for place, end in ends.items() if place.topic == topic)
        return behind

    async def ends(self) -> dict[TopicPartition, int]:
        places = [TopicPartition(topic.name, partition) for topic in TOPICS for partition in range(topic.partitions)]
        ends: dict[TopicPartition, int] = await self.consumer.end_offsets(places)
        return ends


@asynccontextmanager
async def _kafka(bootstrap: str) -> AsyncIterator[_Kafka]:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap, request_timeout_ms=5_000)
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, request_timeout_ms=5_000)
    try:
        async with asyncio.timeout(2 * _KAFKA_SECONDS):
            # In this order: a consumer that is stopped before its own tasks began takes its caller's with them.
            await consumer.start()
            await admin.start()
        yield _Kafka(admin, consumer)
    finally:
        with suppress(KafkaError, TimeoutError):
            async with asyncio.timeout(_KAFKA_SECONDS):
                await consumer.stop()
                await admin.close()


@asynccontextmanager
async def _databases(world: World) -> AsyncIterator[dict[str, psycopg.AsyncConnection]]:
    connections: dict[str, psycopg.AsyncConnection] = {}
    try:
        for service in SERVICES:
            url = plain(world.database_url(service))
            connections[service] = await psycopg.AsyncConnection.connect(url, autocommit=True, connect_timeout=5, application_name="watch")
        yield connections
    finally:
        for connection in connections.values():
            await connection.close()


async def _look(kafka: _Kafka, databases: dict[str, psycopg.AsyncConnection]) -> list[Backlog]:
    at = datetime.now(UTC)
    async with asyncio.timeout(_KAFKA_SECONDS):
        ends = await kafka.ends()
        lags = {service: await kafka.lag(service, ends) for service in SERVICES}
    return [await _backlog(service, connection, lags[service], at) for service, connection in databases.items()]


async def _backlog(service: str, connection: psycopg.AsyncConnection, lag: int, at: datetime) -> Backlog:
    async with asyncio.timeout(_QUERY_SECONDS):
        outbox, connections = await _row(connection, _ON_ITS_WAY, ())
        [pending] = await _row(connection, _PENDING, (WELL,)) if service == "reporting" else [0]
    return Backlog(at=at, service=service, outbox=outbox, lag=lag, deliveries_pending=pending, database_connections=connections)


async def _row(connection: psycopg.AsyncConnection, query: str, given: tuple[str, ...]) -> tuple[int, ...]:
    row = await (await connection.execute(query.encode(), given)).fetchone()
    if row is None:
        raise psycopg.OperationalError("a count without a row")
    return tuple(row)


async def probe_scopes(
    world: World,
    people: Population,
    who: Callers,
    leads: Callable[[], list[KnownLead]],
    *,
    seed: int,
    witness: Witness,
    http: Http,
    stop: asyncio.Event,
) -> None:
    """Slowly and without end: people ask for what is outside of their scope. `leads` are those known by now."""
    probes = _probes(people, who, leads, random.Random(seed))
    while not stop.is_set():
        name, service, path, authorization, wanted = next(probes)
        at, status = datetime.now(UTC), None
        with suppress(NoAnswer):
            status = (await http.get(world.addresses[service] + path, authorization, seconds=_PROBE_SECONDS)).status
        # A service that is away refuses everybody.
        witness.tell(Probe(at=at, who=name, method="GET", path=path, status=status, wanted=[wanted, 503]))
        await _rest(stop, _PROBE_EVERY_SECONDS)


_Asked = tuple[str, str, str, dict[str, str], int]


def _probes(people: Population, who: Callers, leads: Callable[[], list[KnownLead]], chance: random.Random) -> Iterator[_Asked]:
    territories = {rep.id: set(rep.territory_ids) for rep in people.field_force}
    while True:
        yield ("marketing", "feedback", "/v1/cases", who.of("marketing"), 403)
        yield ("safety", "intake", "/v1/receipts", who.of("safety"), 403)
        yield ("nobody", "routing", "/v1/leads", {}, 401)
        known = leads()
        if known:
            lead = chance.choice(known)
            # Whoever has one of these territories may own the lead by now, or be the manager of who does.
            inside = territories[lead.rep_id] | {lead.territory_id}
            outsider = chance.choice([one.id for one in people.field_force if not territories[one.id] & inside])
            theirs = {"Authorization": who.by_rep[outsider]}
            yield (outsider, "routing", f"/v1/leads/{lead.id}", theirs, 404)
            yield (outsider, "routing", f"/v1/leads/{lead.id}/brief", theirs, 404)
            yield (outsider, "routing", f"/v1/leads?rep_id={lead.rep_id}", theirs, 404)
            yield (outsider, "feedback", "/v1/cases", theirs, 403)


async def _rest(stop: asyncio.Event, seconds: float) -> None:
    with suppress(TimeoutError):
        await asyncio.wait_for(stop.wait(), seconds)
