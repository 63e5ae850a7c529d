"""Routing with its API and its consumers, and a field force that can take leads."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from datetime import timedelta
from typing import Any

import pytest

from shared.events import Event, Topic
from shared.service import Service
from tests.conftest import ClientOf, MakeService
from tests.routing.what_if import MEETS
from tests.routing.world import World, contact, engagement, rep, territory


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


@pytest.fixture
async def history(world: World) -> World:
    """Of five contacts one attended a webinar, two clicked, one did both, and one is an oncologist; under a policy by webinars alone."""
    await world.activate(engagement=MEETS)
    await world.hear(
        *(contact(f"hcp-{number}", segments=["early"] if number % 2 else []) for number in range(1, 5)),
        contact("hcp-5", specialty="oncology"),
        engagement("hcp-1", campaign_id="spring"),
        engagement("hcp-2", "email_clicked", campaign_id="launch"),
        engagement("hcp-3", "email_clicked", campaign_id=None),
        engagement("hcp-4", "email_clicked", age=timedelta(hours=2)),
        engagement("hcp-4", age=timedelta(hours=1)),
        engagement("hcp-5"),
        engagement("nobody-described", "email_clicked"),
    )
    return world
