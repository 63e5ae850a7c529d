"""What was wrong with which row, kept for whoever sent the file."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from intake.imported import RefusedRow
from shared.database import as_recordset

_KEEP = text(
    """
    INSERT INTO import_errors (import_id, row, errors)
    SELECT :import_id, row, errors FROM json_to_recordset(CAST(:rows AS json)) AS r(row integer, errors jsonb)
    """
)


async def keep_errors(session: AsyncSession, import_id: UUID, refused: Sequence[RefusedRow]) -> None:
    """Keeps what is wrong with these rows."""
    if refused:
        rows = [{"row": one.number, "errors": [error.model_dump() for error in one.errors]} for one in refused]
        await session.execute(_KEEP, {"import_id": import_id, "rows": as_recordset(rows)})
