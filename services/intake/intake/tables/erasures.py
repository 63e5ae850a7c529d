"""Intake's tables about forgetting people: who asked for it and how far it is, and the ledger by which somebody forgotten is recognised."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, Integer, Text, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from intake.tables.declared import MOMENT, Tables, reference


class ErasureRow(Tables):
    """An erasure, from its request to its certificate. It stays: who asked and who approved must be known for good."""

    __tablename__ = "erasures"
    __table_args__ = (
        UniqueConstraint("contact_id"),
        CheckConstraint("approved_by <> requested_by", name="approved_by_another"),
        CheckConstraint("num_nonnulls(approved_by, approved_at) IN (0, 2)", name="approved"),
        CheckConstraint("ordered_at IS NULL OR approved_at IS NOT NULL", name="ordered_when_approved"),
        CheckConstraint("num_nonnulls(certified_at, certificate) IN (0, 2)", name="certified"),
        CheckConstraint("swept_at IS NULL OR traces IS NULL", name="traces_go"),
        Index("ix_erasures_approved_at_open", "approved_at", postgresql_where=text("certified_at IS NULL")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    contact_id: Mapped[str] = mapped_column(Text)
    contact_ids: Mapped[list[str]] = mapped_column(ARRAY(Text), comment="The contact's own id and those that led to it.")
    reason: Mapped[str] = mapped_column(Text)
    requested_by: Mapped[str] = mapped_column(Text)
    requested_at: Mapped[datetime] = mapped_column(MOMENT)
    approved_by: Mapped[str | None] = mapped_column(Text, comment="Null until somebody else approved it.")
    approved_at: Mapped[datetime | None] = mapped_column(MOMENT, comment="Null until somebody else approved it.")
    ordered_at: Mapped[datetime | None] = mapped_column(MOMENT, comment="When the contact went and everybody was told; null until then.")
    traces: Mapped[list[Any] | None] = mapped_column(
        JSONB(none_as_null=True), comment="The person's keys, for as long as receipts are searched for them; null before and after."
    )
    swept_to: Mapped[UUID | None] = mapped_column(comment="The last receipt that was searched; null before the first.")
    swept_at: Mapped[datetime | None] = mapped_column(MOMENT, comment="When all receipts had been searched; null until then.")
    erased: Mapped[dict[str, Any]] = mapped_column(JSONB, comment="How many of what intake erased, so far.")
    tombstoned_at: Mapped[datetime | None] = mapped_column(MOMENT, comment="When the tombstone was seen on the bus; null until then.")
    appended_at: Mapped[datetime | None] = mapped_column(MOMENT, comment="When its segment was closed by another append; null until then.")
    cleared_at: Mapped[datetime | None] = mapped_column(MOMENT, comment="When no value could be read any more; null until then.")
    certified_at: Mapped[datetime | None] = mapped_column(MOMENT, comment="Null until every service answered and the bus is clear.")
    certificate: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True), comment="Null until it is certified.")


class ErasureAnswer(Tables):
    """That a service has erased one of the contacts of an erasure."""

    __tablename__ = "erasure_answers"
    __table_args__ = (CheckConstraint("service IN ('intake', 'routing', 'feedback', 'reporting')", name="service"),)

    erasure_id: Mapped[UUID] = mapped_column(ForeignKey("erasures.id"), primary_key=True)
    contact_id: Mapped[str] = mapped_column(Text, primary_key=True)
    service: Mapped[str] = mapped_column(Text, primary_key=True)
    erased_at: Mapped[datetime] = mapped_column(MOMENT)
    erased: Mapped[dict[str, Any]] = mapped_column(JSONB)
    kept: Mapped[dict[str, Any]] = mapped_column(JSONB)


class ErasedSubject(Tables):
    """Somebody who was forgotten, as the keyed hash of the id they had."""

    __tablename__ = "erased_subjects"
    __table_args__ = (CheckConstraint("octet_length(subject) = 32", name="subject"), Index(None, "successor_id"), Index(None, "erased_at"))

    subject: Mapped[bytes] = mapped_column(primary_key=True)
    erased_at: Mapped[datetime] = mapped_column(MOMENT)
    successor_id: Mapped[str | None] = mapped_column(Text, comment="The contact a directory made of them since; null if none did.")


class ErasedHash(Tables):
    """A keyed hash of something that was the person's: a key, or the identity of an act that was on record."""

    __tablename__ = "erased_hashes"
    __table_args__ = (CheckConstraint("octet_length(hash) = 32", name="hash"),)

    hash: Mapped[bytes] = mapped_column(primary_key=True)
    subject: Mapped[bytes] = mapped_column(ForeignKey("erased_subjects.subject"))


class ErasedDenial(Tables):
    """What somebody who was forgotten had denied. It holds for whoever a directory makes of them."""

    __tablename__ = "erased_denials"

    subject: Mapped[bytes] = mapped_column(ForeignKey("erased_subjects.subject"), primary_key=True)
    channel: Mapped[str] = mapped_column(Text, primary_key=True)
    purpose: Mapped[str] = mapped_column(Text, primary_key=True)
    at: Mapped[datetime | None] = mapped_column(MOMENT, comment="Null if a directory did not date it.")


class ReceiptToCut(Tables):
    """A receipt somebody is to be cut out of as soon as what they typed there has its verdict: until then it may have to be told again."""

    __tablename__ = "receipts_to_cut"

    receipt_id: Mapped[UUID] = mapped_column(reference("receipts.id"), primary_key=True)
    positions: Mapped[list[int]] = mapped_column(ARRAY(Integer))


class ReceiptRedaction(Tables):
    """That something was cut out of a receipt's body, or all of it, and what the body had been."""

    __tablename__ = "receipt_redactions"
    __table_args__ = (CheckConstraint("octet_length(original_sha256) = 32", name="original_sha256"),)

    receipt_id: Mapped[UUID] = mapped_column(reference("receipts.id"), primary_key=True)
    original_sha256: Mapped[bytes] = mapped_column(comment="Of the body as it came.")
    redacted_at: Mapped[datetime] = mapped_column(MOMENT)
