"""What sales operations plans, with the dates between which it holds: targets, alignments, pools and absences.

Dates are days in UTC, the first and the last one included; null is open. They name reps, territories, accounts and contacts that may not
be known yet, so nothing refers to anything by a foreign key.
"""

from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, Index, Text, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, TIMESTAMP
from sqlalchemy.orm import Mapped, mapped_column

from routing.tables.declared import Tables

_Moment = TIMESTAMP(timezone=True)
_Texts = ARRAY(Text)


class Absence(Tables):
    """When a rep is away, and who stands in for them."""

    __tablename__ = "absences"
    __table_args__ = (
        CheckConstraint("ends_at > starts_at", name="ends_later"),
        CheckConstraint("delegate_rep_id <> rep_id", name="delegate_is_another"),
        Index(None, "rep_id", "ends_at"),
        Index(None, "starts_at"),
        Index(None, "ends_at"),
    )

    id: Mapped[str] = mapped_column(Text, primary_key=True)
    rep_id: Mapped[str] = mapped_column(Text)
    starts_at: Mapped[datetime] = mapped_column(_Moment)
    ends_at: Mapped[datetime] = mapped_column(_Moment, comment="From then on they are back.")
    whole_days: Mapped[bool] = mapped_column(comment="It was given in days, the last one included.")
    delegate_rep_id: Mapped[str | None] = mapped_column(Text, comment="Null: nobody stands in.")


class Target(Tables):
    """A contact x brand on the call plan of a cycle."""

    __tablename__ = "targets"
    __table_args__ = (
        CheckConstraint("cycle_from <= cycle_until", name="cycle"),
        CheckConstraint("greatest(valid_from, cycle_from) <= least(valid_until, cycle_until)", name="holds_some_time"),
        Index(None, "contact_id", "brand_id"),
        Index("ix_targets_first_day", text("greatest(valid_from, cycle_from)")),
        Index("ix_targets_last_day", text("least(valid_until, cycle_until)")),
    )

    id: Mapped[str] = mapped_column(Text, primary_key=True)
    contact_id: Mapped[str] = mapped_column(Text)
    brand_id: Mapped[str] = mapped_column(Text)
    indication: Mapped[str] = mapped_column(Text)
    segment: Mapped[str] = mapped_column(Text)
    decile: Mapped[int]
    planned_calls: Mapped[int]
    cycle: Mapped[str] = mapped_column(Text)
    rep_id: Mapped[str | None] = mapped_column(Text, comment="Null: whoever the alignment names.")
    cycle_from: Mapped[date]
    cycle_until: Mapped[date]
    valid_from: Mapped[date | None] = mapped_column(comment="Null: from the beginning of the cycle.")
    valid_until: Mapped[date | None] = mapped_column(comment="Null: to the end of the cycle.")


class Alignment(Tables):
    """What belongs to a territory, for one brand and sales team or for all: postal codes, accounts and contacts, less what is excluded."""

    __tablename__ = "alignments"
    __table_args__ = (
        CheckConstraint("valid_from <= valid_until", name="valid"),
        Index(None, "territory_id"),
        Index("ix_alignments_valid_from_dated", "valid_from", postgresql_where=text("valid_from IS NOT NULL")),
        Index("ix_alignments_valid_until_dated", "valid_until", postgresql_where=text("valid_until IS NOT NULL")),
    )

    id: Mapped[str] = mapped_column(Text, primary_key=True)
    territory_id: Mapped[str] = mapped_column(Text)
    brand_id: Mapped[str | None] = mapped_column(Text, comment="Null: for every brand.")
    team: Mapped[str | None] = mapped_column(Text, comment="Null: for every sales team.")
    priority: Mapped[int] = mapped_column(comment="Of several that include the same thing the lowest number stands.")
    include: Mapped[dict[str, Any]] = mapped_column(JSONB)
    exclude: Mapped[dict[str, Any]] = mapped_column(JSONB)
    valid_from: Mapped[date | None] = mapped_column(comment="Null: since ever.")
    valid_until: Mapped[date | None] = mapped_column(comment="Null: until further notice.")


class Pool(Tables):
    """Reps who take a brand's leads that no earlier step gave to anybody."""

    __tablename__ = "pools"
    __table_args__ = (Index(None, "brand_id"),)

    id: Mapped[str] = mapped_column(Text, primary_key=True)
    brand_id: Mapped[str] = mapped_column(Text)
    rep_ids: Mapped[list[str]] = mapped_column(_Texts)


class DatedFactsMark(Tables):
    """One row: the moment up to which all that begins or ends by its date has taken effect."""

    __tablename__ = "dated_facts_marks"
    __table_args__ = (CheckConstraint("singleton", name="singleton"),)

    singleton: Mapped[bool] = mapped_column(primary_key=True)
    looked_until: Mapped[datetime] = mapped_column(_Moment)
