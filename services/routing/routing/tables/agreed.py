"""What sales operations keeps: the field force, and the policies both teams agreed on."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, Identity, Index, Text, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, TIMESTAMP
from sqlalchemy.orm import Mapped, mapped_column

from routing.tables.declared import Tables

_Moment = TIMESTAMP(timezone=True)
_Texts = ARRAY(Text)


class Territory(Tables):
    """A sales geography with its opening hours."""

    __tablename__ = "territories"

    id: Mapped[str] = mapped_column(Text, primary_key=True)
    name: Mapped[str] = mapped_column(Text)
    region: Mapped[str] = mapped_column(Text)
    timezone: Mapped[str] = mapped_column(Text)
    country: Mapped[str] = mapped_column(Text)
    postal_codes: Mapped[list[str]] = mapped_column(_Texts)
    hours: Mapped[dict[str, Any]] = mapped_column(JSONB)
    subdivision: Mapped[str | None] = mapped_column(Text, comment="Whose holidays are kept beside the country's; null: none.")
    holidays: Mapped[bool] = mapped_column(server_default=text("true"), comment="Whether public holidays are closed.")


class Account(Tables):
    """An HCO with an owner and a priority, between its dates."""

    __tablename__ = "accounts"
    __table_args__ = (
        CheckConstraint("valid_from <= valid_until", name="valid"),
        Index("ix_accounts_valid_from_dated", "valid_from", postgresql_where=text("valid_from IS NOT NULL")),
        Index("ix_accounts_valid_until_dated", "valid_until", postgresql_where=text("valid_until IS NOT NULL")),
    )

    id: Mapped[str] = mapped_column(Text, primary_key=True)
    name: Mapped[str] = mapped_column(Text)
    institution_type: Mapped[str] = mapped_column(Text)
    postal_code: Mapped[str] = mapped_column(Text)
    owner_rep_id: Mapped[str | None] = mapped_column(Text, comment="Null: nobody owns it.")
    priority: Mapped[str] = mapped_column(Text)
    parent_id: Mapped[str | None] = mapped_column(Text, comment="Null: it stands alone.")
    named_rep_ids: Mapped[list[str]] = mapped_column(_Texts)
    valid_from: Mapped[date | None] = mapped_column(comment="The first day it counts; null: since ever.")
    valid_until: Mapped[date | None] = mapped_column(comment="The last day it counts; null: until further notice.")


class Rep(Tables):
    """A sales representative, or a manager: a manager is a rep row too."""

    __tablename__ = "reps"
    __table_args__ = (
        CheckConstraint("max_open_leads >= 0", name="max_open_leads"),
        CheckConstraint("weight > 0", name="weight"),
        CheckConstraint("valid_from <= valid_until", name="valid"),
        Index(None, "territory_ids", postgresql_using="gin"),
        Index(None, "manager_id"),
        Index("ix_reps_valid_from_dated", "valid_from", postgresql_where=text("valid_from IS NOT NULL")),
        Index("ix_reps_valid_until_dated", "valid_until", postgresql_where=text("valid_until IS NOT NULL")),
    )

    id: Mapped[str] = mapped_column(Text, primary_key=True)
    name: Mapped[str] = mapped_column(Text)
    role: Mapped[str] = mapped_column(Text)
    manager_id: Mapped[str | None] = mapped_column(Text, comment="Null: reports to nobody we know.")
    territory_ids: Mapped[list[str]] = mapped_column(_Texts)
    brand_ids: Mapped[list[str]] = mapped_column(_Texts)
    max_open_leads: Mapped[int]
    weight: Mapped[float]
    active: Mapped[bool]
    team: Mapped[str | None] = mapped_column(Text, comment="Null: of no sales team.")
    hours: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'"), comment="Empty: those of the territory.")
    timezone: Mapped[str | None] = mapped_column(Text, comment="Null: the territory's.")
    valid_from: Mapped[date | None] = mapped_column(comment="Their first day; null: since ever.")
    valid_until: Mapped[date | None] = mapped_column(comment="Their last day; null: until further notice.")


class Policy(Tables):
    """A version of a brand's policy, for one country or for all that have none of their own. Drafts never change."""

    __tablename__ = "policies"
    __table_args__ = (
        CheckConstraint("state IN ('draft', 'scheduled', 'active', 'superseded')", name="state"),
        CheckConstraint("(state IN ('draft', 'scheduled')) = (activation IS NULL)", name="activation"),
        CheckConstraint("num_nonnulls(scheduled_for, scheduled_by) IN (0, 2)", name="scheduled"),
        CheckConstraint("state <> 'scheduled' OR scheduled_for IS NOT NULL", name="scheduled_state"),
        CheckConstraint("scheduled_by <> author", name="scheduled_by_another"),
        Index("ix_policies_scheduled_for_waiting", "scheduled_for", postgresql_where=text("state = 'scheduled'")),
        CheckConstraint("num_nonnulls(activation, activated_by, activated_at) IN (0, 3)", name="activated"),
        CheckConstraint("activated_by <> author", name="approved_by_another"),
        UniqueConstraint("brand_id", "activation"),
        Index(
            "ix_policies_brand_id_country_active",
            "brand_id",
            text("coalesce(country, '')"),
            unique=True,
            postgresql_where=text("state = 'active'"),
        ),
    )

    version: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    brand_id: Mapped[str] = mapped_column(Text)
    country: Mapped[str | None] = mapped_column(Text, comment="Null: wherever the brand has no policy for the country.")
    title: Mapped[str] = mapped_column(Text)
    document: Mapped[dict[str, Any]] = mapped_column(JSONB)
    author: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(_Moment)
    state: Mapped[str] = mapped_column(Text)
    scheduled_for: Mapped[datetime | None] = mapped_column(
        _Moment, comment="When it is to become active, or was; null if nobody named a time."
    )
    scheduled_by: Mapped[str | None] = mapped_column(Text, comment="Who named it, and approved it by that; null if nobody named a time.")
    activation: Mapped[int | None] = mapped_column(comment="The brand's newest is what its ledgers are to be decided by; null for a draft.")
    activated_by: Mapped[str | None] = mapped_column(Text, comment="Null for a draft.")
    activated_at: Mapped[datetime | None] = mapped_column(_Moment, comment="Null for a draft.")
