"""What each source posts hour by hour, so that its silence can be told from its habit."""

from alembic import op

revision = "0010"
down_revision = "0009"

_STATEMENTS = (
    """
    CREATE TABLE source_hours (
        source text NOT NULL,
        hour timestamptz NOT NULL,
        receipts integer NOT NULL,
        accepted integer NOT NULL,
        duplicate integer NOT NULL,
        ignored integer NOT NULL,
        rejected integer NOT NULL,
        CONSTRAINT pk_source_hours PRIMARY KEY (source, hour)
    )
    """,
    """
    CREATE TABLE source_watches (
        source text NOT NULL,
        counted_until timestamptz NOT NULL,
        last_at timestamptz,
        expected_gap_seconds double precision,
        quiet_since timestamptz,
        CONSTRAINT pk_source_watches PRIMARY KEY (source)
    )
    """,
    "COMMENT ON COLUMN source_watches.last_at IS 'When it posted last; null if it never did.'",
    "COMMENT ON COLUMN source_watches.expected_gap_seconds IS 'Null: it has no habit at this time of the week.'",
    "COMMENT ON COLUMN source_watches.quiet_since IS 'Null: it isn''t.'",
)


def upgrade() -> None:
    for statement in _STATEMENTS:
        op.execute(statement)
