"""The migrations make exactly the tables the models describe."""

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection

from intake import tables_habits, tables_imports  # noqa: F401  (their tables are on the same metadata)
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
