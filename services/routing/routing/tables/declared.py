"""What every table of routing is declared on."""

from sqlalchemy.orm import DeclarativeBase

from shared.database import new_metadata


class Tables(DeclarativeBase):
    """The base of routing's models."""

    metadata = new_metadata()
