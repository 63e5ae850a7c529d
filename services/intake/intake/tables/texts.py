"""The tables of what people typed: that there is a text and what became of it. The words themselves stand in the receipt alone."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, Text, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from intake.tables.declared import MOMENT, Tables, reference


class TypedText(Tables):
    """A text to be triaged, or part of one: told until its verdict is known."""

    __tablename__ = "typed_texts"
    __table_args__ = (
        UniqueConstraint("digest"),
        CheckConstraint("verdict IN ('clear', 'possible', 'certain', 'replaced')", name="verdict"),
        CheckConstraint("(verdict IS NULL) = (triaged_at IS NULL)", name="triaged"),
        CheckConstraint("part BETWEEN 1 AND parts", name="part"),
        CheckConstraint("times_told >= 0", name="times_told"),
        Index("ix_typed_texts_receipt_id", "receipt_id"),
        Index("ix_typed_texts_contact_id", "contact_id"),
        Index("ix_typed_texts_due_at_untriaged", "due_at", postgresql_where=text("verdict IS NULL")),
        Index("ix_typed_texts_received_at_untriaged", "received_at", postgresql_where=text("verdict IS NULL")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    receipt_id: Mapped[UUID] = mapped_column(reference("receipts.id"))
    digest: Mapped[bytes] = mapped_column(comment="Of its source, its event and what it says: the same told again is the same text.")
    content: Mapped[bytes] = mapped_column(comment="Of what it says alone: a receipt read again holds the same texts.")
    source: Mapped[str] = mapped_column(Text)
    vendor_type: Mapped[str | None] = mapped_column(Text, comment="What the platform calls the event; null if unreadable.")
    contact_id: Mapped[str | None] = mapped_column(Text, comment="Null if nobody was recognised.")
    part: Mapped[int]
    parts: Mapped[int]
    received_at: Mapped[datetime] = mapped_column(MOMENT)
    times_told: Mapped[int]
    due_at: Mapped[datetime] = mapped_column(MOMENT, comment="When it is told, or told again, unless its verdict is known by then.")
    verdict: Mapped[str | None] = mapped_column(
        Text, comment="Null until triaged. replaced: it is no longer found in its receipt, which was told whole instead."
    )
    triaged_at: Mapped[datetime | None] = mapped_column(MOMENT, comment="Null until triaged.")


class SealingKey(Tables):
    """The key feedback offered last: what is typed is sealed with it. There is one, or none yet."""

    __tablename__ = "sealing_keys"
    __table_args__ = (CheckConstraint("only_one", name="only_one"),)

    only_one: Mapped[bool] = mapped_column(primary_key=True, server_default=text("true"))
    key_id: Mapped[str] = mapped_column(Text)
    public: Mapped[dict[str, str]] = mapped_column(JSONB)
    offered_at: Mapped[datetime] = mapped_column(MOMENT)
