"""Intake and the plain programs under the same load of webhooks."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import httpx

from deploy.demo.launch import Launch
from tests.bench import load
from tests.bench.bodies import BRAND, SECRET, SOURCE, contacts
from tests.bench.cpu import Meter
from tests.bench.ground import Ground
from tests.bench.protocol import Plan, Sample

PATH = f"/v1/webhooks/{SOURCE}"
CONNECTIONS = (32, 128)
_INTAKE_TABLES = ("receipts", "outbox", "sent_events")
_NUMBERS_PER_RUN = 1_000_000


@dataclass(slots=True)
class Webhooks:
    """Arms by name. No run repeats another's events."""

    ground: Ground
    _runs: int = field(default=100)
    _prepared: bool = False

    def intake(self, connections: int, plan: Plan) -> Sample:
        """Our own: the whole service, its relay running. What it leaves in the outbox is relayed before anything else is measured."""
        self._prepare_intake()
        pids = {name: self.ground.pid(name) for name in ("intake", "postgres")}
        sample = self.under_load(self.ground.ports.intake, connections, plan, pids)
        self._wait_until_relayed()
        self.ground.truncate(self.ground.servers.database_url("intake"), *_INTAKE_TABLES)
        return sample

    def plain(self, arm: str, connections: int, plan: Plan, *, beside: str = "", environment: Mapping[str, str] | None = None) -> Sample:
        """A plain program; `beside` names the server whose CPU is told with its own."""
        port = self.ground.start_arm(arm, environment=environment)
        pids = {name: self.ground.pid(name) for name in (arm, beside) if name}
        return self.under_load(port, connections, plan, pids)

    def under_load(self, port: int, connections: int, plan: Plan, pids: Mapping[str, int], path: str = PATH) -> Sample:
        """Answers 2xx per second of what listens on the port. Anything else that is answered fails the figure."""
        self._runs += 1
        at = (datetime.now(UTC) - timedelta(minutes=1)).isoformat(timespec="seconds")
        meter = Meter(pids)
        answered = load.run(
            load.Load(
                port=port,
                connections=connections,
                seconds=plan.seconds,
                warm_up_seconds=plan.warm_up_seconds,
                requests="tests.bench.bodies:mautic_forms",
                arguments={"path": path, "first": self._runs * _NUMBERS_PER_RUN, "at": at},
            ),
            when_begun=meter.start,
        )
        cpu_us = meter.us_per_event(answered.succeeded)
        refused = {status: count for status, count in answered.statuses.items() if not status.startswith("2")}
        if refused or not answered.succeeded:
            raise RuntimeError(f"port {port} answered {answered.statuses}")
        return Sample(answered.per_second, cpu_us, note=f"p50 {answered.p50_ms:.1f} p99 {answered.p99_ms:.1f} ms")

    def _prepare_intake(self) -> None:
        if self._prepared:
            return
        self.ground.start_service("intake")
        with httpx.Client(base_url=f"http://127.0.0.1:{self.ground.ports.intake}", timeout=60) as client:
            source = {"adapter": "mautic", "secrets": [SECRET], "settings": {"brand_id": BRAND}}
            admin, integration = ({"Authorization": f"Bearer {self.ground.token(role)}"} for role in ("admin", "integration"))
            client.put(f"/v1/sources/{SOURCE}", json=source, headers=admin).raise_for_status()
            client.put("/v1/contacts", json=contacts(), headers=integration).raise_for_status()
            launch = Launch("bench", SOURCE, datetime.now(UTC).date())
            client.put("/v1/assets", json=launch.assets(), headers=integration).raise_for_status()
            client.put("/v1/campaigns", json=[launch.campaign()], headers=integration).raise_for_status()
        self._wait_until_relayed()
        self._prepared = True

    def _wait_until_relayed(self) -> None:
        deadline = time.monotonic() + 60
        with httpx.Client(base_url=f"http://127.0.0.1:{self.ground.ports.intake}") as client:
            while client.get("/readyz").json()["outbox"]["depth"]:
                if time.monotonic() > deadline:
                    raise RuntimeError("the outbox was not relayed within a minute")
                time.sleep(0.1)
