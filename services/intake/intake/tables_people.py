"""Who is who: ids that lead to another contact, and pairs that may be one person."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, Text, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB, TIMESTAMP
from sqlalchemy.orm import Mapped, mapped_column

from intake.tables import Tables

_Moment = TIMESTAMP(timezone=True)


def _contact() -> ForeignKey:
    return ForeignKey("contacts.id", deferrable=True, initially="DEFERRED")


class ContactAlias(Tables):
    """An id that leads to a contact under another: a contact that was merged, or only a directory's name for one."""

    __tablename__ = "contact_aliases"
    __table_args__ = (CheckConstraint("alias_id NOT IN (into_id, contact_id)", name="another"), Index(None, "contact_id"))

    alias_id: Mapped[str] = mapped_column(Text, primary_key=True)
    into_id: Mapped[str] = mapped_column(_contact(), comment="Whom it was joined to.")
    contact_id: Mapped[str] = mapped_column(_contact(), comment="Who stands for both now: another one once that was merged too.")
    since: Mapped[datetime] = mapped_column(_Moment)
    made_by: Mapped[str] = mapped_column(Text, comment="directory, act, or the sub of who asked for it.")


class ContactCandidate(Tables):
    """Two contacts that may be one person, which somebody must decide: directories named both, or their registers differ."""

    __tablename__ = "contact_candidates"
    __table_args__ = (
        UniqueConstraint("contact_id", "other_id"),
        CheckConstraint('contact_id COLLATE "C" < other_id COLLATE "C"', name="order"),
        CheckConstraint("state IN ('waiting', 'merged', 'dismissed')", name="state"),
        CheckConstraint("num_nonnulls(decided_at, decided_by) = CASE WHEN state = 'waiting' THEN 0 ELSE 2 END", name="decided"),
        Index(None, "state", "since", "id"),
        Index(None, "other_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    contact_id: Mapped[str] = mapped_column(_contact())
    other_id: Mapped[str] = mapped_column(_contact())
    kinds: Mapped[list[Any]] = mapped_column(JSONB, comment="Of the keys that say so; none if somebody parted the two.")
    state: Mapped[str] = mapped_column(Text)
    since: Mapped[datetime] = mapped_column(_Moment)
    decided_at: Mapped[datetime | None] = mapped_column(_Moment, comment="Null while it waits.")
    decided_by: Mapped[str | None] = mapped_column(Text, comment="directory, or the sub of who decided; null while it waits.")
