"""What people typed is handed over and followed until its verdict is known."""

from alembic import op

revision = "0007"
down_revision = "0004"

STATEMENTS = (
    """
    CREATE TABLE typed_texts (
        id uuid NOT NULL,
        receipt_id uuid NOT NULL,
        digest bytea NOT NULL,
        content bytea NOT NULL,
        source text NOT NULL,
        vendor_type text,
        contact_id text,
        part integer NOT NULL,
        parts integer NOT NULL,
        received_at timestamptz NOT NULL,
        times_told integer NOT NULL,
        due_at timestamptz NOT NULL,
        verdict text,
        triaged_at timestamptz,
        CONSTRAINT pk_typed_texts PRIMARY KEY (id),
        CONSTRAINT uq_typed_texts_digest UNIQUE (digest),
        CONSTRAINT fk_typed_texts_receipt_id FOREIGN KEY (receipt_id) REFERENCES receipts (id) DEFERRABLE INITIALLY DEFERRED,
        CONSTRAINT ck_typed_texts_verdict CHECK (verdict IN ('clear', 'possible', 'certain', 'replaced')),
        CONSTRAINT ck_typed_texts_triaged CHECK ((verdict IS NULL) = (triaged_at IS NULL)),
        CONSTRAINT ck_typed_texts_part CHECK (part BETWEEN 1 AND parts),
        CONSTRAINT ck_typed_texts_times_told CHECK (times_told >= 0)
    )
    """,
    "CREATE INDEX ix_typed_texts_receipt_id ON typed_texts (receipt_id)",
    "CREATE INDEX ix_typed_texts_contact_id ON typed_texts (contact_id)",
    "CREATE INDEX ix_typed_texts_due_at_untriaged ON typed_texts (due_at) WHERE verdict IS NULL",
    "CREATE INDEX ix_typed_texts_received_at_untriaged ON typed_texts (received_at) WHERE verdict IS NULL",
    "COMMENT ON COLUMN typed_texts.digest IS 'Of its source, its event and what it says: the same told again is the same text.'",
    "COMMENT ON COLUMN typed_texts.content IS 'Of what it says alone: a receipt read again holds the same texts.'",
    "COMMENT ON COLUMN typed_texts.vendor_type IS 'What the platform calls the event; null if unreadable.'",
    "COMMENT ON COLUMN typed_texts.contact_id IS 'Null if nobody was recognised.'",
    "COMMENT ON COLUMN typed_texts.due_at IS 'When it is told, or told again, unless its verdict is known by then.'",
    "COMMENT ON COLUMN typed_texts.verdict IS "
    "'Null until triaged. replaced: it is no longer found in its receipt, which was told whole instead.'",
    "COMMENT ON COLUMN typed_texts.triaged_at IS 'Null until triaged.'",
    """
    CREATE TABLE sealing_keys (
        only_one boolean NOT NULL DEFAULT true,
        key_id text NOT NULL,
        public jsonb NOT NULL,
        offered_at timestamptz NOT NULL,
        CONSTRAINT pk_sealing_keys PRIMARY KEY (only_one),
        CONSTRAINT ck_sealing_keys_only_one CHECK (only_one)
    )
    """,
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
