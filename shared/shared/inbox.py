"""The inbox: an event is applied once per consumer, because its id is kept in the same commit as its effect."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from shared.database import Statement, as_recordset, together
from shared.events import Event

# It answers with what is old: usually nothing.
_ACCEPT = """
    WITH told AS (
        SELECT event_id FROM json_to_recordset(CAST(%(rows)s AS json)) AS r(event_id uuid)
    ), accepted AS (
        INSERT INTO inbox (consumer, event_id) SELECT %(consumer)s, event_id FROM told ON CONFLICT DO NOTHING RETURNING event_id
    )
    SELECT event_id FROM told WHERE event_id NOT IN (SELECT event_id FROM accepted)
"""


async def accept(session: AsyncSession, consumer: str, events: Sequence[Event]) -> list[Event]:
    """The events this consumer has not applied yet, in order, each once. They count as applied when the transaction commits."""
    if not events:
        return []
    rows = as_recordset([{"event_id": event.id} for event in events])
    [applied] = await together(session, Statement(_ACCEPT, {"consumer": consumer, "rows": rows}, _ids))
    accepted = []
    for event in events:
        if event.id not in applied:
            applied.add(event.id)
            accepted.append(event)
    return accepted


def _ids(rows: list[Any]) -> set[UUID]:
    return {row.event_id for row in rows}
