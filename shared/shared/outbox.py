"""The outbox: an event leaves only by being inserted in the transaction that made it true."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from shared import tracing
from shared.database import Statement, as_recordset, ring
from shared.events import Event

# Kafka refuses records over a megabyte for good; refusing here keeps the outbox free of what could never leave.
EVENT_BYTES_MAX = 900_000

INSERT = """
    INSERT INTO outbox (event_id, topic, key, type, headers, body)
    SELECT event_id, topic, key, type, headers, body
    FROM json_to_recordset(CAST(:outbox AS json))
        AS r(event_id uuid, topic text, key text, type text, headers jsonb, body text)
"""
"""For who writes state and events in one statement: `:outbox` are `as_rows(events)`, and `note_published` is called."""

_INSERT = text(INSERT)
_INSERT_TOGETHER = INSERT.replace(":outbox", "%(outbox)s")

BELL = "outbox"
"""Rings when events were put into the outbox."""


class EventTooLarge(ValueError):
    """An event Kafka would refuse for good."""


async def publish(session: AsyncSession, events: Sequence[Event]) -> None:
    """Puts events into the outbox of the caller's transaction, in this order. They leave after it commits, or never existed."""
    if not events:
        return
    await session.execute(_INSERT, {"outbox": as_rows(events)})
    note_published(session)


def publishing(session: AsyncSession, events: Sequence[Event]) -> list[Statement[Any]]:
    """The same for who sends it `together` with other statements; none for no events."""
    if not events:
        return []
    note_published(session)
    return [Statement(_INSERT_TOGETHER, {"outbox": as_rows(events)}, list)]


def as_rows(events: Sequence[Event]) -> str:
    """The events as `INSERT` takes them. Raises `EventTooLarge`."""
    return as_recordset([_row(event) for event in events])


def note_published(session: AsyncSession) -> None:
    """Has the relay woken once the transaction is committed."""
    ring(session, BELL)


def _row(event: Event) -> dict[str, object]:
    body = event.body
    contract = event.fact.contract
    if len(body.encode()) > EVENT_BYTES_MAX:
        raise EventTooLarge(f"{contract.event_type} of {len(body)} characters")
    return {
        "event_id": event.id,
        "topic": contract.topic.name,
        "key": event.fact.key(),
        "type": contract.event_type,
        "headers": event.headers | tracing.headers_of(event),
        "body": body,
    }
