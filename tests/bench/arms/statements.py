"""How many SQL statements a batch of a hundred new leads takes, inbox and outbox included: counted where the driver is handed them."""

import asyncio
import json
import sys
from typing import Any

from psycopg import AsyncCursor
from sqlalchemy import text

from routing.subscribers import on_engagements
from shared import consuming
from shared.consuming import Consuming
from shared.database import Database
from shared.events.topics import ENGAGEMENTS
from tests.bench.streams import acts


async def _count(*, database_url: str, leads: int, rounds: int) -> list[float]:
    """Statements per lead of batches of so many leads, each of contacts of its own; the first one, which compiles, isn't counted."""
    database = Database(database_url, application_name="bench-statements")
    seam = Consuming(service="bench-statements", database=database, bootstrap="")
    seam.subscribe(ENGAGEMENTS, on_engagements)
    [consumer] = seam.consumers.values()
    counts: list[float] = []
    for number in range(rounds + 1):
        events = list(acts(f"hcp-{number * leads + place}" for place in range(leads)))
        sent = 0
        execute = AsyncCursor.execute

        async def note(cursor: Any, query: Any, *more: Any, **named: Any) -> Any:
            nonlocal sent
            sent += 1
            return await execute(cursor, query, *more, **named)  # noqa: B023  put back below, before the next one

        AsyncCursor.execute = note  # type: ignore[assignment, method-assign]
        try:
            async with database.transaction() as session:
                await consuming.apply(session, consumer, events)
        finally:
            AsyncCursor.execute = execute  # type: ignore[method-assign]
        async with database.reading() as session:
            found = await session.scalar(text("SELECT count(*) FROM leads"))
        if found != (number + 1) * leads:
            raise RuntimeError(f"{found} leads after {number + 1} batches of {leads}")
        counts.append(sent / leads)
    await database.close()
    return counts[1:]


if __name__ == "__main__":
    print(json.dumps(asyncio.run(_count(**json.loads(sys.argv[1])))))  # noqa: T201  the parent reads it
