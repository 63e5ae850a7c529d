"""Forgetting people: erasures and who answered them, the ledger of keyed hashes, which receipts were cut; the bus learns tombstones."""

from alembic import op

from shared.migrations import SEAMS_V2

revision = "0011"
down_revision = "0005"

_STATEMENTS = (
    """
    CREATE TABLE erasures (
        id uuid NOT NULL,
        contact_id text NOT NULL,
        contact_ids text[] NOT NULL,
        reason text NOT NULL,
        requested_by text NOT NULL,
        requested_at timestamptz NOT NULL,
        approved_by text,
        approved_at timestamptz,
        ordered_at timestamptz,
        traces jsonb,
        swept_to uuid,
        swept_at timestamptz,
        erased jsonb NOT NULL,
        tombstoned_at timestamptz,
        appended_at timestamptz,
        cleared_at timestamptz,
        certified_at timestamptz,
        certificate jsonb,
        CONSTRAINT pk_erasures PRIMARY KEY (id),
        CONSTRAINT uq_erasures_contact_id UNIQUE (contact_id),
        CONSTRAINT ck_erasures_approved_by_another CHECK (approved_by <> requested_by),
        CONSTRAINT ck_erasures_approved CHECK (num_nonnulls(approved_by, approved_at) IN (0, 2)),
        CONSTRAINT ck_erasures_ordered_when_approved CHECK (ordered_at IS NULL OR approved_at IS NOT NULL),
        CONSTRAINT ck_erasures_certified CHECK (num_nonnulls(certified_at, certificate) IN (0, 2)),
        CONSTRAINT ck_erasures_traces_go CHECK (swept_at IS NULL OR traces IS NULL)
    )
    """,
    "CREATE INDEX ix_erasures_approved_at_open ON erasures (approved_at) WHERE certified_at IS NULL",
    """
    CREATE TABLE erasure_answers (
        erasure_id uuid NOT NULL,
        contact_id text NOT NULL,
        service text NOT NULL,
        erased_at timestamptz NOT NULL,
        erased jsonb NOT NULL,
        kept jsonb NOT NULL,
        CONSTRAINT pk_erasure_answers PRIMARY KEY (erasure_id, contact_id, service),
        CONSTRAINT fk_erasure_answers_erasure_id FOREIGN KEY (erasure_id) REFERENCES erasures (id),
        CONSTRAINT ck_erasure_answers_service CHECK (service IN ('intake', 'routing', 'feedback', 'reporting'))
    )
    """,
    """
    CREATE TABLE erased_subjects (
        subject bytea NOT NULL,
        erased_at timestamptz NOT NULL,
        successor_id text,
        CONSTRAINT pk_erased_subjects PRIMARY KEY (subject),
        CONSTRAINT ck_erased_subjects_subject CHECK (octet_length(subject) = 32)
    )
    """,
    "CREATE INDEX ix_erased_subjects_successor_id ON erased_subjects (successor_id)",
    "CREATE INDEX ix_erased_subjects_erased_at ON erased_subjects (erased_at)",
    """
    CREATE TABLE erased_hashes (
        hash bytea NOT NULL,
        subject bytea NOT NULL,
        CONSTRAINT pk_erased_hashes PRIMARY KEY (hash),
        CONSTRAINT fk_erased_hashes_subject FOREIGN KEY (subject) REFERENCES erased_subjects (subject),
        CONSTRAINT ck_erased_hashes_hash CHECK (octet_length(hash) = 32)
    )
    """,
    """
    CREATE TABLE erased_denials (
        subject bytea NOT NULL,
        channel text NOT NULL,
        purpose text NOT NULL,
        at timestamptz,
        CONSTRAINT pk_erased_denials PRIMARY KEY (subject, channel, purpose),
        CONSTRAINT fk_erased_denials_subject FOREIGN KEY (subject) REFERENCES erased_subjects (subject)
    )
    """,
    """
    CREATE TABLE receipt_redactions (
        receipt_id uuid NOT NULL,
        original_sha256 bytea NOT NULL,
        redacted_at timestamptz NOT NULL,
        CONSTRAINT pk_receipt_redactions PRIMARY KEY (receipt_id),
        CONSTRAINT fk_receipt_redactions_receipt_id FOREIGN KEY (receipt_id) REFERENCES receipts (id) DEFERRABLE INITIALLY DEFERRED,
        CONSTRAINT ck_receipt_redactions_original_sha256 CHECK (octet_length(original_sha256) = 32)
    )
    """,
    """
    CREATE TABLE receipts_to_cut (
        receipt_id uuid NOT NULL,
        positions integer[] NOT NULL,
        CONSTRAINT pk_receipts_to_cut PRIMARY KEY (receipt_id),
        CONSTRAINT fk_receipts_to_cut_receipt_id FOREIGN KEY (receipt_id) REFERENCES receipts (id) DEFERRABLE INITIALLY DEFERRED
    )
    """,
    "COMMENT ON COLUMN erasures.contact_ids IS 'The contact''s own id and those that led to it.'",
    "COMMENT ON COLUMN erasures.approved_by IS 'Null until somebody else approved it.'",
    "COMMENT ON COLUMN erasures.approved_at IS 'Null until somebody else approved it.'",
    "COMMENT ON COLUMN erasures.ordered_at IS 'When the contact went and everybody was told; null until then.'",
    "COMMENT ON COLUMN erasures.traces IS 'The person''s keys, for as long as receipts are searched for them; null before and after.'",
    "COMMENT ON COLUMN erasures.swept_to IS 'The last receipt that was searched; null before the first.'",
    "COMMENT ON COLUMN erasures.swept_at IS 'When all receipts had been searched; null until then.'",
    "COMMENT ON COLUMN erasures.erased IS 'How many of what intake erased, so far.'",
    "COMMENT ON COLUMN erasures.tombstoned_at IS 'When the tombstone was seen on the bus; null until then.'",
    "COMMENT ON COLUMN erasures.appended_at IS 'When its segment was closed by another append; null until then.'",
    "COMMENT ON COLUMN erasures.cleared_at IS 'When no value could be read any more; null until then.'",
    "COMMENT ON COLUMN erasures.certified_at IS 'Null until every service answered and the bus is clear.'",
    "COMMENT ON COLUMN erasures.certificate IS 'Null until it is certified.'",
    "COMMENT ON COLUMN erased_subjects.successor_id IS 'The contact a directory made of them since; null if none did.'",
    "COMMENT ON COLUMN erased_denials.at IS 'Null if a directory did not date it.'",
    "COMMENT ON COLUMN receipt_redactions.original_sha256 IS 'Of the body as it came.'",
    *SEAMS_V2,
)


def upgrade() -> None:
    for statement in _STATEMENTS:
        op.execute(statement)
