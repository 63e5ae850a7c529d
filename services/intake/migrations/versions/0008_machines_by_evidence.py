"""By which evidence an act counts as a machine's, how engagements are restated, what assets were before, and findings by an index.

What stood here before was a machine's by its platform's word alone. The indexes are built while whoever posts waits: a second or two per
million engagements.
"""

from alembic import op

revision = "0008"
down_revision = "0010"

_STATEMENTS = (
    """
    ALTER TABLE engagements
        ADD COLUMN sending text,
        ADD COLUMN link text,
        ADD COLUMN machine_evidence jsonb NOT NULL DEFAULT '[]',
        ADD COLUMN machine_word boolean,
        ADD COLUMN version integer NOT NULL DEFAULT 1,
        ADD COLUMN marks text[]
    """,
    "COMMENT ON COLUMN engagements.sending IS 'Tells the e-mail from others, by a hash; null if it has no name, or this is no act on one.'",
    "COMMENT ON COLUMN engagements.link IS 'Tells the link from others, by a hash; null if none was followed or named.'",
    "COMMENT ON COLUMN engagements.machine_word IS 'What somebody said who looked; it stands over evidence. Null if nobody did.'",
    "COMMENT ON COLUMN engagements.marks IS 'Hashes by which an asset or campaign stated later may be recognised; null if none may.'",
    "UPDATE engagements SET machine_evidence = '[\"vendor_flag\"]' WHERE machine",
    "CREATE INDEX ix_engagements_contact_id_occurred_at ON engagements (contact_id, occurred_at)",
    """
    CREATE TABLE restatements (
        engagement_id uuid NOT NULL,
        version integer NOT NULL,
        restated_at timestamptz NOT NULL,
        cause text NOT NULL,
        machine boolean NOT NULL,
        machine_evidence jsonb NOT NULL,
        reason_code text,
        said_by text,
        CONSTRAINT pk_restatements PRIMARY KEY (engagement_id, version),
        CONSTRAINT fk_restatements_engagement_id FOREIGN KEY(engagement_id)
            REFERENCES engagements (id) DEFERRABLE INITIALLY DEFERRED,
        CONSTRAINT ck_restatements_version CHECK (version >= 2),
        CONSTRAINT ck_restatements_cause CHECK (cause IN ('evidence', 'word', 'catalog')),
        CONSTRAINT ck_restatements_word CHECK (num_nonnulls(reason_code, said_by) = CASE cause WHEN 'word' THEN 2 ELSE 0 END)
    )
    """,
    "COMMENT ON COLUMN restatements.reason_code IS 'Null unless somebody said so.'",
    "COMMENT ON COLUMN restatements.said_by IS 'The subject of the token; null unless somebody said so.'",
    """
    CREATE TABLE relabellings (
        id uuid NOT NULL,
        stated_at timestamptz NOT NULL,
        asset_ids text[] NOT NULL,
        campaign_ids text[] NOT NULL,
        after_id uuid,
        CONSTRAINT pk_relabellings PRIMARY KEY (id)
    )
    """,
    "COMMENT ON COLUMN relabellings.after_id IS 'The last engagement that was looked at; null before the first.'",
    """
    CREATE INDEX ix_engagements_findings ON engagements (occurred_at, id)
        WHERE flags ?| ARRAY['asset_unapproved', 'asset_expired']
    """,
    """
    CREATE TABLE asset_versions (
        asset_id text NOT NULL,
        number integer NOT NULL,
        stated_at timestamptz NOT NULL,
        version text NOT NULL,
        document jsonb NOT NULL,
        CONSTRAINT pk_asset_versions PRIMARY KEY (asset_id, number),
        CONSTRAINT fk_asset_versions_asset_id FOREIGN KEY(asset_id) REFERENCES assets (id) DEFERRABLE INITIALLY DEFERRED
    )
    """,
    "COMMENT ON COLUMN asset_versions.version IS 'The poster''s own name of it.'",
    "COMMENT ON COLUMN asset_versions.document IS 'Everything that was stated.'",
    """
    CREATE FUNCTION keep_asset_version() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        INSERT INTO asset_versions (asset_id, number, stated_at, version, document)
        SELECT NEW.id, coalesce(max(number), 0) + 1, NEW.updated_at, NEW.version, to_jsonb(NEW) - 'updated_at'
        FROM asset_versions WHERE asset_id = NEW.id;
        RETURN NULL;
    END
    $$
    """,
    """
    INSERT INTO asset_versions (asset_id, number, stated_at, version, document)
    SELECT id, 1, updated_at, version, to_jsonb(assets) - 'updated_at' FROM assets
    """,
    "CREATE TRIGGER keep_asset_version AFTER INSERT OR UPDATE ON assets FOR EACH ROW EXECUTE FUNCTION keep_asset_version()",
)


def upgrade() -> None:
    for statement in _STATEMENTS:
        op.execute(statement)
