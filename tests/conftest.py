"""What tests share: real servers started once, databases of their own, services put together, tokens, and events delivered."""

import contextlib
import importlib
import os
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
from sqlalchemy import text

from deploy.launcher.servers import Servers, servers
from shared import consuming, migrations
from shared.events import Event, Topic
from shared.service import Service
from tests import tokens

ERASURE_KEY = Path(__file__).parent / "erasure_key"

MakeService = Callable[..., Awaitable[Service]]
ClientOf = Callable[[Service], AbstractAsyncContextManager[httpx.AsyncClient]]


@pytest.fixture(scope="session")
def started_servers() -> Iterator[Servers]:
    """Real PostgreSQL and Kafka for the whole session."""
    with servers() as started:
        yield started


@pytest.fixture(scope="session")
def kafka(started_servers: Servers) -> str:
    """The broker's address."""
    return started_servers.kafka_bootstrap


@pytest.fixture(scope="session")
def made_databases(started_servers: Servers) -> Iterator[set[str]]:
    """The names of the databases that were made and not dropped yet; all are at the end."""
    made: set[str] = set()
    yield made
    _drop(started_servers, made)


def _drop(started: Servers, names: Iterable[str]) -> None:
    with psycopg.connect(started.admin_url, autocommit=True) as connection:
        for name in names:
            connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


@pytest.fixture(scope="session")
def new_database(started_servers: Servers, made_databases: set[str]) -> Callable[[str | None], str]:
    """Makes an empty database, or a copy of another, and gives its URL."""
    admin = started_servers.admin_url

    def make(template: str | None = None) -> str:
        name = f"test_{uuid.uuid4().hex}"
        with psycopg.connect(admin, autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{name}"' + (f' TEMPLATE "{template}"' if template else ""))
        made_databases.add(name)
        return admin.replace("postgresql://", "postgresql+psycopg://").rsplit("/", 1)[0] + "/" + name

    return make


@pytest.fixture
def drop_database(started_servers: Servers, made_databases: set[str]) -> Callable[[str], None]:
    """Drops one of them before the end: thousands of tests must not fill a disk."""

    def drop(url: str) -> None:
        name = url.rsplit("/", 1)[1]
        _drop(started_servers, [name])
        made_databases.remove(name)

    return drop


@pytest.fixture(scope="session")
def migrated_templates() -> dict[str, str]:
    """Per service, the migrated database that test databases are copied from."""
    return {}


@pytest.fixture
async def make_service(
    new_database: Callable[..., str],
    drop_database: Callable[[str], None],
    kafka: str,
    migrated_templates: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
) -> AsyncIterator[MakeService]:
    """Builds a service as its process would, on a migrated database of its own: `await make_service("routing")`.

    Keyword arguments become `FULLCIRCLE_*` variables.
    """
    made: dict[str, Service] = {}

    async def make(name: str, **settings: str) -> Service:
        if name not in migrated_templates:
            await migrate_template(name, new_database, kafka, migrated_templates)
        url = new_database(migrated_templates[name])
        set_environment(monkeypatch, url, kafka, **settings)
        service: Service = importlib.import_module(f"{name}.app").build()
        made[url] = service
        return service

    yield make
    for url, service in made.items():
        await service.database.close()
        drop_database(url)


async def migrate_template(name: str, new_database: Callable[..., str], kafka: str, templates: dict[str, str]) -> None:
    """Makes the migrated database that the service's test databases are copied from."""
    url = new_database()
    with pytest.MonkeyPatch.context() as patch:
        set_environment(patch, url, kafka)
        service: Service = importlib.import_module(f"{name}.app").build()
    await migrations.upgrade_async(migrations=service.migrations, database_url=url)
    await service.database.close()
    templates[name] = url.rsplit("/", 1)[1]


def set_environment(patch: pytest.MonkeyPatch, url: str, kafka: str, **settings: str) -> None:
    """The environment of a service's process; keyword arguments become further `FULLCIRCLE_*` variables."""
    for variable in [name for name in os.environ if name.startswith("FULLCIRCLE_")]:
        patch.delenv(variable)
    values = {
        "database_url": url,
        "kafka_bootstrap": kafka,
        "oidc_issuer": tokens.ISSUER,
        "mode": "development",
        "port": "8000",
        "public_url": "http://testserver",
        "erasure_key_file": str(ERASURE_KEY),
        **settings,
    }
    for name, value in values.items():
        patch.setenv(f"FULLCIRCLE_{name.upper()}", value)


@pytest.fixture(scope="session")
def client_of() -> ClientOf:
    """An HTTP client of a service's real application: `async with client_of(service) as client:`."""

    @contextlib.asynccontextmanager
    async def client_of(service: Service) -> AsyncIterator[httpx.AsyncClient]:
        app = service.app("api")
        async with app.router.lifespan_context(app), tokens.verifier() as verifier:
            app.state.token_verifier = verifier
            transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
            async with httpx.AsyncClient(transport=transport, base_url="http://testserver") as client:
                yield client

    return client_of


@pytest.fixture(scope="session")
def token() -> Callable[..., dict[str, str]]:
    """An `Authorization` header: `token("rep", rep="rep-017", sub="alice")`; several roles are comma-separated."""
    return tokens.authorization


@pytest.fixture(scope="session")
def deliver() -> Callable[[Service, Topic, Sequence[Event]], Awaitable[None]]:
    """Applies events to a service exactly as its consumer of that topic would: through the inbox, in one transaction."""

    async def deliver(service: Service, topic: Topic, events: Sequence[Event]) -> None:
        consumer = service.consuming.consumers[f"{service.name}.{topic.name}"]
        async with service.database.transaction(keeps_plans=consumer.keeps_plans) as session:
            await consuming.apply(session, consumer, events)

    return deliver


@pytest.fixture(scope="session")
def outbox_of() -> Callable[[Service], Awaitable[list[tuple[str, str, dict[str, Any]]]]]:
    """What waits in a service's outbox, oldest first: (type, key, body)."""

    async def outbox_of(service: Service) -> list[tuple[str, str, dict[str, Any]]]:
        async with service.database.reading() as session:
            rows = await session.execute(text("SELECT type, key, CAST(body AS json) AS body FROM outbox ORDER BY position"))
            return [(row.type, row.key, row.body) for row in rows]

    return outbox_of


@pytest.fixture
def now() -> datetime:
    """The moment the test runs."""
    return datetime.now(UTC)
