"""Whoever takes several contacts takes them in one order, so that two who want the same ones wait for each other one way round only."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from shared.events import Event
from tests.polling import until
from tests.routing.world import World, contact, engagement

_HOLD = text("SELECT contact_id FROM contacts WHERE contact_id = :contact_id FOR UPDATE NOWAIT")
_BLOCKS = text("SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted AND pg_backend_pid() = ANY(pg_blocking_pids(pid)))")


async def hold(session: AsyncSession, contact_id: str) -> None:
    """Takes a contact's row; raises if another transaction has it."""
    assert await session.scalar(_HOLD, {"contact_id": contact_id}) == contact_id


@asynccontextmanager
async def waiting(world: World, session: AsyncSession, *events: Event) -> AsyncIterator[None]:
    """Meanwhile the events wait for what the session holds; when it ends they are applied."""

    async def blocks() -> bool:
        return bool(await session.scalar(_BLOCKS))

    applying = asyncio.create_task(world.hear(*events))
    try:
        await until(blocks, what="waiting for a contact")
        yield
    finally:
        await session.rollback()
        await applying


@pytest.mark.parametrize(
    ("events", "held", "later"),
    [
        ([contact("m", version=2, merged_into="a")], "a", "m"),
        ([contact("m", version=2, merged_into="z")], "m", "z"),
        ([contact("m", version=2), contact("z", version=2, merged_into="a")], "a", "m"),
        ([contact("z", version=2), contact("m", version=2)], "m", "z"),
        ([contact("merged-c", version=3)], "merged-b", "merged-c"),
        ([contact("merged-b", version=3)], "merged-b", "survivor"),
        ([engagement("merged-c")], "merged-b", "merged-c"),
        ([engagement("merged-c")], "merged-c", "survivor"),
    ],
)
async def test_who_waits_for_a_contact_holds_none_that_comes_later(world: World, events: list[Event], held: str, later: str) -> None:
    await world.hear(*(contact(contact_id) for contact_id in ("a", "m", "z", "survivor", "merged-b", "merged-c")))
    await world.hear(*(contact(contact_id, version=2, merged_into="survivor") for contact_id in ("merged-b", "merged-c")))
    async with world.service.database.transaction() as session:
        await hold(session, held)
        async with waiting(world, session, *events):
            await hold(session, later)


async def test_who_waits_for_somebody_being_described_holds_nobody(world: World) -> None:
    await world.hear(contact("a"))
    async with world.service.database.transaction() as session:
        await session.execute(text("INSERT INTO contacts (contact_id, segments, consents) VALUES ('new', '{}', '[]')"))
        async with waiting(world, session, contact("a", version=2), contact("new")):
            await hold(session, "a")
    async with world.service.database.reading() as session:
        assert set(await session.execute(text("SELECT contact_id, version FROM contacts"))) == {("a", 2), ("new", 1)}
