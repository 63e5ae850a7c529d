"""The bus learns tombstones, which have no body."""

from alembic import op

from shared.migrations import SEAMS_V2

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    for statement in SEAMS_V2:
        op.execute(statement)
