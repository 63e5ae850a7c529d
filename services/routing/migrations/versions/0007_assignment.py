"""Leads on the call plan, turns in pools, assignments in a sentence, and leads that are decided again when the field force changes."""

from alembic import op

revision = "0007"
down_revision = "0006"

_STATEMENTS = (
    "ALTER TABLE leads ADD COLUMN kind text NOT NULL DEFAULT 'off_plan', ADD COLUMN previous_rep_id text",
    "ALTER TABLE leads ADD CONSTRAINT ck_leads_kind CHECK (kind IN ('on_plan', 'off_plan'))",
    "ALTER TABLE leads DROP CONSTRAINT ck_leads_waiting_without_owner",
    "ALTER TABLE leads ADD CONSTRAINT ck_leads_waiting_without_owner CHECK (waiting_since IS NULL OR rep_id IS NULL)",
    """
    CREATE INDEX ix_leads_tried_in_round_before_contact ON leads (tried_in_round)
    WHERE ended_at IS NULL AND stage IN ('assigned', 'accepted')
    """,
    "COMMENT ON COLUMN leads.kind IS 'Whether the contact was on the brand''s call plan when it qualified.'",
    "COMMENT ON COLUMN leads.previous_rep_id IS 'Who had it, of a lead that waits; null if nobody, or if they gave it back.'",
    "ALTER TABLE decision_records ADD COLUMN sentence text",
    "COMMENT ON COLUMN decision_records.sentence IS 'An assignment, in words for a rep; null where nobody was looked for.'",
    """
    CREATE TABLE pool_rotations (
        pool_id text NOT NULL,
        brand_id text NOT NULL,
        document jsonb NOT NULL,
        CONSTRAINT pk_pool_rotations PRIMARY KEY (pool_id, brand_id)
    )
    """,
    "ALTER TABLE queue_rounds ADD COLUMN field_force uuid NOT NULL DEFAULT gen_random_uuid()",
    """
    CREATE TABLE reroutes (
        scope text NOT NULL,
        rep_id text NOT NULL,
        round integer NOT NULL,
        asked_at timestamptz NOT NULL,
        CONSTRAINT pk_reroutes PRIMARY KEY (scope, rep_id),
        CONSTRAINT ck_reroutes_scope CHECK (scope IN ('rep', 'territories')),
        CONSTRAINT ck_reroutes_rep CHECK ((scope = 'rep') = (rep_id <> ''))
    )
    """,
)


def upgrade() -> None:
    for statement in _STATEMENTS:
        op.execute(statement)
