"""Clocks of three kinds, which are paused, ended and escalated."""

from alembic import op

revision = "0010"
down_revision = "0011"

STATEMENTS = (
    """
    ALTER TABLE clocks
        ADD COLUMN holidays text NOT NULL DEFAULT 'not_kept',
        ADD COLUMN reroutes integer NOT NULL DEFAULT 0,
        ADD COLUMN escalated_at timestamptz,
        ADD COLUMN late_seconds double precision,
        ADD COLUMN paused_at timestamptz,
        ADD COLUMN paused_until timestamptz,
        ADD COLUMN paused_seconds double precision NOT NULL DEFAULT 0,
        ADD COLUMN excused_seconds double precision NOT NULL DEFAULT 0,
        ADD COLUMN ended_at timestamptz,
        ADD COLUMN reason text,
        DROP CONSTRAINT ck_clocks_state
    """,
    # What was called paused had ended with its lead.
    """
    UPDATE clocks SET state = 'ended', ended_at = coalesce(leads.ended_at, now()), reason = 'lead_ended'
    FROM leads WHERE leads.id = clocks.lead_id AND clocks.state = 'paused'
    """,
    # Nothing followed from a second period until now: breached clocks of leads somebody owns are looked at once more.
    """
    UPDATE clocks SET next_at = extended_due_at
    FROM leads WHERE leads.id = clocks.lead_id AND clocks.state = 'breached' AND leads.rep_id IS NOT NULL AND leads.ended_at IS NULL
    """,
    "ALTER TABLE clocks ADD CONSTRAINT ck_clocks_kind CHECK (kind IN ('first_outreach', 'follow_up', 'report'))",
    "ALTER TABLE clocks ADD CONSTRAINT ck_clocks_state CHECK (state IN ('running', 'warned', 'breached', 'met', 'paused', 'ended'))",
    "ALTER TABLE clocks ADD CONSTRAINT ck_clocks_paused CHECK ((state = 'paused') = (paused_at IS NOT NULL))",
    "ALTER TABLE clocks ADD CONSTRAINT ck_clocks_ended CHECK ((state = 'ended') = (ended_at IS NOT NULL))",
    "ALTER TABLE clocks ADD CONSTRAINT ck_clocks_reason CHECK ((state IN ('paused', 'ended')) = (reason IS NOT NULL))",
    "COMMENT ON COLUMN clocks.escalated_at IS 'Null until the end of the one more period was acted upon.'",
    "COMMENT ON COLUMN clocks.late_seconds IS 'Open seconds; null unless it was met after its due time.'",
    "COMMENT ON COLUMN clocks.paused_at IS 'Null unless it is paused.'",
    "COMMENT ON COLUMN clocks.paused_until IS 'Null: until somebody resumes it.'",
    "COMMENT ON COLUMN clocks.ended_at IS 'Null unless it ended without being met.'",
    "COMMENT ON COLUMN clocks.reason IS 'Why it is paused, or ended; null otherwise.'",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
