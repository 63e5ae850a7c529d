"""Simulations: their record, and a way to find the engagements of a window that costs a consumer next to nothing."""

from alembic import op

revision = "0009"
down_revision = "0012"

UPGRADE = (
    """
    CREATE TABLE simulations (
        id uuid NOT NULL,
        brand_id text NOT NULL,
        candidate_version text NOT NULL,
        active_version text,
        begins_at timestamptz NOT NULL,
        ends_at timestamptz NOT NULL,
        requested_by text NOT NULL,
        requested_at timestamptz NOT NULL,
        state text NOT NULL,
        attempt integer NOT NULL,
        alive_at timestamptz,
        engagements integer,
        replayed integer NOT NULL,
        started_at timestamptz,
        ended_at timestamptz,
        failure text,
        result jsonb,
        CONSTRAINT pk_simulations PRIMARY KEY (id),
        CONSTRAINT ck_simulations_state CHECK (state IN ('queued', 'running', 'done', 'failed', 'cancelled')),
        CONSTRAINT ck_simulations_result CHECK ((state = 'done') = (result IS NOT NULL)),
        CONSTRAINT ck_simulations_failure CHECK ((state = 'failed') = (failure IS NOT NULL)),
        CONSTRAINT ck_simulations_window CHECK (begins_at < ends_at)
    )
    """,
    "COMMENT ON COLUMN simulations.active_version IS 'Null: no version was active where the candidate would apply.'",
    "COMMENT ON COLUMN simulations.attempt IS 'Which of its beginnings goes on: it begins anew where its process ended.'",
    "COMMENT ON COLUMN simulations.alive_at IS 'When whoever works on it last said so; null before it was begun.'",
    "COMMENT ON COLUMN simulations.engagements IS 'Those of the window; null until they are counted.'",
    "COMMENT ON COLUMN simulations.replayed IS 'How many of them were replayed.'",
    "COMMENT ON COLUMN simulations.started_at IS 'Null before it was begun.'",
    "COMMENT ON COLUMN simulations.ended_at IS 'Null until it is done, has failed or was cancelled.'",
    "COMMENT ON COLUMN simulations.failure IS 'Null unless it failed.'",
    "COMMENT ON COLUMN simulations.result IS 'Null unless it is done.'",
    "CREATE INDEX ix_simulations_requested_at_id ON simulations (requested_at, id)",
    "CREATE INDEX ix_simulations_requested_at_unfinished ON simulations (requested_at) WHERE state IN ('queued', 'running')",
    """
    CREATE TABLE simulated_decisions (
        simulation_id uuid NOT NULL,
        position integer NOT NULL,
        contact_id text NOT NULL,
        document jsonb NOT NULL,
        CONSTRAINT pk_simulated_decisions PRIMARY KEY (simulation_id, position),
        CONSTRAINT fk_simulated_decisions_simulation_id FOREIGN KEY (simulation_id) REFERENCES simulations (id) ON DELETE CASCADE
    )
    """,
    "CREATE INDEX ix_simulated_decisions_contact_id ON simulated_decisions (contact_id)",
    # Engagements come nearly in the order of time, so ranges of blocks tell where a window lies.
    "CREATE INDEX ix_engagements_occurred_at ON engagements USING brin (occurred_at)",
)


def upgrade() -> None:
    for statement in UPGRADE:
        op.execute(statement)
