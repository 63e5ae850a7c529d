"""A contact may be merged into another."""

from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.execute("ALTER TABLE contacts ADD COLUMN merged_into text")
    op.execute("COMMENT ON COLUMN contacts.merged_into IS 'who stands for them; null: they themselves'")
    op.execute("CREATE INDEX ix_contacts_merged_into ON contacts (merged_into) WHERE merged_into IS NOT NULL")
