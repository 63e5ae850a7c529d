"""Reporting's tables, as far as they are evidence."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Any, ClassVar

from deploy.auditor.evidence.rows import ReadAs, Row

STAGES = ("mql", "assigned", "accepted", "contacted", "sql", "meeting_booked", "meeting_held", "opportunity")


@dataclass(frozen=True, slots=True)
class Noted(Row):
    """An event the journal holds."""

    table: ClassVar[str] = "journal"

    event_id: str
    event_type: str
    recorded_at: datetime


@dataclass(frozen=True, slots=True)
class CountedContact(Row):
    """A contact, by whose specialty is counted."""

    table: ClassVar[str] = "contacts"

    contact_id: str
    version: int
    specialty: str | None
    has_ids: Annotated[bool, ReadAs("external_ids <> '{}'")] = False


@dataclass(frozen=True, slots=True)
class EventCount(Row):
    """A part of how many events of a type there were."""

    table: ClassVar[str] = "event_counts"

    event_type: str
    count: int


@dataclass(frozen=True, slots=True)
class DeliveryCount(Row):
    """A part of how many deliveries of a subscription are in a state."""

    table: ClassVar[str] = "delivery_counts"

    subscription: str
    state: str
    count: int


@dataclass(frozen=True, slots=True)
class Rollup(Row):
    """How often a combination was counted on a day."""

    table: ClassVar[str] = "rollups"

    day: date
    measure: str
    item: str
    brand_id: str
    campaign_id: str
    specialty: str
    region: str
    count: int


@dataclass(frozen=True, slots=True)
class FunnelLead(Row):
    """A lead and when it first entered each stage."""

    table: ClassVar[str] = "leads"

    lead_id: str
    rep_id: str | None
    mql_at: datetime | None
    assigned_at: datetime | None
    accepted_at: datetime | None
    contacted_at: datetime | None
    sql_at: datetime | None
    meeting_booked_at: datetime | None
    meeting_held_at: datetime | None
    opportunity_at: datetime | None

    @property
    def entered(self) -> Mapping[str, datetime]:
        """The stages it entered."""
        return {stage: at for stage in STAGES if (at := getattr(self, f"{stage}_at")) is not None}


@dataclass(frozen=True, slots=True)
class CountedObjection(Row):
    """An objection that counts."""

    table: ClassVar[str] = "objections"

    report_id: str
    contact_id: str
    rep_id: str
    brand_id: str
    topic: str
    occurred_at: datetime


@dataclass(frozen=True, slots=True)
class Signal(Row):
    """A watched pattern."""

    table: ClassVar[str] = "signals"

    signal: str
    objections_min: int
    reps_min: int
    growth_min: float
    window_days: int


@dataclass(frozen=True, slots=True)
class Decision(Row):
    """A decision asked for by a signal."""

    table: ClassVar[str] = "decisions"

    decision_id: str
    theme_id: str
    signal: str
    brand_id: str
    topic: str
    specialty: str
    state: str
    opened_at: datetime


@dataclass(frozen=True, slots=True)
class EvidenceOf(Row):
    """A report a decision rests on."""

    table: ClassVar[str] = "decision_evidence"

    decision_id: str
    report_id: str


@dataclass(frozen=True, slots=True)
class Subscription(Row):
    """Who is told of which events, where."""

    table: ClassVar[str] = "subscriptions"

    name: str
    url: str
    events: list[str]
    filter: dict[str, Any]
    state: str
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class Delivery(Row):
    """One event for one subscriber."""

    table: ClassVar[str] = "deliveries"

    position: int
    subscription: str
    event_id: str
    event_type: str
    key: str
    body: str
    state: str
    attempts: int
    created_at: datetime
    settled_at: datetime | None


@dataclass(frozen=True, slots=True)
class Attempt(Row):
    """One try to deliver."""

    table: ClassVar[str] = "delivery_attempts"

    position: int
    number: int
    at: datetime
    status_code: int | None


@dataclass(frozen=True, slots=True)
class Reporting:
    """All of it."""

    journal: Sequence[Noted] = ()
    contacts: Sequence[CountedContact] = ()
    event_counts: Sequence[EventCount] = ()
    delivery_counts: Sequence[DeliveryCount] = ()
    rollups: Sequence[Rollup] = ()
    leads: Sequence[FunnelLead] = ()
    objections: Sequence[CountedObjection] = ()
    signals: Sequence[Signal] = ()
    decisions: Sequence[Decision] = ()
    decision_evidence: Sequence[EvidenceOf] = ()
    subscriptions: Sequence[Subscription] = ()
    deliveries: Sequence[Delivery] = ()
    attempts: Sequence[Attempt] = ()
