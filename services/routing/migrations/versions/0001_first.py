"""Routing's first tables: reference data, what other services told us, policies, ledgers, leads and what was decided about them."""

from alembic import op

from shared.migrations import SEAMS_V1

revision = "0001"
down_revision = None

TABLES = (
    """
    CREATE TABLE accounts (
        id text NOT NULL,
        name text NOT NULL,
        institution_type text NOT NULL,
        postal_code text NOT NULL,
        owner_rep_id text,
        priority text NOT NULL,
        parent_id text,
        named_rep_ids text[] NOT NULL,
        CONSTRAINT pk_accounts PRIMARY KEY (id)
    )
    """,
    "COMMENT ON COLUMN accounts.owner_rep_id IS 'Null: nobody owns it.'",
    "COMMENT ON COLUMN accounts.parent_id IS 'Null: it stands alone.'",
    """
    CREATE TABLE assets (
        asset_id text NOT NULL,
        version text NOT NULL,
        brand_id text NOT NULL,
        title text NOT NULL,
        journey_stage text NOT NULL,
        intent text NOT NULL,
        topics text[] NOT NULL,
        answers text[] NOT NULL,
        approval jsonb NOT NULL,
        stated_at timestamptz NOT NULL,
        CONSTRAINT pk_assets PRIMARY KEY (asset_id)
    )
    """,
    "CREATE INDEX ix_assets_brand_id ON assets (brand_id)",
    """
    CREATE TABLE campaigns (
        campaign_id text NOT NULL,
        name text NOT NULL,
        call_guide text,
        meeting_ask text,
        stated_at timestamptz NOT NULL,
        CONSTRAINT pk_campaigns PRIMARY KEY (campaign_id)
    )
    """,
    "COMMENT ON COLUMN campaigns.call_guide IS 'Null if the campaign gives none.'",
    "COMMENT ON COLUMN campaigns.meeting_ask IS 'Null if the campaign asks for no meeting.'",
    """
    CREATE TABLE contacts (
        contact_id text NOT NULL,
        version integer,
        country text,
        kind text,
        specialty text,
        credentials text,
        postal_code text,
        segments text[] NOT NULL,
        consents jsonb NOT NULL,
        given_name text,
        family_name text,
        primary_account_id text,
        CONSTRAINT pk_contacts PRIMARY KEY (contact_id)
    )
    """,
    "CREATE INDEX ix_contacts_primary_account_id ON contacts (primary_account_id)",
    "COMMENT ON COLUMN contacts.version IS 'Null until the first snapshot arrives; then all of the row is the snapshot''s.'",
    "COMMENT ON COLUMN contacts.country IS 'Null if nobody said.'",
    "COMMENT ON COLUMN contacts.kind IS 'Null if nobody said.'",
    "COMMENT ON COLUMN contacts.specialty IS 'Null if nobody said.'",
    "COMMENT ON COLUMN contacts.credentials IS 'Null if nobody said.'",
    "COMMENT ON COLUMN contacts.postal_code IS 'Null if nobody said.'",
    "COMMENT ON COLUMN contacts.given_name IS 'For the brief; null if nobody said.'",
    "COMMENT ON COLUMN contacts.family_name IS 'For the brief; null if nobody said.'",
    "COMMENT ON COLUMN contacts.primary_account_id IS 'Null if no affiliation is known.'",
    """
    CREATE TABLE early_outcomes (
        event_id uuid NOT NULL,
        lead_id uuid NOT NULL,
        headers jsonb NOT NULL,
        body text NOT NULL,
        CONSTRAINT pk_early_outcomes PRIMARY KEY (event_id)
    )
    """,
    """
    CREATE TABLE engagements (
        engagement_id text NOT NULL,
        contact_id text NOT NULL,
        brand_id text,
        kind text NOT NULL,
        context text NOT NULL,
        asset_id text,
        campaign_id text,
        topics text[] NOT NULL,
        machine boolean NOT NULL,
        flags text[] NOT NULL,
        occurred_at timestamptz NOT NULL,
        event_id uuid NOT NULL,
        correlation_id uuid NOT NULL,
        CONSTRAINT pk_engagements PRIMARY KEY (engagement_id)
    )
    """,
    "CREATE INDEX ix_engagements_contact_id_brand_id_occurred_at ON engagements (contact_id, brand_id, occurred_at)",
    "COMMENT ON COLUMN engagements.brand_id IS 'Null: of no brand, so it earns nothing.'",
    "COMMENT ON COLUMN engagements.asset_id IS 'Null if no asset was recognised.'",
    "COMMENT ON COLUMN engagements.campaign_id IS 'Null if no campaign was recognised.'",
    "COMMENT ON COLUMN engagements.event_id IS 'The event that told of it, which causes what follows.'",
    """
    CREATE TABLE heard_objections (
        report_id text NOT NULL,
        contact_id text NOT NULL,
        brand_id text NOT NULL,
        topic text NOT NULL,
        occurred_at timestamptz NOT NULL,
        CONSTRAINT pk_heard_objections PRIMARY KEY (report_id)
    )
    """,
    "CREATE INDEX ix_heard_objections_contact_id_brand_id ON heard_objections (contact_id, brand_id)",
    """
    CREATE TABLE leads (
        id uuid NOT NULL,
        contact_id text NOT NULL,
        brand_id text NOT NULL,
        stage text NOT NULL,
        policy_version text NOT NULL,
        qualified_at timestamptz NOT NULL,
        correlation_id uuid NOT NULL,
        last_event_id uuid NOT NULL,
        rep_requested boolean NOT NULL,
        engagement_ids text[] NOT NULL,
        excluded_rep_ids text[] NOT NULL,
        record_count integer NOT NULL,
        brief_version integer NOT NULL,
        tried_in_round integer NOT NULL,
        rep_id text,
        territory_id text,
        region text,
        campaign_id text,
        previous_lead_id uuid,
        earlier_rep_id text,
        counting_after timestamptz,
        assigned_at timestamptz,
        ended_at timestamptz,
        waiting_since timestamptz,
        waiting_reason text,
        CONSTRAINT pk_leads PRIMARY KEY (id),
        CONSTRAINT ck_leads_stage CHECK (stage IN ('mql', 'assigned', 'accepted', 'contacted', 'sql', 'meeting_booked',
                'meeting_held', 'opportunity', 'recycled', 'disqualified', 'on_hold')),
        CONSTRAINT ck_leads_ended CHECK ((ended_at IS NULL) = (stage NOT IN ('recycled', 'disqualified'))),
        CONSTRAINT ck_leads_waiting CHECK ((waiting_since IS NULL) = (waiting_reason IS NULL)),
        CONSTRAINT ck_leads_waiting_without_owner CHECK (waiting_since IS NULL OR (stage = 'mql' AND rep_id IS NULL)),
        CONSTRAINT ck_leads_owner CHECK (stage NOT IN ('assigned', 'accepted') OR rep_id IS NOT NULL)
    )
    """,
    "CREATE UNIQUE INDEX ix_leads_contact_id_brand_id_open ON leads (contact_id, brand_id) WHERE ended_at IS NULL",
    "CREATE INDEX ix_leads_contact_id_brand_id_qualified_at ON leads (contact_id, brand_id, qualified_at)",
    "CREATE INDEX ix_leads_qualified_at_id ON leads (qualified_at, id)",
    "CREATE INDEX ix_leads_rep_id_open ON leads (rep_id) WHERE ended_at IS NULL",
    "CREATE INDEX ix_leads_rep_id_qualified_at_id ON leads (rep_id, qualified_at, id)",
    "CREATE INDEX ix_leads_tried_in_round_waiting ON leads (tried_in_round) WHERE waiting_since IS NOT NULL",
    "CREATE INDEX ix_leads_waiting_since ON leads (waiting_since, id) WHERE waiting_since IS NOT NULL",
    "COMMENT ON COLUMN leads.last_event_id IS 'What was last said of it, which causes what is said next.'",
    "COMMENT ON COLUMN leads.tried_in_round IS 'The queue''s round in which an owner was last looked for.'",
    "COMMENT ON COLUMN leads.rep_id IS 'Null until somebody owns it.'",
    "COMMENT ON COLUMN leads.territory_id IS 'Null: the postal code lies in none, or there is none.'",
    "COMMENT ON COLUMN leads.region IS 'The territory''s; null without one.'",
    "COMMENT ON COLUMN leads.campaign_id IS 'Null: no engagement that carried it was of a campaign.'",
    "COMMENT ON COLUMN leads.previous_lead_id IS 'The cycle before; null in the first.'",
    "COMMENT ON COLUMN leads.earlier_rep_id IS 'Who had the lead of the cycle before; null if nobody.'",
    "COMMENT ON COLUMN leads.counting_after IS 'When the cycle before ended; null in the first.'",
    "COMMENT ON COLUMN leads.assigned_at IS 'Null until somebody owned it.'",
    "COMMENT ON COLUMN leads.ended_at IS 'When what ended it happened; null while open.'",
    "COMMENT ON COLUMN leads.waiting_since IS 'Null unless it waits in the queue.'",
    "COMMENT ON COLUMN leads.waiting_reason IS 'Null unless it waits in the queue.'",
    """
    CREATE TABLE ledger_rows (
        contact_id text NOT NULL,
        brand_id text NOT NULL,
        engagement_id text NOT NULL,
        rule_id text NOT NULL,
        policy_version text NOT NULL,
        points numeric(12, 4) NOT NULL,
        occurred_at timestamptz NOT NULL,
        backfilled boolean NOT NULL,
        CONSTRAINT pk_ledger_rows PRIMARY KEY (contact_id, brand_id, engagement_id, rule_id)
    )
    """,
    """
    CREATE TABLE ledgers (
        contact_id text NOT NULL,
        brand_id text NOT NULL,
        policy_version text,
        activation integer NOT NULL,
        CONSTRAINT pk_ledgers PRIMARY KEY (contact_id, brand_id)
    )
    """,
    "CREATE INDEX ix_ledgers_brand_id_activation_contact_id ON ledgers (brand_id, activation, contact_id)",
    "COMMENT ON COLUMN ledgers.policy_version IS 'Null while the contact is unknown or no policy applies to them.'",
    "COMMENT ON COLUMN ledgers.activation IS 'The brand''s newest activation when it was last decided; 0 asks for a decision.'",
    """
    CREATE TABLE policies (
        version integer GENERATED ALWAYS AS IDENTITY,
        brand_id text NOT NULL,
        country text,
        title text NOT NULL,
        document jsonb NOT NULL,
        author text NOT NULL,
        created_at timestamptz NOT NULL,
        state text NOT NULL,
        activation integer,
        activated_by text,
        activated_at timestamptz,
        CONSTRAINT pk_policies PRIMARY KEY (version),
        CONSTRAINT ck_policies_state CHECK (state IN ('draft', 'active', 'superseded')),
        CONSTRAINT ck_policies_activation CHECK ((state = 'draft') = (activation IS NULL)),
        CONSTRAINT ck_policies_activated CHECK (num_nonnulls(activation, activated_by, activated_at) IN (0, 3)),
        CONSTRAINT ck_policies_approved_by_another CHECK (activated_by <> author),
        CONSTRAINT uq_policies_brand_id_activation UNIQUE (brand_id, activation)
    )
    """,
    "CREATE UNIQUE INDEX ix_policies_brand_id_country_active ON policies (brand_id, coalesce(country, '')) WHERE state = 'active'",
    "COMMENT ON COLUMN policies.country IS 'Null: wherever the brand has no policy for the country.'",
    "COMMENT ON COLUMN policies.activation IS 'The how-manieth activation of the brand; null for a draft.'",
    "COMMENT ON COLUMN policies.activated_by IS 'Null for a draft.'",
    "COMMENT ON COLUMN policies.activated_at IS 'Null for a draft.'",
    """
    CREATE TABLE queue_rounds (
        singleton boolean NOT NULL,
        round integer NOT NULL,
        CONSTRAINT pk_queue_rounds PRIMARY KEY (singleton),
        CONSTRAINT ck_queue_rounds_singleton CHECK (singleton)
    )
    """,
    """
    CREATE TABLE reps (
        id text NOT NULL,
        name text NOT NULL,
        role text NOT NULL,
        manager_id text,
        territory_ids text[] NOT NULL,
        brand_ids text[] NOT NULL,
        max_open_leads integer NOT NULL,
        weight DOUBLE PRECISION NOT NULL,
        active boolean NOT NULL,
        CONSTRAINT pk_reps PRIMARY KEY (id),
        CONSTRAINT ck_reps_max_open_leads CHECK (max_open_leads >= 0),
        CONSTRAINT ck_reps_weight CHECK (weight > 0)
    )
    """,
    "CREATE INDEX ix_reps_manager_id ON reps (manager_id)",
    "CREATE INDEX ix_reps_territory_ids ON reps USING gin (territory_ids)",
    "COMMENT ON COLUMN reps.manager_id IS 'Null: reports to nobody we know.'",
    """
    CREATE TABLE rotations (
        territory_id text NOT NULL,
        brand_id text NOT NULL,
        document jsonb NOT NULL,
        CONSTRAINT pk_rotations PRIMARY KEY (territory_id, brand_id)
    )
    """,
    """
    CREATE TABLE territories (
        id text NOT NULL,
        name text NOT NULL,
        region text NOT NULL,
        timezone text NOT NULL,
        country text NOT NULL,
        postal_codes text[] NOT NULL,
        hours jsonb NOT NULL,
        CONSTRAINT pk_territories PRIMARY KEY (id)
    )
    """,
    """
    CREATE TABLE briefs (
        lead_id uuid NOT NULL,
        version integer NOT NULL,
        issued_at timestamptz NOT NULL,
        document jsonb NOT NULL,
        CONSTRAINT pk_briefs PRIMARY KEY (lead_id, version),
        CONSTRAINT fk_briefs_lead_id FOREIGN KEY(lead_id) REFERENCES leads (id)
    )
    """,
    """
    CREATE TABLE clocks (
        lead_id uuid NOT NULL,
        kind text NOT NULL,
        state text NOT NULL,
        started_at timestamptz NOT NULL,
        warn_at timestamptz NOT NULL,
        due_at timestamptz NOT NULL,
        extended_due_at timestamptz NOT NULL,
        warned_at timestamptz,
        breached_at timestamptz,
        met_at timestamptz,
        next_at timestamptz,
        CONSTRAINT pk_clocks PRIMARY KEY (lead_id, kind),
        CONSTRAINT ck_clocks_state CHECK (state IN ('running', 'warned', 'breached', 'met', 'paused')),
        CONSTRAINT ck_clocks_met CHECK ((state = 'met') = (met_at IS NOT NULL)),
        CONSTRAINT fk_clocks_lead_id FOREIGN KEY(lead_id) REFERENCES leads (id)
    )
    """,
    "CREATE INDEX ix_clocks_next_at ON clocks (next_at) WHERE next_at IS NOT NULL",
    "COMMENT ON COLUMN clocks.warned_at IS 'Null if nobody was warned.'",
    "COMMENT ON COLUMN clocks.breached_at IS 'Null if it was never found breached.'",
    "COMMENT ON COLUMN clocks.met_at IS 'Null until an attempt was reported.'",
    "COMMENT ON COLUMN clocks.next_at IS 'When to look again; null when nothing is left to come.'",
    """
    CREATE TABLE decision_records (
        lead_id uuid NOT NULL,
        position integer NOT NULL,
        at timestamptz NOT NULL,
        kind text NOT NULL,
        from_stage text,
        to_stage text,
        reason text NOT NULL,
        policy_version text NOT NULL,
        rule text,
        candidates jsonb NOT NULL,
        passed_steps jsonb NOT NULL,
        pointer_before integer,
        pointer_after integer,
        CONSTRAINT pk_decision_records PRIMARY KEY (lead_id, position),
        CONSTRAINT fk_decision_records_lead_id FOREIGN KEY(lead_id) REFERENCES leads (id)
    )
    """,
    "COMMENT ON COLUMN decision_records.from_stage IS 'Null: the lead began, or no stage was left.'",
    "COMMENT ON COLUMN decision_records.to_stage IS 'Null: no stage was entered.'",
    "COMMENT ON COLUMN decision_records.rule IS 'The assignment step that decided; null where none did.'",
    "COMMENT ON COLUMN decision_records.pointer_before IS 'Null where nobody was chosen.'",
    "COMMENT ON COLUMN decision_records.pointer_after IS 'Null where nobody was chosen.'",
    "INSERT INTO queue_rounds (singleton, round) VALUES (true, 1)",
)


def upgrade() -> None:
    for statement in (*SEAMS_V1, *TABLES):
        op.execute(statement)
