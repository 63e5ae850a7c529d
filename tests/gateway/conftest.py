"""The gateway with intake behind it: a real nginx, the real application behind a real server, a real database."""

import importlib
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest

from deploy.launcher.servers import Servers, servers
from shared.service import Service
from tests.conftest import ClientOf, migrate_template, set_environment
from tests.gateway.callers import Door
from tests.gateway.nginx import gateway
from tests.inputs.serving import serving
from tests.intake.platforms import SECRET
from tests.tokens import authorization


@pytest.fixture(scope="session")
def started_servers() -> Iterator[Servers]:
    """Real PostgreSQL. Nothing here waits for Kafka: what intake takes stays in its outbox."""
    with servers(kafka=False) as started:
        yield started


@pytest.fixture(scope="session")
async def intake(new_database: Callable[..., str], client_of: ClientOf) -> AsyncIterator[int]:
    """The port of an intake that knows a source `mautic`."""
    nobody, templates = "127.0.0.1:1", dict[str, str]()
    await migrate_template("intake", new_database, nobody, templates)
    with pytest.MonkeyPatch.context() as patch:
        set_environment(patch, new_database(templates["intake"]), nobody)
        service: Service = importlib.import_module("intake.app").build()
    source = {"adapter": "mautic", "secrets": [SECRET], "settings": {"brand_id": "cardiozan"}}
    async with client_of(service) as client:
        assert (await client.put("/v1/sources/mautic", json=source, headers=authorization("admin"))).is_success
    async with serving(service.app("api")) as port:
        yield port
    await service.database.close()


@pytest.fixture(scope="session")
async def door(intake: int, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Door]:
    """The gateway as production has it, with one intake behind it."""
    folder: Path = tmp_path_factory.mktemp("gateway")
    async with gateway(folder, instances=[intake]) as port:
        yield Door(port)
