"""What every table of this service is declared on."""

from sqlalchemy import DateTime
from sqlalchemy.orm import DeclarativeBase

from shared.database import new_metadata

MOMENT = DateTime(timezone=True)


class Tables(DeclarativeBase):
    """What every table of this service is declared on."""

    metadata = new_metadata()
