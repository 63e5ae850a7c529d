"""The outbox: an event leaves only by being inserted in the transaction that made it true."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from shared import tracing
from shared.database import Statement, as_recordset, drivers_form, ring
from shared.events import Event, Topic
from shared.ids import new_id

# Kafka refuses records over a megabyte for good; refusing here keeps the outbox free of what could never leave.
EVENT_BYTES_MAX = 900_000

INSERT = """
    INSERT INTO outbox (event_id, topic, key, type, headers, body)
    SELECT event_id, topic, key, type, headers, body
    FROM json_to_recordset(CAST(:outbox AS json))
        AS r(event_id uuid, topic text, key text, type text, headers jsonb, body text)
    {only}
"""
"""For who writes state and events in one statement: `:outbox` are `as_rows(events)`, `only` may be a WHERE, and `BELL` is rung."""

_INSERT = text(INSERT.format(only=""))
_INSERT_TOGETHER = drivers_form(INSERT.format(only=""))

# What waits goes before what could be sent again: a relay may be moving it from the one to the other.
_FORGET_WAITING = text("DELETE FROM outbox WHERE topic = :topic AND key = ANY (CAST(:keys AS text[]))")
_FORGET_SENT = text("DELETE FROM sent_snapshots WHERE topic = :topic AND key = ANY (CAST(:keys AS text[]))")
_TOMBSTONES = text(
    """
    INSERT INTO outbox (event_id, topic, key, type, headers, body)
    SELECT event_id, :topic, key, :type, headers, NULL
    FROM json_to_recordset(CAST(:rows AS json)) AS r(event_id uuid, key text, headers jsonb)
    """
)

TOMBSTONE = "tombstone"
"""The type of a record that is no event: it has a key and no value, and ends what a compacted topic says of that key."""

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


async def forget_waiting(session: AsyncSession, topic: Topic, keys: Sequence[str]) -> None:
    """Takes what waits to be said of these keys out of the outbox. Where the relay is moving it, this waits until it has left, or stays."""
    await session.execute(_FORGET_WAITING, {"topic": topic.name, "keys": list(keys)})


async def bury(session: AsyncSession, topic: Topic, keys: Sequence[str]) -> None:
    """Ends what a compacted topic says of these keys, by a tombstone each; nothing said of them before can be sent again.

    The caller sees to it that nobody says anything more of them.
    """
    if not topic.compacted:
        raise ValueError(f"{topic.name} is not compacted: a tombstone would end nothing")
    await forget_waiting(session, topic, keys)
    await session.execute(_FORGET_SENT, {"topic": topic.name, "keys": list(keys)})
    rows = [{"event_id": event_id, "key": key, "headers": _tombstone_headers(event_id)} for key in keys for event_id in [new_id()]]
    await session.execute(_TOMBSTONES, {"topic": topic.name, "type": TOMBSTONE, "rows": as_recordset(rows)})
    note_published(session)


def as_rows(events: Sequence[Event]) -> str:
    """The events as `INSERT` takes them. Raises `EventTooLarge`."""
    return as_recordset([_row(event) for event in events])


def note_published(session: AsyncSession) -> None:
    """Has the relay woken once the transaction is committed."""
    ring(session, BELL)


def _tombstone_headers(event_id: UUID) -> dict[str, str]:
    return {"ce_specversion": "1.0", "ce_id": str(event_id), "ce_type": TOMBSTONE}


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
