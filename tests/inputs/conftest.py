"""The four services, each on a database of its own with a small world in it, shared by all tests of this folder."""

import contextlib
import importlib
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest

from shared.service import Service
from tests.conftest import ClientOf, migrate_template, set_environment
from tests.inputs.doors import Door, Doors
from tests.inputs.small_world import populate

SERVICES = ("intake", "routing", "feedback", "reporting")


@pytest.fixture(scope="session")
async def doors(
    new_database: Callable[..., str],
    kafka: str,
    migrated_templates: dict[str, str],
    client_of: ClientOf,
    deliver: Any,
    outbox_of: Callable[[Service], Awaitable[list[tuple[str, str, dict[str, Any]]]]],
) -> AsyncIterator[Doors]:
    """Every service's real application, behind a client. Nothing a test sends may break what another sees."""
    async with contextlib.AsyncExitStack() as stack:
        found: dict[str, Door] = {}
        for name in SERVICES:
            if name not in migrated_templates:
                await migrate_template(name, new_database, kafka, migrated_templates)
            with pytest.MonkeyPatch.context() as patch:
                set_environment(patch, new_database(migrated_templates[name]), kafka, webhook_allow="127.0.0.1")
                service: Service = importlib.import_module(f"{name}.app").build()
            stack.push_async_callback(service.database.close)
            app = service.app("api")
            found[name] = Door(service, app, await stack.enter_async_context(client_of(service)))
        doors = Doors(found)
        await populate(doors, deliver)
        yield doors
