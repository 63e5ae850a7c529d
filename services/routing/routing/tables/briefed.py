"""What follows from handing over a lead: what reps answered to briefs, which briefs may need a new version, whom a change must reach."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, Text, UniqueConstraint
from sqlalchemy.dialects.postgresql import TIMESTAMP
from sqlalchemy.orm import Mapped, mapped_column

from routing.tables.declared import Tables

_Moment = TIMESTAMP(timezone=True)


class AnsweredBrief(Tables):
    """What a rep did with a version of a brief: once each, whatever is posted again."""

    __tablename__ = "brief_answers"
    __table_args__ = (
        CheckConstraint("kind IN ('opened', 'acted', 'dismissed')", name="kind"),
        CheckConstraint("kind <> 'dismissed' OR reason_code IS NOT NULL", name="dismissed_with_reason"),
        Index(None, "answered_at", "id"),
        UniqueConstraint("lead_id", "version", "rep_id", "kind"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    lead_id: Mapped[UUID] = mapped_column(ForeignKey("leads.id"))
    version: Mapped[int]
    rep_id: Mapped[str] = mapped_column(Text)
    kind: Mapped[str] = mapped_column(Text)
    reason_code: Mapped[str | None] = mapped_column(Text, comment="Null where none was given.")
    occurred_at: Mapped[datetime] = mapped_column(_Moment, comment="By the rep's device.")
    answered_at: Mapped[datetime] = mapped_column(_Moment, comment="When it was heard.")


class BriefRevision(Tables):
    """A lead whose brief may not say what is true any more, and when that is looked at."""

    __tablename__ = "brief_revisions"
    __table_args__ = (Index(None, "due_at"),)

    lead_id: Mapped[UUID] = mapped_column(ForeignKey("leads.id"), primary_key=True)
    due_at: Mapped[datetime] = mapped_column(_Moment)


class LeadChange(Tables):
    """That a lead changed in a way its owner's app must hear of, by the transaction that did it; for a lead that left somebody, theirs too.

    A transaction's number says nothing of when it was committed, but a reader's snapshot says of each number whether it saw it.
    """

    __tablename__ = "lead_changes"
    __table_args__ = (Index(None, "rep_id", "changed_in", "lead_id"),)

    rep_id: Mapped[str] = mapped_column(Text, primary_key=True)
    lead_id: Mapped[UUID] = mapped_column(primary_key=True)
    changed_in: Mapped[int] = mapped_column(BigInteger, comment="The number of the transaction (xid8).")


class ApprovalDay(Tables):
    """One row: through which day (UTC) approvals that ended were looked for in briefs."""

    __tablename__ = "approval_days"
    __table_args__ = (CheckConstraint("singleton", name="singleton"),)

    singleton: Mapped[bool] = mapped_column(primary_key=True)
    day: Mapped[date]
