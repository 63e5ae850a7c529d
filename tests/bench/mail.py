"""Intake as marketing uses it most: e-mails opened by a hundred thousand known people, and now and then by somebody new."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import httpx
import psycopg

from deploy.demo.launch import Launch
from deploy.launcher.ports import unused_port
from tests.bench import load
from tests.bench.bodies import BRAND, SECRET, SOURCE, address_of
from tests.bench.cpu import Meter, load_cpus, service_cpus
from tests.bench.ground import Ground
from tests.bench.protocol import Plan, Sample
from tests.bench.webhooks import PATH

KNOWN = 100_000
_OPENS_PER_RUN = 10_000_000
_RUNS = count(1)
_ENGAGED = ("receipts", "outbox", "sent_events")
_UNDER_WAY = """
    SELECT count(*) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid() AND state <> 'idle' AND xact_start IS NOT NULL
"""
_PEOPLE = f"""
    INSERT INTO contacts (id, version, provisional, given_name, family_name, kind, specialty, postal_code, country,
        affiliations, segments, licences, updated_at)
    SELECT 'hcp-' || n, 1, false, 'Ada', 'Byrne', 'prescriber', 'cardiology', '60601', 'US', '[]', '[]', '[]', now()
    FROM generate_series(0, {KNOWN - 1}) AS n ON CONFLICT DO NOTHING
"""
_KEYS = f"""
    INSERT INTO contact_keys (namespace, value, contact_id, origin)
    SELECT 'id:{SOURCE}', n::text, 'hcp-' || n, 'stated' FROM generate_series(0, {KNOWN - 1}) AS n
    UNION ALL
    SELECT 'email', replace('{address_of("?")}', '?', n::text), 'hcp-' || n, 'stated' FROM generate_series(0, {KNOWN - 1}) AS n
    ON CONFLICT DO NOTHING
"""


@dataclass(slots=True)
class Mail:
    """Runs of the same work. No run repeats another's events; each begins with the people alone."""

    ground: Ground
    _is_prepared: bool = False

    @property
    def database_url(self) -> str:
        return self.ground.servers.database_url("intake").replace("+psycopg", "")

    def whole(self, connections: int, plan: Plan, *, together: int = 1, rate: float | None = None) -> Sample:
        """Engagements per second of the whole service, its relay running; what the relay had not sent yet, and how long it took to."""
        self.prepare()
        pids = {name: self.ground.pid(name) for name in ("intake", "postgres")}
        sample = self.under_load(self.ground.ports.intake, connections, plan, pids, together=together, rate=rate)
        left, seconds = self.drained()
        self.forget()
        return Sample(sample.value, sample.cpu_us, note=f"{sample.note}, {left} left in the outbox, gone in {seconds:.1f} s")

    def without_relay(self, connections: int, plan: Plan, *, doors: int = 1) -> Sample:
        """The same with nothing behind the door: what arrives waits in the outbox. Two doors are processes on one port, one of
        them on the load's CPU."""
        self.prepare()
        self.ground.stop_service("intake")
        names = [f"door@{number}" for number in range(1, doors + 1)]
        shared = unused_port()
        environment = {**self.ground.service_environment("intake"), "BENCH_SHARED_PORT": str(shared)}
        for name, cpus in zip(names, (service_cpus(), load_cpus()), strict=False):
            self.ground.start_arm(name, environment=environment, cpus=cpus)
        pids = {name: self.ground.pid(name) for name in (*names, "postgres")}
        sample = self.under_load(shared, connections, plan, pids)
        for name in names:
            self.ground.stop_arm(name)
        self.forget()
        self.ground.start_service("intake")
        return sample

    def plain(self, arm: str, connections: int, plan: Plan, *, environment: Mapping[str, str] | None = None, **given: Any) -> Sample:
        """A plain program that is sent the same."""
        port = self.ground.start_arm(arm, environment=environment)
        return self.under_load(port, connections, plan, {arm: self.ground.pid(arm)}, **given)

    def under_load(
        self, port: int, connections: int, plan: Plan, pids: Mapping[str, int], *, together: int = 1, rate: float | None = None
    ) -> Sample:
        """Opens answered 2xx per second. Anything else that is answered fails the figure. `p99_ms` stands in the note."""
        answered, cpu_us = self.answered(port, connections, plan, pids, together=together, rate=rate)
        note = f"p50 {answered.p50_ms:.1f} p99 {answered.p99_ms:.1f} ms"
        return Sample(answered.per_second * together, cpu_us, note=note)

    def answered(
        self, port: int, connections: int, plan: Plan, pids: Mapping[str, int], *, together: int = 1, rate: float | None = None
    ) -> tuple[load.Answered, dict[str, float]]:
        """What came back, and the CPU that each process spent per open."""
        at = (datetime.now(UTC) - timedelta(minutes=1)).isoformat(timespec="seconds")
        arguments = {"path": PATH, "first": next(_RUNS) * _OPENS_PER_RUN // together, "at": at, "known": KNOWN, "together": together}
        meter = Meter(pids)
        answered = load.run(
            load.Load(
                port=port,
                connections=connections,
                seconds=plan.seconds,
                warm_up_seconds=plan.warm_up_seconds,
                requests="tests.bench.bodies:mautic_opens",
                arguments=arguments,
                rate_per_second=rate,
                prepared_per_second=9_000 / together,
            ),
            when_begun=meter.start,
        )
        refused = {status: count for status, count in answered.statuses.items() if not status.startswith("2")}
        if refused or not answered.succeeded:
            raise RuntimeError(f"port {port} answered {answered.statuses}")
        return answered, meter.us_per_event(answered.succeeded * together)

    def prepare(self) -> None:
        """The source, a campaign that the e-mail belongs to, and the people."""
        if self._is_prepared:
            return
        self.ground.start_service("intake")
        with httpx.Client(base_url=f"http://127.0.0.1:{self.ground.ports.intake}", timeout=60) as client:
            admin, integration = ({"Authorization": f"Bearer {self.ground.token(role)}"} for role in ("admin", "integration"))
            source = {"adapter": "mautic", "secrets": [SECRET], "settings": {"brand_id": BRAND}}
            client.put(f"/v1/sources/{SOURCE}", json=source, headers=admin).raise_for_status()
            launch = Launch("bench", SOURCE, datetime.now(UTC).date())
            client.put("/v1/assets", json=launch.assets(), headers=integration).raise_for_status()
            client.put("/v1/campaigns", json=[launch.campaign()], headers=integration).raise_for_status()
        with psycopg.connect(self.database_url, autocommit=True) as connection:
            for statement in (_PEOPLE, _KEYS, "VACUUM ANALYZE contacts", "VACUUM ANALYZE contact_keys"):
                connection.execute(statement.encode())
        self.drained()
        self._is_prepared = True

    def drained(self) -> tuple[int, float]:
        """Waits until the relay has sent everything; how much it was, and how long it took."""
        began = time.monotonic()
        first: int | None = None
        with httpx.Client(base_url=f"http://127.0.0.1:{self.ground.ports.intake}") as client:
            while True:
                depth = client.get("/readyz").json()["outbox"]["depth"]
                first = depth if first is None else first
                if not depth:
                    return first, time.monotonic() - began
                if time.monotonic() - began > 60:
                    raise RuntimeError("the outbox was not relayed within a minute")
                time.sleep(0.1)

    def forget(self) -> None:
        """Empties what a run filled, once what was under way when its load ended is over; whom it met stays."""
        with psycopg.connect(self.database_url, autocommit=True) as connection:
            deadline = time.monotonic() + 30
            while (connection.execute(_UNDER_WAY.encode()).fetchone() or (0,))[0]:
                if time.monotonic() > deadline:
                    raise RuntimeError("intake was still writing 30 s after the load")
                time.sleep(0.1)
        self.ground.truncate(self.ground.servers.database_url("intake"), *_ENGAGED)
