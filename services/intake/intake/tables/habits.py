"""The tables by which a source's habit is known: what it posted hour by hour, and what that makes of its silence."""

from datetime import datetime

from sqlalchemy import Text
from sqlalchemy.orm import Mapped, mapped_column

from intake.tables.declared import MOMENT, Tables


class SourceHour(Tables):
    """What a source posted in an hour, and what became of it; kept for some weeks. Hours without any have no row."""

    __tablename__ = "source_hours"

    source: Mapped[str] = mapped_column(Text, primary_key=True)
    hour: Mapped[datetime] = mapped_column(MOMENT, primary_key=True)
    receipts: Mapped[int]
    accepted: Mapped[int]
    duplicate: Mapped[int]
    ignored: Mapped[int]
    rejected: Mapped[int]


class SourceWatch(Tables):
    """How far a source's receipts are counted, and what was made of them when it was looked at last."""

    __tablename__ = "source_watches"

    source: Mapped[str] = mapped_column(Text, primary_key=True)
    counted_until: Mapped[datetime] = mapped_column(MOMENT)
    last_at: Mapped[datetime | None] = mapped_column(MOMENT, comment="When it posted last; null if it never did.")
    expected_gap_seconds: Mapped[float | None] = mapped_column(comment="Null: it has no habit at this time of the week.")
    quiet_since: Mapped[datetime | None] = mapped_column(MOMENT, comment="Null: it isn't.")
