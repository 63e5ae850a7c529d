"""The inbox: an event is applied once per consumer, because its id is kept in the same commit as its effect."""

from collections.abc import Sequence

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from shared.database import as_recordset
from shared.events import Event

_ACCEPT = text(
    """
    INSERT INTO inbox (consumer, event_id)
    SELECT :consumer, event_id FROM json_to_recordset(CAST(:rows AS json)) AS r(event_id uuid)
    ON CONFLICT DO NOTHING
    RETURNING CAST(event_id AS text)
    """
)


async def accept(session: AsyncSession, consumer: str, events: Sequence[Event]) -> list[Event]:
    """The events this consumer has not applied yet, in order, each once. They count as applied when the transaction commits."""
    if not events:
        return []
    rows = as_recordset([{"event_id": event.id} for event in events])
    fresh = set((await session.scalars(_ACCEPT, {"consumer": consumer, "rows": rows})).all())
    if len(fresh) == len(events):
        return list(events)
    accepted = []
    for event in events:
        if str(event.id) in fresh:
            fresh.remove(str(event.id))
            accepted.append(event)
    return accepted
