"""Imports as their sender sees them: begun, received part by part, watched, and asked what was wrong with which row."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import orjson
from sqlalchemy import delete, func, select, text, tuple_, update
from sqlalchemy.ext.asyncio import AsyncSession

from intake.imported import ImportKind
from intake.tables import Import, ImportedRowError, ImportPart
from shared.database import Database, ring
from shared.tabular import Format

BELL = "imports"
"""Rings when a file is there whole."""

CONTENT_BYTES_MAX: Final = 4 * 1024**3
"""A million contacts are half a gigabyte."""
UNFINISHED_MAX: Final = 100
"""What waits for its turn, and for its sender, takes disk."""
ABANDONED_AFTER: Final = timedelta(days=7)

_ERRORS_AT_ONCE = 2_000
_UNFINISHED = Import.state.in_(("receiving", "checking", "applying"))
_BEGIN = text(
    """
    INSERT INTO imports (id, kind, format, name, flags, state, created_at, touched_at, bytes_total)
    VALUES (:id, :kind, :format, :name, CAST(:flags AS jsonb), 'receiving', :now, :now, :bytes_total)
    """
)


class TooManyUnfinished(Exception):
    """As many imports wait as may."""


class NotThere(Exception):
    """There is no import of that id."""


class WrongPlace(Exception):
    """The part doesn't continue what is there. `received`: where it goes on; None if no part is waited for any longer."""

    def __init__(self, received: int | None) -> None:
        super().__init__(received)
        self.received = received


class TooLarge(Exception):
    """The file is larger than was announced, or than any may be; or it is said to end before that."""


@dataclass(frozen=True, slots=True)
class NewImport:
    """What is announced of a file."""

    id: UUID
    kind: ImportKind
    format: Format
    name: str | None
    flags: Sequence[str]
    bytes_total: int | None


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a file. `is_last`: nothing follows it."""

    start: int
    content: bytes
    is_last: bool


async def begin(session: AsyncSession, new: NewImport, *, now: datetime) -> Import:
    """Waits for a file from now on. Raises `TooManyUnfinished`."""
    unfinished = await session.scalar(select(func.count()).select_from(Import).where(_UNFINISHED))
    if (unfinished or 0) >= UNFINISHED_MAX:
        raise TooManyUnfinished
    await session.execute(
        _BEGIN,
        {
            "id": new.id,
            "kind": new.kind,
            "format": new.format,
            "name": new.name,
            "flags": orjson.dumps(list(new.flags)).decode(),
            "now": now,
            "bytes_total": new.bytes_total,
        },
    )
    return await found(session, new.id)


async def receive(session: AsyncSession, import_id: UUID, part: Part, *, now: datetime) -> Import:
    """Keeps a part that continues what is there; the same part again changes nothing. Raises `NotThere`, `WrongPlace`, `TooLarge`."""
    standing = await session.get(Import, import_id, with_for_update={"key_share": True})
    if standing is None:
        raise NotThere
    if part.start != standing.bytes_received or standing.state != "receiving":
        if await _is_there(session, import_id, part):
            return standing
        raise WrongPlace(standing.bytes_received if standing.state == "receiving" else None)
    end = part.start + len(part.content)
    announced = standing.bytes_total if standing.bytes_total is not None else CONTENT_BYTES_MAX
    if end > announced or (part.is_last and standing.bytes_total not in (None, end)):
        raise TooLarge
    if part.content:
        session.add(ImportPart(import_id=import_id, start=part.start, content=part.content))
    standing.bytes_received, standing.touched_at = end, now
    if part.is_last:
        standing.state = "checking"
        ring(session, BELL)
    await session.flush()
    return standing


async def _is_there(session: AsyncSession, import_id: UUID, part: Part) -> bool:
    """Whether it is the very part that began there: its sender didn't hear our answer."""
    same = select(ImportPart.content == part.content).where(ImportPart.import_id == import_id, ImportPart.start == part.start)
    return bool(part.content) and await session.scalar(same) is True


async def found(session: AsyncSession, import_id: UUID) -> Import:
    """The import of that id. Raises `NotThere`."""
    standing = await session.get(Import, import_id)
    if standing is None:
        raise NotThere
    return standing


async def list_imports(session: AsyncSession, *, after: tuple[datetime, UUID] | None, limit: int) -> Sequence[Import]:
    """Imports, newest first."""
    query = select(Import).order_by(Import.created_at.desc(), Import.id.desc()).limit(limit)
    if after is not None:
        query = query.where(tuple_(Import.created_at, Import.id) < tuple_(*after))
    return (await session.scalars(query)).all()


async def error_lines(database: Database, import_id: UUID) -> AsyncIterator[bytes]:
    """The rows that were not taken, by number, as NDJSON: read in pages, since there may be a million."""
    after = -1
    while True:
        page = (
            select(ImportedRowError.row, ImportedRowError.errors)
            .where(ImportedRowError.import_id == import_id, ImportedRowError.row > after)
            .order_by(ImportedRowError.row)
            .limit(_ERRORS_AT_ONCE)
        )
        async with database.reading() as session:
            rows = (await session.execute(page)).all()
        if rows:
            yield b"".join(orjson.dumps({"row": row.row, "errors": row.errors}) + b"\n" for row in rows)
            after = rows[-1].row
        if len(rows) < _ERRORS_AT_ONCE:
            return


async def abandon(session: AsyncSession, *, now: datetime) -> None:
    """Gives up files whose last part came long ago, and what came of them."""
    given_up = (
        update(Import)
        .where(Import.state == "receiving", Import.touched_at < now - ABANDONED_AFTER)
        .values(state="failed", problem=f"No part of it came for {ABANDONED_AFTER.days} days.", finished_at=now)
        .returning(Import.id)
    )
    ids = (await session.scalars(given_up)).all()
    if ids:
        await session.execute(delete(ImportPart).where(ImportPart.import_id.in_(ids)))
