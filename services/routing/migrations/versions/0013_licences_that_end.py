"""The day on which a licence ends takes effect by itself.

Of contacts that are stored already each licence that ended before now does too, once: nobody looked at those days.
"""

from alembic import op

revision = "0013"
down_revision = "0014"

_STATEMENTS = (
    "ALTER TABLE contacts ADD COLUMN licence_ends_on date",
    "COMMENT ON COLUMN contacts.licence_ends_on IS 'The next last day of a licence, until that has taken effect; null: none is to come.'",
    """
    UPDATE contacts SET licence_ends_on = (
        SELECT min(CAST(licence ->> 'valid_until' AS date)) FROM jsonb_array_elements(licences) AS licence
    )
    WHERE licences <> '[]'
    """,
    "CREATE INDEX ix_contacts_licence_ends_on_licensed ON contacts (licence_ends_on) WHERE licence_ends_on IS NOT NULL",
)


def upgrade() -> None:
    for statement in _STATEMENTS:
        op.execute(statement)
