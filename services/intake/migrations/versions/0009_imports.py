"""Imports: files of a million rows, received in parts, checked, and applied in batches."""

from alembic import op

revision = "0009"
down_revision = "0007"

_STATEMENTS = (
    """
    CREATE TABLE imports (
        id uuid NOT NULL,
        kind text NOT NULL,
        format text NOT NULL,
        name text,
        flags jsonb NOT NULL,
        state text NOT NULL,
        problem text,
        columns jsonb,
        created_at timestamptz NOT NULL,
        touched_at timestamptz NOT NULL,
        finished_at timestamptz,
        bytes_total bigint,
        bytes_received bigint NOT NULL DEFAULT 0,
        bytes_checked bigint NOT NULL DEFAULT 0,
        bytes_applied bigint NOT NULL DEFAULT 0,
        last_row_checked integer,
        last_row_applied integer,
        rows_read integer NOT NULL DEFAULT 0,
        rows_applied integer NOT NULL DEFAULT 0,
        created integer NOT NULL DEFAULT 0,
        updated integer NOT NULL DEFAULT 0,
        unchanged integer NOT NULL DEFAULT 0,
        accepted integer NOT NULL DEFAULT 0,
        duplicate integer NOT NULL DEFAULT 0,
        rejected integer NOT NULL DEFAULT 0,
        duplicates_in_file integer NOT NULL DEFAULT 0,
        CONSTRAINT pk_imports PRIMARY KEY (id),
        CONSTRAINT ck_imports_kind CHECK (kind IN ('contacts', 'engagements')),
        CONSTRAINT ck_imports_format CHECK (format IN ('csv', 'ndjson')),
        CONSTRAINT ck_imports_state CHECK (state IN ('receiving', 'checking', 'applying', 'done', 'failed'))
    )
    """,
    "CREATE INDEX ix_imports_unfinished ON imports (created_at, id) WHERE state IN ('receiving', 'checking', 'applying')",
    "CREATE INDEX ix_imports_created_at_id ON imports (created_at, id)",
    "COMMENT ON COLUMN imports.name IS 'What its sender calls the file; null if nothing.'",
    "COMMENT ON COLUMN imports.flags IS 'What every engagement in it is flagged with.'",
    "COMMENT ON COLUMN imports.problem IS 'Why nothing of it was applied; null unless it failed.'",
    "COMMENT ON COLUMN imports.columns IS 'A CSV file''s header; null before it was read.'",
    "COMMENT ON COLUMN imports.touched_at IS 'When a part of it came last, or something was done with it.'",
    "COMMENT ON COLUMN imports.finished_at IS 'Null until it is done or failed.'",
    "COMMENT ON COLUMN imports.bytes_total IS 'As its sender announced; null if not.'",
    "COMMENT ON COLUMN imports.last_row_checked IS 'Null before the first.'",
    "COMMENT ON COLUMN imports.last_row_applied IS 'Null before the first.'",
    "COMMENT ON COLUMN imports.rows_applied IS 'How many of those read are through, taken or not.'",
    """
    CREATE TABLE import_parts (
        import_id uuid NOT NULL,
        start bigint NOT NULL,
        content bytea NOT NULL,
        CONSTRAINT pk_import_parts PRIMARY KEY (import_id, start)
    )
    """,
    # As they come: a part is read in slices, and a compressed one would be unpacked from its beginning for each.
    "ALTER TABLE import_parts ALTER COLUMN content SET STORAGE EXTERNAL",
    """
    CREATE TABLE import_identities (
        import_id uuid NOT NULL,
        row integer NOT NULL,
        pointer text NOT NULL,
        digest uuid NOT NULL,
        CONSTRAINT pk_import_identities PRIMARY KEY (import_id, row, pointer)
    )
    """,
    """
    CREATE TABLE import_errors (
        import_id uuid NOT NULL,
        row integer NOT NULL,
        errors jsonb NOT NULL,
        CONSTRAINT pk_import_errors PRIMARY KEY (import_id, row)
    )
    """,
)


def upgrade() -> None:
    for statement in _STATEMENTS:
        op.execute(statement)
