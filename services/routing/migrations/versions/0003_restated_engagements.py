"""An engagement may be told anew: the highest version stands."""

from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.execute("ALTER TABLE engagements ADD COLUMN version integer NOT NULL DEFAULT 1")
    op.execute("COMMENT ON COLUMN engagements.version IS 'Higher each time it was told anew.'")
    op.execute("COMMENT ON COLUMN engagements.event_id IS 'The event that told of it last, which causes what follows.'")
