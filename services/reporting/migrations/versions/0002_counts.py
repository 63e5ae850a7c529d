"""Running counts: how many events of each type there were, and how many deliveries of each subscription stand where.

Kept by triggers, so that a process of an older version that still runs while this one is rolled out is counted too.
"""

from alembic import op

revision = "0002"
down_revision = "0001"

_TABLES = (
    """
    CREATE TABLE event_counts (
        event_type text NOT NULL,
        slot integer NOT NULL,
        count bigint NOT NULL,
        CONSTRAINT pk_event_counts PRIMARY KEY (event_type, slot)
    )
    """,
    """
    CREATE TABLE delivery_counts (
        subscription text NOT NULL,
        state text NOT NULL,
        slot integer NOT NULL,
        count bigint NOT NULL,
        CONSTRAINT pk_delivery_counts PRIMARY KEY (subscription, state, slot)
    )
    """,
    "COMMENT ON COLUMN event_counts.count IS 'A slot''s part: the sum over the slots is how many there were.'",
    "COMMENT ON COLUMN delivery_counts.count IS 'A slot''s part, which may be negative: the sum over the slots is how many there are.'",
)
# Batches that run side by side would wait for each other at one row a type: each backend counts in one of eight slots.
_COUNTING = (
    """
    CREATE FUNCTION count_events() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        INSERT INTO event_counts AS known (event_type, slot, count)
        SELECT event_type, pg_backend_pid() % 8, count(*) FROM noted GROUP BY event_type ORDER BY event_type
        ON CONFLICT (event_type, slot) DO UPDATE SET count = known.count + excluded.count;
        RETURN NULL;
    END $$
    """,
    """
    CREATE FUNCTION count_queued_deliveries() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        INSERT INTO delivery_counts AS known (subscription, state, slot, count)
        SELECT subscription, state, pg_backend_pid() % 8, count(*) FROM queued GROUP BY subscription, state ORDER BY subscription, state
        ON CONFLICT (subscription, state, slot) DO UPDATE SET count = known.count + excluded.count;
        RETURN NULL;
    END $$
    """,
    """
    CREATE FUNCTION count_settled_deliveries() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        INSERT INTO delivery_counts AS known (subscription, state, slot, count)
        SELECT subscription, state, pg_backend_pid() % 8, sum(moved)
        FROM (SELECT subscription, state, 1 AS moved FROM after UNION ALL SELECT subscription, state, -1 FROM before) AS moves
        GROUP BY subscription, state HAVING sum(moved) <> 0 ORDER BY subscription, state
        ON CONFLICT (subscription, state, slot) DO UPDATE SET count = known.count + excluded.count;
        RETURN NULL;
    END $$
    """,
    """
    CREATE TRIGGER count_events AFTER INSERT ON journal
    REFERENCING NEW TABLE AS noted FOR EACH STATEMENT EXECUTE FUNCTION count_events()
    """,
    """
    CREATE TRIGGER count_queued_deliveries AFTER INSERT ON deliveries
    REFERENCING NEW TABLE AS queued FOR EACH STATEMENT EXECUTE FUNCTION count_queued_deliveries()
    """,
    """
    CREATE TRIGGER count_settled_deliveries AFTER UPDATE ON deliveries
    REFERENCING OLD TABLE AS before NEW TABLE AS after FOR EACH STATEMENT EXECUTE FUNCTION count_settled_deliveries()
    """,
)
# Making the triggers locked out every other writer, so what is counted here is what they will never see.
_WHAT_WAS_THERE = (
    "INSERT INTO event_counts SELECT event_type, 0, count(*) FROM journal GROUP BY event_type",
    "INSERT INTO delivery_counts SELECT subscription, state, 0, count(*) FROM deliveries GROUP BY subscription, state",
)


def upgrade() -> None:
    for statement in (*_TABLES, *_COUNTING, *_WHAT_WAS_THERE):
        op.execute(statement)
