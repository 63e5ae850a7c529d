"""One running world for all end-to-end tests: four processes, real servers, a small reference world."""

from collections.abc import AsyncIterator, Iterator

import httpx
import pytest

from deploy.launcher.world import World, running_world
from tests.end_to_end.circle import Circle


@pytest.fixture(scope="session")
def world() -> Iterator[World]:
    with running_world() as world:
        yield world


@pytest.fixture(scope="session")
async def circle(world: World) -> AsyncIterator[Circle]:
    async with httpx.AsyncClient(timeout=20) as client:
        circle = Circle(world, client)
        await circle.load_reference_world()
        yield circle
