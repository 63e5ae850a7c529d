"""Alembic's entry: this service's tables, and nobody else's."""

from intake import tables_habits, tables_imports, tables_restating, tables_texts  # noqa: F401  (their tables are on the same metadata)
from intake.tables import Tables
from shared.migrations import run

run(Tables.metadata)
