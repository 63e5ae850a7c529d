"""Facts by contact, and the rollups folded from them."""

from datetime import date, datetime

from sqlalchemy import BigInteger, CheckConstraint, Date, Index, Text, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from reporting.tables.declared import MOMENT, Tables


def _stated_together(attribute: str, column: str) -> CheckConstraint:
    return CheckConstraint(f"({column} IS NULL) = ({attribute}_stated_at IS NULL)", name=f"{attribute}_stated")


class ContactRow(Tables):
    """A contact without anything that names them. Locking this row locks the contact's leads and objections too."""

    __tablename__ = "contacts"

    contact_id: Mapped[str] = mapped_column(Text, primary_key=True)
    version: Mapped[int] = mapped_column(BigInteger)
    specialty: Mapped[str | None] = mapped_column(Text, comment="Null when unknown, or when only mentioned so far (version 0).")
    external_ids: Mapped[dict[str, str]] = mapped_column(JSONB, server_default=text("'{}'"))
    segments: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default=text("'{}'"))

    __table_args__ = (CheckConstraint("version >= 0", name="version_not_negative"),)


class LeadRow(Tables):
    """A lead and when it first entered each stage."""

    __tablename__ = "leads"

    lead_id: Mapped[str] = mapped_column(Text, primary_key=True)
    contact_id: Mapped[str] = mapped_column(Text)
    brand_id: Mapped[str] = mapped_column(Text)
    kind: Mapped[str | None] = mapped_column(Text, comment="Null until lead.qualified has come.")
    campaign_id: Mapped[str | None] = mapped_column(Text, comment="Null when no event named one.")
    campaign_stated_at: Mapped[datetime | None] = mapped_column(MOMENT, comment="When the campaign was said: the latest saying wins.")
    territory_id: Mapped[str | None] = mapped_column(Text, comment="Null when no event named one.")
    territory_stated_at: Mapped[datetime | None] = mapped_column(MOMENT, comment="When the territory was said.")
    region: Mapped[str | None] = mapped_column(Text, comment="Null when no event named one.")
    region_stated_at: Mapped[datetime | None] = mapped_column(MOMENT, comment="When the region was said.")
    rep_id: Mapped[str | None] = mapped_column(Text, comment="Null until assigned.")
    rep_stated_at: Mapped[datetime | None] = mapped_column(MOMENT, comment="When the owner was said.")
    mql_at: Mapped[datetime | None] = mapped_column(MOMENT, comment="Null until entered, as the stages below.")
    assigned_at: Mapped[datetime | None] = mapped_column(MOMENT, comment="Null until entered.")
    accepted_at: Mapped[datetime | None] = mapped_column(MOMENT, comment="Null until entered.")
    contacted_at: Mapped[datetime | None] = mapped_column(MOMENT, comment="Null until entered.")
    sql_at: Mapped[datetime | None] = mapped_column(MOMENT, comment="Null until entered.")
    meeting_booked_at: Mapped[datetime | None] = mapped_column(MOMENT, comment="Null until entered.")
    meeting_held_at: Mapped[datetime | None] = mapped_column(MOMENT, comment="Null until entered.")
    opportunity_at: Mapped[datetime | None] = mapped_column(MOMENT, comment="Null until entered.")

    __table_args__ = (
        CheckConstraint("kind IN ('on_plan', 'off_plan')", name="kind"),
        *map(_stated_together, ("campaign", "territory", "region", "rep"), ("campaign_id", "territory_id", "region", "rep_id")),
        Index("ix_leads_contact_id", "contact_id"),
        Index("ix_leads_brand_id", "brand_id"),
    )


class ObjectionRow(Tables):
    """One recorded objection. Its campaign and region are its lead's, its specialty the contact's."""

    __tablename__ = "objections"

    report_id: Mapped[str] = mapped_column(Text, primary_key=True)
    contact_id: Mapped[str] = mapped_column(Text)
    lead_id: Mapped[str | None] = mapped_column(Text, comment="Null when the rep named only the contact.")
    brand_id: Mapped[str] = mapped_column(Text)
    rep_id: Mapped[str] = mapped_column(Text)
    topic: Mapped[str] = mapped_column(Text)
    nature: Mapped[str] = mapped_column(Text)
    reaction: Mapped[str] = mapped_column(Text)
    asset_id: Mapped[str | None] = mapped_column(Text, comment="Null when no asset was shown.")
    occurred_at: Mapped[datetime] = mapped_column(MOMENT)

    __table_args__ = (
        Index("ix_objections_contact_id", "contact_id"),
        Index("ix_objections_brand_id_topic_occurred_at", "brand_id", "topic", "occurred_at"),
        Index("ix_objections_occurred_at", "occurred_at"),
    )


class RollupRow(Tables):
    """How often a combination was counted on a day. The empty string stands for a dimension nobody has stated.

    A count may be written as a negative difference on its way to the row it meets, so no CHECK can keep it from that.
    """

    __tablename__ = "rollups"

    day: Mapped[date] = mapped_column(Date, primary_key=True)
    measure: Mapped[str] = mapped_column(Text, primary_key=True)
    item: Mapped[str] = mapped_column(Text, primary_key=True)
    brand_id: Mapped[str] = mapped_column(Text, primary_key=True)
    campaign_id: Mapped[str] = mapped_column(Text, primary_key=True)
    specialty: Mapped[str] = mapped_column(Text, primary_key=True)
    region: Mapped[str] = mapped_column(Text, primary_key=True)
    count: Mapped[int] = mapped_column(BigInteger)

    __table_args__ = (CheckConstraint("measure IN ('entered', 'converted', 'objected')", name="measure"),)
