"""A contact may be merged into another; an engagement keeps whose key showed it."""

from alembic import op

revision = "0004"
down_revision = "0003"

_STATEMENTS = (
    "ALTER TABLE contacts ADD COLUMN merged_into text",
    "COMMENT ON COLUMN contacts.merged_into IS 'Who stands for them; null: they themselves.'",
    "CREATE INDEX ix_contacts_merged_into_merged ON contacts (merged_into) WHERE merged_into IS NOT NULL",
    "ALTER TABLE engagements ADD COLUMN original_contact_id text",
    """
    COMMENT ON COLUMN engagements.original_contact_id
    IS 'Whose key showed it, if they are merged into the contact; null: the contact''s own.'
    """,
    """
    CREATE INDEX ix_engagements_original_contact_id_merged ON engagements (original_contact_id)
    WHERE original_contact_id IS NOT NULL
    """,
)


def upgrade() -> None:
    for statement in _STATEMENTS:
        op.execute(statement)
