"""The four services, each on a database of its own with a small world in it."""

import contextlib
import importlib
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import pytest

from shared.service import Service
from tests.conftest import ClientOf, migrate_template, set_environment
from tests.inputs.doors import Door, Doors
from tests.inputs.small_world import populate

SERVICES = ("intake", "routing", "feedback", "reporting")

OpenDoors = Callable[[], AbstractAsyncContextManager[Doors]]


@pytest.fixture(scope="session")
def open_doors(
    new_database: Callable[..., str], kafka: str, migrated_templates: dict[str, str], client_of: ClientOf, deliver: Any
) -> OpenDoors:
    """Opens the four services: `async with open_doors() as doors:`."""

    async def build(name: str) -> Service:
        if name not in migrated_templates:
            await migrate_template(name, new_database, kafka, migrated_templates)
        with pytest.MonkeyPatch.context() as patch:
            set_environment(patch, new_database(migrated_templates[name]), kafka, webhook_allow="127.0.0.1")
            service: Service = importlib.import_module(f"{name}.app").build()
        return service

    @contextlib.asynccontextmanager
    async def open_doors() -> AsyncIterator[Doors]:
        async with contextlib.AsyncExitStack() as stack:
            found: dict[str, Door] = {}
            for name in SERVICES:
                service = await build(name)
                stack.push_async_callback(service.database.close)
                client = await stack.enter_async_context(client_of(service))
                found[name] = Door(service, service.app("api"), client)
            doors = Doors(found)
            await populate(doors, deliver)
            yield doors

    return open_doors


@pytest.fixture(scope="session")
async def doors(open_doors: OpenDoors) -> AsyncIterator[Doors]:
    """Every service's real application. Nothing a test sends may break what another sees."""
    async with open_doors() as doors:
        yield doors
