"""What reporting keeps: facts by contact, the rollups folded from them, the journal, the loop, and what subscribers are told."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Boolean, CheckConstraint, Date, DateTime, ForeignKey, Identity, Index, Integer, Numeric, Text, Uuid, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from shared.database import new_metadata

_MOMENT = DateTime(timezone=True)
_UNCLOSED = text("state <> 'closed'")


def _stated_together(attribute: str, column: str) -> CheckConstraint:
    return CheckConstraint(f"({column} IS NULL) = ({attribute}_stated_at IS NULL)", name=f"{attribute}_stated")


class Tables(DeclarativeBase):
    """What every table of this service is declared on."""

    metadata = new_metadata()


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
    campaign_stated_at: Mapped[datetime | None] = mapped_column(_MOMENT, comment="When the campaign was said: the latest saying wins.")
    territory_id: Mapped[str | None] = mapped_column(Text, comment="Null when no event named one.")
    territory_stated_at: Mapped[datetime | None] = mapped_column(_MOMENT, comment="When the territory was said.")
    region: Mapped[str | None] = mapped_column(Text, comment="Null when no event named one.")
    region_stated_at: Mapped[datetime | None] = mapped_column(_MOMENT, comment="When the region was said.")
    rep_id: Mapped[str | None] = mapped_column(Text, comment="Null until assigned.")
    rep_stated_at: Mapped[datetime | None] = mapped_column(_MOMENT, comment="When the owner was said.")
    mql_at: Mapped[datetime | None] = mapped_column(_MOMENT, comment="Null until entered, as the stages below.")
    assigned_at: Mapped[datetime | None] = mapped_column(_MOMENT, comment="Null until entered.")
    accepted_at: Mapped[datetime | None] = mapped_column(_MOMENT, comment="Null until entered.")
    contacted_at: Mapped[datetime | None] = mapped_column(_MOMENT, comment="Null until entered.")
    sql_at: Mapped[datetime | None] = mapped_column(_MOMENT, comment="Null until entered.")
    meeting_booked_at: Mapped[datetime | None] = mapped_column(_MOMENT, comment="Null until entered.")
    meeting_held_at: Mapped[datetime | None] = mapped_column(_MOMENT, comment="Null until entered.")
    opportunity_at: Mapped[datetime | None] = mapped_column(_MOMENT, comment="Null until entered.")

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
    occurred_at: Mapped[datetime] = mapped_column(_MOMENT)

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


class JournalRow(Tables):
    """Every event seen or made here, as codes and ids, to walk the circle by."""

    __tablename__ = "journal"

    event_id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    event_type: Mapped[str] = mapped_column(Text)
    service: Mapped[str] = mapped_column(Text)
    correlation_id: Mapped[UUID] = mapped_column(Uuid)
    causation_id: Mapped[UUID | None] = mapped_column(Uuid, comment="Null for the first event of a journey.")
    occurred_at: Mapped[datetime] = mapped_column(_MOMENT)
    recorded_at: Mapped[datetime] = mapped_column(_MOMENT)
    contact_id: Mapped[str | None] = mapped_column(Text, comment="Null for an event about no single contact.")
    subjects: Mapped[list[str]] = mapped_column(ARRAY(Text))
    rests_on: Mapped[list[str]] = mapped_column(ARRAY(Text))
    summary: Mapped[str] = mapped_column(Text)
    is_test: Mapped[bool] = mapped_column(Boolean, server_default=text("false"), comment="On record, and counted in no figure.")

    __table_args__ = (
        Index("ix_journal_correlation_id", "correlation_id"),
        Index("ix_journal_subjects", "subjects", postgresql_using="gin"),
        Index("ix_journal_rests_on", "rests_on", postgresql_using="gin"),
    )


class EventCountRow(Tables):
    """How many events of a type the journal holds, and how many of those are tests. Kept by triggers (migrations 0002, 0004)."""

    __tablename__ = "event_counts"

    event_type: Mapped[str] = mapped_column(Text, primary_key=True)
    slot: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    count: Mapped[int] = mapped_column(BigInteger, comment="A slot's part: the sum over the slots is how many there were.")
    tests: Mapped[int] = mapped_column(BigInteger, server_default=text("0"), comment="Of these, what only a test told.")


class SignalRow(Tables):
    """A watched pattern: its thresholds, and what it asks of whom."""

    __tablename__ = "signals"

    signal: Mapped[str] = mapped_column(Text, primary_key=True)
    objections_min: Mapped[int] = mapped_column(Integer)
    reps_min: Mapped[int] = mapped_column(Integer)
    growth_min: Mapped[float] = mapped_column(Numeric(6, 2, asdecimal=False))
    window_days: Mapped[int] = mapped_column(Integer)
    recommended: Mapped[str] = mapped_column(Text)
    owner: Mapped[str] = mapped_column(Text)
    due_days: Mapped[int] = mapped_column(Integer)

    __table_args__ = (
        CheckConstraint("objections_min >= 1", name="objections_min_positive"),
        CheckConstraint("reps_min >= 1", name="reps_min_positive"),
        CheckConstraint("growth_min > 0", name="growth_min_positive"),
        CheckConstraint("window_days >= 1", name="window_days_positive"),
        CheckConstraint("due_days >= 1", name="due_days_positive"),
    )


class DecisionRow(Tables):
    """A decision asked for by a signal, with the theme it rests on: they emerge together.

    Its figures are those of when the latest report joined.
    """

    __tablename__ = "decisions"

    decision_id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    theme_id: Mapped[UUID] = mapped_column(Uuid, unique=True)
    signal: Mapped[str] = mapped_column(Text, ForeignKey("signals.signal"))
    brand_id: Mapped[str] = mapped_column(Text)
    topic: Mapped[str] = mapped_column(Text)
    specialty: Mapped[str] = mapped_column(Text)
    figures: Mapped[dict[str, Any]] = mapped_column(JSONB)
    recommended: Mapped[str] = mapped_column(Text)
    owner: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(Text)
    opened_at: Mapped[datetime] = mapped_column(_MOMENT)
    due_at: Mapped[datetime] = mapped_column(_MOMENT)
    choice: Mapped[str | None] = mapped_column(Text, comment="Null until decided, as the columns below.")
    reason_code: Mapped[str | None] = mapped_column(Text, comment="Null until decided.")
    review_on: Mapped[date | None] = mapped_column(Date, comment="Null until decided. The decision closes when this day has passed.")
    decided_at: Mapped[datetime | None] = mapped_column(_MOMENT, comment="Null until decided.")
    decided_by: Mapped[str | None] = mapped_column(Text, comment="Null until decided; then the subject of the token.")

    __table_args__ = (
        CheckConstraint("state IN ('open', 'decided', 'closed')", name="state"),
        CheckConstraint("choice IN ('change', 'investigate', 'no_action')", name="choice"),
        CheckConstraint(
            "num_nulls(choice, reason_code, review_on, decided_at, decided_by) = CASE state WHEN 'open' THEN 5 ELSE 0 END",
            name="decided_whole",
        ),
        Index("uq_decisions_unclosed_scope", "signal", "brand_id", "topic", "specialty", unique=True, postgresql_where=_UNCLOSED),
    )


class EvidenceRow(Tables):
    """A report a decision rests on."""

    __tablename__ = "decision_evidence"

    decision_id: Mapped[UUID] = mapped_column(Uuid, ForeignKey("decisions.decision_id"), primary_key=True)
    report_id: Mapped[str] = mapped_column(Text, primary_key=True)
    joined_at: Mapped[datetime] = mapped_column(_MOMENT)


class ChangeRow(Tables):
    """What was altered because of a decision, a theme, or single reports."""

    __tablename__ = "changes"

    change_id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    decision_id: Mapped[UUID | None] = mapped_column(Uuid, ForeignKey("decisions.decision_id"), comment="Null when it answers no decision.")
    answers: Mapped[list[str]] = mapped_column(ARRAY(Text))
    report_ids: Mapped[list[str]] = mapped_column(ARRAY(Text))
    kind: Mapped[str] = mapped_column(Text)
    asset_id: Mapped[str | None] = mapped_column(Text, comment="Null when no asset changed.")
    campaign_id: Mapped[str | None] = mapped_column(Text, comment="Null when no campaign changed.")
    published_at: Mapped[datetime] = mapped_column(_MOMENT)
    published_by: Mapped[str] = mapped_column(Text)
    recorded_at: Mapped[datetime] = mapped_column(_MOMENT)

    __table_args__ = (
        CheckConstraint(
            "kind IN ('asset_updated', 'asset_added', 'campaign_updated', 'policy_changed', 'page_updated', 'other')", name="kind"
        ),
        CheckConstraint("decision_id IS NOT NULL OR cardinality(answers) > 0", name="answers_something"),
        Index("ix_changes_decision_id", "decision_id"),
    )


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
    updated_at: Mapped[datetime] = mapped_column(_MOMENT)

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
    created_at: Mapped[datetime] = mapped_column(_MOMENT)
    next_attempt_at: Mapped[datetime | None] = mapped_column(_MOMENT, comment="Null once delivered or dead.")
    settled_at: Mapped[datetime | None] = mapped_column(_MOMENT, comment="When it was delivered or given up; null while pending.")
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
    at: Mapped[datetime] = mapped_column(_MOMENT)
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
