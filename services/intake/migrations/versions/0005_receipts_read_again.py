"""Receipts can be read again and searched: when and how often, by which other identities an engagement is known, and indexes in the
order of a page.

The indexes are built beside whoever posts, outside of a transaction; one that was left half built by an earlier try is built anew.
"""

from alembic import op

revision = "0005"
down_revision = "0006"

_INDEXES = {
    "ix_receipts_duplicate": "receipts (received_at, id) WHERE duplicate > 0",
    "ix_receipts_ignored": "receipts (received_at, id) WHERE ignored > 0",
    "ix_receipts_rejected": "receipts (received_at, id) WHERE rejected > 0",
    "ix_receipts_conflict": "receipts (received_at, id) WHERE has_conflict",
    "ix_receipt_items_rejected": "receipt_items (reason, receipt_id) WHERE outcome = 'rejected'",
}
_STATEMENTS = (
    "ALTER TABLE receipts ADD COLUMN reprocessed_at timestamptz, ADD COLUMN times_reprocessed integer NOT NULL DEFAULT 0",
    "COMMENT ON COLUMN receipts.reprocessed_at IS 'When it was last read again; null if never.'",
    """
    CREATE TABLE engagement_aliases (
        source text NOT NULL,
        source_event_id text NOT NULL,
        fingerprint bytea NOT NULL,
        engagement_id uuid NOT NULL,
        CONSTRAINT pk_engagement_aliases PRIMARY KEY (source, source_event_id),
        CONSTRAINT ck_engagement_aliases_fingerprint CHECK (octet_length(fingerprint) = 32)
    )
    """,
    "COMMENT ON COLUMN engagement_aliases.source_event_id IS 'As a later mapping of the source identifies the act.'",
)


def upgrade() -> None:
    with op.get_context().autocommit_block():
        for name, what in _INDEXES.items():
            op.execute(f"DROP INDEX IF EXISTS {name}")
            op.execute(f"CREATE INDEX CONCURRENTLY {name} ON {what}")
    for statement in _STATEMENTS:
        op.execute(statement)
