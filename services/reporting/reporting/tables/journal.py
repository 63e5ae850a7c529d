"""What was told on the bus: every event as it can be traced, and how many there were."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, Boolean, Index, Integer, Text, Uuid, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from reporting.tables.declared import MOMENT, Tables


class JournalRow(Tables):
    """Every event seen or made here, as codes and ids, to walk the circle by."""

    __tablename__ = "journal"

    event_id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    event_type: Mapped[str] = mapped_column(Text)
    service: Mapped[str] = mapped_column(Text)
    correlation_id: Mapped[UUID] = mapped_column(Uuid)
    causation_id: Mapped[UUID | None] = mapped_column(Uuid, comment="Null for the first event of a journey.")
    occurred_at: Mapped[datetime] = mapped_column(MOMENT)
    recorded_at: Mapped[datetime] = mapped_column(MOMENT)
    contact_id: Mapped[str | None] = mapped_column(Text, comment="Null for an event about no single contact.")
    subjects: Mapped[list[str]] = mapped_column(ARRAY(Text))
    rests_on: Mapped[list[str]] = mapped_column(ARRAY(Text))
    summary: Mapped[str] = mapped_column(Text)
    is_test: Mapped[bool] = mapped_column(Boolean, server_default=text("false"), comment="On record, and counted in no figure.")

    __table_args__ = (
        Index("ix_journal_correlation_id", "correlation_id"),
        Index("ix_journal_subjects", "subjects", postgresql_using="gin"),
        Index("ix_journal_rests_on", "rests_on", postgresql_using="gin"),
    )


class EventCountRow(Tables):
    """How many events of a type the journal holds, and how many of those are tests. Kept by triggers (migrations 0002, 0004)."""

    __tablename__ = "event_counts"

    event_type: Mapped[str] = mapped_column(Text, primary_key=True)
    slot: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    count: Mapped[int] = mapped_column(BigInteger, comment="A slot's part: the sum over the slots is how many there were.")
    tests: Mapped[int] = mapped_column(BigInteger, server_default=text("0"), comment="Of these, what only a test told.")
