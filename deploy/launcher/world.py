"""A whole world: servers, issuer and services, started in the order in which they need each other."""

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from deploy.launcher.failures import LaunchFailed
from deploy.launcher.interruptions import uninterrupted
from deploy.launcher.loopback import post_json
from deploy.launcher.ports import Ports, require_unused, unused_ports
from deploy.launcher.processes import Roster
from deploy.launcher.programs import ISSUER, Programs
from deploy.launcher.servers import SERVICES, Servers
from deploy.launcher.short_lived import short_lived_place
from deploy.launcher.stopping import stop_everything, stop_service

_OK = 200

Say = Callable[[str], None]


class World:
    """Full Circle on this machine: PostgreSQL, Kafka, the development issuer and the four services."""

    def __init__(self, place: Path, *, ports: Ports, roster: Roster, is_short_lived: bool, say: Say) -> None:
        _require_development()
        self.ports = ports
        self._roster = roster
        self._say = say
        self._servers = Servers(place, ports=ports, roster=roster, is_short_lived=is_short_lived)
        self._programs = Programs(place, ports=ports, roster=roster, servers=self._servers)

    @property
    def process_names(self) -> list[str]:
        """What runs when the whole world runs."""
        return [*self._servers.process_names, ISSUER, *SERVICES]

    @property
    def addresses(self) -> dict[str, str]:
        """Where everything is, without accounts and passwords."""
        return {**{name: self._programs.address(name) for name in (*SERVICES, ISSUER)}, **self._servers.addresses}

    @property
    def is_new(self) -> bool:
        """Whether `start` made the databases: an older world may hold anything."""
        return self._servers.databases_are_new

    def description(self) -> str:
        """For people: where everything is, how to get a token, where the logs are."""
        lines = [f"  {name:<10} {address}" for name, address in self.addresses.items()]
        lines += ["A token: make token ROLE=rep REP=rep-017 SUB=alice", f"Logs: {self.log(ISSUER).parent}", "To stop: make down"]
        return "\n".join(lines)

    @property
    def admin_url(self) -> str:
        """The address of PostgreSQL with its administrator's account."""
        return self._servers.admin_url

    @property
    def kafka_bootstrap(self) -> str:
        return self._servers.kafka_bootstrap

    @property
    def kafka_files(self) -> Path:
        """The folder in which the world's own broker keeps its topics."""
        return self._servers.kafka_files

    def database_url(self, service: str) -> str:
        """The address, role and password with which that service reaches its own database."""
        return self._servers.database_url(service)

    def start(self) -> None:
        """Starts everything and returns when all of it is ready."""
        require_unused(self.ports, self.process_names)
        self._say("Starting PostgreSQL and Kafka ...")
        self._servers.begin()
        self._programs.start_issuer()
        self._say("Migrating the databases ...")
        self._programs.migrate()
        self._servers.finish()
        self._say(f"Starting {', '.join(SERVICES)} ...")
        for name in SERVICES:
            self._programs.start_service(name)
        for name in (ISSUER, *SERVICES):
            self._programs.wait_until_ready(name)

    def tidy(self) -> None:
        """Leaves nothing of a short-lived world on servers that stay; its services must be gone."""
        self._servers.tidy()

    def token(self, *, role: str = "", rep: str = "", sub: str = "") -> str:
        """A bearer token from the development issuer; `role` may name several, separated by commas."""
        return request_token(self.ports.issuer, role=role, rep=rep, sub=sub)

    def is_running(self, name: str) -> bool:
        return self._roster.is_running(name)

    def log(self, name: str) -> Path:
        """The file that holds what that process printed since it was started last."""
        return self._roster.log(name)

    def pid(self, name: str) -> int | None:
        """The process id of what runs under that name; None when nothing does."""
        return self._roster.pid(name)

    def port(self, name: str) -> int:
        """Where that program, or another process of a service, listens."""
        return self._programs.port(name)

    def kill(self, *names: str) -> None:
        """Ends these processes at once, all together, without asking."""
        self._roster.kill(names)

    def stop(self, name: str) -> None:
        """Lets a process of a service leave in good order."""
        stop_service(self._roster, name)

    def start_service(self, service: str, *, environment: Mapping[str, str] | None = None) -> None:
        """Starts a service that doesn't run, with these extra variables; it may not be ready yet, or ever."""
        self._programs.start_service(service, extra=environment)

    def start_another(self, service: str, name: str, *, part: str = "all", environment: Mapping[str, str] | None = None) -> None:
        """Starts one more process of a service, or of its `api` or `worker` alone, under that name; it may not be ready yet."""
        self._programs.start_another(service, name, part=part, extra=environment)

    def wait_until_ready(self, *names: str) -> None:
        """Returns when all of these are ready; fails when one ends before that."""
        for name in names:
            self._programs.wait_until_ready(name)

    def restart(self, service: str, *, environment: Mapping[str, str] | None = None) -> None:
        """Stops a service in good order if it runs, starts it with these extra variables, returns when it is ready."""
        self.stop(service)
        self.start_service(service, environment=environment)
        self.wait_until_ready(service)

    def republish(self, service: str, *, since: datetime) -> None:
        """Has a service send again what Kafka had acknowledged since then; returns when it is back in the outbox."""
        self._programs.republish(service, since=since)

    def stop_kafka(self) -> None:
        """Stops the broker; its topics and events stay."""
        self._servers.stop_kafka()

    def start_kafka(self) -> None:
        """Starts the broker again at the same address; returns when it serves requests."""
        self._servers.start_kafka()

    def empty_kafka(self) -> None:
        """Throws away all that the broker, which must be stopped, has kept: topics, events, offsets."""
        self._servers.empty_kafka()

    def crash_postgres(self) -> None:
        """Ends PostgreSQL at once, every connection cut; what was committed stays."""
        self._servers.crash_postgres()

    def start_postgres(self) -> None:
        """Starts PostgreSQL again at the same address; returns when it answers."""
        self._servers.start_postgres()


@contextmanager
def running_world(*, say: Say = lambda _: None) -> Iterator[World]:
    """A new, empty world on free ports; gone without a trace at the end, whatever happens."""
    with short_lived_place() as (place, roster):
        world = World(place, ports=unused_ports(), roster=roster, is_short_lived=True, say=say)
        try:
            world.start()
            yield world
        finally:
            with uninterrupted():
                stop_everything(roster)
                world.tidy()


def request_token(issuer_port: int, *, role: str, rep: str, sub: str) -> str:
    """A bearer token from the development issuer on that loopback port."""
    try:
        status, answer = post_json(issuer_port, "/token", {"role": role, "rep_id": rep, "sub": sub})
    except OSError as failure:
        raise LaunchFailed(f"The development issuer does not answer on port {issuer_port}: {failure}") from failure
    if status != _OK:
        raise LaunchFailed(f"The development issuer refused to make this token: {answer}")
    return str(answer["access_token"])


def _require_development() -> None:
    mode = os.environ.get("FULLCIRCLE_MODE", "development")
    if mode != "development":
        raise LaunchFailed(
            f"FULLCIRCLE_MODE is {mode!r}, but this starts a development issuer that hands a token to whoever asks; unset it to go on."
        )
