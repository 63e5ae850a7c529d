"""Feedback's first tables: reports, cases, taxonomies, the feed, and what scope needs to know of leads, contacts and the field force."""

from alembic import op

from shared.migrations import SEAMS_V1

revision = "0001"
down_revision = None

TABLES = (
    """
    CREATE TABLE taxonomy_terms (
        taxonomy text NOT NULL,
        version integer NOT NULL,
        code text NOT NULL,
        CONSTRAINT pk_taxonomy_terms PRIMARY KEY (taxonomy, version, code),
        CONSTRAINT ck_taxonomy_terms_version CHECK (version > 0),
        CONSTRAINT ck_taxonomy_terms_code CHECK (code ~ '^[a-z0-9_]{1,40}$')
    )
    """,
    """
    CREATE TABLE reports (
        id uuid NOT NULL,
        kind text NOT NULL,
        state text NOT NULL,
        rep_id text NOT NULL,
        posted_as text NOT NULL,
        lead_id text,
        contact_id text,
        account_id text,
        brand_id text,
        codes jsonb NOT NULL,
        occurred_at timestamptz NOT NULL,
        received_at timestamptz NOT NULL,
        correlation_id uuid NOT NULL,
        CONSTRAINT pk_reports PRIMARY KEY (id),
        CONSTRAINT ck_reports_kind CHECK (kind IN ('outcome', 'objection', 'insight')),
        CONSTRAINT ck_reports_state CHECK (state IN ('recorded', 'pending', 'refused', 'case_only')),
        CONSTRAINT ck_reports_posted_as CHECK (posted_as IN ('rep', 'manager')),
        CONSTRAINT ck_reports_subject CHECK (
            CASE kind WHEN 'outcome' THEN lead_id IS NOT NULL WHEN 'objection' THEN coalesce(lead_id, contact_id) IS NOT NULL ELSE true END
        ),
        CONSTRAINT ck_reports_pending_on_a_lead CHECK (state <> 'pending' OR lead_id IS NOT NULL),
        CONSTRAINT ck_reports_recorded_with_contact_and_brand
            CHECK (state <> 'recorded' OR kind = 'insight' OR (contact_id IS NOT NULL AND brand_id IS NOT NULL))
    )
    """,
    "CREATE INDEX ix_reports_lead_id_pending ON reports (lead_id) WHERE state = 'pending'",
    "COMMENT ON COLUMN reports.lead_id IS 'null: the report is not about a lead'",
    "COMMENT ON COLUMN reports.contact_id IS 'null: not about a contact, or the lead is not heard of yet'",
    "COMMENT ON COLUMN reports.account_id IS 'null: the insight is not about an account'",
    "COMMENT ON COLUMN reports.brand_id IS 'null: not about a brand, or the lead is not heard of yet'",
    "COMMENT ON COLUMN reports.codes IS 'what the kind of report codes besides, as its event carries it'",
    "COMMENT ON COLUMN reports.correlation_id IS 'the lead''s journey; the report''s own id where there is none or not yet'",
    """
    CREATE TABLE report_notes (
        report_id uuid NOT NULL,
        note text NOT NULL,
        CONSTRAINT pk_report_notes PRIMARY KEY (report_id),
        CONSTRAINT fk_report_notes_report_id FOREIGN KEY (report_id) REFERENCES reports (id)
    )
    """,
    """
    CREATE TABLE cases (
        id uuid NOT NULL,
        kind text NOT NULL,
        certainty text NOT NULL,
        state text NOT NULL,
        report_id uuid NOT NULL,
        rep_id text,
        lead_id text,
        contact_id text,
        brand_id text,
        mention bytea NOT NULL,
        awareness_at timestamptz NOT NULL,
        received_at timestamptz NOT NULL,
        due_at timestamptz NOT NULL,
        CONSTRAINT pk_cases PRIMARY KEY (id),
        CONSTRAINT ck_cases_kind CHECK (kind IN ('adverse_event', 'special_situation', 'product_complaint', 'medical_inquiry', 'privacy')),
        CONSTRAINT ck_cases_certainty CHECK (certainty IN ('certain', 'possible')),
        CONSTRAINT ck_cases_state CHECK (state IN ('open')),
        CONSTRAINT ck_cases_aware_before_receipt CHECK (awareness_at <= received_at),
        CONSTRAINT uq_cases_mention_kind UNIQUE (mention, kind)
    )
    """,
    "CREATE INDEX ix_cases_due_at_id ON cases (due_at, id)",
    "COMMENT ON COLUMN cases.report_id IS 'there may be no such report: the commercial part can have been refused'",
    "COMMENT ON COLUMN cases.rep_id IS 'who reported it; null: the token named no rep'",
    "COMMENT ON COLUMN cases.lead_id IS 'as the report claimed, unchecked; null: not claimed'",
    "COMMENT ON COLUMN cases.contact_id IS 'as the report claimed, unchecked; null: not claimed'",
    "COMMENT ON COLUMN cases.brand_id IS 'as the report claimed, unchecked; null: not claimed'",
    "COMMENT ON COLUMN cases.mention IS 'digest of who said what in which report, so that a repetition opens no second case'",
    """
    CREATE TABLE case_texts (
        case_id uuid NOT NULL,
        text text NOT NULL,
        CONSTRAINT pk_case_texts PRIMARY KEY (case_id),
        CONSTRAINT fk_case_texts_case_id FOREIGN KEY (case_id) REFERENCES cases (id)
    )
    """,
    """
    CREATE TABLE leads (
        lead_id text NOT NULL,
        contact_id text NOT NULL,
        brand_id text NOT NULL,
        rep_id text,
        territory_id text,
        owner_since timestamptz,
        correlation_id uuid NOT NULL,
        CONSTRAINT pk_leads PRIMARY KEY (lead_id)
    )
    """,
    "CREATE INDEX ix_leads_contact_id ON leads (contact_id)",
    "COMMENT ON COLUMN leads.rep_id IS 'null: nobody owns it (yet, or it waits in the queue)'",
    "COMMENT ON COLUMN leads.territory_id IS 'null: routing found none'",
    "COMMENT ON COLUMN leads.owner_since IS 'when ownership last changed; null: it was never decided'",
    """
    CREATE TABLE contacts (
        contact_id text NOT NULL,
        version integer NOT NULL,
        account_ids text[] NOT NULL,
        CONSTRAINT pk_contacts PRIMARY KEY (contact_id)
    )
    """,
    "CREATE INDEX ix_contacts_account_ids ON contacts USING gin (account_ids)",
    """
    CREATE TABLE accounts (
        account_id text NOT NULL,
        owner_rep_id text,
        stated_at timestamptz NOT NULL,
        CONSTRAINT pk_accounts PRIMARY KEY (account_id)
    )
    """,
    "COMMENT ON COLUMN accounts.owner_rep_id IS 'null: nobody owns it'",
    """
    CREATE TABLE reps (
        rep_id text NOT NULL,
        manager_id text,
        territory_ids text[] NOT NULL,
        stated_at timestamptz NOT NULL,
        CONSTRAINT pk_reps PRIMARY KEY (rep_id)
    )
    """,
    "CREATE INDEX ix_reps_manager_id ON reps (manager_id)",
    "COMMENT ON COLUMN reps.manager_id IS 'null: reports to nobody'",
    """
    CREATE TABLE loop_scopes (
        id text NOT NULL,
        brand_id text NOT NULL,
        topic text NOT NULL,
        specialty text NOT NULL,
        CONSTRAINT pk_loop_scopes PRIMARY KEY (id)
    )
    """,
    "COMMENT ON COLUMN loop_scopes.id IS 'of the theme or decision'",
    """
    CREATE TABLE feed_items (
        id uuid NOT NULL,
        rep_id text NOT NULL,
        at timestamptz NOT NULL,
        kind text NOT NULL,
        subject_id text NOT NULL,
        report_ids uuid[] NOT NULL,
        decision_id text,
        change_id text,
        scope_ids text[] NOT NULL,
        codes jsonb NOT NULL,
        CONSTRAINT pk_feed_items PRIMARY KEY (id),
        CONSTRAINT ck_feed_items_kind CHECK (kind IN ('heard', 'grouped', 'decided', 'changed', 'refused')),
        CONSTRAINT uq_feed_items_rep_id_kind_subject_id UNIQUE (rep_id, kind, subject_id)
    )
    """,
    "CREATE INDEX ix_feed_items_rep_id_at_id ON feed_items (rep_id, at, id)",
    "COMMENT ON COLUMN feed_items.subject_id IS 'the report, theme, decision or change it is about: told once'",
    "COMMENT ON COLUMN feed_items.decision_id IS 'null: no decision led to it'",
    "COMMENT ON COLUMN feed_items.change_id IS 'null: it is not about a change'",
    "COMMENT ON COLUMN feed_items.scope_ids IS 'themes and decisions whose segment it is about; they may come later'",
    "COMMENT ON COLUMN feed_items.codes IS 'what the sentence says besides'",
)

TAXONOMIES_V1 = {
    "outcome_code": """
        accepted rejected no_answer left_message contacted material_requested follow_up_agreed referred_to_medical qualified meeting_booked
        meeting_held opportunity_created not_interested no_need unreachable left_practice wrong_contact declined_consent
    """,
    "objection_topic": """
        efficacy safety_tolerability dosing_administration patient_selection evidence_quality switching competitor access_formulary
        prior_authorization cost_copay supply patient_support guideline time_access other
    """,
    "objection_nature": "concern misunderstanding inability_to_act indifference",
    "objection_reaction": "positive neutral negative",
    "insight_kind": "access competitor practice_pattern buying_process other",
    "insight_topic": """
        efficacy safety_tolerability dosing_administration patient_selection evidence_quality switching competitor access_formulary
        prior_authorization cost_copay supply patient_support guideline time_access other
    """,
}


def upgrade() -> None:
    """Creates the seams, the tables and version 1 of every taxonomy."""
    for statement in (*SEAMS_V1, *TABLES):
        op.execute(statement)
    for taxonomy, codes in TAXONOMIES_V1.items():
        values = ", ".join(f"('{taxonomy}', 1, '{code}')" for code in codes.split())
        op.execute(f"INSERT INTO taxonomy_terms (taxonomy, version, code) VALUES {values}")  # noqa: S608  # the constants above
