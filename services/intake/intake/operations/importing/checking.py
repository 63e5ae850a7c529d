"""Checking a file before anything of it is applied: which rows can't be, and which say the same as one before them."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from uuid import UUID

import orjson
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from intake.imported import Identity, RefusedRow, RowReader, columns_of, identities
from intake.operations.importing.errors import keep_errors
from intake.operations.importing.file import File, hold, rows_of
from intake.operations.importing.pace import Pace
from shared.database import Database, as_recordset
from shared.tabular import HEADER, RawRow

_SPELL_ROWS = 100
_KEEP_IDENTITIES = text(
    """
    INSERT INTO import_identities (import_id, row, pointer, digest)
    SELECT :import_id, row, pointer, digest FROM json_to_recordset(CAST(:rows AS json)) AS r(row integer, pointer text, digest uuid)
    """
)
_MARK = text(
    """
    UPDATE imports SET
        bytes_checked = :mark, last_row_checked = :row, columns = CAST(:columns AS jsonb), rows_read = rows_read + :rows,
        rejected = rejected + :rejected, touched_at = :now
    WHERE id = :import_id
    """
)
# Of rows with the same identity the first may stay.
_REFUSE_REPEATED = text(
    """
    WITH repeated AS (
        INSERT INTO import_errors (import_id, row, errors)
        SELECT :import_id, row, jsonb_agg(
            jsonb_build_object('pointer', pointer, 'detail', 'is also that of row ' || first || ' of this file') ORDER BY pointer
        )
        FROM (
            SELECT row, pointer, min(row) OVER (PARTITION BY digest) AS first FROM import_identities WHERE import_id = :import_id
        ) AS compared
        WHERE row <> first
        GROUP BY row
        RETURNING row
    )
    UPDATE imports SET state = 'applying', duplicates_in_file = (SELECT count(*) FROM repeated), touched_at = :now
    WHERE id = :import_id
    """
)
_FORGET_IDENTITIES = text("DELETE FROM import_identities WHERE import_id = :import_id")


@dataclass(slots=True)
class _Checked:
    """What was found in some rows."""

    rows: int = 0
    identities: list[tuple[int, Identity]] = field(default_factory=list)
    refused: list[RefusedRow] = field(default_factory=list)


async def check(database: Database, file: File, pace: Pace, stop: asyncio.Event) -> None:
    """Checks what is behind the mark, and then compares all; or until stopped. Raises `UnreadableFile`."""
    async for rows in rows_of(database, file):
        if stop.is_set():
            return
        if rows:
            file = await _check_rows(database, file, rows, pace)
    async with database.transaction() as session:
        await _compare(session, file, now=datetime.now(UTC))


async def _check_rows(database: Database, file: File, rows: Sequence[RawRow], pace: Pace) -> File:
    if rows[0].number == HEADER and file.format == "csv":
        columns = columns_of(file.format, rows[0], file.kind)
        file, rows = replace(file, columns=columns), rows[1:]
    checked, reader = _Checked(), RowReader(file.kind, file.columns)
    for begin in range(0, len(rows), _SPELL_ROWS):
        _note(checked, reader, rows[begin : begin + _SPELL_ROWS])
        await pace.rest()
    if not rows:
        return file
    async with database.transaction() as session:
        await _keep(session, file, checked, through=rows[-1], now=datetime.now(UTC))
    return replace(file, mark=rows[-1].end, row=rows[-1].number)


def _note(checked: _Checked, reader: RowReader, rows: Sequence[RawRow]) -> None:
    for raw in rows:
        read = reader.read(raw)
        checked.rows += 1
        if isinstance(read, RefusedRow):
            checked.refused.append(read)
        else:
            checked.identities += [(read.number, identity) for identity in identities(read)]


async def _keep(session: AsyncSession, file: File, checked: _Checked, *, through: RawRow, now: datetime) -> None:
    await hold(session, file, "checking")
    staged = [{"row": number, "pointer": one.pointer, "digest": one.digest} for number, one in checked.identities]
    await session.execute(_KEEP_IDENTITIES, {"import_id": file.import_id, "rows": as_recordset(staged)})
    await keep_errors(session, file.import_id, checked.refused)
    await session.execute(
        _MARK,
        {
            "import_id": file.import_id,
            "mark": through.end,
            "row": through.number,
            "columns": None if file.columns is None else orjson.dumps(file.columns).decode(),
            "rows": checked.rows,
            "rejected": len(checked.refused),
            "now": now,
        },
    )


async def _compare(session: AsyncSession, file: File, *, now: datetime) -> None:
    await hold(session, file, "checking")
    await session.execute(_REFUSE_REPEATED, {"import_id": file.import_id, "now": now})
    await forget_identities(session, file.import_id)


async def forget_identities(session: AsyncSession, import_id: UUID) -> None:
    """What the rows of the file were identified by is needed no longer."""
    await session.execute(_FORGET_IDENTITIES, {"import_id": import_id})
