"""Several statements as one: one snapshot, one plan, one answer, whatever their number."""

import re
from collections import namedtuple
from collections.abc import Callable, Sequence
from functools import cache
from itertools import pairwise
from typing import Any

from psycopg.rows import RowMaker

from shared.database import Statement

_END = "|"
"""Ends the columns of a statement; true in each of its rows, and so null where it has none."""

_PARAMETER = re.compile(r"%\((\w+)\)s")
_WRITES = re.compile(r"\s*(INSERT|UPDATE|DELETE)\b")


def at_once(*statements: Statement[Any]) -> Statement[list[Any]]:
    """What is read of each, in order: reads, and writes that return something. Rows are locked in that order too.

    All see the same moment, from before any of them: none may rest on what another one writes, or waited for.
    """
    parameters = {f"{number}_{name}": value for number, each in enumerate(statements) for name, value in each.parameters.items()}

    def read_all(found: list[tuple[int, Any]]) -> list[Any]:
        rows: list[list[Any]] = [[] for _ in statements]
        for number, row in found:
            if row is not None:
                rows[number].append(row)
        return [each.read(of_each) for each, of_each in zip(statements, rows, strict=True)]

    return Statement(_joined(tuple(each.sql for each in statements)), parameters, read_all, rows=_row_maker)


@cache
def _joined(statements: tuple[str, ...]) -> str:
    """Each row is one of one statement: which one comes first, the columns of all others are null.

    OFFSET 0 keeps each a subquery of its own, which is not even begun for the rows of the others, and keeps its order.
    """
    numbered = [_PARAMETER.sub(rf"%({number}_\1)s", sql) for number, sql in enumerate(statements)]
    writes = [f"write_{number} AS ({sql})" for number, sql in enumerate(numbered) if _WRITES.match(sql)]
    found = [f"SELECT * FROM write_{number}" if _WRITES.match(sql) else sql for number, sql in enumerate(numbered)]  # noqa: S608
    joined = [
        f'LEFT JOIN LATERAL (SELECT found.*, true AS "{_END}" FROM ({sql}) AS found WHERE statement_number = {number} OFFSET 0)'  # noqa: S608
        f" AS part_{number} ON true"
        for number, sql in enumerate(found)
    ]
    columns = ", ".join(f"part_{number}.*" for number in range(len(statements)))
    query = f"SELECT statement_number, {columns} FROM generate_series(0, {len(statements) - 1}) AS statement_number {' '.join(joined)}"  # noqa: S608
    return f"WITH {', '.join(writes)} {query}" if writes else query


def _row_maker(cursor: Any) -> RowMaker[tuple[int, Any]]:
    """Makes (number of the statement, its row by the names of its columns) of a row; None where it returned nothing."""
    result = cursor.pgresult
    parts = _parts(tuple([result.fname(place) for place in range(result.nfields)]))

    def make(values: Sequence[Any]) -> tuple[int, Any]:
        columns, end, row_of = parts[values[0]]
        return values[0], row_of(values[columns]) if values[end] else None

    return make


@cache
def _parts(names: tuple[bytes, ...]) -> list[tuple[slice, int, Callable[[Sequence[Any]], Any]]]:
    """Of each statement: where its columns are, where its end, and what makes a row of them."""
    decoded = [name.decode() for name in names]
    ends = [0, *(place for place, name in enumerate(decoded) if name == _END)]
    return [(slice(after + 1, end), end, _row_of(decoded[after + 1 : end])) for after, end in pairwise(ends)]


def _row_of(names: Sequence[str]) -> Callable[[Sequence[Any]], Any]:
    row: Any = namedtuple("Row", names, rename=True)  # type: ignore[misc]  # noqa: PYI024 - its columns are known when it is read
    make: Callable[[Sequence[Any]], Any] = row._make
    return make
