"""Leads are held, recycled with a date and merged; what reps reported is kept, so that it counts alike in any order."""

from alembic import op

revision = "0011"
down_revision = "0009"

STATEMENTS = (
    """
    ALTER TABLE leads
        ADD COLUMN nurture_held_for text[] NOT NULL DEFAULT '{}',
        ADD COLUMN owned_from text,
        ADD COLUMN held_from text,
        ADD COLUMN held_until timestamptz,
        ADD COLUMN track text,
        ADD COLUMN resume_on date,
        ADD COLUMN merged_into_lead_id uuid
    """,
    # What was reported until now is in the stage alone, so that is where its owner is taken to have got it.
    """
    UPDATE leads SET owned_from = CASE WHEN stage IN ('mql', 'recycled', 'disqualified') THEN 'assigned' ELSE stage END
    WHERE rep_id IS NOT NULL
    """,
    "UPDATE leads SET track = 'general' WHERE stage = 'recycled'",
    "ALTER TABLE leads ADD CONSTRAINT ck_leads_held CHECK ((held_from IS NULL) = (stage <> 'on_hold'))",
    "ALTER TABLE leads ADD CONSTRAINT ck_leads_held_until CHECK (held_until IS NULL OR stage = 'on_hold')",
    "ALTER TABLE leads ADD CONSTRAINT ck_leads_recycled CHECK ((track IS NULL AND resume_on IS NULL) OR stage = 'recycled')",
    "ALTER TABLE leads ADD CONSTRAINT ck_leads_merged CHECK (merged_into_lead_id IS NULL OR stage = 'disqualified')",
    "CREATE INDEX ix_leads_held_until_held ON leads (held_until, id) WHERE held_until IS NOT NULL",
    "CREATE INDEX ix_leads_resume_on_returning ON leads (resume_on, id) WHERE resume_on IS NOT NULL",
    "COMMENT ON COLUMN leads.nurture_held_for IS 'Under which of the person''s ids automation was told to hold because of it.'",
    "COMMENT ON COLUMN leads.owned_from IS 'The stage at which its owner got it; null without one.'",
    "COMMENT ON COLUMN leads.held_from IS 'The stage it goes on from; null unless it is on hold.'",
    "COMMENT ON COLUMN leads.held_until IS 'When it goes on by itself; null: when somebody says so, or it is not on hold.'",
    "COMMENT ON COLUMN leads.track IS 'Where marketing goes on with the person; null unless recycled.'",
    "COMMENT ON COLUMN leads.resume_on IS 'The day (UTC) on which a new lead opens by itself; null: on none, or it was tried.'",
    """
    COMMENT ON COLUMN leads.merged_into_lead_id
    IS 'The lead of the same person that goes on instead; null unless it was closed as merged.'
    """,
    "ALTER TABLE decision_records ADD COLUMN by_sub text",
    "COMMENT ON COLUMN decision_records.by_sub IS 'Who decided it by hand; null: the rules did.'",
    """
    CREATE TABLE reported_outcomes (
        lead_id uuid NOT NULL,
        report_id text NOT NULL,
        rep_id text NOT NULL,
        owned_since timestamptz NOT NULL,
        code text NOT NULL,
        reason_code text,
        occurred_at timestamptz NOT NULL,
        CONSTRAINT pk_reported_outcomes PRIMARY KEY (lead_id, report_id),
        CONSTRAINT fk_reported_outcomes_lead_id FOREIGN KEY(lead_id) REFERENCES leads (id)
    )
    """,
    "COMMENT ON COLUMN reported_outcomes.owned_since IS 'When who reported it had got the lead.'",
    "COMMENT ON COLUMN reported_outcomes.reason_code IS 'Null if the rep gave none.'",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
