"""What was simulated: the one thing a simulation writes."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, Text, text
from sqlalchemy.dialects.postgresql import JSONB, TIMESTAMP
from sqlalchemy.orm import Mapped, mapped_column

from routing.tables.declared import Tables

_Moment = TIMESTAMP(timezone=True)


class Simulation(Tables):
    """A window of history replayed under two versions, how far that is, and what came of it."""

    __tablename__ = "simulations"
    __table_args__ = (
        CheckConstraint("state IN ('queued', 'running', 'done', 'failed', 'cancelled')", name="state"),
        CheckConstraint("(state = 'done') = (result IS NOT NULL)", name="result"),
        CheckConstraint("(state = 'failed') = (failure IS NOT NULL)", name="failure"),
        CheckConstraint("begins_at < ends_at", name="window"),
        Index(None, "requested_at", "id"),
        Index("ix_simulations_requested_at_unfinished", "requested_at", postgresql_where=text("state IN ('queued', 'running')")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    brand_id: Mapped[str] = mapped_column(Text)
    candidate_version: Mapped[str] = mapped_column(Text)
    active_version: Mapped[str | None] = mapped_column(Text, comment="Null: no version was active where the candidate would apply.")
    begins_at: Mapped[datetime] = mapped_column(_Moment)
    ends_at: Mapped[datetime] = mapped_column(_Moment)
    requested_by: Mapped[str] = mapped_column(Text)
    requested_at: Mapped[datetime] = mapped_column(_Moment)
    state: Mapped[str] = mapped_column(Text)
    attempt: Mapped[int] = mapped_column(comment="Which of its beginnings goes on: it begins anew where its process ended.")
    alive_at: Mapped[datetime | None] = mapped_column(_Moment, comment="When whoever works on it last said so; null before it was begun.")
    engagements: Mapped[int | None] = mapped_column(comment="Those of the window; null until they are counted.")
    replayed: Mapped[int] = mapped_column(comment="How many of them were replayed.")
    started_at: Mapped[datetime | None] = mapped_column(_Moment, comment="Null before it was begun.")
    ended_at: Mapped[datetime | None] = mapped_column(_Moment, comment="Null until it is done, has failed or was cancelled.")
    failure: Mapped[str | None] = mapped_column(Text, comment="Null unless it failed.")
    result: Mapped[dict[str, Any] | None] = mapped_column(JSONB, comment="Null unless it is done.")


class SimulatedDecision(Tables):
    """Of a few contacts, what would have been decided about them under either version."""

    __tablename__ = "simulated_decisions"
    __table_args__ = (Index(None, "contact_id"),)

    simulation_id: Mapped[UUID] = mapped_column(ForeignKey("simulations.id", ondelete="CASCADE"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    contact_id: Mapped[str] = mapped_column(Text)
    document: Mapped[dict[str, Any]] = mapped_column(JSONB)
