"""Alembic's entry: this service's tables, and nobody else's."""

from intake import (  # noqa: F401  (their tables are on the same metadata)
    tables_catalog,
    tables_habits,
    tables_imports,
    tables_people,
    tables_restating,
    tables_texts,
)
from intake.tables import Tables
from shared.migrations import run

run(Tables.metadata)
