"""What assets were before: beside `tables.py`, on the same metadata."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Text
from sqlalchemy.dialects.postgresql import JSONB, TIMESTAMP
from sqlalchemy.orm import Mapped, mapped_column

from intake.tables import Tables


class AssetVersion(Tables):
    """An asset as it was stated at one time, and stood until it was stated anew. Kept by a trigger, whoever writes assets."""

    __tablename__ = "asset_versions"

    asset_id: Mapped[str] = mapped_column(ForeignKey("assets.id", deferrable=True, initially="DEFERRED"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    stated_at: Mapped[datetime] = mapped_column(TIMESTAMP(timezone=True))
    version: Mapped[str] = mapped_column(Text, comment="The poster's own name of it.")
    document: Mapped[dict[str, Any]] = mapped_column(JSONB, comment="Everything that was stated.")
