"""A routing database with a field force, a policy and as many contacts as a figure needs, and backlogs of what they do."""

import asyncio
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import httpx
import psycopg
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.structs import TopicPartition

from deploy.launcher.world import request_token
from shared.events import Event
from shared.events.topics import ENGAGEMENTS
from shared.topics import ensure_topics
from tests.bench.ground import Ground
from tests.bench.pipelines import POLICY, REP, TERRITORY
from tests.bench.protocol import Sample
from tests.bench.trials import trial

DECIDED = (
    *("leads", "clocks", "decision_records", "briefs", "ledgers", "ledger_rows", "engagements", "rotations", "outbox", "inbox"),
    *("simulations", "sent_events"),
)

_CONTACTS = """
    INSERT INTO contacts (contact_id, version, country, kind, specialty, postal_code, segments, consents, licences)
    SELECT 'hcp-' || number, 1, 'US', 'prescriber', 'cardiology', '60601', ARRAY['segment-' || number %% 5], '[]', '[]'
    FROM generate_series(%(first)s, %(until)s - 1) AS number ON CONFLICT DO NOTHING
"""
_REPS = 50


@dataclass(slots=True)
class Field:
    """Routing's database, the service itself stopped unless a figure needs it: what is in the backlog is for the arms."""

    ground: Ground
    _groups: "count[int]" = field(default_factory=count)
    _contacts: int = 0

    @property
    def database_url(self) -> str:
        return self.ground.servers.database_url("routing")

    def prepare(self, *, contacts: int, policy: Mapping[str, Any] = POLICY) -> None:
        """Tells routing who could call and by which policy, stops it, and sees to so many contacts."""
        self.ground.start_service("routing")
        headers = {sub: self.bearer(sub) for sub in ("author", "approver")}
        with httpx.Client(base_url=f"http://127.0.0.1:{self.ground.ports.routing}", timeout=60, trust_env=False) as routing:
            routing.put("/v1/territories", json=[TERRITORY], headers=headers["author"]).raise_for_status()
            reps = [{"id": f"rep-{number}", "name": f"Rep {number}", **REP, "max_open_leads": 1_000_000} for number in range(_REPS)]
            routing.put("/v1/reps", json=reps, headers=headers["author"]).raise_for_status()
            drafted = routing.post("/v1/policies", json=dict(policy), headers=headers["author"]).raise_for_status()
            routing.post(f"/v1/policies/{drafted.json()['version']}/activate", json={}, headers=headers["approver"]).raise_for_status()
        self.ground.stop_service("routing")
        self.know(contacts)

    def bearer(self, sub: str) -> dict[str, str]:
        """The header of somebody of sales operations."""
        return {"Authorization": f"Bearer {request_token(self.ground.ports.issuer, role='sales_ops', rep='', sub=sub)}"}

    def know(self, contacts: int) -> None:
        """Sees to it that there are so many contacts at least."""
        if contacts > self._contacts:
            self.execute(_CONTACTS, first=self._contacts, until=contacts)
            self.execute("VACUUM ANALYZE contacts")
            self._contacts = contacts

    def backlog(self, events: Iterable[Event]) -> "Backlog":
        """Says the events on Kafka, where any number of groups can read them."""
        return Backlog(self, asyncio.run(_say(self.ground.servers.kafka_bootstrap, events)))

    def forget(self) -> None:
        """Empties all that was decided."""
        self.ground.truncate(self.database_url, *DECIDED)

    def execute(self, statement: str, **parameters: object) -> int:
        """The number a statement gives, where it gives one."""
        with psycopg.connect(self.database_url.replace("+psycopg", ""), autocommit=True) as connection:
            cursor = connection.execute(statement.encode(), parameters or None)
            return int(cursor.fetchone()[0]) if cursor.description else 0  # type: ignore[index]  # an aggregate has a row

    def new_group(self) -> str:
        return f"bench-{next(self._groups)}-{time.monotonic_ns()}"


@dataclass(frozen=True, slots=True)
class Backlog:
    """Events on Kafka, from some offsets on."""

    field: Field
    offsets: dict[TopicPartition, int]

    def run(self, arm: str, *, warm_up: int, events: int, database_url: str | None = None) -> Sample:
        """An arm that reads it from its beginning."""
        bootstrap, group = self.field.ground.servers.kafka_bootstrap, self.field.new_group()
        for name in (group, f"{group}.{ENGAGEMENTS.name}"):
            asyncio.run(_begin_at(bootstrap, name, self.offsets))
        pids = {each: self.field.ground.pid(each) for each in ("postgres", "kafka")}
        url = database_url or self.field.database_url
        return trial(arm, warm_up=warm_up, events=events, pids=pids, database_url=url, bootstrap=bootstrap, group=group)


async def _say(bootstrap: str, events: Iterable[Event]) -> dict[TopicPartition, int]:
    await ensure_topics(bootstrap)
    offsets = await _ends(bootstrap)
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, linger_ms=5)
    await producer.start()
    try:
        for event in events:
            headers = [(name, value.encode()) for name, value in event.headers.items()]
            await producer.send(ENGAGEMENTS.name, key=event.fact.key().encode(), value=event.body.encode(), headers=headers)
        await producer.flush()
    finally:
        await producer.stop()
    return offsets


async def _ends(bootstrap: str) -> dict[TopicPartition, int]:
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap)
    await consumer.start()
    try:
        partitions = [TopicPartition(ENGAGEMENTS.name, number) for number in range(ENGAGEMENTS.partitions)]
        ends: dict[TopicPartition, int] = await consumer.end_offsets(partitions)
        return ends
    finally:
        await consumer.stop()


async def _begin_at(bootstrap: str, group: str, offsets: dict[TopicPartition, int]) -> None:
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, group_id=group, enable_auto_commit=False)
    await consumer.start()
    try:
        consumer.assign(list(offsets))
        await consumer.commit(offsets)
    finally:
        await consumer.stop()
