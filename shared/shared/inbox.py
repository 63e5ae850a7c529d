"""The inbox: an event is applied once per consumer, because its id is kept in the same commit as its effect."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from shared.database import Statement, as_recordset, together
from shared.events import Event

_ACCEPT = """
    INSERT INTO inbox (consumer, event_id)
    SELECT %(consumer)s, event_id FROM json_to_recordset(CAST(%(rows)s AS json)) AS r(event_id uuid)
    ON CONFLICT DO NOTHING
    RETURNING CAST(event_id AS text) AS event_id
"""


async def accept(session: AsyncSession, consumer: str, events: Sequence[Event]) -> list[Event]:
    """The events this consumer has not applied yet, in order, each once. They count as applied when the transaction commits."""
    if not events:
        return []
    rows = as_recordset([{"event_id": event.id} for event in events])
    [fresh] = await together(session, Statement(_ACCEPT, {"consumer": consumer, "rows": rows}, _ids))
    if len(fresh) == len(events):
        return list(events)
    accepted = []
    for event in events:
        if str(event.id) in fresh:
            fresh.remove(str(event.id))
            accepted.append(event)
    return accepted


def _ids(rows: list[Any]) -> set[str]:
    return {row.event_id for row in rows}
