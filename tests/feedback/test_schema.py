"""The migrated database is what the models say."""

from typing import Any

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection

from feedback import tables
from shared.migrations import SEAM_TABLES
from tests.feedback.conftest import Feedback


def _differences(connection: Connection) -> list[Any]:
    def is_ours(_: object, name: str | None, kind: str, *__: object) -> bool:
        return not (kind == "table" and name is not None and (name in SEAM_TABLES or name.startswith(("sent_events", "alembic"))))

    context = MigrationContext.configure(connection, opts={"include_object": is_ours, "compare_type": True})
    return list(compare_metadata(context, tables.Report.metadata))


async def test_the_migration_makes_what_the_models_say(feedback: Feedback) -> None:
    async with feedback.service.database.engine.connect() as connection:
        assert await connection.run_sync(_differences) == []
