"""A process that can't work yet says why, without a secret in it, works once it can, and is left by nobody waiting."""

import asyncio
import io
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from sqlalchemy import text
from sqlalchemy.engine import URL, make_url

from shared import migrations
from shared.database import Database
from shared.migrations import Revisions
from shared.service import Service
from shared.startup import Startup, unfit
from tests.conftest import ClientOf, MakeService
from tests.logs import logged
from tests.polling import until

KNOWN = Revisions("0003", frozenset({"0001", "0002", "0003"}))
MIGRATIONS = Path(__file__).parents[2] / "services" / "routing" / "migrations"


def _startup(database: Database) -> Startup:
    return Startup(service="routing", database=database, migrations=MIGRATIONS, must_be_durable=False)


@pytest.fixture
def log() -> Iterator[io.BytesIO]:
    with logged() as stream:
        yield stream


@pytest.mark.parametrize(
    ("revision", "reason"),
    [
        ("0003", None),
        (None, "the database has not been migrated: run `python -m routing migrate`"),
        ("0001", "the database is at revision 0001 and must be at 0003: run `python -m routing migrate`"),
        ("0004", "the database is at a revision this version does not know (it knows up to 0003): run a newer version"),
    ],
)
def test_only_the_revision_this_version_was_made_for_will_do(revision: str | None, reason: str | None) -> None:
    assert unfit(revision, known=KNOWN, service="routing") == reason


async def test_each_thing_that_is_missing_is_named_until_nothing_is(new_database: Callable[..., str], log: io.BytesIO) -> None:
    url = make_url(new_database())
    address = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0)
    port = address.sockets[0].getsockname()[1]
    address.close()
    await address.wait_closed()
    database = Database(url.set(port=port).render_as_string(hide_password=False), application_name="tests")
    startup, stop = _startup(database), asyncio.Event()
    waiting = asyncio.create_task(startup.wait(stop))
    await until(lambda: startup.waiting_for == "the database does not answer", what="nothing answers there")

    async with _forwarding(port, to=url.port or 5432):
        await until(lambda: "has not been migrated" in (startup.waiting_for or ""), what="it answers, empty")
        await migrations.upgrade_async(migrations=MIGRATIONS, database_url=url.render_as_string(hide_password=False))
        await until(lambda: startup.waiting_for is None, what="nothing is missing")
        await waiting
        await database.close()
    told = [line for line in log.getvalue().decode().splitlines() if "waiting to start" in line]
    assert len(told) == 3, "each reason is told once"


def _forwarding(port: int, *, to: int) -> "_Forwarding":
    return _Forwarding(port, to)


class _Forwarding:
    """What listens at one port leads to another."""

    def __init__(self, port: int, to: int) -> None:
        self._port, self._to = port, to

    async def __aenter__(self) -> None:
        self._server = await asyncio.start_server(self._connect, "127.0.0.1", self._port)

    async def __aexit__(self, *_: object) -> None:
        self._server.close()

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there_reader, there_writer = await asyncio.open_connection("127.0.0.1", self._to)
        await asyncio.gather(_pump(reader, there_writer), _pump(there_reader, writer))


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while chunk := await reader.read(65_536):
        writer.write(chunk)
        await writer.drain()
    writer.close()


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        (lambda url: url.set(password="not-the-secret"), "the database refuses this service's user or password"),
        (lambda url: url.set(database="nowhere"), "the database or its user does not exist"),
    ],
)
async def test_a_refusal_is_told_without_the_secret(
    new_database: Callable[..., str], log: io.BytesIO, changed: Callable[[URL], URL], reason: str
) -> None:
    url = make_url(new_database())
    right = url.password or "unset"
    database = Database(changed(url).render_as_string(hide_password=False), application_name="tests")
    startup, stop = _startup(database), asyncio.Event()
    waiting = asyncio.create_task(startup.wait(stop))
    await until(lambda: startup.waiting_for == reason, what=reason)
    stop.set()
    await waiting
    await database.close()
    told = log.getvalue().decode()
    assert reason in told
    assert "not-the-secret" not in told
    assert right not in told


@pytest.fixture
async def service(make_service: MakeService) -> Service:
    return await make_service("routing")


async def test_until_it_may_work_a_service_answers_503_and_only_says_how_it_fares(
    service: Service, client_of: ClientOf, token: Callable[..., dict[str, str]]
) -> None:
    async with service.database.transaction() as session:
        await session.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    stop = asyncio.Event()
    waiting = asyncio.create_task(service.startup.wait(stop))
    async with client_of(service) as client:
        await until(lambda: "does not know" in (service.startup.waiting_for or ""), what="the newer revision is found")
        ready = await client.get("/readyz")
        assert (ready.status_code, ready.json()["reasons"]) == (503, [service.startup.waiting_for])
        refused = await client.get("/v1/leads", headers=token("sales_ops"))
        assert (refused.status_code, refused.headers["content-type"]) == (503, "application/problem+json")
        assert int(refused.headers["retry-after"]) > 0
        for path in ("/livez", "/metrics", "/docs", "/openapi.json", "/asyncapi"):
            assert (await client.get(path)).status_code == 200

        async with service.database.transaction() as session:
            newest = migrations.known_revisions(service.migrations).newest
            await session.execute(text("UPDATE alembic_version SET version_num = :newest"), {"newest": newest})
        await waiting
        assert (await client.get("/v1/leads", headers=token("sales_ops"))).status_code == 200


async def test_the_issuers_keys_are_not_waited_for_and_readiness_says_so(
    service: Service, client_of: ClientOf, token: Callable[..., dict[str, str]]
) -> None:
    async with client_of(service) as client:
        first: httpx.Response = await client.get("/readyz")
        assert first.status_code == 200
        assert "the issuer's keys are not needed to start" in first.json()["notes"][0]
        await client.get("/v1/leads", headers=token("sales_ops"))
        assert (await client.get("/readyz")).json()["notes"] == []
