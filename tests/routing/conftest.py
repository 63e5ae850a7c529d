"""Routing with its API and its consumers, and a field force that can take leads."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Any

import pytest

from shared.events import Event, Topic
from shared.service import Service
from tests.conftest import ClientOf, MakeService
from tests.routing.world import World, rep, territory


@pytest.fixture
async def empty_world(
    make_service: MakeService,
    client_of: ClientOf,
    deliver: Callable[[Service, Topic, Sequence[Event]], Awaitable[None]],
    outbox_of: Callable[[Service], Awaitable[list[tuple[str, str, dict[str, Any]]]]],
) -> AsyncIterator[World]:
    """Routing before anybody told it anything."""
    service = await make_service("routing")
    async with client_of(service) as client:
        yield World(service, client, deliver, outbox_of)


@pytest.fixture
async def world(empty_world: World) -> World:
    """Chicago with two reps, and an active policy, version 1."""
    await empty_world.put("territories", territory("chicago", "606*"))
    await empty_world.put("reps", rep("rep-1", "chicago"), rep("rep-2", "chicago"))
    await empty_world.activate()
    return empty_world
