"""What every service answers alike, on one put together from the shared parts alone."""

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from shared.database import Database, NotDurableError
from shared.outbox import publish
from shared.relay import Relay
from shared.service import Service, main
from shared.settings import ServiceSettings
from tests import tokens
from tests.conftest import ClientOf
from tests.logs import as_it_was
from tests.shared.conftest import engagement


def _service(database: Database, kafka: str, *, public_url: str = "http://testserver") -> Service:
    settings = ServiceSettings.model_validate(
        {
            "database_url": database.engine.url.render_as_string(hide_password=False),
            "kafka_bootstrap": kafka,
            "oidc_issuer": tokens.ISSUER,
            "port": 8000,
            "public_url": public_url,
        }
    )
    return Service.of("routing", settings, migrations=Path())


@pytest.fixture
async def service(database: Database, kafka: str) -> AsyncIterator[Service]:
    service = _service(database, kafka)
    yield service
    await service.database.close()


@pytest.fixture
async def client(service: Service, client_of: ClientOf) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(service) as client:
        yield client


@pytest.mark.parametrize("path", ["/livez", "/readyz", "/metrics", "/docs", "/openapi.json", "/asyncapi"])
async def test_what_operators_and_developers_need_is_open_to_all(client: httpx.AsyncClient, path: str) -> None:
    assert (await client.get(path)).status_code == 200


async def test_behind_a_gateway_the_documentation_names_the_path_the_gateway_takes_away(
    client_of: ClientOf, database: Database, kafka: str
) -> None:
    service = _service(database, kafka, public_url="https://fullcircle.example.com/routing")
    async with client_of(service) as client:
        assert (await client.get("/openapi.json")).json()["servers"] == [{"url": "/routing"}]
        assert (await client.get("/v1/quarantine")).status_code == 401
    await service.database.close()


@pytest.mark.parametrize("path", ["/redoc", "/docs/oauth2-redirect"])
async def test_nothing_else_is_open(client: httpx.AsyncClient, path: str) -> None:
    assert (await client.get(path)).status_code == 404


async def test_a_refused_method_is_told_all_that_the_address_takes(client: httpx.AsyncClient) -> None:
    refused = await client.put("/v1/quarantine/01998f7e-5a10-7c3e-9a51-6a1d0c9be001")
    assert (refused.status_code, refused.headers["allow"]) == (405, "DELETE")


async def test_an_unknown_address_is_a_problem_like_any_other(client: httpx.AsyncClient) -> None:
    answer = await client.get("/v1/nothing")
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"


async def test_a_database_that_is_away_shows_in_readiness_and_not_in_liveness(client: httpx.AsyncClient, service: Service) -> None:
    await service.database.close()
    service.database.engine = service.database.engine.execution_options()
    unreachable = service.database.engine.url.set(port=9)
    service.database.engine = Database(unreachable.render_as_string(hide_password=False), application_name="tests").engine
    answer = await client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["reasons"] == ["the database does not answer"]
    assert (await client.get("/livez")).status_code == 200


async def test_the_asyncapi_document_names_what_is_said_and_heard_and_every_reference_leads_somewhere(client: httpx.AsyncClient) -> None:
    document = (await client.get("/asyncapi")).json()
    assert "lead.assigned" in document["channels"]["leads"]["messages"]
    assert "receive.engagements" in document["operations"]
    for reference in _references({key: value for key, value in document.items() if key != "components"}):
        found: Any = document
        for step in reference.removeprefix("#/").split("/"):
            found = found[step]


def _references(part: Any) -> list[str]:
    if isinstance(part, dict):
        own = [part["$ref"]] if "$ref" in part else []
        return own + [reference for value in part.values() for reference in _references(value)]
    return [reference for value in part for reference in _references(value)] if isinstance(part, list) else []


async def test_quarantine_is_the_admins_to_change_and_the_auditors_to_read(
    client: httpx.AsyncClient, token: Callable[..., dict[str, str]]
) -> None:
    path = "/v1/quarantine/01998f7e-5a10-7c3e-9a51-6a1d0c9be001"
    assert (await client.get("/v1/quarantine")).status_code == 401
    assert (await client.get("/v1/quarantine", headers=token("rep"))).status_code == 403
    assert (await client.get("/v1/quarantine", headers=token("auditor"))).json() == {"items": [], "next_cursor": None}
    assert (await client.post(f"{path}/replay", headers=token("auditor"))).status_code == 403
    assert (await client.post(f"{path}/replay", headers=token("admin"))).status_code == 404
    assert (await client.delete(path, headers=token("admin"))).status_code == 404
    assert (await client.delete("/v1/quarantine/17", headers=token("admin"))).status_code == 422


async def test_a_database_that_may_lose_what_it_acknowledged_is_noticed(database: Database) -> None:
    careless = database.engine.url.update_query_dict({"options": "-c synchronous_commit=off"})
    forgetful = Database(careless.render_as_string(hide_password=False), application_name="tests")
    with pytest.raises(NotDurableError, match=r"(fsync|synchronous_commit)=off"):
        await forgetful.require_durable_commits()
    await forgetful.close()


async def test_republish_puts_what_kafka_had_acknowledged_back_into_the_outbox(database: Database, kafka: str) -> None:
    event = engagement(1, contact="republished")
    async with database.transaction() as session:
        await publish(session, [event])
    relay = Relay(database=database, bootstrap=kafka)
    async with database.engine.connect() as connection:
        assert await relay.run_once(connection) == 1
    await relay.close()

    with as_it_was():
        await asyncio.to_thread(main, lambda: _service(database, kafka), ["republish", "--since", "2026-01-01T00:00:00Z"])
    async with database.reading() as session:
        assert (await session.scalars(text("SELECT event_id FROM outbox"))).all() == [event.id]


@pytest.mark.parametrize("since", ["yesterday", "2026-01-01T00:00:00"])
def test_republish_wants_a_time_with_a_zone(since: str, capsys: pytest.CaptureFixture[str], kafka: str) -> None:
    unused = Database("postgresql+psycopg://nobody@127.0.0.1:9/nothing", application_name="tests")
    with pytest.raises(SystemExit), as_it_was():
        main(lambda: _service(unused, kafka), ["republish", "--since", since])
    assert "--since" in capsys.readouterr().err
