"""Routing's own consumer of engagements, alone in a process: records read and believed, the inbox, ledgers, leads, owners, one commit."""

import asyncio
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from routing.subscribers import on_engagements
from shared.consuming import Consuming
from shared.database import Database
from shared.events import Event
from shared.events.topics import ENGAGEMENTS
from tests.bench.trials import Move, run_trial


async def begin(*, database_url: str, bootstrap: str, group: str) -> Move:
    """A service with one consumer, of a group that begins where its offsets were put."""
    consuming = Consuming(service=group, database=Database(database_url, application_name="bench-deciding"), bootstrap=bootstrap)
    decided = 0
    more = asyncio.Event()

    async def decide(session: AsyncSession, events: Sequence[Event], now: datetime) -> None:
        nonlocal decided
        await on_engagements(session, events, now)
        decided += len(events)
        more.set()

    consuming.subscribe(ENGAGEMENTS, decide)
    started: list[asyncio.Task[None]] = []
    wanted = 0

    async def move(events: int) -> None:
        nonlocal wanted
        wanted += events
        if not started:
            started.append(asyncio.create_task(consuming.run(asyncio.Event())))
        while decided < wanted:
            more.clear()
            await more.wait()

    return move


if __name__ == "__main__":
    run_trial(begin)
