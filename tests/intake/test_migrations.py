"""The migrations make exactly the tables the models describe."""

import asyncio
import os
import sys
from collections.abc import Callable

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, create_engine, text

from intake.tables import Tables
from shared.migrations import SEAM_TABLES
from tests.intake.conftest import Intake


def differences(connection: Connection) -> list[object]:
    def is_ours(_: object, name: str | None, kind: str, *__: object) -> bool:
        return kind != "table" or (not (name or "").startswith(("sent_events", "alembic")) and name not in SEAM_TABLES)

    context = MigrationContext.configure(connection, opts={"include_object": is_ours, "compare_type": True})
    return list(compare_metadata(context, Tables.metadata))


async def test_models_and_migrations_agree(intake: Intake) -> None:
    async with intake.service.database.engine.connect() as connection:
        assert await connection.run_sync(differences) == []


async def test_two_who_migrate_at_once_both_come_through(intake: Intake, new_database: Callable[..., str]) -> None:
    """Indexes are built beside others' work, for which they wait until every statement has ended that began before."""
    url = new_database(None)
    environment = {**os.environ, "FULLCIRCLE_DATABASE_URL": url}
    command = (sys.executable, "-m", "intake", "migrate")
    migrating = [await asyncio.create_subprocess_exec(*command, env=environment) for _ in range(2)]
    assert [await process.wait() for process in migrating] == [0, 0]
    assert await asyncio.to_thread(_indexes_of_receipts, url) >= {"ix_receipts_rejected", "ix_receipts_conflict"}


def _indexes_of_receipts(url: str) -> set[str]:
    engine = create_engine(url)
    try:
        with engine.connect() as connection:
            rows = connection.execute(
                text("SELECT indexrelid::regclass::text AS name FROM pg_index WHERE indrelid = 'receipts'::regclass AND indisvalid")
            )
            return {row.name for row in rows}
    finally:
        engine.dispose()
