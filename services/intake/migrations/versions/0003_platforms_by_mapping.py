"""A source may be a mapping; a receipt says what its proof was worth, and keeps the headers its body can't be read without.

What stood here before was signed, whole. The constraint on receipts is held against old rows by the next migration: here they would
have to wait who post.
"""

from alembic import op

revision = "0003"
down_revision = "0002"

_STATEMENTS = (
    "ALTER TABLE sources ALTER COLUMN adapter DROP NOT NULL",
    "ALTER TABLE sources ADD COLUMN mapping jsonb, ADD COLUMN told jsonb NOT NULL DEFAULT '{}'",
    "ALTER TABLE sources ADD CONSTRAINT ck_sources_platform CHECK (num_nonnulls(adapter, mapping) = 1)",
    "COMMENT ON COLUMN sources.adapter IS 'Null: its platform is the mapping''s.'",
    "COMMENT ON COLUMN sources.mapping IS 'As it was given; null: its platform is the adapter''s.'",
    "COMMENT ON COLUMN sources.told IS 'What its platform told that an administrator must give back there.'",
    "ALTER TABLE receipts ADD COLUMN proof text DEFAULT 'signed', ADD COLUMN headers jsonb",
    "ALTER TABLE receipts ADD CONSTRAINT ck_receipts_proof CHECK (proof IN ('signed', 'partly_signed', 'shared_secret')) NOT VALID",
    "COMMENT ON COLUMN receipts.proof IS 'What the platform''s proof was worth; of the door engagements it says nothing.'",
    "COMMENT ON COLUMN receipts.headers IS 'Those the body can''t be read without; null if it can.'",
)


def upgrade() -> None:
    for statement in _STATEMENTS:
        op.execute(statement)
