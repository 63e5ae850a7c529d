"""The catalogue: assets with all their versions, campaigns, and how either is recognised."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, Index, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from intake.tables.declared import MOMENT, Tables, reference


class Asset(Tables):
    """A piece of content in its current version."""

    __tablename__ = "assets"

    id: Mapped[str] = mapped_column(Text, primary_key=True)
    version: Mapped[str] = mapped_column(Text)
    brand_id: Mapped[str] = mapped_column(Text)
    title: Mapped[str] = mapped_column(Text)
    kind: Mapped[str] = mapped_column(Text)
    topics: Mapped[list[Any]] = mapped_column(JSONB)
    journey_stage: Mapped[str] = mapped_column(Text)
    intent: Mapped[str] = mapped_column(Text)
    claims: Mapped[list[Any]] = mapped_column(JSONB)
    answers: Mapped[list[Any]] = mapped_column(JSONB)
    approval: Mapped[dict[str, Any]] = mapped_column(JSONB)
    url: Mapped[str | None] = mapped_column(Text, comment="Null if it has no address of its own.")
    keys: Mapped[list[Any]] = mapped_column(JSONB)
    updated_at: Mapped[datetime] = mapped_column(MOMENT)


class AssetMark(Tables):
    """How an asset is recognised: its declared keys and its address, in one form."""

    __tablename__ = "asset_marks"
    __table_args__ = (Index(None, "value", postgresql_using="hash"),)  # an address may be longer than a B-tree takes

    asset_id: Mapped[str] = mapped_column(reference("assets.id"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    kind: Mapped[str] = mapped_column(Text)
    value: Mapped[str] = mapped_column(Text)
    source: Mapped[str | None] = mapped_column(Text, comment="Null: in events of any source.")


class Campaign(Tables):
    """A planned programme."""

    __tablename__ = "campaigns"
    __table_args__ = (
        CheckConstraint("starts_on <= ends_on", name="days"),
        Index(None, "asset_ids", postgresql_using="gin"),
    )

    id: Mapped[str] = mapped_column(Text, primary_key=True)
    brand_id: Mapped[str] = mapped_column(Text)
    indication: Mapped[str] = mapped_column(Text)
    name: Mapped[str] = mapped_column(Text)
    segment: Mapped[str | None] = mapped_column(Text, comment="Null: everyone the brand addresses.")
    stage_goal: Mapped[str] = mapped_column(Text)
    channels: Mapped[list[Any]] = mapped_column(JSONB)
    asset_ids: Mapped[list[Any]] = mapped_column(JSONB)
    activation: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True), comment="Null: the field is asked nothing.")
    informed_by: Mapped[list[Any]] = mapped_column(JSONB)
    starts_on: Mapped[date]
    ends_on: Mapped[date]
    owner: Mapped[str] = mapped_column(Text)
    keys: Mapped[list[Any]] = mapped_column(JSONB)
    updated_at: Mapped[datetime] = mapped_column(MOMENT)


class CampaignMark(Tables):
    """How a campaign is recognised: its declared keys."""

    __tablename__ = "campaign_marks"
    __table_args__ = (Index(None, "value", postgresql_using="hash"),)  # an address may be longer than a B-tree takes

    campaign_id: Mapped[str] = mapped_column(reference("campaigns.id"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    kind: Mapped[str] = mapped_column(Text)
    value: Mapped[str] = mapped_column(Text)
    source: Mapped[str | None] = mapped_column(Text, comment="Null: in events of any source.")


class AssetVersion(Tables):
    """An asset as it was stated at one time, and stood until it was stated anew. Kept by a trigger, whoever writes assets."""

    __tablename__ = "asset_versions"

    asset_id: Mapped[str] = mapped_column(reference("assets.id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    stated_at: Mapped[datetime] = mapped_column(MOMENT)
    version: Mapped[str] = mapped_column(Text, comment="The poster's own name of it.")
    document: Mapped[dict[str, Any]] = mapped_column(JSONB, comment="Everything that was stated.")
