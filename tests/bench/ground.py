"""What figures are taken on: a PostgreSQL and a Kafka that keep what they are given, the issuer, migrated databases, and processes."""

import json
import os
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import psycopg

from deploy.launcher.interruptions import uninterrupted
from deploy.launcher.loopback import get_status
from deploy.launcher.places import CHECKOUT
from deploy.launcher.ports import Ports, unused_port, unused_ports
from deploy.launcher.processes import Roster
from deploy.launcher.programs import ISSUER, Programs
from deploy.launcher.servers import Servers
from deploy.launcher.short_lived import short_lived_place
from deploy.launcher.stopping import stop_everything, stop_service
from deploy.launcher.world import request_token
from tests.bench.cpu import pinned, service_cpus

_READY_SECONDS = 60.0
_FSYNC_SECONDS = 0.5
_OK = 200


@dataclass(frozen=True, slots=True)
class Ground:
    """Servers that run, and the means to start a service or a plain arm on them, each pinned to the service's CPU."""

    servers: Servers
    programs: Programs
    ports: Ports
    roster: Roster
    place: Path
    _arms: dict[str, int] = field(default_factory=dict)

    def start_service(self, name: str, *, extra: Mapping[str, str] | None = None) -> None:
        """Starts one of the four, whole, as in production; returns when it is ready. It stays until `stop_service` or the end."""
        if not self.roster.is_running(name):
            with pinned(service_cpus()):
                self.programs.start_service(name, extra=extra)
            self.programs.wait_until_ready(name)

    def service_environment(self, name: str) -> dict[str, str]:
        """The environment that service is started with."""
        return self.programs.service_environment(name)

    def stop_service(self, name: str) -> None:
        stop_service(self.roster, name)

    def start_arm(self, name: str, *, environment: Mapping[str, str] | None = None, cpus: set[int] | None = None) -> int:
        """Starts `python -m tests.bench.arms.<name>` unless it runs; gives the port it listens on, told it as BENCH_PORT."""
        if not self.roster.is_running(name):
            port = self._arms[name] = unused_port()
            inherited = {**os.environ, "PYTHONPATH": str(CHECKOUT), "BENCH_PORT": str(port)}
            module = name.partition("@")[0]  # one arm in several variants: stack@full, stack@none
            with pinned(cpus or service_cpus()):
                self.roster.start(
                    name, [sys.executable, "-m", f"tests.bench.arms.{module}"], environment={**inherited, **(environment or {})}
                )
            self.roster.wait_until(name, partial(_answers, port), timeout_seconds=_READY_SECONDS)
        return self._arms[name]

    def stop_arm(self, name: str) -> None:
        self.roster.stop([name], grace_seconds=5)

    def pid(self, name: str) -> int:
        """The process of that name: a service, an arm, `postgres` or `kafka`."""
        return int(json.loads((self.place / "pids" / f"{name}.json").read_text())["pid"])

    def token(self, role: str) -> str:
        return request_token(self.ports.issuer, role=role, rep="", sub="bench")

    def truncate(self, database_url: str, *tables: str) -> None:
        """Empties tables, and what refers to their rows, so that every run of an arm begins with as little."""
        with psycopg.connect(database_url.replace("+psycopg", ""), autocommit=True) as connection:
            connection.execute(f"TRUNCATE {', '.join(tables)} CASCADE".encode())


@contextmanager
def ground() -> Iterator[Ground]:
    """Fresh servers on free ports, durable, the issuer, migrated databases; gone without a trace at the end."""
    with short_lived_place() as (place, roster):
        ports = unused_ports()
        servers = Servers(place, ports=ports, roster=roster, is_short_lived=True)
        programs = Programs(place, ports=ports, roster=roster, servers=servers)
        try:
            servers.begin()
            programs.start_issuer()
            programs.migrate()
            servers.finish()
            programs.wait_until_ready(ISSUER)
            yield Ground(servers, programs, ports, roster, place)
        finally:
            with uninterrupted():
                stop_everything(roster)
                servers.tidy()


def _answers(port: int) -> bool:
    return get_status(port, "/livez") == _OK


def fsyncs_per_second(place: Path) -> float:
    """How often a second a small write to this disk becomes durable, one after the other: what every commit waits for."""
    file = place / "fsyncs"
    with file.open("wb") as written:
        began, count = time.perf_counter(), 0
        while time.perf_counter() - began < _FSYNC_SECONDS:
            written.write(b"x" * 8192)
            written.flush()
            os.fdatasync(written.fileno())
            count += 1
        seconds = time.perf_counter() - began
    file.unlink()
    return count / seconds
