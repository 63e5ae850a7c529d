"""What came in: sources, receipts with their items, and the engagements they held."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, Text, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from intake.tables.declared import MOMENT, Tables, reference


class Source(Tables):
    """A marketing platform that posts webhooks to us."""

    __tablename__ = "sources"
    __table_args__ = (
        CheckConstraint("adapter ~ '^[a-z][a-z0-9-]{0,59}$'", name="adapter"),
        CheckConstraint("num_nonnulls(adapter, mapping) = 1", name="platform"),
        CheckConstraint("cardinality(secrets) BETWEEN 1 AND 2", name="secrets"),
    )

    name: Mapped[str] = mapped_column(Text, primary_key=True)
    adapter: Mapped[str | None] = mapped_column(Text, comment="Null: its platform is the mapping's.")
    mapping: Mapped[dict[str, Any] | None] = mapped_column(JSONB, comment="As it was given; null: its platform is the adapter's.")
    secrets: Mapped[list[str]] = mapped_column(ARRAY(Text), comment="One, or two while it is being rotated; never given out.")
    settings: Mapped[dict[str, Any]] = mapped_column(JSONB)
    told: Mapped[dict[str, Any]] = mapped_column(
        JSONB, server_default=text("'{}'"), comment="What its platform told that an administrator must give back there."
    )
    created_at: Mapped[datetime] = mapped_column(MOMENT)
    updated_at: Mapped[datetime] = mapped_column(MOMENT)


class Receipt(Tables):
    """One authenticated request, as it came."""

    __tablename__ = "receipts"
    __table_args__ = (
        CheckConstraint("door IN ('webhook', 'engagements')", name="door"),
        CheckConstraint("proof IN ('signed', 'partly_signed', 'shared_secret')", name="proof"),
        Index(None, "received_at", "id"),
        Index(None, "source", "received_at", "id"),
        *(
            Index(f"ix_receipts_{name}", "received_at", "id", postgresql_where=text(having))
            for name, having in {
                "duplicate": "duplicate > 0",
                "ignored": "ignored > 0",
                "rejected": "rejected > 0",
                "conflict": "has_conflict",
            }.items()
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    door: Mapped[str] = mapped_column(Text)
    source: Mapped[str | None] = mapped_column(Text, comment="Null: engagements of several sources, or of none, posted at once.")
    proof: Mapped[str | None] = mapped_column(
        Text, server_default="signed", comment="What the platform's proof was worth; of the door engagements it says nothing."
    )
    body: Mapped[bytes]
    headers: Mapped[dict[str, Any] | None] = mapped_column(JSONB, comment="Those the body can't be read without; null if it can.")
    received_at: Mapped[datetime] = mapped_column(MOMENT)
    accepted: Mapped[int]
    duplicate: Mapped[int]
    ignored: Mapped[int]
    rejected: Mapped[int]
    has_conflict: Mapped[bool]
    reprocessed_at: Mapped[datetime | None] = mapped_column(MOMENT, comment="When it was last read again; null if never.")
    times_reprocessed: Mapped[int] = mapped_column(server_default=text("0"))


class ReceiptItem(Tables):
    """What became of one item of a receipt."""

    __tablename__ = "receipt_items"
    __table_args__ = (
        CheckConstraint("outcome IN ('accepted', 'duplicate', 'ignored', 'rejected')", name="outcome"),
        CheckConstraint("outcome NOT IN ('accepted', 'duplicate') OR engagement_id IS NOT NULL", name="engagement"),
        CheckConstraint("outcome NOT IN ('ignored', 'rejected') OR reason IS NOT NULL", name="reason"),
        Index("ix_receipt_items_rejected", "reason", "receipt_id", postgresql_where=text("outcome = 'rejected'")),
    )

    receipt_id: Mapped[UUID] = mapped_column(reference("receipts.id"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    outcome: Mapped[str] = mapped_column(Text)
    vendor_type: Mapped[str | None] = mapped_column(Text, comment="What the platform calls the event; null if unreadable.")
    reason: Mapped[str | None] = mapped_column(Text, comment="A code; null when the item is an engagement.")
    detail: Mapped[str | None] = mapped_column(Text, comment="A sentence without what was sent; null when the code says it all.")
    engagement_id: Mapped[UUID | None] = mapped_column(comment="The engagement it made, repeated or contradicts; null if none.")


class Engagement(Tables):
    """One observed act of a contact, told to the other services in the commit that kept it."""

    __tablename__ = "engagements"
    __table_args__ = (
        UniqueConstraint("source", "source_event_id"),
        CheckConstraint("octet_length(fingerprint) = 32", name="fingerprint"),
        Index(None, "contact_id", "occurred_at"),
        Index(
            "ix_engagements_findings",
            "occurred_at",
            "id",
            postgresql_where=text("flags ?| ARRAY['asset_unapproved', 'asset_expired']"),
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    receipt_id: Mapped[UUID] = mapped_column(reference("receipts.id"))
    source: Mapped[str] = mapped_column(Text)
    source_event_id: Mapped[str] = mapped_column(Text, comment="As the platform identifies the act, or a hash of its content.")
    fingerprint: Mapped[bytes] = mapped_column(comment="Tells a retry (the same) from a contradiction (another).")
    contact_id: Mapped[str] = mapped_column(
        reference("contacts.id"), comment="Whose key showed it; who stands for them now, contact_aliases says."
    )
    kind: Mapped[str] = mapped_column(Text)
    channel: Mapped[str] = mapped_column(Text)
    context: Mapped[str] = mapped_column(Text)
    asset_id: Mapped[str | None] = mapped_column(Text, comment="Null if no asset was recognised; posters may name one unknown here.")
    campaign_id: Mapped[str | None] = mapped_column(Text, comment="Null if no campaign was recognised; may be one unknown here.")
    brand_id: Mapped[str | None] = mapped_column(Text, comment="Null if nothing tells the brand.")
    topics: Mapped[list[Any]] = mapped_column(JSONB)
    occurred_at: Mapped[datetime] = mapped_column(MOMENT)
    received_at: Mapped[datetime] = mapped_column(MOMENT)
    machine: Mapped[bool]
    attributes: Mapped[dict[str, Any]] = mapped_column(JSONB)
    flags: Mapped[list[Any]] = mapped_column(JSONB)
    sending: Mapped[str | None] = mapped_column(
        Text, comment="Tells the e-mail from others, by a hash; null if it has no name, or this is no act on one."
    )
    link: Mapped[str | None] = mapped_column(Text, comment="Tells the link from others, by a hash; null if none was followed or named.")
    machine_evidence: Mapped[list[Any]] = mapped_column(JSONB, server_default=text("'[]'"))
    machine_word: Mapped[bool | None] = mapped_column(comment="What somebody said who looked; it stands over evidence. Null if nobody did.")
    version: Mapped[int] = mapped_column(server_default=text("1"))
    marks: Mapped[list[str] | None] = mapped_column(
        ARRAY(Text), comment="Hashes by which an asset or campaign stated later may be recognised; null if none may."
    )


class EngagementAlias(Tables):
    """Another identity of an engagement: as a mapping that was changed since computes it. Who is told it again tells the same act."""

    __tablename__ = "engagement_aliases"
    __table_args__ = (CheckConstraint("octet_length(fingerprint) = 32", name="fingerprint"),)

    source: Mapped[str] = mapped_column(Text, primary_key=True)
    source_event_id: Mapped[str] = mapped_column(Text, primary_key=True, comment="As a later mapping of the source identifies the act.")
    fingerprint: Mapped[bytes]
    engagement_id: Mapped[UUID]
