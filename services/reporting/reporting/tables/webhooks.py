"""What subscribers are told, and what came of it."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Identity, Index, Integer, Text, Uuid, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from reporting.tables.declared import MOMENT, Tables


class SubscriptionRow(Tables):
    """Who is told of which events, where, and signed with which secrets."""

    __tablename__ = "subscriptions"

    name: Mapped[str] = mapped_column(Text, primary_key=True)
    url: Mapped[str] = mapped_column(Text)
    source: Mapped[str | None] = mapped_column(Text, comment="The platform whose contact ids it knows; null for none.")
    events: Mapped[list[str]] = mapped_column(ARRAY(Text))
    filter: Mapped[dict[str, Any]] = mapped_column(JSONB)
    secrets: Mapped[list[str]] = mapped_column(ARRAY(Text), comment="Write-only through the API.")
    state: Mapped[str] = mapped_column(Text)
    updated_at: Mapped[datetime] = mapped_column(MOMENT)

    __table_args__ = (
        CheckConstraint("state IN ('active', 'disabled')", name="state"),
        CheckConstraint("cardinality(secrets) IN (1, 2)", name="secrets_one_or_two"),
        CheckConstraint("cardinality(events) > 0", name="events_some"),
    )


class DeliveryRow(Tables):
    """One event for one subscriber. `position` is the order within a key."""

    __tablename__ = "deliveries"

    position: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    subscription: Mapped[str] = mapped_column(Text, ForeignKey("subscriptions.name"))
    event_id: Mapped[UUID] = mapped_column(Uuid)
    event_type: Mapped[str] = mapped_column(Text)
    key: Mapped[str] = mapped_column(Text)
    body: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(Text)
    attempts: Mapped[int] = mapped_column(Integer)
    created_at: Mapped[datetime] = mapped_column(MOMENT)
    next_attempt_at: Mapped[datetime | None] = mapped_column(MOMENT, comment="Null once delivered or dead.")
    settled_at: Mapped[datetime | None] = mapped_column(MOMENT, comment="When it was delivered or given up; null while pending.")
    traceparent: Mapped[str | None] = mapped_column(Text, comment="The trace it was queued in (W3C Trace Context); null outside of any.")

    __table_args__ = (
        CheckConstraint("state IN ('pending', 'delivered', 'dead')", name="state"),
        CheckConstraint("attempts >= 0", name="attempts_not_negative"),
        CheckConstraint("(state = 'pending') = (next_attempt_at IS NOT NULL)", name="pending_has_next_attempt"),
        CheckConstraint("(state = 'pending') = (settled_at IS NULL)", name="settled_unless_pending"),
        Index("uq_deliveries_subscription_event_id", "subscription", "event_id", unique=True),
        Index("ix_deliveries_due", "subscription", "next_attempt_at", postgresql_where=text("state = 'pending'")),
        Index("ix_deliveries_pending", "subscription", "position", postgresql_where=text("state = 'pending'")),
        Index("ix_deliveries_dead", "subscription", "settled_at", postgresql_where=text("state = 'dead'")),
        Index("ix_deliveries_waiting_by_key", "subscription", "key", "position", postgresql_where=text("state = 'pending'")),
    )


class AttemptRow(Tables):
    """One try to deliver: what came back, never a body."""

    __tablename__ = "delivery_attempts"

    position: Mapped[int] = mapped_column(BigInteger, ForeignKey("deliveries.position"), primary_key=True)
    number: Mapped[int] = mapped_column(Integer, primary_key=True)
    at: Mapped[datetime] = mapped_column(MOMENT)
    status_code: Mapped[int | None] = mapped_column(Integer, comment="Null when there was no answer.")
    failure: Mapped[str | None] = mapped_column(Text, comment="Why there was no answer; null when there was one.")
    duration_ms: Mapped[int] = mapped_column(Integer)

    __table_args__ = (
        CheckConstraint("(status_code IS NULL) <> (failure IS NULL)", name="answered_or_failed"),
        CheckConstraint("failure IN ('address_refused', 'no_address', 'no_connection', 'timed_out', 'broken_answer')", name="failure"),
    )


class DeliveryCountRow(Tables):
    """How many deliveries of a subscription are in a state. Kept by triggers too."""

    __tablename__ = "delivery_counts"

    subscription: Mapped[str] = mapped_column(Text, primary_key=True)
    state: Mapped[str] = mapped_column(Text, primary_key=True)
    slot: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    count: Mapped[int] = mapped_column(
        BigInteger, comment="A slot's part, which may be negative: the sum over the slots is how many there are."
    )
