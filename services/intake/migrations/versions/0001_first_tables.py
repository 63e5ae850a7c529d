"""The first tables: sources, receipts, contacts, the catalogue and engagements, and the seams every service has."""

from alembic import op

from shared.migrations import SEAMS_V1

revision = "0001"
down_revision = None


_TABLES = (
    """
    CREATE TABLE sources (
        name text NOT NULL,
        adapter text NOT NULL,
        secrets text[] NOT NULL,
        settings jsonb NOT NULL,
        created_at timestamptz NOT NULL,
        updated_at timestamptz NOT NULL,
        CONSTRAINT pk_sources PRIMARY KEY (name),
        CONSTRAINT ck_sources_adapter CHECK (adapter IN ('mautic', 'hubspot')),
        CONSTRAINT ck_sources_secrets CHECK (cardinality(secrets) BETWEEN 1 AND 2)
    )
    """,
    "COMMENT ON COLUMN sources.secrets IS 'One, or two while it is being rotated; never given out.'",
    """
    CREATE TABLE receipts (
        id uuid NOT NULL,
        door text NOT NULL,
        source text,
        body bytea NOT NULL,
        received_at timestamptz NOT NULL,
        accepted integer NOT NULL,
        duplicate integer NOT NULL,
        ignored integer NOT NULL,
        rejected integer NOT NULL,
        has_conflict boolean NOT NULL,
        CONSTRAINT pk_receipts PRIMARY KEY (id),
        CONSTRAINT ck_receipts_door CHECK (door IN ('webhook', 'engagements'))
    )
    """,
    "CREATE INDEX ix_receipts_received_at_id ON receipts (received_at, id)",
    "CREATE INDEX ix_receipts_source_received_at_id ON receipts (source, received_at, id)",
    "COMMENT ON COLUMN receipts.source IS 'Null: engagements of several sources, or of none, posted at once.'",
    """
    CREATE TABLE receipt_items (
        receipt_id uuid NOT NULL,
        position integer NOT NULL,
        outcome text NOT NULL,
        vendor_type text,
        reason text,
        detail text,
        engagement_id uuid,
        CONSTRAINT pk_receipt_items PRIMARY KEY (receipt_id, position),
        CONSTRAINT ck_receipt_items_outcome CHECK (outcome IN ('accepted', 'duplicate', 'ignored', 'rejected')),
        CONSTRAINT ck_receipt_items_engagement CHECK (outcome NOT IN ('accepted', 'duplicate') OR engagement_id IS NOT NULL),
        CONSTRAINT ck_receipt_items_reason CHECK (outcome NOT IN ('ignored', 'rejected') OR reason IS NOT NULL),
        CONSTRAINT fk_receipt_items_receipt_id FOREIGN KEY(receipt_id) REFERENCES receipts (id) DEFERRABLE INITIALLY DEFERRED
    )
    """,
    "COMMENT ON COLUMN receipt_items.vendor_type IS 'What the platform calls the event; null if unreadable.'",
    "COMMENT ON COLUMN receipt_items.reason IS 'A code; null when the item is an engagement.'",
    "COMMENT ON COLUMN receipt_items.detail IS 'A sentence without what was sent; null when the code says it all.'",
    "COMMENT ON COLUMN receipt_items.engagement_id IS 'The engagement it made, repeated or contradicts; null if none.'",
    """
    CREATE TABLE contacts (
        id text NOT NULL,
        version integer NOT NULL,
        provisional boolean NOT NULL,
        given_name text,
        family_name text,
        kind text,
        specialty text,
        credentials text,
        postal_code text,
        country text,
        region text,
        affiliations jsonb NOT NULL,
        segments jsonb NOT NULL,
        licences jsonb NOT NULL,
        updated_at timestamptz NOT NULL,
        CONSTRAINT pk_contacts PRIMARY KEY (id),
        CONSTRAINT ck_contacts_version CHECK (version >= 1),
        CONSTRAINT ck_contacts_kind CHECK (kind IN ('prescriber', 'pharmacist', 'nurse', 'payer', 'other')),
        CONSTRAINT ck_contacts_provisional CHECK (
                num_nonnulls(given_name, family_name, kind, specialty, postal_code, country)
                = CASE WHEN provisional THEN 0 ELSE 6 END
            )
    )
    """,
    "COMMENT ON COLUMN contacts.given_name IS 'Null while provisional.'",
    "COMMENT ON COLUMN contacts.family_name IS 'Null while provisional.'",
    "COMMENT ON COLUMN contacts.kind IS 'Null while provisional.'",
    "COMMENT ON COLUMN contacts.specialty IS 'Null while provisional.'",
    "COMMENT ON COLUMN contacts.credentials IS 'Null if the directory states none.'",
    "COMMENT ON COLUMN contacts.postal_code IS 'Null while provisional.'",
    "COMMENT ON COLUMN contacts.country IS 'Null while provisional.'",
    "COMMENT ON COLUMN contacts.region IS 'State or province; null if the directory states none.'",
    """
    CREATE TABLE contact_keys (
        namespace text NOT NULL,
        value text NOT NULL,
        contact_id text NOT NULL,
        origin text NOT NULL,
        CONSTRAINT pk_contact_keys PRIMARY KEY (namespace, value),
        CONSTRAINT ck_contact_keys_origin CHECK (origin IN ('stated', 'learnt')),
        CONSTRAINT ck_contact_keys_namespace CHECK (namespace = 'email' OR starts_with(namespace, 'id:')),
        CONSTRAINT fk_contact_keys_contact_id FOREIGN KEY(contact_id) REFERENCES contacts (id) DEFERRABLE INITIALLY DEFERRED
    )
    """,
    "CREATE INDEX ix_contact_keys_contact_id ON contact_keys (contact_id)",
    "COMMENT ON COLUMN contact_keys.namespace IS 'email, or id: and the name of a platform or register.'",
    "COMMENT ON COLUMN contact_keys.origin IS 'stated by a directory, or learnt from an act.'",
    """
    CREATE TABLE consents (
        contact_id text NOT NULL,
        channel text NOT NULL,
        purpose text NOT NULL,
        state text NOT NULL,
        at timestamptz,
        evidence text,
        legal_basis text,
        CONSTRAINT pk_consents PRIMARY KEY (contact_id, channel, purpose),
        CONSTRAINT ck_consents_state CHECK (state IN ('granted', 'denied')),
        CONSTRAINT fk_consents_contact_id FOREIGN KEY(contact_id) REFERENCES contacts (id) DEFERRABLE INITIALLY DEFERRED
    )
    """,
    "COMMENT ON COLUMN consents.at IS 'Null if a directory did not date it.'",
    "COMMENT ON COLUMN consents.evidence IS 'Where the proof lies; null if nobody said.'",
    "COMMENT ON COLUMN consents.legal_basis IS 'Null if nobody said.'",
    """
    CREATE TABLE assets (
        id text NOT NULL,
        version text NOT NULL,
        brand_id text NOT NULL,
        title text NOT NULL,
        kind text NOT NULL,
        topics jsonb NOT NULL,
        journey_stage text NOT NULL,
        intent text NOT NULL,
        claims jsonb NOT NULL,
        answers jsonb NOT NULL,
        approval jsonb NOT NULL,
        url text,
        keys jsonb NOT NULL,
        updated_at timestamptz NOT NULL,
        CONSTRAINT pk_assets PRIMARY KEY (id)
    )
    """,
    "COMMENT ON COLUMN assets.url IS 'Null if it has no address of its own.'",
    """
    CREATE TABLE asset_marks (
        asset_id text NOT NULL,
        position integer NOT NULL,
        kind text NOT NULL,
        value text NOT NULL,
        source text,
        CONSTRAINT pk_asset_marks PRIMARY KEY (asset_id, position),
        CONSTRAINT fk_asset_marks_asset_id FOREIGN KEY(asset_id) REFERENCES assets (id) DEFERRABLE INITIALLY DEFERRED
    )
    """,
    "CREATE INDEX ix_asset_marks_value ON asset_marks USING hash (value)",
    "COMMENT ON COLUMN asset_marks.source IS 'Null: in events of any source.'",
    """
    CREATE TABLE campaigns (
        id text NOT NULL,
        brand_id text NOT NULL,
        indication text NOT NULL,
        name text NOT NULL,
        segment text,
        stage_goal text NOT NULL,
        channels jsonb NOT NULL,
        asset_ids jsonb NOT NULL,
        activation jsonb,
        informed_by jsonb NOT NULL,
        starts_on date NOT NULL,
        ends_on date NOT NULL,
        owner text NOT NULL,
        keys jsonb NOT NULL,
        updated_at timestamptz NOT NULL,
        CONSTRAINT pk_campaigns PRIMARY KEY (id),
        CONSTRAINT ck_campaigns_days CHECK (starts_on <= ends_on)
    )
    """,
    "CREATE INDEX ix_campaigns_asset_ids ON campaigns USING gin (asset_ids)",
    "COMMENT ON COLUMN campaigns.segment IS 'Null: everyone the brand addresses.'",
    "COMMENT ON COLUMN campaigns.activation IS 'Null: the field is asked nothing.'",
    """
    CREATE TABLE campaign_marks (
        campaign_id text NOT NULL,
        position integer NOT NULL,
        kind text NOT NULL,
        value text NOT NULL,
        source text,
        CONSTRAINT pk_campaign_marks PRIMARY KEY (campaign_id, position),
        CONSTRAINT fk_campaign_marks_campaign_id FOREIGN KEY(campaign_id) REFERENCES campaigns (id) DEFERRABLE INITIALLY DEFERRED
    )
    """,
    "CREATE INDEX ix_campaign_marks_value ON campaign_marks USING hash (value)",
    "COMMENT ON COLUMN campaign_marks.source IS 'Null: in events of any source.'",
    """
    CREATE TABLE engagements (
        id uuid NOT NULL,
        receipt_id uuid NOT NULL,
        source text NOT NULL,
        source_event_id text NOT NULL,
        fingerprint bytea NOT NULL,
        contact_id text NOT NULL,
        kind text NOT NULL,
        channel text NOT NULL,
        context text NOT NULL,
        asset_id text,
        campaign_id text,
        brand_id text,
        topics jsonb NOT NULL,
        occurred_at timestamptz NOT NULL,
        received_at timestamptz NOT NULL,
        machine boolean NOT NULL,
        attributes jsonb NOT NULL,
        flags jsonb NOT NULL,
        CONSTRAINT pk_engagements PRIMARY KEY (id),
        CONSTRAINT uq_engagements_source_source_event_id UNIQUE (source, source_event_id),
        CONSTRAINT ck_engagements_fingerprint CHECK (octet_length(fingerprint) = 32),
        CONSTRAINT fk_engagements_receipt_id FOREIGN KEY(receipt_id) REFERENCES receipts (id) DEFERRABLE INITIALLY DEFERRED,
        CONSTRAINT fk_engagements_contact_id FOREIGN KEY(contact_id) REFERENCES contacts (id) DEFERRABLE INITIALLY DEFERRED
    )
    """,
    "COMMENT ON COLUMN engagements.source_event_id IS 'As the platform identifies the act, or a hash of its content.'",
    "COMMENT ON COLUMN engagements.fingerprint IS 'Tells a retry (the same) from a contradiction (another).'",
    "COMMENT ON COLUMN engagements.asset_id IS 'Null if no asset was recognised; posters may name one unknown here.'",
    "COMMENT ON COLUMN engagements.campaign_id IS 'Null if no campaign was recognised; may be one unknown here.'",
    "COMMENT ON COLUMN engagements.brand_id IS 'Null if nothing tells the brand.'",
)


def upgrade() -> None:
    for statement in (*SEAMS_V1, *_TABLES):
        op.execute(statement)
