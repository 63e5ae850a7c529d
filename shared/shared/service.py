"""A service as a process: what every one of the four is made of, how it starts, and in which order it stops."""

import argparse
import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

import httpx
import structlog
import uvicorn
import uvloop
from fastapi import APIRouter, FastAPI
from sqlalchemy.ext.asyncio import AsyncSession

from shared import consuming, garbage, migrations, problems, retention, telemetry, tracing
from shared.asyncapi import asyncapi_document
from shared.auth import TokenVerifier
from shared.consuming import Consuming, Handler
from shared.database import Database, NotDurableError
from shared.direct import Direct, DirectAnswers
from shared.docs import docs_routes
from shared.events import Event, Topic
from shared.events.facts import ServiceName
from shared.gateway import BehindGateway
from shared.gauges import SEAM_SAMPLERS, Sampler, sample_until_stopped
from shared.health import Health, add_health_routes
from shared.leaving import REQUEST_SECONDS, WORK_SECONDS, Departure, cut_after
from shared.limits import BodyLimits
from shared.quarantine import quarantine_routes
from shared.relay import Relay, send_again
from shared.request_log import RequestLog, RequestSpans
from shared.settings import ServiceSettings
from shared.stalls import StallDetector
from shared.startup import StartGate, Startup

_log = structlog.get_logger()

Part = Literal["all", "api", "worker"]
Loop = Callable[[asyncio.Event], Coroutine[Any, Any, None]]


@dataclass(slots=True)
class Service:
    """One service put together: its database, its API, its consumers and its background loops.

    Built by the service's `app.py`; run by `run`, or taken apart by tests. `loops` run in the worker until the event they are
    given is set; `samplers` are the figures of its database that operators see.
    """

    name: ServiceName
    settings: ServiceSettings
    migrations: Path
    database: Database
    consuming: Consuming
    relay: Relay
    startup: Startup
    loops: list[Loop] = field(default_factory=list)
    routers: list[APIRouter] = field(default_factory=list)
    direct: list[Direct] = field(default_factory=list)
    samplers: list[Sampler] = field(default_factory=lambda: [*SEAM_SAMPLERS])

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
            startup=Startup(service=name, database=database, migrations=migrations, must_be_durable=settings.mode == "production"),
        )

    def subscribe(self, topic: Topic, handler: Handler, *, keeps_plans: bool = False) -> None:
        """Has `handler` applied to the topic's events (see `shared.consuming`)."""
        self.consuming.subscribe(topic, handler, keeps_plans=keeps_plans)

    async def apply(self, session: AsyncSession, consumer: str, event: Event) -> None:
        """Applies one event as the named consumer would: how a quarantined record is replayed."""
        if consumer not in self.consuming.consumers:
            raise problems.conflict(f"This service has no consumer {consumer}.")
        await consuming.apply(session, self.consuming.consumers[consumer], [event])

    def app(self, part: Part = "all") -> FastAPI:
        """The HTTP application: the service's routers between the things every service answers alike."""
        works = part != "api"
        health = Health(
            database=self.database,
            relay=self.relay if works else None,
            consuming=self.consuming if works else None,
            startup=self.startup,
        )

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
            responses=problems.RESPONSES,
            lifespan=lifespan,
            docs_url=None,
            redoc_url=None,
            telemetry={"tracing": False, "metrics": False, "logs": False},  # ours is around it, and asked on every request
        )
        app.add_middleware(DirectAnswers, direct=self.direct)
        problems.install(app)
        for router in self.routers:
            app.include_router(router)
        app.include_router(quarantine_routes(self.database, self.apply))
        app.include_router(docs_routes(self.name))
        add_health_routes(app, health)
        app.get("/metrics", include_in_schema=False)(telemetry.metrics_endpoint)
        app.get("/asyncapi", include_in_schema=False)(partial(asyncapi_document, self.name))
        app.add_middleware(BehindGateway, path=urlsplit(self.settings.public_url).path.rstrip("/"))
        app.add_middleware(BodyLimits)
        app.add_middleware(StartGate, startup=self.startup)
        app.add_middleware(RequestLog)
        if tracing.is_on():
            app.add_middleware(RequestSpans)
        app.state.health = health
        return app

    async def run(self, part: Part = "all") -> None:
        """Runs until SIGTERM or SIGINT, or until a part fails: then the whole process ends, for its supervisor to start again.

        Either way it is gone within 15 seconds (see `shared.leaving`).
        """
        stop = asyncio.Event()
        departure = Departure(stop)
        departure.listen()
        app = self.app(part)
        garbage.look_less_often()
        server_stop, worker_stop = asyncio.Event(), asyncio.Event()
        try:
            async with asyncio.TaskGroup() as tasks:
                working = tasks.create_task(self._work(part, worker_stop))
                watching = tasks.create_task(_watch(app.state.health, worker_stop))
                serving = tasks.create_task(self._serve(app, server_stop))
                for task in (working, watching, serving):
                    task.add_done_callback(departure.note_end)
                # Whoever was told 2xx is served out first; what they left in the outbox is relayed last.
                await stop.wait()
                _log.info("stopping", service=self.name)
                server_stop.set()
                await serving
                worker_stop.set()
        finally:
            await self.database.close()
            await tracing.stop()
        departure.over()

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
                timeout_graceful_shutdown=REQUEST_SECONDS,
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

    async def _work(self, part: Part, stop: asyncio.Event) -> None:
        """What a process does beside answering, once it may start. When it is stopped, consumers and loops go first, then the relay."""
        async with cut_after(stop, seconds=WORK_SECONDS, part="start"):
            await self.startup.wait(stop)
        if part == "api" or stop.is_set():
            return
        relay_stop = asyncio.Event()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self.relay.run(relay_stop))
            async with cut_after(stop, seconds=WORK_SECONDS, part="consumers and loops"):
                await self._work_in_background(stop)
            relay_stop.set()

    async def _work_in_background(self, stop: asyncio.Event) -> None:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(retention.keep_tidy(self.database, stop))
            tasks.create_task(sample_until_stopped(self.database, self.samplers, stop))
            for loop in self.loops:
                tasks.create_task(loop(stop))
            if self.consuming.consumers:
                tasks.create_task(self.consuming.run(stop))


async def _watch(health: Health, stop: asyncio.Event) -> None:
    async with cut_after(stop, seconds=WORK_SECONDS, part="watching"), asyncio.TaskGroup() as tasks:
        tasks.create_task(StallDetector().run(stop))
        tasks.create_task(health.watch(stop))


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
    tracing.configure(service.name)
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
    except* Exception as faults:  # noqa: BLE001  the last who can tell of it
        # Python's own last words would repeat the values an error is about.
        _log.critical("the process ends: a part of it failed", exc_info=faults)
        raise SystemExit(1) from None


async def _republish(service: Service, since: datetime) -> None:
    async with service.database.transaction() as session:
        count = await send_again(session, since=since)
    await service.database.close()
    _log.info("events put back into the outbox", count=count)
