"""Applying a checked file, batch by batch: each in one transaction with the mark of how far it came."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import structlog
from sqlalchemy import delete, select, text

from intake.figures import sources as figures
from intake.imported import ImportedRow, RefusedRow, RowReader
from intake.operations.erasures.ledger import ErasureLedger
from intake.operations.importing.errors import keep_errors
from intake.operations.importing.file import File, hold, rows_of
from intake.operations.importing.pace import Pace
from intake.operations.importing.taking import Taken, take
from intake.tables import ImportedRowError, ImportPart
from shared import failpoints
from shared.database import Database, is_weather
from shared.problems import FieldError
from shared.tabular import HEADER, RawRow

_log = structlog.get_logger()

# A commit and a dozen round trips are shared by as many rows; while others post, by so few that nobody waits long for a lock or for us.
_BATCH_ROWS, _BATCH_ROWS_BUSY = 500, 100
_UNRECORDABLE = FieldError("", "could not be recorded; the operator has been told")
_COUNTS = ("created", "updated", "unchanged", "accepted", "duplicate", "rejected")
_MARK = text(
    f"""
    UPDATE imports SET
        bytes_applied = :mark, last_row_applied = :row, rows_applied = rows_applied + :rows, touched_at = :now,
        {", ".join(f"{name} = {name} + :{name}" for name in _COUNTS)}
    WHERE id = :import_id
    """  # noqa: S608  (ours)
)
_FINISH = text(
    """
    UPDATE imports SET state = 'done', finished_at = :now, touched_at = :now
    WHERE id = :import_id
    """
)


@dataclass(frozen=True, slots=True)
class _Todo:
    """A row of the file whose turn it is; `read` None: it was refused when the file was checked."""

    raw: RawRow
    read: ImportedRow | None


async def apply(database: Database, file: File, pace: Pace, stop: asyncio.Event, *, erasures: ErasureLedger) -> None:
    """Applies what is behind the mark, and finishes the import; or until stopped."""
    reader = RowReader(file.kind, file.columns)
    async for rows in rows_of(database, file):
        if file.format == "csv" and rows and rows[0].number == HEADER:
            rows = rows[1:]
        refused = await _refused_before(database, file, rows)
        begin = 0
        while begin < len(rows):
            if stop.is_set():
                return
            end = begin + (_BATCH_ROWS_BUSY if pace.is_busy() else _BATCH_ROWS)
            file = await _apply(database, file, [_todo(raw, reader, refused) for raw in rows[begin:end]], erasures)
            begin = end
            await pace.rest()
    if not stop.is_set():
        await _finish(database, file)


async def _refused_before(database: Database, file: File, rows: Sequence[RawRow]) -> set[int]:
    if not rows:
        return set()
    among = ImportedRowError.row.between(rows[0].number, rows[-1].number)
    async with database.reading() as session:
        return set(await session.scalars(select(ImportedRowError.row).where(ImportedRowError.import_id == file.import_id, among)))


def _todo(raw: RawRow, reader: RowReader, refused: set[int]) -> _Todo:
    read = reader.read(raw) if raw.number not in refused else None
    return _Todo(raw, read if isinstance(read, ImportedRow) else None)


async def _apply(database: Database, file: File, todo: Sequence[_Todo], erasures: ErasureLedger) -> File:
    """Applies all of it together; halves what failed for its content until the bad row is alone, and refuses that."""
    try:
        return await _commit(database, file, todo, erasures)
    except Exception as error:
        if is_weather(error) or (len(todo) == 1 and todo[0].read is None):
            raise
        if len(todo) == 1:
            _log.error("a row of an import can't be recorded", import_id=str(file.import_id), row=todo[0].raw.number, exc_info=error)
            return await _commit(database, file, todo, erasures, is_recordable=False)
    middle = len(todo) // 2
    file = await _apply(database, file, todo[:middle], erasures)
    return await _apply(database, file, todo[middle:], erasures)


async def _commit(database: Database, file: File, todo: Sequence[_Todo], erasures: ErasureLedger, *, is_recordable: bool = True) -> File:
    now, last = datetime.now(UTC), todo[-1].raw
    rows = [one.read for one in todo if one.read is not None]
    async with database.transaction() as session:
        await hold(session, file, "applying")
        taken = await take(session, file, rows, erasures=erasures, now=now) if is_recordable else _unrecordable(rows)
        await keep_errors(session, file.import_id, taken.refused)
        counts = {name: taken.counts.get(name, 0) for name in _COUNTS}
        mark = {"import_id": file.import_id, "mark": last.end, "row": last.number, "rows": len(todo), "now": now}
        await session.execute(_MARK, {**mark, **counts})
        failpoints.reach("import.committing")
    failpoints.reach("import.committed")
    figures.IMPORT_ROWS.labels(file.kind).inc(len(todo))
    return replace(file, mark=last.end, row=last.number)


def _unrecordable(rows: Sequence[ImportedRow]) -> Taken:
    return Taken({"rejected": len(rows)}, [RefusedRow(row.number, [_UNRECORDABLE]) for row in rows])


async def _finish(database: Database, file: File) -> None:
    async with database.transaction() as session:
        await hold(session, file, "applying")
        await session.execute(_FINISH, {"import_id": file.import_id, "now": datetime.now(UTC)})
        await session.execute(delete(ImportPart).where(ImportPart.import_id == file.import_id))
