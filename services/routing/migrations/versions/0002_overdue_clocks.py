"""Overdue clocks are counted every few seconds: by an index."""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.execute("CREATE INDEX ix_clocks_due_at_unmet ON clocks (due_at) WHERE state IN ('running', 'warned', 'breached')")
