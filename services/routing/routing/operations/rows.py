"""Sets of rows in one statement: every set goes in as one JSON parameter, whatever the number of rows.

What ends in -ing is a statement, to be sent `together` with others; the verbs send theirs alone.
"""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, cast

from sqlalchemy import Table
from sqlalchemy.ext.asyncio import AsyncSession

from routing.tables import Tables
from shared.database import Statement, as_recordset, together

Row = dict[str, Any]
Sets = Mapping[type[Tables], Sequence[Row]]


def putting(sets: Sets, *, also: Sequence[Statement[Any]] = ()) -> list[Statement[Any]]:
    """Writes whole rows, of whatever tables: new ones are inserted, known ones (by primary key) replaced. None for no rows.

    Columns a row doesn't name become null. Rows may refer to each other: what must hold is looked at when all are there. `also` are
    other insertions, of which nothing is wanted back, for the same statement.
    """
    filled = {model: rows for model, rows in sets.items() if rows}
    if not filled:
        return list(also)
    parameters: dict[str, Any] = {model.__tablename__: as_recordset(rows) for model, rows in filled.items()}
    for each in also:
        parameters |= each.parameters
    return [Statement(_put_statement(tuple(filled), tuple(each.sql for each in also)), parameters, list)]


def adding(model: type[Tables], rows: Sequence[Row]) -> Statement[set[tuple[Any, ...]]]:
    """Inserts the rows nobody inserted before, in primary key order, and returns the keys of those; known ones stay as they are."""
    return Statement(_add_statement(model), {model.__tablename__: as_recordset(rows)}, _keys)


def holding(model: type[Tables], rows: Sequence[Row]) -> Statement[list[Any]]:
    """The rows as they are known, or as given where they are not known yet, locked in primary key order until the transaction ends."""
    return Statement(_hold_statement(model), {model.__tablename__: as_recordset(rows)}, list)


def putting_newer(model: type[Tables], rows: Sequence[Row], *, by: str) -> Statement[set[tuple[Any, ...]]]:
    """Writes rows nobody wrote before, and replaces known ones where the new one's column `by` is greater, or the known one's null.

    Returns the keys of the rows written. Known rows are locked either way.
    """
    return Statement(_put_newer_statement(model, by), {model.__tablename__: as_recordset(rows)}, _keys)


async def put(session: AsyncSession, sets: Sets) -> None:
    """See `putting`."""
    await together(session, *putting(sets))


async def add(session: AsyncSession, model: type[Tables], rows: Sequence[Row]) -> set[tuple[Any, ...]]:
    """See `adding`."""
    if not rows:
        return set()
    [added] = await together(session, adding(model, rows))
    return cast("set[tuple[Any, ...]]", added)


def _keys(rows: list[Any]) -> set[tuple[Any, ...]]:
    return {tuple(key) for key in rows}


@cache
def _put_statement(models: tuple[type[Tables], ...], also: tuple[str, ...]) -> str:
    *before, last = (*(_replacement(cast("Table", model.__table__)) for model in models), *also)
    steps = ", ".join(f"step_{number} AS ({statement})" for number, statement in enumerate(before))
    return f"WITH {steps} {last}" if steps else last


@cache
def _put_newer_statement(model: type[Tables], by: str) -> str:
    table = cast("Table", model.__table__)
    returning = ", ".join(f"{table.name}.{column.name}" for column in table.primary_key.columns)
    return f"{_replacement(table)} WHERE coalesce(excluded.{by} > {table.name}.{by}, true) RETURNING {returning}"


@cache
def _hold_statement(model: type[Tables]) -> str:
    table = cast("Table", model.__table__)
    key = next(iter(table.primary_key.columns)).name
    # An update of nothing: unlike a plain insertion it locks, and returns, a row that another transaction is writing.
    return f"{_insertion(table)} ON CONFLICT ({_key(table)}) DO UPDATE SET {key} = excluded.{key} RETURNING *"


@cache
def _add_statement(model: type[Tables]) -> str:
    table = cast("Table", model.__table__)
    return f"{_insertion(table)} ON CONFLICT DO NOTHING RETURNING {_key(table)}"


def _replacement(table: Table) -> str:
    replaced = ", ".join(f"{column.name} = excluded.{column.name}" for column in table.columns if not column.primary_key)
    return f"{_insertion(table)} ON CONFLICT ({_key(table)}) DO UPDATE SET {replaced}"


def _insertion(table: Table) -> str:
    columns = ", ".join(column.name for column in table.columns)
    # In key order, so that two transactions with the same rows wait for each other one way round only.
    return (
        f"INSERT INTO {table.name} ({columns}) SELECT {columns}"  # noqa: S608 - the names are our models' own
        f" FROM json_populate_recordset(NULL::{table.name}, CAST(%({table.name})s AS json)) ORDER BY {_key(table)}"
    )


def _key(table: Table) -> str:
    return ", ".join(column.name for column in table.primary_key.columns)
