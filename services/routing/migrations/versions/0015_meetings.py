"""A meeting has a time, and reports keep when they were heard."""

from alembic import op

revision = "0015"
down_revision = "0013"

STATEMENTS = (
    "ALTER TABLE leads ADD COLUMN meeting_at timestamptz",
    """
    COMMENT ON COLUMN leads.meeting_at
    IS 'The time of a meeting agreed on, of which nobody told yet what came of it; null without one.'
    """,
    "ALTER TABLE reported_outcomes ADD COLUMN received_at timestamptz, ADD COLUMN meeting_at timestamptz",
    "COMMENT ON COLUMN reported_outcomes.received_at IS 'When feedback heard of it; null if that wasn''t kept yet.'",
    "COMMENT ON COLUMN reported_outcomes.meeting_at IS 'For when a meeting was booked; null: none was, or nobody said.'",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
