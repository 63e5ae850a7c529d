"""What every table of this service is declared on."""

from sqlalchemy import ForeignKey
from sqlalchemy.dialects.postgresql import TIMESTAMP
from sqlalchemy.orm import DeclarativeBase

from shared.database import new_metadata

MOMENT = TIMESTAMP(timezone=True)


def reference(column: str) -> ForeignKey:
    """A reference checked at commit: rows of one transaction are written in the order that locks best, not parents first."""
    return ForeignKey(column, deferrable=True, initially="DEFERRED")


class Tables(DeclarativeBase):
    """What every table of this service is declared on."""

    metadata = new_metadata()
