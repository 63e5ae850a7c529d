"""Reads the services' databases: whole tables as rows of evidence, streamed, in one read-only snapshot per database."""

import dataclasses
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import datetime
from typing import Any, TypeVar, get_args

import psycopg
from psycopg.rows import args_row, tuple_row

from deploy.auditor.evidence.events import Event, NoEvent, Telling, read_event
from deploy.auditor.evidence.rows import ReadAs, Row
from deploy.auditor.evidence.seams import Applied, Parked
from deploy.auditor.evidence.sightings import Searching

Connection = psycopg.AsyncConnection[Any]

_ROWS_AT_ONCE = 5_000
_CONNECT_SECONDS = 10
# What has no body is a tombstone, which says nothing.
_BOOKS = """
    SELECT 'outbox', position, event_id::text, topic, key, headers, body, queued_at FROM outbox WHERE body IS NOT NULL
    UNION ALL SELECT 'sent', position, event_id::text, topic, key, headers, body, NULL FROM sent_events
    UNION ALL SELECT 'snapshots', position, event_id::text, topic, key, headers, body, NULL FROM sent_snapshots WHERE body IS NOT NULL
"""
_TEXTS = """
    SELECT relation.relname, attribute.attname, attribute.atttypid = 'bytea'::regtype
    FROM pg_class AS relation JOIN pg_attribute AS attribute ON attribute.attrelid = relation.oid
    WHERE relation.relnamespace = 'public'::regnamespace AND relation.relkind IN ('r', 'p') AND NOT relation.relispartition
      AND attribute.attnum > 0 AND NOT attribute.attisdropped
      AND attribute.atttypid = ANY ('{text,varchar,json,jsonb,bytea,text[]}'::regtype[])
    ORDER BY relation.relname, attribute.attnum
"""

_Row = TypeVar("_Row", bound=Row)
_Tables = TypeVar("_Tables")


@asynccontextmanager
async def open_databases(urls: Mapping[str, str]) -> AsyncIterator[dict[str, Connection]]:
    """A connection per service, each in a read-only snapshot of its own database. Addresses as for psycopg or SQLAlchemy."""
    async with AsyncExitStack() as stack:
        connections = {}
        for service, url in urls.items():
            plain = url.replace("postgresql+psycopg://", "postgresql://")
            connection = await psycopg.AsyncConnection.connect(plain, connect_timeout=_CONNECT_SECONDS)
            connections[service] = await stack.enter_async_context(connection)
            await connection.set_isolation_level(psycopg.IsolationLevel.REPEATABLE_READ)
            await connection.set_read_only(True)
        yield connections


async def read_tables(connection: Connection, tables: type[_Tables]) -> _Tables:
    """All that is evidence of one service: a sequence of rows per field of `tables`."""
    return tables(**{part.name: await read_rows(connection, get_args(part.type)[0]) for part in dataclasses.fields(tables)})  # type: ignore[arg-type]


async def read_rows(connection: Connection, row: type[_Row]) -> list[_Row]:
    """A whole table."""
    columns = ", ".join(_column(part) for part in dataclasses.fields(row))  # type: ignore[arg-type]
    async with connection.cursor(name="audit", row_factory=args_row(row)) as cursor:
        cursor.itersize = _ROWS_AT_ONCE
        await cursor.execute(f"SELECT {columns} FROM {row.table}")  # noqa: S608 - our own names
        return [one async for one in cursor]


async def read_inbox(connection: Connection) -> dict[str, dict[str, datetime]]:
    """When each consumer applied each event."""
    applied: dict[str, dict[str, datetime]] = {}
    for one in await read_rows(connection, Applied):
        applied.setdefault(one.consumer, {})[one.event_id] = one.accepted_at
    return applied


async def read_parked(connection: Connection) -> list[Parked]:
    """The records a service set aside."""
    return await read_rows(connection, Parked)


async def read_books(connection: Connection, service: str, searching: Searching) -> AsyncIterator[Telling]:
    """Every event a service has to tell or has told, searched for canaries as it passes: an event is its topic, wherever it waits."""
    async with connection.cursor(name="audit", row_factory=tuple_row) as cursor:
        cursor.itersize = _ROWS_AT_ONCE
        await cursor.execute(_BOOKS)
        async for place, position, event_id, topic, key, headers, body, queued_at in cursor:
            event = _written(topic, key, headers, body)
            searching.look(f"topic.{topic}", f"{service}.{place} {event_id}", f"{key}\n{headers}\n{body}".encode())
            yield Telling(service, place, position, event, queued_at)


def _written(topic: str, key: str, headers: dict[str, str], body: str) -> Event:
    try:
        return read_event(topic=topic, key=key, headers=headers, body=body.encode())
    except NoEvent as reason:
        raise NoEvent(f"a row of the books for {topic} is no event: {reason}") from reason


async def search_tables(connection: Connection, service: str, searching: Searching) -> None:
    """Shows the search every text of every table, but for events in the books, which are searched as they are read."""
    async with connection.cursor(row_factory=tuple_row) as cursor:
        await cursor.execute(_TEXTS)
        columns = [row for row in await cursor.fetchall() if row[0] not in {"outbox", "sent_events", "sent_snapshots", "inbox"}]
    for table in sorted({table for table, _, _ in columns}):
        texts = ", ".join(
            f'"{name}"' if is_bytes else f"convert_to(\"{name}\"::text, 'UTF8')" for of, name, is_bytes in columns if of == table
        )
        async with connection.cursor(name="audit", row_factory=tuple_row) as cursor:
            cursor.itersize = _ROWS_AT_ONCE
            await cursor.execute(f'SELECT ctid::text, {texts} FROM "{table}"')  # noqa: S608 - the catalog's names
            async for where, *found in cursor:
                searching.look(f"{service}.{table}", f"row {where}", b"\n".join(bytes(one) for one in found if one is not None))


def _column(part: dataclasses.Field[Any]) -> str:
    told = get_args(part.type)
    if told and isinstance(told[-1], ReadAs):
        return told[-1].expression
    if part.type is float:
        return f"{part.name}::float8"
    return f"{part.name}::text" if part.type in (str, str | None) else part.name
