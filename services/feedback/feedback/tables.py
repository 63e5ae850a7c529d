"""Feedback's tables: what reps reported, cases, taxonomies, the rep's feed, and what other services said that scope needs.

What people typed stands apart from what they coded (`report_notes`, `case_texts`), so that it can be granted and erased apart.
Lists of one closed set stand as CHECKs; lists that change without a release stand in `taxonomy_terms`.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, DateTime, ForeignKey, Index, LargeBinary, Text, UniqueConstraint, Uuid, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from shared.database import new_metadata

_MOMENT = DateTime(timezone=True)


class Tables(DeclarativeBase):
    """What every table of this service is declared on."""

    metadata = new_metadata()


class TaxonomyTerm(Tables):
    """A code of one version of a taxonomy. The highest version is the one in force."""

    __tablename__ = "taxonomy_terms"

    taxonomy: Mapped[str] = mapped_column(Text, primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(Text, primary_key=True)

    __table_args__ = (
        CheckConstraint("version > 0", name="version"),
        CheckConstraint("code ~ '^[a-z0-9_]{1,40}$'", name="code"),
    )


class Report(Tables):
    """What a rep reported, as codes."""

    __tablename__ = "reports"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(Text)
    rep_id: Mapped[str] = mapped_column(Text)
    posted_as: Mapped[str] = mapped_column(Text)
    lead_id: Mapped[str | None] = mapped_column(Text, comment="null: the report is not about a lead")
    contact_id: Mapped[str | None] = mapped_column(Text, comment="null: not about a contact, or the lead is not heard of yet")
    account_id: Mapped[str | None] = mapped_column(Text, comment="null: the insight is not about an account")
    brand_id: Mapped[str | None] = mapped_column(Text, comment="null: not about a brand, or the lead is not heard of yet")
    codes: Mapped[dict[str, Any]] = mapped_column(JSONB, comment="what the kind of report codes besides, as its event carries it")
    occurred_at: Mapped[datetime] = mapped_column(_MOMENT)
    received_at: Mapped[datetime] = mapped_column(_MOMENT)
    correlation_id: Mapped[UUID] = mapped_column(comment="the lead's journey; the report's own id where there is none or not yet")

    __table_args__ = (
        CheckConstraint("kind IN ('outcome', 'objection', 'insight')", name="kind"),
        CheckConstraint("state IN ('recorded', 'pending', 'refused', 'case_only')", name="state"),
        CheckConstraint("posted_as IN ('rep', 'manager')", name="posted_as"),
        CheckConstraint(
            "CASE kind WHEN 'outcome' THEN lead_id IS NOT NULL"
            " WHEN 'objection' THEN coalesce(lead_id, contact_id) IS NOT NULL ELSE true END",
            name="subject",
        ),
        CheckConstraint("state <> 'pending' OR lead_id IS NOT NULL", name="pending_on_a_lead"),
        CheckConstraint(
            "state <> 'recorded' OR kind = 'insight' OR (contact_id IS NOT NULL AND brand_id IS NOT NULL)",
            name="recorded_with_contact_and_brand",
        ),
        Index("ix_reports_lead_id_pending", "lead_id", postgresql_where=text("state = 'pending'")),
    )


class ReportNote(Tables):
    """What a rep typed with a report that raised no case."""

    __tablename__ = "report_notes"

    report_id: Mapped[UUID] = mapped_column(ForeignKey("reports.id"), primary_key=True)
    note: Mapped[str] = mapped_column(Text)


class Case(Tables):
    """A safety or medical matter, taken out of the commercial path. It stands whatever became of the report that raised it."""

    __tablename__ = "cases"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(Text)
    certainty: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(Text)
    report_id: Mapped[UUID] = mapped_column(
        comment="there may be no such report: the commercial part can have been refused, or it is a text typed at marketing's door"
    )
    rep_id: Mapped[str | None] = mapped_column(Text, comment="who reported it; null: the token named no rep")
    lead_id: Mapped[str | None] = mapped_column(Text, comment="as the report claimed, unchecked; null: not claimed")
    contact_id: Mapped[str | None] = mapped_column(Text, comment="as the report claimed, unchecked; null: not claimed")
    brand_id: Mapped[str | None] = mapped_column(Text, comment="as the report claimed, unchecked; null: not claimed")
    mention: Mapped[bytes] = mapped_column(
        LargeBinary, comment="digest of who said what in which report, so that a repetition opens no second case"
    )
    awareness_at: Mapped[datetime] = mapped_column(_MOMENT)
    received_at: Mapped[datetime] = mapped_column(_MOMENT)
    due_at: Mapped[datetime] = mapped_column(_MOMENT)

    __table_args__ = (
        CheckConstraint("kind IN ('adverse_event', 'special_situation', 'product_complaint', 'medical_inquiry', 'privacy')", name="kind"),
        CheckConstraint("certainty IN ('certain', 'possible')", name="certainty"),
        CheckConstraint("state IN ('open')", name="state"),
        CheckConstraint("awareness_at <= received_at", name="aware_before_receipt"),
        UniqueConstraint("mention", "kind"),
        Index("ix_cases_due_at_id", "due_at", "id"),
    )


class CaseText(Tables):
    """What was said, verbatim, for the people of the case's role alone."""

    __tablename__ = "case_texts"

    case_id: Mapped[UUID] = mapped_column(ForeignKey("cases.id"), primary_key=True)
    text: Mapped[str] = mapped_column(Text)


class TriagedText(Tables):
    """A text typed at marketing's door, and the verdict: told again when the text is."""

    __tablename__ = "triaged_texts"

    text_id: Mapped[UUID] = mapped_column(primary_key=True)
    verdict: Mapped[str] = mapped_column(Text)
    triaged_at: Mapped[datetime] = mapped_column(_MOMENT)

    __table_args__ = (CheckConstraint("verdict IN ('clear', 'possible', 'certain')", name="verdict"),)


class TextKey(Tables):
    """A key texts are opened with, for as long as it is here. What was sealed under one that is gone, nobody can read."""

    __tablename__ = "text_keys"

    key_id: Mapped[str] = mapped_column(Text, primary_key=True)
    private: Mapped[dict[str, str]] = mapped_column(JSONB)
    made_at: Mapped[datetime] = mapped_column(_MOMENT)


class Lead(Tables):
    """A lead as far as feedback must know it: whose it is, and whom and what it is about."""

    __tablename__ = "leads"

    lead_id: Mapped[str] = mapped_column(Text, primary_key=True)
    contact_id: Mapped[str] = mapped_column(Text)
    brand_id: Mapped[str] = mapped_column(Text)
    rep_id: Mapped[str | None] = mapped_column(Text, comment="null: nobody owns it (yet, or it waits in the queue)")
    territory_id: Mapped[str | None] = mapped_column(Text, comment="null: routing found none")
    owner_since: Mapped[datetime | None] = mapped_column(_MOMENT, comment="when ownership last changed; null: it was never decided")
    correlation_id: Mapped[UUID] = mapped_column()

    __table_args__ = (Index("ix_leads_contact_id", "contact_id"),)


class Contact(Tables):
    """That a contact exists and where they work. Names, addresses and consents are not kept here."""

    __tablename__ = "contacts"

    contact_id: Mapped[str] = mapped_column(Text, primary_key=True)
    version: Mapped[int] = mapped_column()
    account_ids: Mapped[list[str]] = mapped_column(ARRAY(Text))
    merged_into: Mapped[str | None] = mapped_column(Text, comment="who stands for them; null: they themselves")

    __table_args__ = (
        Index("ix_contacts_account_ids", "account_ids", postgresql_using="gin"),
        Index("ix_contacts_merged_into", "merged_into", postgresql_where=text("merged_into IS NOT NULL")),
    )


class Account(Tables):
    """Who owns an account."""

    __tablename__ = "accounts"

    account_id: Mapped[str] = mapped_column(Text, primary_key=True)
    owner_rep_id: Mapped[str | None] = mapped_column(Text, comment="null: nobody owns it")
    stated_at: Mapped[datetime] = mapped_column(_MOMENT)


class Rep(Tables):
    """A rep's place in the field force; a manager is one too."""

    __tablename__ = "reps"

    rep_id: Mapped[str] = mapped_column(Text, primary_key=True)
    manager_id: Mapped[str | None] = mapped_column(Text, comment="null: reports to nobody")
    territory_ids: Mapped[list[str]] = mapped_column(ARRAY(Text))
    stated_at: Mapped[datetime] = mapped_column(_MOMENT)

    __table_args__ = (Index("ix_reps_manager_id", "manager_id"),)


class LoopScope(Tables):
    """The segment a theme or decision is about."""

    __tablename__ = "loop_scopes"

    id: Mapped[str] = mapped_column(Text, primary_key=True, comment="of the theme or decision")
    brand_id: Mapped[str] = mapped_column(Text)
    topic: Mapped[str] = mapped_column(Text)
    specialty: Mapped[str] = mapped_column(Text)


class FeedItem(Tables):
    """One thing a rep is told about reports of their own, as codes: the sentence is made when it is read."""

    __tablename__ = "feed_items"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    rep_id: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime] = mapped_column(_MOMENT)
    kind: Mapped[str] = mapped_column(Text)
    subject_id: Mapped[str] = mapped_column(Text, comment="the report, theme, decision or change it is about: told once")
    report_ids: Mapped[list[UUID]] = mapped_column(ARRAY(Uuid))
    decision_id: Mapped[str | None] = mapped_column(Text, comment="null: no decision led to it")
    change_id: Mapped[str | None] = mapped_column(Text, comment="null: it is not about a change")
    scope_ids: Mapped[list[str]] = mapped_column(ARRAY(Text), comment="themes and decisions whose segment it is about; they may come later")
    codes: Mapped[dict[str, Any]] = mapped_column(JSONB, comment="what the sentence says besides")

    __table_args__ = (
        CheckConstraint("kind IN ('heard', 'grouped', 'decided', 'changed', 'refused')", name="kind"),
        UniqueConstraint("rep_id", "kind", "subject_id"),
        Index("ix_feed_items_rep_id_at_id", "rep_id", "at", "id"),
    )
