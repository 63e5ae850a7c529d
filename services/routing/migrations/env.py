"""Tells Alembic which tables are routing's."""

from routing.tables import Tables
from shared.migrations import run

run(Tables.metadata)
