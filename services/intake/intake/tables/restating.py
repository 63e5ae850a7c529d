"""How engagements were restated: beside `tables.py`, on the same metadata."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from intake.tables.declared import MOMENT, Tables, reference


class Restatement(Tables):
    """One time an engagement was told anew: by evidence that came later, by somebody's word, or because the catalogue knows it now."""

    __tablename__ = "restatements"
    __table_args__ = (
        CheckConstraint("version >= 2", name="version"),
        CheckConstraint("cause IN ('evidence', 'word', 'catalog')", name="cause"),
        CheckConstraint("num_nonnulls(reason_code, said_by) = CASE cause WHEN 'word' THEN 2 ELSE 0 END", name="word"),
    )

    engagement_id: Mapped[UUID] = mapped_column(reference("engagements.id"), primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    restated_at: Mapped[datetime] = mapped_column(MOMENT)
    cause: Mapped[str] = mapped_column(Text)
    machine: Mapped[bool]
    machine_evidence: Mapped[list[Any]] = mapped_column(JSONB)
    reason_code: Mapped[str | None] = mapped_column(Text, comment="Null unless somebody said so.")
    said_by: Mapped[str | None] = mapped_column(Text, comment="The subject of the token; null unless somebody said so.")


class Relabelling(Tables):
    """What was stated anew of the catalogue: engagements that may be recognised by it are being looked through, oldest first."""

    __tablename__ = "relabellings"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    stated_at: Mapped[datetime] = mapped_column(MOMENT)
    asset_ids: Mapped[list[str]] = mapped_column(ARRAY(Text))
    campaign_ids: Mapped[list[str]] = mapped_column(ARRAY(Text))
    after_id: Mapped[UUID | None] = mapped_column(comment="The last engagement that was looked at; null before the first.")
