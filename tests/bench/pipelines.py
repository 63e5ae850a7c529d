"""The circle's first half, intake to routing, and a pipeline of the same hops without any logic, under the same webhooks."""

import asyncio
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Literal

import httpx
import psycopg

from deploy.launcher.world import request_token
from tests.bench import journeys
from tests.bench.arms.null_door import TOPIC
from tests.bench.bodies import BRAND, CONTACTS, SECRET, SOURCE, contacts
from tests.bench.cpu import Meter
from tests.bench.ground import Ground
from tests.bench.journeys import Arrived, Journeys, tell_on_insert
from tests.bench.topics import make_topic

_PATH = f"/v1/webhooks/{SOURCE}"
_READY_SECONDS = 60
_RECEIVED = ("receipt_items", "typed_texts", "receipts", "restatements", "engagements")
_DECIDED = ("leads", "clocks", "decision_records", "briefs", "ledgers", "ledger_rows", "engagements", "rotations")
_NULL_TABLES = {
    "null_receipts": "id text PRIMARY KEY, body text NOT NULL",
    "null_outbox": "position bigserial PRIMARY KEY, id text NOT NULL, body text NOT NULL",
    "null_decisions": "id text PRIMARY KEY, body text NOT NULL",
}
TERRITORY = {
    "id": "chicago",
    "name": "Chicago",
    "region": "midwest",
    "timezone": "America/Chicago",
    "country": "US",
    "postal_codes": ["606*"],
    "hours": {day: [["00:00", "24:00"]] for day in ("mon", "tue", "wed", "thu", "fri", "sat", "sun")},
}
REP = {"role": "rep", "territory_ids": ["chicago"], "brand_ids": [BRAND], "max_open_leads": CONTACTS, "weight": 1, "active": True}
POLICY = {
    "brand_id": BRAND,
    "title": "Cardiologists who act",
    "fit": [{"id": "cardiology", "field": "specialty", "op": "eq", "value": "cardiology", "points": 20}],
    "engagement": [{"id": "form", "kinds": ["form_submitted"], "points": 40, "half_life_days": 30}],
    "thresholds": {"fit": 20, "engagement": 30},
    "clocks": {"first_outreach_seconds": 3600},
    "assignment": ["account_owner", "territory"],
}


@dataclass(slots=True)
class Pipelines:
    """Both, each in two processes. In a run every webhook makes a lead of a contact who has none; no run repeats another's events."""

    ground: Ground
    _runs: int = field(default=0)

    def prepare(self) -> None:
        """Starts what isn't running and tells both what they need to know."""
        self._prepare_circle()
        self._prepare_null()

    def leave(self) -> None:
        """Nothing tells any more; the services go on."""
        self._execute("routing", "DROP TRIGGER bench_tell ON leads")
        self.ground.stop_arm("null_door")
        self.ground.stop_arm("null_desk")

    def circle(self, *, rate: float | None, warm_up: int, counted: int) -> tuple[Arrived, dict[str, float]]:
        """Intake to routing; with the CPU of each, in microseconds per webhook."""
        arrived = self._travel("circle", rate=rate, warm_up=warm_up, counted=counted)
        self.ground.truncate(self.ground.servers.database_url("routing"), *_DECIDED)
        self.ground.truncate(self.ground.servers.database_url("intake"), *_RECEIVED)
        return arrived

    def null(self, *, rate: float | None, warm_up: int, counted: int) -> tuple[Arrived, dict[str, float]]:
        """The one without logic."""
        arrived = self._travel("null", rate=rate, warm_up=warm_up, counted=counted)
        self.ground.truncate(self.ground.servers.database_url("feedback"), *_NULL_TABLES)
        return arrived

    def _travel(
        self, which: Literal["circle", "null"], *, rate: float | None, warm_up: int, counted: int
    ) -> tuple[Arrived, dict[str, float]]:
        self._runs += 1
        is_ours = which == "circle"
        names = ("intake", "routing") if is_ours else ("null_door", "null_desk")
        meter = Meter({name: self.ground.pid(name) for name in (*names, "postgres", "kafka")})
        arrived = journeys.run(
            Journeys(
                port=self.ground.ports.intake if is_ours else self.ground.start_arm("null_door"),
                path=_PATH,
                first=self._runs * CONTACTS,
                at=(datetime.now(UTC) - timedelta(minutes=1)).isoformat(timespec="seconds"),
                told_by="contact" if is_ours else "digest",
                database_url=self.ground.servers.database_url("routing" if is_ours else "feedback"),
                warm_up=warm_up,
                counted=counted,
                rate_per_second=rate,
            ),
            when_begun=meter.start,
        )
        return arrived, meter.us_per_event(counted)

    def _prepare_circle(self) -> None:
        for name in ("intake", "routing"):
            self.ground.start_service(name)
        integration, admin = self._bearer("integration"), self._bearer("admin")
        with self._client("intake") as intake:
            source = {"adapter": "mautic", "secrets": [SECRET], "settings": {"brand_id": BRAND}}
            intake.put(f"/v1/sources/{SOURCE}", json=source, headers=admin).raise_for_status()
            intake.put("/v1/contacts", json=contacts(), headers=integration).raise_for_status()
        with self._client("routing") as routing:
            author, approver = self._bearer("sales_ops", sub="author"), self._bearer("sales_ops", sub="approver")
            routing.put("/v1/territories", json=[TERRITORY], headers=author).raise_for_status()
            reps = [{"id": f"rep-{number}", "name": f"Rep {number}", **REP} for number in (1, 2)]
            routing.put("/v1/reps", json=reps, headers=author).raise_for_status()
            drafted = routing.post("/v1/policies", json=POLICY, headers=author).raise_for_status()
            routing.post(f"/v1/policies/{drafted.json()['version']}/activate", json={}, headers=approver).raise_for_status()
        self._wait_for_contacts()
        self._execute("routing", *tell_on_insert("leads", "contact_id", only="NEW.rep_id IS NOT NULL"))

    def _prepare_null(self) -> None:
        self._execute("feedback", *(f"CREATE TABLE IF NOT EXISTS {name} ({columns})" for name, columns in _NULL_TABLES.items()))
        self._execute("feedback", *tell_on_insert("null_decisions", "id"))
        asyncio.run(make_topic(self.ground.servers.kafka_bootstrap, TOPIC))
        environment = {
            "BENCH_KAFKA": self.ground.servers.kafka_bootstrap,
            "BENCH_DATABASE_URL": self.ground.servers.database_url("feedback"),
        }
        for name in ("null_door", "null_desk"):
            self.ground.start_arm(name, environment=environment)

    def _wait_for_contacts(self) -> None:
        deadline = time.monotonic() + _READY_SECONDS
        while self._execute("routing", "SELECT count(*) FROM contacts WHERE version IS NOT NULL") < CONTACTS:
            if time.monotonic() > deadline:
                raise RuntimeError(f"routing had not heard of the contacts after {_READY_SECONDS} seconds")
            time.sleep(0.1)

    def _execute(self, service: str, *statements: str) -> int:
        """The number the last statement gives, where it gives one."""
        with psycopg.connect(self.ground.servers.database_url(service).replace("+psycopg", ""), autocommit=True) as connection:
            for statement in statements:
                cursor = connection.execute(statement.encode())
            return int(cursor.fetchone()[0]) if cursor.description else 0  # type: ignore[index]  # an aggregate has a row

    def _client(self, service: str) -> httpx.Client:
        return httpx.Client(base_url=f"http://127.0.0.1:{self.ground.ports.of(service)}", timeout=60, trust_env=False)

    def _bearer(self, role: str, *, sub: str = "bench") -> dict[str, str]:
        return {"Authorization": f"Bearer {request_token(self.ground.ports.issuer, role=role, rep='', sub=sub)}"}
