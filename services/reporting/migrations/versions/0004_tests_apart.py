"""What only a test told is on record, and counted apart. A process of an older version tells nothing of it: it counts as before."""

from alembic import op

revision = "0004"
down_revision = "0003"

_STATEMENTS = (
    "ALTER TABLE journal ADD COLUMN is_test boolean NOT NULL DEFAULT false",
    "COMMENT ON COLUMN journal.is_test IS 'On record, and counted in no figure.'",
    "ALTER TABLE event_counts ADD COLUMN tests bigint NOT NULL DEFAULT 0",
    "COMMENT ON COLUMN event_counts.tests IS 'Of these, what only a test told.'",
    """
    CREATE OR REPLACE FUNCTION count_events() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        INSERT INTO event_counts AS known (event_type, slot, count, tests)
        SELECT event_type, pg_backend_pid() % 8, count(*), count(*) FILTER (WHERE is_test)
        FROM noted GROUP BY event_type ORDER BY event_type
        ON CONFLICT (event_type, slot) DO UPDATE SET count = known.count + excluded.count, tests = known.tests + excluded.tests;
        RETURN NULL;
    END $$
    """,
)


def upgrade() -> None:
    for statement in _STATEMENTS:
        op.execute(statement)
