"""What routing decided: ledgers, leads, and what goes with them."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Date, ForeignKey, Index, Numeric, Text, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, TIMESTAMP
from sqlalchemy.orm import Mapped, MappedAsDataclass, mapped_column

from routing.tables.declared import Tables

_Moment = TIMESTAMP(timezone=True)
_Texts = ARRAY(Text)


class Ledger(Tables):
    """A contact x brand that has engagements, and by which policy version its rows were made."""

    __tablename__ = "ledgers"
    __table_args__ = (Index(None, "brand_id", "activation", "contact_id"),)

    contact_id: Mapped[str] = mapped_column(Text, primary_key=True)
    brand_id: Mapped[str] = mapped_column(Text, primary_key=True)
    policy_version: Mapped[str | None] = mapped_column(Text, comment="Null while the contact is unknown or no policy applies to them.")
    activation: Mapped[int] = mapped_column(
        comment="The brand's newest activation when it was last decided; 0 asks for a decision, -1 for a ledger made anew."
    )
    journey_stage: Mapped[str | None] = mapped_column(Text, comment="The furthest stage of content taken in; null if none was.")
    journey_since: Mapped[datetime | None] = mapped_column(_Moment, comment="When it was reached; null if none was.")
    journey_engagement_id: Mapped[str | None] = mapped_column(Text, comment="By which engagement; null if none was.")
    asked_at: Mapped[datetime | None] = mapped_column(_Moment, comment="When they last asked for a rep; null if never.")
    asked_engagement_id: Mapped[str | None] = mapped_column(Text, comment="By which engagement; null if never.")
    confirmed: Mapped[dict[str, Any]] = mapped_column(
        JSONB, server_default=text("'{}'"), comment="By readiness of the policy, the last act that confirmed intent."
    )
    row_counts: Mapped[dict[str, int] | None] = mapped_column(
        JSONB(none_as_null=True), comment="How many rows it has by rule, once there are more than are read at every engagement."
    )


class LedgerRow(Tables):
    """Undecayed points one engagement earned by one rule. The key has its time in it, to read the newest of a ledger first."""

    __tablename__ = "ledger_rows"

    contact_id: Mapped[str] = mapped_column(Text, primary_key=True)
    brand_id: Mapped[str] = mapped_column(Text, primary_key=True)
    occurred_at: Mapped[datetime] = mapped_column(_Moment, primary_key=True)
    engagement_id: Mapped[str] = mapped_column(Text, primary_key=True)
    rule_id: Mapped[str] = mapped_column(Text, primary_key=True)
    policy_version: Mapped[str] = mapped_column(Text)
    points: Mapped[Decimal] = mapped_column(Numeric(12, 4))
    backfilled: Mapped[bool]


class Lead(MappedAsDataclass, Tables, kw_only=True):
    """One contact x one brand x one cycle."""

    __tablename__ = "leads"
    __table_args__ = (
        CheckConstraint(
            "stage IN ('mql', 'assigned', 'accepted', 'contacted', 'sql', 'meeting_booked', 'meeting_held', 'opportunity',"
            " 'recycled', 'disqualified', 'on_hold')",
            name="stage",
        ),
        CheckConstraint("(ended_at IS NULL) = (stage NOT IN ('recycled', 'disqualified'))", name="ended"),
        CheckConstraint("(waiting_since IS NULL) = (waiting_reason IS NULL)", name="waiting"),
        CheckConstraint("waiting_since IS NULL OR rep_id IS NULL", name="waiting_without_owner"),
        CheckConstraint("kind IN ('on_plan', 'off_plan')", name="kind"),
        CheckConstraint("stage NOT IN ('assigned', 'accepted') OR rep_id IS NOT NULL", name="owner"),
        CheckConstraint("(held_from IS NULL) = (stage <> 'on_hold')", name="held"),
        CheckConstraint("held_until IS NULL OR stage = 'on_hold'", name="held_until"),
        CheckConstraint("(track IS NULL AND resume_on IS NULL) OR stage = 'recycled'", name="recycled"),
        CheckConstraint("merged_into_lead_id IS NULL OR stage = 'disqualified'", name="merged"),
        Index("ix_leads_contact_id_brand_id_open", "contact_id", "brand_id", unique=True, postgresql_where=text("ended_at IS NULL")),
        Index(None, "contact_id", "brand_id", "qualified_at"),
        Index("ix_leads_rep_id_open", "rep_id", postgresql_where=text("ended_at IS NULL")),
        Index(None, "rep_id", "qualified_at", "id"),
        Index(None, "qualified_at", "id"),
        Index("ix_leads_waiting_since", "waiting_since", "id", postgresql_where=text("waiting_since IS NOT NULL")),
        Index(
            "ix_leads_tried_in_round_before_contact",
            "tried_in_round",
            postgresql_where=text("ended_at IS NULL AND stage IN ('assigned', 'accepted')"),
        ),
        Index(None, "rep_id", "reason_at", "id"),
        # Open leads with an owner are as many as reps have room for; only their briefs are written anew.
        Index(
            "ix_leads_brief_rests_on_owned",
            "brief_rests_on",
            postgresql_using="gin",
            postgresql_where=text("ended_at IS NULL AND rep_id IS NOT NULL"),
        ),
        Index("ix_leads_tried_in_round_waiting", "tried_in_round", postgresql_where=text("waiting_since IS NOT NULL")),
        Index("ix_leads_held_until_held", "held_until", "id", postgresql_where=text("held_until IS NOT NULL")),
        Index("ix_leads_resume_on_returning", "resume_on", "id", postgresql_where=text("resume_on IS NOT NULL")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    contact_id: Mapped[str] = mapped_column(Text)
    brand_id: Mapped[str] = mapped_column(Text)
    kind: Mapped[str] = mapped_column(
        Text, server_default="off_plan", comment="Whether the contact was on the brand's call plan when it qualified."
    )
    stage: Mapped[str] = mapped_column(Text)
    policy_version: Mapped[str] = mapped_column(Text)
    qualified_at: Mapped[datetime] = mapped_column(_Moment)
    correlation_id: Mapped[UUID]
    last_event_id: Mapped[UUID] = mapped_column(comment="What was last said of it, which causes what is said next.")
    rep_requested: Mapped[bool]
    engagement_ids: Mapped[list[str]] = mapped_column(_Texts)
    excluded_rep_ids: Mapped[list[str]] = mapped_column(_Texts, default_factory=list)
    nurture_held_for: Mapped[list[str]] = mapped_column(
        _Texts,
        default_factory=list,
        server_default=text("'{}'"),
        comment="Under which of the person's ids automation was told to hold because of it.",
    )
    record_count: Mapped[int] = mapped_column(default=0)
    brief_version: Mapped[int] = mapped_column(default=0)
    brief_rests_on: Mapped[list[str]] = mapped_column(
        _Texts, default_factory=list, comment="What the newest brief shows, tells of, expects and follows, in keys."
    )
    brief_issued_at: Mapped[datetime | None] = mapped_column(_Moment, default=None, comment="Null until there is a brief.")
    reason: Mapped[str] = mapped_column(Text, default="qualified", comment="The newest reason to look at it: a code.")
    reason_at: Mapped[datetime] = mapped_column(_Moment, comment="When that was.")
    tried_in_round: Mapped[int] = mapped_column(default=0, comment="The queue's round in which an owner was last looked for.")
    rep_id: Mapped[str | None] = mapped_column(Text, default=None, comment="Null until somebody owns it.")
    territory_id: Mapped[str | None] = mapped_column(Text, default=None, comment="Null: the postal code lies in none, or there is none.")
    region: Mapped[str | None] = mapped_column(Text, default=None, comment="The territory's; null without one.")
    campaign_id: Mapped[str | None] = mapped_column(Text, default=None, comment="Null: no engagement that carried it was of a campaign.")
    previous_lead_id: Mapped[UUID | None] = mapped_column(default=None, comment="The cycle before; null in the first.")
    previous_rep_id: Mapped[str | None] = mapped_column(
        Text, default=None, comment="Who had it, of a lead that waits; null if nobody, or if they gave it back."
    )
    earlier_rep_id: Mapped[str | None] = mapped_column(Text, default=None, comment="Who had the lead of the cycle before; null if nobody.")
    counting_after: Mapped[datetime | None] = mapped_column(
        _Moment, default=None, comment="When the cycle before ended; null in the first."
    )
    assigned_at: Mapped[datetime | None] = mapped_column(_Moment, default=None, comment="Null until somebody owned it.")
    ended_at: Mapped[datetime | None] = mapped_column(_Moment, default=None, comment="When what ended it happened; null while open.")
    waiting_since: Mapped[datetime | None] = mapped_column(_Moment, default=None, comment="Null unless it waits in the queue.")
    waiting_reason: Mapped[str | None] = mapped_column(Text, default=None, comment="Null unless it waits in the queue.")
    owned_from: Mapped[str | None] = mapped_column(Text, default=None, comment="The stage at which its owner got it; null without one.")
    held_from: Mapped[str | None] = mapped_column(Text, default=None, comment="The stage it goes on from; null unless it is on hold.")
    held_until: Mapped[datetime | None] = mapped_column(
        _Moment, default=None, comment="When it goes on by itself; null: when somebody says so, or it is not on hold."
    )
    track: Mapped[str | None] = mapped_column(Text, default=None, comment="Where marketing goes on with the person; null unless recycled.")
    resume_on: Mapped[date | None] = mapped_column(
        Date, default=None, comment="The day (UTC) on which a new lead opens by itself; null: on none, or it was tried."
    )
    merged_into_lead_id: Mapped[UUID | None] = mapped_column(
        default=None, comment="The lead of the same person that goes on instead; null unless it was closed as merged."
    )
    meeting_at: Mapped[datetime | None] = mapped_column(
        _Moment, default=None, comment="The time of a meeting agreed on, of which nobody told yet what came of it; null without one."
    )


class Clock(Tables):
    """A target time on a lead."""

    __tablename__ = "clocks"
    __table_args__ = (
        CheckConstraint("kind IN ('first_outreach', 'follow_up', 'report')", name="kind"),
        CheckConstraint("state IN ('running', 'warned', 'breached', 'met', 'paused', 'ended')", name="state"),
        CheckConstraint("(state = 'met') = (met_at IS NOT NULL)", name="met"),
        CheckConstraint("(state = 'paused') = (paused_at IS NOT NULL)", name="paused"),
        CheckConstraint("(state = 'ended') = (ended_at IS NOT NULL)", name="ended"),
        CheckConstraint("(state IN ('paused', 'ended')) = (reason IS NOT NULL)", name="reason"),
        Index("ix_clocks_next_at", "next_at", postgresql_where=text("next_at IS NOT NULL")),
        Index("ix_clocks_due_at_unmet", "due_at", postgresql_where=text("state IN ('running', 'warned', 'breached')")),
    )

    lead_id: Mapped[UUID] = mapped_column(ForeignKey("leads.id"), primary_key=True)
    kind: Mapped[str] = mapped_column(Text, primary_key=True)
    state: Mapped[str] = mapped_column(Text)
    started_at: Mapped[datetime] = mapped_column(_Moment)
    warn_at: Mapped[datetime] = mapped_column(_Moment)
    due_at: Mapped[datetime] = mapped_column(_Moment)
    extended_due_at: Mapped[datetime] = mapped_column(_Moment)
    warned_at: Mapped[datetime | None] = mapped_column(_Moment, comment="Null if nobody was warned.")
    breached_at: Mapped[datetime | None] = mapped_column(_Moment, comment="Null if it was never found breached.")
    met_at: Mapped[datetime | None] = mapped_column(_Moment, comment="Null until an attempt was reported.")
    holidays: Mapped[str] = mapped_column(Text, server_default="not_kept")
    reroutes: Mapped[int] = mapped_column(server_default="0")
    escalated_at: Mapped[datetime | None] = mapped_column(_Moment, comment="Null until the end of the one more period was acted upon.")
    late_seconds: Mapped[float | None] = mapped_column(comment="Open seconds; null unless it was met after its due time.")
    paused_at: Mapped[datetime | None] = mapped_column(_Moment, comment="Null unless it is paused.")
    paused_until: Mapped[datetime | None] = mapped_column(_Moment, comment="Null: until somebody resumes it.")
    paused_seconds: Mapped[float] = mapped_column(server_default="0")
    excused_seconds: Mapped[float] = mapped_column(server_default="0")
    ended_at: Mapped[datetime | None] = mapped_column(_Moment, comment="Null unless it ended without being met.")
    reason: Mapped[str | None] = mapped_column(Text, comment="Why it is paused, or ended; null otherwise.")
    next_at: Mapped[datetime | None] = mapped_column(_Moment, comment="When to look again; null when nothing is left to come.")


class DecisionRecord(Tables):
    """What was decided about a lead, by which version, and who else was considered."""

    __tablename__ = "decision_records"

    lead_id: Mapped[UUID] = mapped_column(ForeignKey("leads.id"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    at: Mapped[datetime] = mapped_column(_Moment)
    kind: Mapped[str] = mapped_column(Text)
    from_stage: Mapped[str | None] = mapped_column(Text, comment="Null: the lead began, or no stage was left.")
    to_stage: Mapped[str | None] = mapped_column(Text, comment="Null: no stage was entered.")
    reason: Mapped[str] = mapped_column(Text)
    policy_version: Mapped[str] = mapped_column(Text)
    rule: Mapped[str | None] = mapped_column(Text, comment="The assignment step that decided; null where none did.")
    candidates: Mapped[list[Any]] = mapped_column(JSONB)
    passed_steps: Mapped[list[Any]] = mapped_column(JSONB)
    pointer_before: Mapped[int | None] = mapped_column(comment="Null where nobody was chosen.")
    pointer_after: Mapped[int | None] = mapped_column(comment="Null where nobody was chosen.")
    sentence: Mapped[str | None] = mapped_column(Text, comment="An assignment, in words for a rep; null where nobody was looked for.")
    details: Mapped[dict[str, Any] | None] = mapped_column(JSONB, comment="What its kind keeps besides; null for nothing.")
    by_sub: Mapped[str | None] = mapped_column(Text, comment="Who decided it by hand; null: the rules did.")


class ReportedOutcome(Tables):
    """What a rep reported of a lead, as it counts: the reports of an owner together say where the lead stands."""

    __tablename__ = "reported_outcomes"

    lead_id: Mapped[UUID] = mapped_column(ForeignKey("leads.id"), primary_key=True)
    report_id: Mapped[str] = mapped_column(Text, primary_key=True)
    rep_id: Mapped[str] = mapped_column(Text)
    owned_since: Mapped[datetime] = mapped_column(_Moment, comment="When who reported it had got the lead.")
    code: Mapped[str] = mapped_column(Text)
    reason_code: Mapped[str | None] = mapped_column(Text, comment="Null if the rep gave none.")
    occurred_at: Mapped[datetime] = mapped_column(_Moment)
    received_at: Mapped[datetime | None] = mapped_column(_Moment, comment="When feedback heard of it; null if that wasn't kept yet.")
    meeting_at: Mapped[datetime | None] = mapped_column(_Moment, comment="For when a meeting was booked; null: none was, or nobody said.")


class Brief(Tables):
    """The page handed over with a lead, as it stood when it was written."""

    __tablename__ = "briefs"

    lead_id: Mapped[UUID] = mapped_column(ForeignKey("leads.id"), primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    issued_at: Mapped[datetime] = mapped_column(_Moment)
    document: Mapped[dict[str, Any]] = mapped_column(JSONB)


class Rotation(Tables):
    """Whose turn it is in a territory, for a brand."""

    __tablename__ = "rotations"

    territory_id: Mapped[str] = mapped_column(Text, primary_key=True)
    brand_id: Mapped[str] = mapped_column(Text, primary_key=True)
    document: Mapped[dict[str, Any]] = mapped_column(JSONB)


class PoolRotation(Tables):
    """Whose turn it is in a pool, for a brand."""

    __tablename__ = "pool_rotations"

    pool_id: Mapped[str] = mapped_column(Text, primary_key=True)
    brand_id: Mapped[str] = mapped_column(Text, primary_key=True)
    document: Mapped[dict[str, Any]] = mapped_column(JSONB)


class QueueRound(Tables):
    """One row: the number of times something changed that may let a waiting lead find an owner. Each lead is tried once a round.

    `field_force` is the version of all that says who may have a lead: another one with every change, in no two databases the same.
    """

    __tablename__ = "queue_rounds"
    __table_args__ = (CheckConstraint("singleton", name="singleton"),)

    singleton: Mapped[bool] = mapped_column(primary_key=True)
    round: Mapped[int]
    field_force: Mapped[UUID] = mapped_column(server_default=text("gen_random_uuid()"))


class Reroute(Tables):
    """Open leads decided before this round are decided again: those of a rep, or, by their territories, all that nobody reached yet."""

    __tablename__ = "reroutes"
    __table_args__ = (
        CheckConstraint("scope IN ('rep', 'territories')", name="scope"),
        CheckConstraint("(scope = 'rep') = (rep_id <> '')", name="rep"),
    )

    scope: Mapped[str] = mapped_column(Text, primary_key=True)
    rep_id: Mapped[str] = mapped_column(Text, primary_key=True)
    round: Mapped[int]
    asked_at: Mapped[datetime] = mapped_column(_Moment)
