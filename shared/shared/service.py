"""A service as a process: what every one of the four is made of, how it starts, and in which order it stops."""

import argparse
import asyncio
import contextlib
import signal
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any, Literal

import httpx
import structlog
import uvicorn
import uvloop
from fastapi import APIRouter, FastAPI
from sqlalchemy.ext.asyncio import AsyncSession

from shared import consuming, migrations, problems, retention, telemetry
from shared.asyncapi import asyncapi_document
from shared.auth import TokenVerifier
from shared.consuming import Consuming, Handler
from shared.database import Database, NotDurableError, is_weather
from shared.events import Event, Topic
from shared.events.facts import ServiceName
from shared.health import Health, add_health_routes
from shared.limits import BodyLimits
from shared.loops import backoff_seconds, sleep_unless
from shared.quarantine import quarantine_routes
from shared.relay import Relay, send_again
from shared.settings import ServiceSettings

_log = structlog.get_logger()

Part = Literal["all", "api", "worker"]
Loop = Callable[[asyncio.Event], Coroutine[Any, Any, None]]

# Within the 15 s an orchestrator usually grants: requests first, then consumers, then the relay.
_REQUEST_DRAIN_SECONDS = 8


@dataclass(slots=True)
class Service:
    """One service put together: its database, its API, its consumers and its background loops.

    Built by the service's `app.py`; run by `run`, or taken apart by tests. `loops` run in the worker until the event they are
    given is set.
    """

    name: ServiceName
    settings: ServiceSettings
    migrations: Path
    database: Database
    consuming: Consuming
    relay: Relay
    loops: list[Loop] = field(default_factory=list)
    routers: list[APIRouter] = field(default_factory=list)

    @classmethod
    def of(cls, name: ServiceName, settings: ServiceSettings, *, migrations: Path) -> "Service":
        """The parts every service has. Add consumers, loops and routers to it, then `run` it."""
        database = Database(settings.database_url.get_secret_value(), application_name=f"fullcircle-{name}")
        return cls(
            name=name,
            settings=settings,
            migrations=migrations,
            database=database,
            consuming=Consuming(service=name, database=database, bootstrap=settings.kafka_bootstrap),
            relay=Relay(database=database, bootstrap=settings.kafka_bootstrap),
        )

    def subscribe(self, topic: Topic, handler: Handler) -> None:
        """Has `handler` applied to the topic's events (see `shared.consuming`)."""
        self.consuming.subscribe(topic, handler)

    async def apply(self, session: AsyncSession, consumer: str, event: Event) -> None:
        """Applies one event as the named consumer would: how a quarantined record is replayed."""
        if consumer not in self.consuming.consumers:
            raise problems.conflict(f"This service has no consumer {consumer}.")
        await consuming.apply(session, self.consuming.consumers[consumer], [event])

    def app(self, part: Part = "all") -> FastAPI:
        """The HTTP application: the service's routers between the things every service answers alike."""
        works, health = part != "api", Health(database=self.database, relay=None, consuming=None)
        if works:
            health = Health(database=self.database, relay=self.relay, consuming=self.consuming)

        @contextlib.asynccontextmanager
        async def lifespan(app: FastAPI) -> AsyncIterator[None]:
            async with httpx.AsyncClient() as client:
                app.state.token_verifier = TokenVerifier(
                    issuer=self.settings.oidc_issuer, audience=self.settings.oidc_audience, client=client
                )
                yield

        app = FastAPI(
            title=f"Full Circle {self.name}",
            redirect_slashes=False,
            redoc_url=None,  # what is open to strangers is a short list: one page of documentation is enough
            swagger_ui_oauth2_redirect_url=None,
            responses=problems.RESPONSES,
            lifespan=lifespan,
        )
        problems.install(app)
        for router in self.routers:
            app.include_router(router)
        app.include_router(quarantine_routes(self.database, self.apply))
        add_health_routes(app, health)
        app.get("/metrics", include_in_schema=False)(telemetry.metrics_endpoint)
        app.get("/asyncapi", include_in_schema=False)(partial(asyncapi_document, self.name))
        app.add_middleware(BodyLimits)
        app.add_middleware(telemetry.RequestLog)
        app.state.health = health
        return app

    async def run(self, part: Part = "all") -> None:
        """Runs until SIGTERM or SIGINT, or until a part fails: then the whole process ends, for its supervisor to start again."""
        stop = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        app = self.app(part)
        server_stop, worker_stop = asyncio.Event(), asyncio.Event()
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(app.state.health.watch(worker_stop))
                serving = tasks.create_task(self._serve(app, server_stop))
                if part != "api":
                    tasks.create_task(self._work(worker_stop))
                # Whoever was told 2xx is served out first; what they left in the outbox is relayed by whoever works next.
                await stop.wait()
                _log.info("stopping", service=self.name)
                server_stop.set()
                await serving
                worker_stop.set()
        finally:
            await self.database.close()

    async def _serve(self, app: FastAPI, stop: asyncio.Event) -> None:
        server = _Server(
            uvicorn.Config(
                app,
                host=self.settings.host,
                port=self.settings.port,
                loop="uvloop",
                http="httptools",
                log_config=None,
                access_log=False,
                server_header=False,
                timeout_graceful_shutdown=_REQUEST_DRAIN_SECONDS,
            )
        )
        serving = asyncio.create_task(server.serve())
        stopped = asyncio.create_task(stop.wait())
        await asyncio.wait({serving, stopped}, return_when=asyncio.FIRST_COMPLETED)
        stopped.cancel()
        server.should_exit = True
        await serving
        if not stop.is_set():
            raise RuntimeError(f"{self.name} could not listen on {self.settings.host}:{self.settings.port}")

    async def _work(self, stop: asyncio.Event) -> None:
        await self._wait_for_database(stop)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self.relay.run(stop))
            tasks.create_task(retention.keep_tidy(self.database, stop))
            for loop in self.loops:
                tasks.create_task(loop(stop))
            if self.consuming.consumers:
                tasks.create_task(self.consuming.run(stop))

    async def _wait_for_database(self, stop: asyncio.Event) -> None:
        failures = 0
        while not stop.is_set():
            try:
                await self._require_durable_commits()
            except Exception as error:
                if not is_weather(error):
                    raise
                failures += 1
                _log.warning("waiting for the database", error=type(error).__name__, failures=failures)
                await sleep_unless(stop, backoff_seconds(failures))
            else:
                return

    async def _require_durable_commits(self) -> None:
        try:
            await self.database.require_durable_commits()
        except NotDurableError as fault:
            if self.settings.mode == "production":
                raise
            _log.warning("commits are not durable", reason=str(fault))


class _Server(uvicorn.Server):
    """uvicorn without signal handlers of its own: `Service.run` decides the order in which things stop."""

    @contextlib.contextmanager
    def capture_signals(self):  # type: ignore[no-untyped-def]  # uvicorn's own annotation names a private generator type
        yield


def main(build: Callable[[], Service], arguments: Sequence[str] | None = None) -> None:
    """The command line every service has: run (all, api or worker), migrate, republish."""
    parser = argparse.ArgumentParser(description="Runs one Full Circle service.")
    commands = parser.add_subparsers(dest="command")
    run = commands.add_parser("run", help="run the API and the worker (the default), or one of them")
    run.add_argument("part", choices=("all", "api", "worker"), nargs="?", default="all")
    commands.add_parser("migrate", help="bring the database to the newest revision")
    republish = commands.add_parser("republish", help="send again what Kafka had acknowledged: all snapshots, and events since a time")
    republish.add_argument("--since", type=datetime.fromisoformat, required=True, help="RFC 3339, with zone")
    chosen = parser.parse_args(arguments)

    service = build()
    telemetry.configure_logging(service.name, service.settings.log_level.upper())
    if chosen.command == "migrate":
        migrations.upgrade(migrations=service.migrations, database_url=service.settings.database_url.get_secret_value())
    elif chosen.command == "republish":
        if chosen.since.tzinfo is None:
            parser.error("--since needs a zone, for example 2026-01-31T00:00:00Z")
        asyncio.run(_republish(service, chosen.since))
    else:
        _run(service, getattr(chosen, "part", "all"))


def _run(service: Service, part: Part) -> None:
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(service.run(part))
    except* NotDurableError as faults:
        raise SystemExit(f"{service.name} does not start: {faults.exceptions[0]}") from None


async def _republish(service: Service, since: datetime) -> None:
    async with service.database.transaction() as session:
        count = await send_again(session, since=since)
    await service.database.close()
    _log.info("events put back into the outbox", count=count)
