"""Alembic's entry: this service's tables, and nobody else's."""

from intake.tables import Tables
from shared.migrations import run

run(Tables.metadata)
