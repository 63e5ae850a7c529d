"""The file of an import, read back as it came, and cut into rows from wherever one stopped."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from intake.imported import ImportKind
from intake.tables import Import
from shared.database import Database
from shared.events.engagements import EngagementFlag
from shared.tabular import Cutter, Format, RawRow

# What is held of a file at a time, beside the rows of a batch.
_SLICE_BYTES = 1024 * 1024
_SLICE = text(
    """
    SELECT substr(content, CAST(:at - start + 1 AS integer), :bytes) FROM import_parts
    WHERE import_id = :import_id AND start <= :at ORDER BY start DESC LIMIT 1
    """
)

_HOLD = {
    "checking": text("SELECT 1 FROM imports WHERE id = :import_id AND state = 'checking' AND bytes_checked = :mark FOR NO KEY UPDATE"),
    "applying": text("SELECT 1 FROM imports WHERE id = :import_id AND state = 'applying' AND bytes_applied = :mark FOR NO KEY UPDATE"),
}


class Overtaken(ConnectionError):
    """Somebody else has gone on with this import meanwhile: there, not here, it goes on."""


@dataclass(frozen=True, slots=True)
class File:
    """A file that is there whole. `mark` and `row`: the byte and the row up to which the work at hand has come."""

    import_id: UUID
    kind: ImportKind
    format: Format
    flags: tuple[EngagementFlag, ...]
    columns: Sequence[str] | None
    size: int
    mark: int
    row: int | None

    @classmethod
    def of(cls, standing: Import, *, mark: int, row: int | None) -> "File":
        """The file of that import."""
        return cls(
            import_id=standing.id,
            kind=standing.kind,  # type: ignore[arg-type]  # a check of the table's
            format=standing.format,  # type: ignore[arg-type]
            flags=tuple(standing.flags),
            columns=standing.columns,
            size=standing.bytes_received,
            mark=mark,
            row=row,
        )


async def rows_of(database: Database, file: File) -> AsyncIterator[list[RawRow]]:
    """The rows behind the mark, slice by slice. Raises `UnreadableFile`."""
    cutter, at = Cutter(file.format, number=file.row, at=file.mark), file.mark
    while at < file.size:
        async with database.reading() as session:
            piece = await session.scalar(_SLICE, {"import_id": file.import_id, "at": at, "bytes": _SLICE_BYTES})
        if not piece:
            raise Overtaken("a part of the file is gone")
        at += len(piece)
        yield list(cutter.cut(piece))
    if (last := cutter.rest()) is not None:
        yield [last]


async def hold(session: AsyncSession, file: File, state: Literal["checking", "applying"]) -> None:
    """Has nobody else go on with the import until the transaction ends. Raises `Overtaken` if it stands at the mark no longer."""
    if await session.scalar(_HOLD[state], {"import_id": file.import_id, "mark": file.mark}) is None:
        raise Overtaken("somebody else has gone on with the file")
