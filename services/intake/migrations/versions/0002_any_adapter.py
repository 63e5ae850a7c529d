"""Which platforms there are is the code's to say: the database holds a source's adapter to the form of a name only."""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.execute("ALTER TABLE sources DROP CONSTRAINT ck_sources_adapter")
    op.execute("ALTER TABLE sources ADD CONSTRAINT ck_sources_adapter CHECK (adapter ~ '^[a-z][a-z0-9-]{0,59}$')")
