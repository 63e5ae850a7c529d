"""Policies that wait for their time; ledgers that know the journey, who asked for a rep and what confirmed intent; content told anew."""

from alembic import op

revision = "0008"
down_revision = "0010"

_STATEMENTS = (
    "ALTER TABLE policies ADD COLUMN scheduled_for timestamptz",
    "ALTER TABLE policies ADD COLUMN scheduled_by text",
    "COMMENT ON COLUMN policies.scheduled_for IS 'When it is to become active, or was; null if nobody named a time.'",
    "COMMENT ON COLUMN policies.scheduled_by IS 'Who named it, and approved it by that; null if nobody named a time.'",
    "ALTER TABLE policies DROP CONSTRAINT ck_policies_state, DROP CONSTRAINT ck_policies_activation",
    """
    ALTER TABLE policies
        ADD CONSTRAINT ck_policies_state CHECK (state IN ('draft', 'scheduled', 'active', 'superseded')),
        ADD CONSTRAINT ck_policies_activation CHECK ((state IN ('draft', 'scheduled')) = (activation IS NULL)),
        ADD CONSTRAINT ck_policies_scheduled CHECK (num_nonnulls(scheduled_for, scheduled_by) IN (0, 2)),
        ADD CONSTRAINT ck_policies_scheduled_state CHECK (state <> 'scheduled' OR scheduled_for IS NOT NULL),
        ADD CONSTRAINT ck_policies_scheduled_by_another CHECK (scheduled_by <> author)
    """,
    "CREATE INDEX ix_policies_scheduled_for_waiting ON policies (scheduled_for) WHERE state = 'scheduled'",
    "COMMENT ON COLUMN policies.activation IS 'The brand''s newest is what its ledgers are to be decided by; null for a draft.'",
    "ALTER TABLE ledgers ADD COLUMN journey_stage text",
    "ALTER TABLE ledgers ADD COLUMN journey_since timestamptz",
    "ALTER TABLE ledgers ADD COLUMN journey_engagement_id text",
    "ALTER TABLE ledgers ADD COLUMN asked_at timestamptz",
    "ALTER TABLE ledgers ADD COLUMN asked_engagement_id text",
    "ALTER TABLE ledgers ADD COLUMN confirmed jsonb NOT NULL DEFAULT '{}'",
    "COMMENT ON COLUMN ledgers.journey_stage IS 'The furthest stage of content taken in; null if none was.'",
    "COMMENT ON COLUMN ledgers.journey_since IS 'When it was reached; null if none was.'",
    "COMMENT ON COLUMN ledgers.journey_engagement_id IS 'By which engagement; null if none was.'",
    "COMMENT ON COLUMN ledgers.asked_at IS 'When they last asked for a rep; null if never.'",
    "COMMENT ON COLUMN ledgers.asked_engagement_id IS 'By which engagement; null if never.'",
    "COMMENT ON COLUMN ledgers.confirmed IS 'By readiness of the policy, the last act that confirmed intent.'",
    """
    COMMENT ON COLUMN ledgers.activation
    IS 'The brand''s newest activation when it was last decided; 0 asks for a decision, -1 for a ledger made anew.'
    """,
    "ALTER TABLE ledgers ADD COLUMN row_counts jsonb",
    """
    COMMENT ON COLUMN ledgers.row_counts
    IS 'How many rows it has by rule, once there are more than are read at every engagement.'
    """,
    # With the time in it, the key finds the newest rows of a ledger, however many there are.
    "ALTER TABLE ledger_rows DROP CONSTRAINT pk_ledger_rows",
    """
    ALTER TABLE ledger_rows ADD CONSTRAINT pk_ledger_rows PRIMARY KEY (contact_id, brand_id, occurred_at, engagement_id, rule_id)
    """,
    """
    CREATE TABLE changed_assets (
        asset_id text NOT NULL,
        stated_at timestamptz NOT NULL,
        CONSTRAINT pk_changed_assets PRIMARY KEY (asset_id)
    )
    """,
    # What ledgers know besides points is found out from the engagements that are stored.
    "UPDATE ledgers SET activation = -1",
)


def upgrade() -> None:
    for statement in _STATEMENTS:
        op.execute(statement)
