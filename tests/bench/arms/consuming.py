"""What both consumers under measure share: a service with one subscriber, which is waited for until it has applied so many events."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from shared.consuming import Consuming
from shared.database import Database
from shared.events import Event
from shared.events.topics import ENGAGEMENTS
from tests.bench.trials import Move

Apply = Callable[[AsyncSession, Sequence[Event], datetime], Awaitable[None]]


def consumer_of(apply: Apply, *, name: str, database_url: str, bootstrap: str, group: str) -> Move:
    """A consumer of engagements that reads from where its group's offsets are; it starts with the first move."""
    consuming = Consuming(service=group, database=Database(database_url, application_name=f"bench-{name}"), bootstrap=bootstrap)
    applied, wanted = 0, 0
    more = asyncio.Event()
    started: list[asyncio.Task[None]] = []

    async def count(session: AsyncSession, events: Sequence[Event], now: datetime) -> None:
        nonlocal applied
        await apply(session, events, now)
        applied += len(events)
        more.set()

    async def move(events: int) -> None:
        nonlocal wanted
        wanted += events
        if not started:
            started.append(asyncio.create_task(consuming.run(asyncio.Event())))
        while applied < wanted:
            more.clear()
            await more.wait()

    consuming.subscribe(ENGAGEMENTS, count, keeps_plans=True)
    return move
