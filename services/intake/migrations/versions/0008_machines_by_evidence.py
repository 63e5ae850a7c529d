"""By which evidence an act counts as a machine's, what tells e-mails and links apart, and how an engagement was restated.

What stood here before was a machine's by its platform's word alone. The index is built while whoever posts waits: a second or two per
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
        ADD COLUMN version integer NOT NULL DEFAULT 1
    """,
    "COMMENT ON COLUMN engagements.sending IS 'Tells the e-mail from others, by a hash; null if it has no name, or this is no act on one.'",
    "COMMENT ON COLUMN engagements.link IS 'Tells the link from others, by a hash; null if none was followed or named.'",
    "COMMENT ON COLUMN engagements.machine_word IS 'What somebody said who looked; it stands over evidence. Null if nobody did.'",
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
        CONSTRAINT ck_restatements_cause CHECK (cause IN ('evidence', 'word')),
        CONSTRAINT ck_restatements_word CHECK (num_nonnulls(reason_code, said_by) = CASE cause WHEN 'word' THEN 2 ELSE 0 END)
    )
    """,
    "COMMENT ON COLUMN restatements.reason_code IS 'Null unless somebody said so.'",
    "COMMENT ON COLUMN restatements.said_by IS 'The subject of the token; null unless somebody said so.'",
)


def upgrade() -> None:
    for statement in _STATEMENTS:
        op.execute(statement)
