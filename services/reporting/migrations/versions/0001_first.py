"""The first tables: facts, rollups, journal, signals and decisions, subscriptions and deliveries."""

from alembic import op

from shared.migrations import SEAMS_V1

revision = "0001"
down_revision = None

_TABLES = (
    """
    CREATE TABLE contacts (
        contact_id text NOT NULL,
        version bigint NOT NULL,
        specialty text,
        external_ids jsonb DEFAULT '{}' NOT NULL,
        segments text[] DEFAULT '{}' NOT NULL,
        CONSTRAINT pk_contacts PRIMARY KEY (contact_id),
        CONSTRAINT ck_contacts_version_not_negative CHECK (version >= 0)
    )
    """,
    "COMMENT ON COLUMN contacts.specialty IS 'Null when unknown, or when only mentioned so far (version 0).'",
    """
    CREATE TABLE leads (
        lead_id text NOT NULL,
        contact_id text NOT NULL,
        brand_id text NOT NULL,
        kind text,
        campaign_id text,
        campaign_stated_at timestamptz,
        territory_id text,
        territory_stated_at timestamptz,
        region text,
        region_stated_at timestamptz,
        rep_id text,
        rep_stated_at timestamptz,
        mql_at timestamptz,
        assigned_at timestamptz,
        accepted_at timestamptz,
        contacted_at timestamptz,
        sql_at timestamptz,
        meeting_booked_at timestamptz,
        meeting_held_at timestamptz,
        opportunity_at timestamptz,
        CONSTRAINT pk_leads PRIMARY KEY (lead_id),
        CONSTRAINT ck_leads_kind CHECK (kind IN ('on_plan', 'off_plan')),
        CONSTRAINT ck_leads_campaign_stated CHECK ((campaign_id IS NULL) = (campaign_stated_at IS NULL)),
        CONSTRAINT ck_leads_territory_stated CHECK ((territory_id IS NULL) = (territory_stated_at IS NULL)),
        CONSTRAINT ck_leads_region_stated CHECK ((region IS NULL) = (region_stated_at IS NULL)),
        CONSTRAINT ck_leads_rep_stated CHECK ((rep_id IS NULL) = (rep_stated_at IS NULL))
    )
    """,
    "CREATE INDEX ix_leads_brand_id ON leads (brand_id)",
    "CREATE INDEX ix_leads_contact_id ON leads (contact_id)",
    "COMMENT ON COLUMN leads.kind IS 'Null until lead.qualified has come.'",
    "COMMENT ON COLUMN leads.campaign_id IS 'Null when no event named one.'",
    "COMMENT ON COLUMN leads.campaign_stated_at IS 'When the campaign was said: the latest saying wins.'",
    "COMMENT ON COLUMN leads.territory_id IS 'Null when no event named one.'",
    "COMMENT ON COLUMN leads.territory_stated_at IS 'When the territory was said.'",
    "COMMENT ON COLUMN leads.region IS 'Null when no event named one.'",
    "COMMENT ON COLUMN leads.region_stated_at IS 'When the region was said.'",
    "COMMENT ON COLUMN leads.rep_id IS 'Null until assigned.'",
    "COMMENT ON COLUMN leads.rep_stated_at IS 'When the owner was said.'",
    "COMMENT ON COLUMN leads.mql_at IS 'Null until entered, as the stages below.'",
    "COMMENT ON COLUMN leads.assigned_at IS 'Null until entered.'",
    "COMMENT ON COLUMN leads.accepted_at IS 'Null until entered.'",
    "COMMENT ON COLUMN leads.contacted_at IS 'Null until entered.'",
    "COMMENT ON COLUMN leads.sql_at IS 'Null until entered.'",
    "COMMENT ON COLUMN leads.meeting_booked_at IS 'Null until entered.'",
    "COMMENT ON COLUMN leads.meeting_held_at IS 'Null until entered.'",
    "COMMENT ON COLUMN leads.opportunity_at IS 'Null until entered.'",
    """
    CREATE TABLE objections (
        report_id text NOT NULL,
        contact_id text NOT NULL,
        lead_id text,
        brand_id text NOT NULL,
        rep_id text NOT NULL,
        topic text NOT NULL,
        nature text NOT NULL,
        reaction text NOT NULL,
        asset_id text,
        occurred_at timestamptz NOT NULL,
        CONSTRAINT pk_objections PRIMARY KEY (report_id)
    )
    """,
    "CREATE INDEX ix_objections_brand_id_topic_occurred_at ON objections (brand_id, topic, occurred_at)",
    "CREATE INDEX ix_objections_contact_id ON objections (contact_id)",
    "CREATE INDEX ix_objections_occurred_at ON objections (occurred_at)",
    "COMMENT ON COLUMN objections.lead_id IS 'Null when the rep named only the contact.'",
    "COMMENT ON COLUMN objections.asset_id IS 'Null when no asset was shown.'",
    """
    CREATE TABLE rollups (
        day date NOT NULL,
        measure text NOT NULL,
        item text NOT NULL,
        brand_id text NOT NULL,
        campaign_id text NOT NULL,
        specialty text NOT NULL,
        region text NOT NULL,
        count bigint NOT NULL,
        CONSTRAINT pk_rollups PRIMARY KEY (day, measure, item, brand_id, campaign_id, specialty, region),
        CONSTRAINT ck_rollups_measure CHECK (measure IN ('entered', 'converted', 'objected'))
    )
    """,
    """
    CREATE TABLE journal (
        event_id uuid NOT NULL,
        event_type text NOT NULL,
        service text NOT NULL,
        correlation_id uuid NOT NULL,
        causation_id uuid,
        occurred_at timestamptz NOT NULL,
        recorded_at timestamptz NOT NULL,
        contact_id text,
        subjects text[] NOT NULL,
        rests_on text[] NOT NULL,
        summary text NOT NULL,
        CONSTRAINT pk_journal PRIMARY KEY (event_id)
    )
    """,
    "CREATE INDEX ix_journal_correlation_id ON journal (correlation_id)",
    "CREATE INDEX ix_journal_rests_on ON journal USING gin (rests_on)",
    "CREATE INDEX ix_journal_subjects ON journal USING gin (subjects)",
    "COMMENT ON COLUMN journal.causation_id IS 'Null for the first event of a journey.'",
    "COMMENT ON COLUMN journal.contact_id IS 'Null for an event about no single contact.'",
    """
    CREATE TABLE signals (
        signal text NOT NULL,
        objections_min integer NOT NULL,
        reps_min integer NOT NULL,
        growth_min numeric(6, 2) NOT NULL,
        window_days integer NOT NULL,
        recommended text NOT NULL,
        owner text NOT NULL,
        due_days integer NOT NULL,
        CONSTRAINT pk_signals PRIMARY KEY (signal),
        CONSTRAINT ck_signals_objections_min_positive CHECK (objections_min >= 1),
        CONSTRAINT ck_signals_reps_min_positive CHECK (reps_min >= 1),
        CONSTRAINT ck_signals_growth_min_positive CHECK (growth_min > 0),
        CONSTRAINT ck_signals_window_days_positive CHECK (window_days >= 1),
        CONSTRAINT ck_signals_due_days_positive CHECK (due_days >= 1)
    )
    """,
    """
    CREATE TABLE decisions (
        decision_id uuid NOT NULL,
        theme_id uuid NOT NULL,
        signal text NOT NULL,
        brand_id text NOT NULL,
        topic text NOT NULL,
        specialty text NOT NULL,
        figures jsonb NOT NULL,
        recommended text NOT NULL,
        owner text NOT NULL,
        state text NOT NULL,
        opened_at timestamptz NOT NULL,
        due_at timestamptz NOT NULL,
        choice text,
        reason_code text,
        review_on date,
        decided_at timestamptz,
        decided_by text,
        CONSTRAINT pk_decisions PRIMARY KEY (decision_id),
        CONSTRAINT ck_decisions_state CHECK (state IN ('open', 'decided', 'closed')),
        CONSTRAINT ck_decisions_choice CHECK (choice IN ('change', 'investigate', 'no_action')),
        CONSTRAINT ck_decisions_decided_whole CHECK (
            num_nulls(choice, reason_code, review_on, decided_at, decided_by) = CASE state WHEN 'open' THEN 5 ELSE 0 END
        ),
        CONSTRAINT uq_decisions_theme_id UNIQUE (theme_id),
        CONSTRAINT fk_decisions_signal FOREIGN KEY(signal) REFERENCES signals (signal)
    )
    """,
    "CREATE UNIQUE INDEX uq_decisions_unclosed_scope ON decisions (signal, brand_id, topic, specialty) WHERE state <> 'closed'",
    "COMMENT ON COLUMN decisions.choice IS 'Null until decided, as the columns below.'",
    "COMMENT ON COLUMN decisions.reason_code IS 'Null until decided.'",
    "COMMENT ON COLUMN decisions.review_on IS 'Null until decided. The decision closes when this day has passed.'",
    "COMMENT ON COLUMN decisions.decided_at IS 'Null until decided.'",
    "COMMENT ON COLUMN decisions.decided_by IS 'Null until decided; then the subject of the token.'",
    """
    CREATE TABLE decision_evidence (
        decision_id uuid NOT NULL,
        report_id text NOT NULL,
        joined_at timestamptz NOT NULL,
        CONSTRAINT pk_decision_evidence PRIMARY KEY (decision_id, report_id),
        CONSTRAINT fk_decision_evidence_decision_id FOREIGN KEY(decision_id) REFERENCES decisions (decision_id)
    )
    """,
    """
    CREATE TABLE changes (
        change_id uuid NOT NULL,
        decision_id uuid,
        answers text[] NOT NULL,
        report_ids text[] NOT NULL,
        kind text NOT NULL,
        asset_id text,
        campaign_id text,
        published_at timestamptz NOT NULL,
        published_by text NOT NULL,
        recorded_at timestamptz NOT NULL,
        CONSTRAINT pk_changes PRIMARY KEY (change_id),
        CONSTRAINT ck_changes_kind CHECK (
            kind IN ('asset_updated', 'asset_added', 'campaign_updated', 'policy_changed', 'page_updated', 'other')
        ),
        CONSTRAINT ck_changes_answers_something CHECK (decision_id IS NOT NULL OR cardinality(answers) > 0),
        CONSTRAINT fk_changes_decision_id FOREIGN KEY(decision_id) REFERENCES decisions (decision_id)
    )
    """,
    "CREATE INDEX ix_changes_decision_id ON changes (decision_id)",
    "COMMENT ON COLUMN changes.decision_id IS 'Null when it answers no decision.'",
    "COMMENT ON COLUMN changes.asset_id IS 'Null when no asset changed.'",
    "COMMENT ON COLUMN changes.campaign_id IS 'Null when no campaign changed.'",
    """
    CREATE TABLE subscriptions (
        name text NOT NULL,
        url text NOT NULL,
        source text,
        events text[] NOT NULL,
        filter jsonb NOT NULL,
        secrets text[] NOT NULL,
        state text NOT NULL,
        updated_at timestamptz NOT NULL,
        CONSTRAINT pk_subscriptions PRIMARY KEY (name),
        CONSTRAINT ck_subscriptions_state CHECK (state IN ('active', 'disabled')),
        CONSTRAINT ck_subscriptions_secrets_one_or_two CHECK (cardinality(secrets) IN (1, 2)),
        CONSTRAINT ck_subscriptions_events_some CHECK (cardinality(events) > 0)
    )
    """,
    "COMMENT ON COLUMN subscriptions.source IS 'The platform whose contact ids it knows; null for none.'",
    "COMMENT ON COLUMN subscriptions.secrets IS 'Write-only through the API.'",
    """
    CREATE TABLE deliveries (
        position bigint GENERATED ALWAYS AS IDENTITY,
        subscription text NOT NULL,
        event_id uuid NOT NULL,
        event_type text NOT NULL,
        key text NOT NULL,
        body text NOT NULL,
        state text NOT NULL,
        attempts integer NOT NULL,
        created_at timestamptz NOT NULL,
        next_attempt_at timestamptz,
        settled_at timestamptz,
        CONSTRAINT pk_deliveries PRIMARY KEY (position),
        CONSTRAINT ck_deliveries_state CHECK (state IN ('pending', 'delivered', 'dead')),
        CONSTRAINT ck_deliveries_attempts_not_negative CHECK (attempts >= 0),
        CONSTRAINT ck_deliveries_pending_has_next_attempt CHECK ((state = 'pending') = (next_attempt_at IS NOT NULL)),
        CONSTRAINT ck_deliveries_settled_unless_pending CHECK ((state = 'pending') = (settled_at IS NULL)),
        CONSTRAINT fk_deliveries_subscription FOREIGN KEY(subscription) REFERENCES subscriptions (name)
    )
    """,
    "CREATE INDEX ix_deliveries_due ON deliveries (subscription, next_attempt_at) WHERE state = 'pending'",
    "CREATE INDEX ix_deliveries_waiting_by_key ON deliveries (subscription, key, position) WHERE state = 'pending'",
    "CREATE UNIQUE INDEX uq_deliveries_subscription_event_id ON deliveries (subscription, event_id)",
    "COMMENT ON COLUMN deliveries.next_attempt_at IS 'Null once delivered or dead.'",
    "COMMENT ON COLUMN deliveries.settled_at IS 'When it was delivered or given up; null while pending.'",
    """
    CREATE TABLE delivery_attempts (
        position bigint NOT NULL,
        number integer NOT NULL,
        at timestamptz NOT NULL,
        status_code integer,
        failure text,
        duration_ms integer NOT NULL,
        CONSTRAINT pk_delivery_attempts PRIMARY KEY (position, number),
        CONSTRAINT ck_delivery_attempts_answered_or_failed CHECK ((status_code IS NULL) <> (failure IS NULL)),
        CONSTRAINT ck_delivery_attempts_failure CHECK (
            failure IN ('address_refused', 'no_address', 'no_connection', 'timed_out', 'broken_answer')
        ),
        CONSTRAINT fk_delivery_attempts_position FOREIGN KEY(position) REFERENCES deliveries (position)
    )
    """,
    "COMMENT ON COLUMN delivery_attempts.status_code IS 'Null when there was no answer.'",
    "COMMENT ON COLUMN delivery_attempts.failure IS 'Why there was no answer; null when there was one.'",
)

# Defaults of the contract; a decision is due within two weeks.
_SIGNALS = """
    INSERT INTO signals (signal, objections_min, reps_min, growth_min, window_days, recommended, owner, due_days)
    VALUES ('objection_rising', 5, 3, 2, 28, 'change', 'marketing', 14)
"""


def upgrade() -> None:
    for statement in (*SEAMS_V1, *_TABLES, _SIGNALS):
        op.execute(statement)
