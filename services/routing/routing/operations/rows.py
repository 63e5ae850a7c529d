"""Sets of rows in one statement each: every set goes in as one JSON parameter, whatever the number of rows."""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, cast

from sqlalchemy import Table, TextClause, text
from sqlalchemy.ext.asyncio import AsyncSession

from routing.tables import Tables
from shared.database import as_recordset

Row = Mapping[str, Any]


async def put(session: AsyncSession, model: type[Tables], rows: Sequence[Row]) -> None:
    """Writes whole rows: new ones are inserted, known ones (by primary key) replaced. Columns a row doesn't name become null."""
    if rows:
        await session.execute(_put_statement(model), {"rows": _parameter(rows)})


async def put_newer(session: AsyncSession, model: type[Tables], rows: Sequence[Row], *, by: str) -> set[tuple[Any, ...]]:
    """The same, but a known row stays unless the new one's column `by` is greater, or the known one's null.

    Returns the keys of the rows written. Known rows are locked either way.
    """
    if not rows:
        return set()
    return {tuple(key) for key in await session.execute(_put_newer_statement(model, by), {"rows": _parameter(rows)})}


async def add(session: AsyncSession, model: type[Tables], rows: Sequence[Row]) -> set[tuple[Any, ...]]:
    """Inserts the rows nobody inserted before, in primary key order, and returns the keys of those; known ones stay as they are."""
    if not rows:
        return set()
    return {tuple(key) for key in await session.execute(_add_statement(model), {"rows": _parameter(rows)})}


def _parameter(rows: Sequence[Row]) -> str:
    return as_recordset([dict(row) for row in rows])


@cache
def _put_statement(model: type[Tables]) -> TextClause:
    return text(_replacement(cast("Table", model.__table__)))


@cache
def _put_newer_statement(model: type[Tables], by: str) -> TextClause:
    table = cast("Table", model.__table__)
    returning = ", ".join(f"{table.name}.{column.name}" for column in table.primary_key.columns)
    return text(f"{_replacement(table)} WHERE coalesce(excluded.{by} > {table.name}.{by}, true) RETURNING {returning}")


@cache
def _add_statement(model: type[Tables]) -> TextClause:
    table = cast("Table", model.__table__)
    return text(f"{_insertion(table)} ON CONFLICT DO NOTHING RETURNING {_key(table)}")


def _replacement(table: Table) -> str:
    replaced = ", ".join(f"{column.name} = excluded.{column.name}" for column in table.columns if not column.primary_key)
    return f"{_insertion(table)} ON CONFLICT ({_key(table)}) DO UPDATE SET {replaced}"


def _insertion(table: Table) -> str:
    columns = ", ".join(column.name for column in table.columns)
    # In key order, so that two transactions with the same rows wait for each other one way round only.
    return (
        f"INSERT INTO {table.name} ({columns}) SELECT {columns}"  # noqa: S608 - the names are our models' own
        f" FROM json_populate_recordset(NULL::{table.name}, CAST(:rows AS json)) ORDER BY {_key(table)}"
    )


def _key(table: Table) -> str:
    return ", ".join(column.name for column in table.primary_key.columns)
