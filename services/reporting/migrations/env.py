"""Applies reporting's revisions."""

from reporting import tables
from shared.migrations import run

run(tables.Tables.metadata)
