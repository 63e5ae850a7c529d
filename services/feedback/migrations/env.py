"""Tells Alembic which tables are feedback's."""

from feedback import tables
from shared.migrations import run

run(tables.Report.metadata)
