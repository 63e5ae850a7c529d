"""What intake and feedback told us, without foreign keys: nothing is ordered across topics, and everything is stored as it comes."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Index, Text, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, TIMESTAMP
from sqlalchemy.orm import Mapped, mapped_column

from routing.tables.declared import Tables

_Moment = TIMESTAMP(timezone=True)
_Texts = ARRAY(Text)


class Contact(Tables):
    """A person as intake last described them. A row without a version holds the place of somebody only engagements spoke of."""

    __tablename__ = "contacts"
    __table_args__ = (
        Index(None, "primary_account_id"),
        Index("ix_contacts_merged_into_merged", "merged_into", postgresql_where=text("merged_into IS NOT NULL")),
        Index("ix_contacts_licence_ends_on_licensed", "licence_ends_on", postgresql_where=text("licence_ends_on IS NOT NULL")),
    )

    contact_id: Mapped[str] = mapped_column(Text, primary_key=True)
    version: Mapped[int | None] = mapped_column(comment="Null until the first snapshot arrives; then all of the row is the snapshot's.")
    country: Mapped[str | None] = mapped_column(Text, comment="Null if nobody said.")
    kind: Mapped[str | None] = mapped_column(Text, comment="Null if nobody said.")
    specialty: Mapped[str | None] = mapped_column(Text, comment="Null if nobody said.")
    credentials: Mapped[str | None] = mapped_column(Text, comment="Null if nobody said.")
    postal_code: Mapped[str | None] = mapped_column(Text, comment="Null if nobody said.")
    region: Mapped[str | None] = mapped_column(Text, comment="The state or province; null if nobody said.")
    licences: Mapped[list[Any]] = mapped_column(JSONB, server_default=text("'[]'"))
    licence_ends_on: Mapped[date | None] = mapped_column(
        comment="The next last day of a licence, until that has taken effect; null: none is to come."
    )
    segments: Mapped[list[str]] = mapped_column(_Texts)
    consents: Mapped[list[Any]] = mapped_column(JSONB)
    given_name: Mapped[str | None] = mapped_column(Text, comment="For the brief; null if nobody said.")
    family_name: Mapped[str | None] = mapped_column(Text, comment="For the brief; null if nobody said.")
    primary_account_id: Mapped[str | None] = mapped_column(Text, comment="Null if no affiliation is known.")
    merged_into: Mapped[str | None] = mapped_column(Text, comment="Who stands for them; null: they themselves.")


class Asset(Tables):
    """A piece of content in its current version."""

    __tablename__ = "assets"
    __table_args__ = (Index(None, "brand_id"),)

    asset_id: Mapped[str] = mapped_column(Text, primary_key=True)
    version: Mapped[str] = mapped_column(Text)
    brand_id: Mapped[str] = mapped_column(Text)
    title: Mapped[str] = mapped_column(Text)
    journey_stage: Mapped[str] = mapped_column(Text)
    intent: Mapped[str] = mapped_column(Text)
    topics: Mapped[list[str]] = mapped_column(_Texts)
    answers: Mapped[list[str]] = mapped_column(_Texts)
    approval: Mapped[dict[str, Any]] = mapped_column(JSONB)
    stated_at: Mapped[datetime] = mapped_column(_Moment)


class ChangedAsset(Tables):
    """An asset that was stated for the first time, or for another stage: whoever took it in is to be decided anew."""

    __tablename__ = "changed_assets"

    asset_id: Mapped[str] = mapped_column(Text, primary_key=True)
    stated_at: Mapped[datetime] = mapped_column(_Moment)


class Campaign(Tables):
    """What a campaign asks of the field."""

    __tablename__ = "campaigns"

    campaign_id: Mapped[str] = mapped_column(Text, primary_key=True)
    name: Mapped[str] = mapped_column(Text)
    call_guide: Mapped[str | None] = mapped_column(Text, comment="Null if the campaign gives none.")
    meeting_ask: Mapped[str | None] = mapped_column(Text, comment="Null if the campaign asks for no meeting.")
    stated_at: Mapped[datetime] = mapped_column(_Moment)


class Engagement(Tables):
    """One observed act, kept to rebuild ledgers and to write briefs."""

    __tablename__ = "engagements"
    __table_args__ = (
        Index(None, "contact_id", "brand_id", "occurred_at"),
        Index("ix_engagements_occurred_at", "occurred_at", postgresql_using="brin"),
        Index("ix_engagements_original_contact_id_merged", "original_contact_id", postgresql_where=text("original_contact_id IS NOT NULL")),
    )

    engagement_id: Mapped[str] = mapped_column(Text, primary_key=True)
    contact_id: Mapped[str] = mapped_column(Text)
    brand_id: Mapped[str | None] = mapped_column(Text, comment="Null: of no brand, so it earns nothing.")
    kind: Mapped[str] = mapped_column(Text)
    context: Mapped[str] = mapped_column(Text)
    asset_id: Mapped[str | None] = mapped_column(Text, comment="Null if no asset was recognised.")
    campaign_id: Mapped[str | None] = mapped_column(Text, comment="Null if no campaign was recognised.")
    topics: Mapped[list[str]] = mapped_column(_Texts)
    machine: Mapped[bool]
    flags: Mapped[list[str]] = mapped_column(_Texts)
    occurred_at: Mapped[datetime] = mapped_column(_Moment)
    version: Mapped[int] = mapped_column(server_default=text("1"), comment="Higher each time it was told anew.")
    event_id: Mapped[UUID] = mapped_column(comment="The event that told of it last, which causes what follows.")
    correlation_id: Mapped[UUID]
    original_contact_id: Mapped[str | None] = mapped_column(
        Text, comment="Whose key showed it, if they are merged into the contact; null: the contact's own."
    )


class HeardObjection(Tables):
    """An objection a rep reported: it is likely to come again."""

    __tablename__ = "heard_objections"
    __table_args__ = (Index(None, "contact_id", "brand_id"), Index(None, "brand_id", "specialty", "occurred_at"))

    report_id: Mapped[str] = mapped_column(Text, primary_key=True)
    contact_id: Mapped[str] = mapped_column(Text)
    brand_id: Mapped[str] = mapped_column(Text)
    topic: Mapped[str] = mapped_column(Text)
    occurred_at: Mapped[datetime] = mapped_column(_Moment)
    specialty: Mapped[str | None] = mapped_column(Text, comment="The contact's when it was heard; null if nobody said.")
    journey_stage: Mapped[str | None] = mapped_column(Text, comment="The contact's for the brand when it was heard; null: not known.")


class EarlyOutcome(Tables):
    """An outcome of a lead that isn't here (a database restored to an earlier moment): it waits for the lead."""

    __tablename__ = "early_outcomes"

    event_id: Mapped[UUID] = mapped_column(primary_key=True)
    lead_id: Mapped[UUID]
    headers: Mapped[dict[str, str]] = mapped_column(JSONB)
    body: Mapped[str] = mapped_column(Text)
