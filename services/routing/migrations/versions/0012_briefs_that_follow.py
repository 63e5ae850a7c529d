"""Briefs follow the facts, reps answer them, histories keep the arithmetic, and offline apps follow what changed."""

from alembic import op

revision = "0012"
down_revision = "0007"

_STATEMENTS = (
    """
    ALTER TABLE leads
        ADD COLUMN brief_asset_ids text[] NOT NULL DEFAULT '{}',
        ADD COLUMN brief_issued_at timestamptz,
        ADD COLUMN reason text NOT NULL DEFAULT 'qualified',
        ADD COLUMN reason_at timestamptz
    """,
    """
    UPDATE leads SET reason = leads.stage, reason_at = coalesce(leads.ended_at, leads.assigned_at, leads.qualified_at),
        brief_issued_at = newest.issued_at, brief_asset_ids = coalesce(newest.asset_ids, '{}')
    FROM leads AS known LEFT JOIN LATERAL (
        SELECT issued_at, ARRAY(
            SELECT jsonb_array_elements_text(jsonb_path_query_array(document, '$.likely_objections[*].assets[*].asset_id'))
        ) AS asset_ids
        FROM briefs WHERE lead_id = known.id ORDER BY version DESC LIMIT 1
    ) AS newest ON true
    WHERE known.id = leads.id
    """,
    """
    ALTER TABLE leads
        ALTER COLUMN brief_asset_ids DROP DEFAULT, ALTER COLUMN reason DROP DEFAULT, ALTER COLUMN reason_at SET NOT NULL
    """,
    "COMMENT ON COLUMN leads.brief_asset_ids IS 'What the newest brief says to show.'",
    "COMMENT ON COLUMN leads.brief_issued_at IS 'Null until there is a brief.'",
    "COMMENT ON COLUMN leads.reason IS 'The newest reason to look at it: a code.'",
    "COMMENT ON COLUMN leads.reason_at IS 'When that was.'",
    "CREATE INDEX ix_leads_rep_id_reason_at_id ON leads (rep_id, reason_at, id)",
    "CREATE INDEX ix_leads_brief_asset_ids_owned ON leads USING gin (brief_asset_ids) WHERE ended_at IS NULL AND rep_id IS NOT NULL",
    "ALTER TABLE decision_records ADD COLUMN details jsonb",
    "COMMENT ON COLUMN decision_records.details IS 'What its kind keeps besides; null for nothing.'",
    "ALTER TABLE heard_objections ADD COLUMN specialty text, ADD COLUMN journey_stage text",
    "COMMENT ON COLUMN heard_objections.specialty IS 'The contact''s when it was heard; null if nobody said.'",
    "COMMENT ON COLUMN heard_objections.journey_stage IS 'The contact''s for the brand when it was heard; null without a brief.'",
    "CREATE INDEX ix_heard_objections_brand_id_specialty_occurred_at ON heard_objections (brand_id, specialty, occurred_at)",
    """
    CREATE TABLE brief_answers (
        id uuid NOT NULL,
        lead_id uuid NOT NULL,
        version integer NOT NULL,
        rep_id text NOT NULL,
        kind text NOT NULL,
        reason_code text,
        occurred_at timestamptz NOT NULL,
        answered_at timestamptz NOT NULL,
        CONSTRAINT pk_brief_answers PRIMARY KEY (id),
        CONSTRAINT ck_brief_answers_kind CHECK (kind IN ('opened', 'acted', 'dismissed')),
        CONSTRAINT ck_brief_answers_dismissed_with_reason CHECK (kind <> 'dismissed' OR reason_code IS NOT NULL),
        CONSTRAINT fk_brief_answers_lead_id FOREIGN KEY(lead_id) REFERENCES leads (id),
        CONSTRAINT uq_brief_answers_lead_id_version_rep_id_kind UNIQUE (lead_id, version, rep_id, kind)
    )
    """,
    "COMMENT ON COLUMN brief_answers.reason_code IS 'Null where none was given.'",
    "COMMENT ON COLUMN brief_answers.occurred_at IS 'By the rep''s device.'",
    "COMMENT ON COLUMN brief_answers.answered_at IS 'When it was heard.'",
    "CREATE INDEX ix_brief_answers_answered_at_id ON brief_answers (answered_at, id)",
    """
    CREATE TABLE brief_revisions (
        lead_id uuid NOT NULL,
        due_at timestamptz NOT NULL,
        CONSTRAINT pk_brief_revisions PRIMARY KEY (lead_id),
        CONSTRAINT fk_brief_revisions_lead_id FOREIGN KEY(lead_id) REFERENCES leads (id)
    )
    """,
    "CREATE INDEX ix_brief_revisions_due_at ON brief_revisions (due_at)",
    """
    CREATE TABLE approval_days (
        singleton boolean NOT NULL,
        day date NOT NULL,
        CONSTRAINT pk_approval_days PRIMARY KEY (singleton),
        CONSTRAINT ck_approval_days_singleton CHECK (singleton)
    )
    """,
    "INSERT INTO approval_days (singleton, day) VALUES (true, '2000-01-01')",
    """
    CREATE TABLE lead_changes (
        rep_id text NOT NULL,
        lead_id uuid NOT NULL,
        changed_in bigint NOT NULL,
        CONSTRAINT pk_lead_changes PRIMARY KEY (rep_id, lead_id)
    )
    """,
    "COMMENT ON COLUMN lead_changes.changed_in IS 'The number of the transaction (xid8).'",
    "CREATE INDEX ix_lead_changes_rep_id_changed_in_lead_id ON lead_changes (rep_id, changed_in, lead_id)",
    """
    INSERT INTO lead_changes (rep_id, lead_id, changed_in)
    SELECT rep_id, id, CAST(CAST(pg_current_xact_id() AS text) AS bigint) FROM leads WHERE rep_id IS NOT NULL AND ended_at IS NULL
    """,
)


def upgrade() -> None:
    for statement in _STATEMENTS:
        op.execute(statement)
