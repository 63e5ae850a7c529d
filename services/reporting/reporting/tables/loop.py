"""The loop: signals, the decisions they ask for with their evidence, and the changes that answer them."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Date, ForeignKey, Index, Integer, Numeric, Text, Uuid, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from reporting.tables.declared import MOMENT, Tables

_UNCLOSED = text("state <> 'closed'")


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
    opened_at: Mapped[datetime] = mapped_column(MOMENT)
    due_at: Mapped[datetime] = mapped_column(MOMENT)
    choice: Mapped[str | None] = mapped_column(Text, comment="Null until decided, as the columns below.")
    reason_code: Mapped[str | None] = mapped_column(Text, comment="Null until decided.")
    review_on: Mapped[date | None] = mapped_column(Date, comment="Null until decided. The decision closes when this day has passed.")
    decided_at: Mapped[datetime | None] = mapped_column(MOMENT, comment="Null until decided.")
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
    joined_at: Mapped[datetime] = mapped_column(MOMENT)


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
    published_at: Mapped[datetime] = mapped_column(MOMENT)
    published_by: Mapped[str] = mapped_column(Text)
    recorded_at: Mapped[datetime] = mapped_column(MOMENT)

    __table_args__ = (
        CheckConstraint(
            "kind IN ('asset_updated', 'asset_added', 'campaign_updated', 'policy_changed', 'page_updated', 'other')", name="kind"
        ),
        CheckConstraint("decision_id IS NOT NULL OR cardinality(answers) > 0", name="answers_something"),
        Index("ix_changes_decision_id", "decision_id"),
    )
