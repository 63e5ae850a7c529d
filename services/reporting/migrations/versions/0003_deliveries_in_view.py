"""Pending and dead deliveries are counted every few seconds: by an index. And a webhook carries on the trace it belongs to."""

from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.execute("CREATE INDEX ix_deliveries_pending ON deliveries (subscription, position) WHERE state = 'pending'")
    op.execute("CREATE INDEX ix_deliveries_dead ON deliveries (subscription, settled_at) WHERE state = 'dead'")
    op.execute("ALTER TABLE deliveries ADD COLUMN traceparent text")
    op.execute("COMMENT ON COLUMN deliveries.traceparent IS 'The trace it was queued in (W3C Trace Context); null outside of any.'")
