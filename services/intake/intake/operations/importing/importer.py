"""Who takes imported files: one process at a time, one file after the other, in the order in which they were announced."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from uuid import UUID

import structlog
from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from intake.operations.erasures.ledger import ErasureLedger
from intake.operations.importing.applying import apply
from intake.operations.importing.checking import check, forget_identities
from intake.operations.importing.file import File
from intake.operations.importing.pace import Pace
from intake.operations.imports import BELL, abandon
from intake.tables import Import, ImportPart
from shared.database import Database
from shared.loops import lead, wait_for_bell
from shared.tabular import UnreadableFile

_log = structlog.get_logger()

# A file that is there whole rings in the process that got its last part; this is for those of other processes, and after a start.
_POLL_SECONDS = 2.0
_NEXT = select(Import.id).where(Import.state.in_(("checking", "applying"))).order_by(Import.created_at, Import.id).limit(1)


class Importer:
    """`run` leads until stopped; `run_once` takes the next file to its end, and says whether there was one.

    `is_busy`: whether others record deliveries in this process just now.
    """

    def __init__(self, database: Database, is_busy: Callable[[], bool], *, erasures: ErasureLedger) -> None:
        self._database = database
        self._erasures = erasures
        self._is_busy = is_busy

    async def run(self, stop: asyncio.Event) -> None:
        """Takes files until stopped, in whichever process holds the office."""

        async def work(connection: AsyncConnection) -> None:
            bell = self._database.bells[BELL]
            while not stop.is_set():
                bell.clear()
                import_id = await connection.scalar(_NEXT)
                await connection.rollback()  # it only read, and must not keep a snapshot open
                if import_id is not None:
                    await self._take(import_id, stop)
                else:
                    await self._tidy()
                    await wait_for_bell(bell, stop, at_most_seconds=_POLL_SECONDS)

        await lead(work, database=self._database, office="importer", stop=stop)

    async def run_once(self) -> bool:
        async with self._database.reading() as session:
            import_id = await session.scalar(_NEXT)
        if import_id is None:
            return False
        await self._take(import_id, asyncio.Event())
        return True

    async def _take(self, import_id: UUID, stop: asyncio.Event) -> None:
        pace = Pace(self._is_busy)
        try:
            if (standing := await self._standing(import_id)).state == "checking":
                file = File.of(standing, mark=standing.bytes_checked, row=standing.last_row_checked)
                await check(self._database, file, pace, stop)
                standing = await self._standing(import_id)
            if standing.state == "applying":
                file = File.of(standing, mark=standing.bytes_applied, row=standing.last_row_applied)
                await apply(self._database, file, pace, stop, erasures=self._erasures)
        except UnreadableFile as error:
            await self._fail(import_id, error.reason)

    async def _standing(self, import_id: UUID) -> Import:
        async with self._database.reading() as session:
            return await session.get_one(Import, import_id)

    async def _fail(self, import_id: UUID, reason: str) -> None:
        now = datetime.now(UTC)
        failed = update(Import).where(Import.id == import_id).values(state="failed", problem=reason, finished_at=now, touched_at=now)
        async with self._database.transaction() as session:
            await session.execute(failed)
            await session.execute(delete(ImportPart).where(ImportPart.import_id == import_id))
            await forget_identities(session, import_id)

    async def _tidy(self) -> None:
        async with self._database.transaction() as session:
            await abandon(session, now=datetime.now(UTC))
