"""What people typed at marketing's door comes sealed: the keys it is opened with, and what came of it."""

from alembic import op

revision = "0002"
down_revision = "0001"

STATEMENTS = (
    """
    CREATE TABLE triaged_texts (
        text_id uuid NOT NULL,
        verdict text NOT NULL,
        triaged_at timestamptz NOT NULL,
        CONSTRAINT pk_triaged_texts PRIMARY KEY (text_id),
        CONSTRAINT ck_triaged_texts_verdict CHECK (verdict IN ('clear', 'possible', 'certain'))
    )
    """,
    """
    CREATE TABLE text_keys (
        key_id text NOT NULL,
        private jsonb NOT NULL,
        made_at timestamptz NOT NULL,
        CONSTRAINT pk_text_keys PRIMARY KEY (key_id)
    )
    """,
    "COMMENT ON COLUMN cases.report_id IS 'there may be no such report: the commercial part can have been refused, "
    "or it is a text typed at marketing''s door'",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
