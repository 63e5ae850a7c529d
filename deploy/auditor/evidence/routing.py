"""Routing's tables, as far as they are evidence."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, ClassVar

from deploy.auditor.evidence.rows import ReadAs, Row

_CHOSEN = ReadAs("""
    array(
        SELECT one->>'rep_id' FROM jsonb_array_elements(candidates) AS one
        WHERE one->>'why_not' IS NULL AND (one->>'eligible')::boolean
    )
""")


@dataclass(frozen=True, slots=True)
class HeardEngagement(Row):
    """An engagement as routing heard of it."""

    table: ClassVar[str] = "engagements"

    engagement_id: str
    contact_id: str
    brand_id: str | None
    machine: bool = False


@dataclass(frozen=True, slots=True)
class KnownContact(Row):
    """A contact; without a version while only engagements spoke of them."""

    table: ClassVar[str] = "contacts"

    contact_id: str
    version: int | None
    consents: list[dict[str, Any]]
    is_named: Annotated[bool, ReadAs("num_nonnulls(given_name, family_name, credentials, postal_code) > 0")] = False


@dataclass(frozen=True, slots=True)
class Brief(Row):
    """A page about a person, handed over with a lead."""

    table: ClassVar[str] = "briefs"

    lead_id: str


@dataclass(frozen=True, slots=True)
class Ledger(Row):
    """A contact x brand, and the policy version that judged its engagements; none while it waits for the contact or a policy."""

    table: ClassVar[str] = "ledgers"

    contact_id: str
    brand_id: str
    policy_version: str | None


@dataclass(frozen=True, slots=True)
class Points(Row):
    """What one engagement earned, by whichever rules."""

    table: ClassVar[str] = "ledger_rows"

    contact_id: str
    brand_id: str
    engagement_id: str
    policy_version: str


@dataclass(frozen=True, slots=True)
class Lead(Row):
    """One contact x one brand x one cycle. `held_from` is where one on hold goes on from."""

    table: ClassVar[str] = "leads"

    id: str
    contact_id: str
    brand_id: str
    stage: str
    rep_id: str | None
    record_count: int
    qualified_at: datetime
    ended_at: datetime | None
    waiting_since: datetime | None
    waiting_reason: str | None
    held_from: str | None = None


@dataclass(frozen=True, slots=True)
class Record(Row):
    """One decision about a lead. `chosen` are the candidates nothing stood against: one where somebody was chosen."""

    table: ClassVar[str] = "decision_records"

    lead_id: str
    position: int
    at: datetime
    kind: str
    to_stage: str | None
    reason: str
    chosen: Annotated[list[str], _CHOSEN]


@dataclass(frozen=True, slots=True)
class Clock(Row):
    """A target time on a lead, and when an attempt met it."""

    table: ClassVar[str] = "clocks"

    lead_id: str
    met_at: datetime | None
    kind: str = "first_outreach"
    state: str = "running"


@dataclass(frozen=True, slots=True)
class Rep(Row):
    """How many open leads a rep may have."""

    table: ClassVar[str] = "reps"

    id: str
    max_open_leads: int


@dataclass(frozen=True, slots=True)
class Routing:
    """All of it."""

    engagements: Sequence[HeardEngagement] = ()
    contacts: Sequence[KnownContact] = ()
    ledgers: Sequence[Ledger] = ()
    points: Sequence[Points] = ()
    leads: Sequence[Lead] = ()
    records: Sequence[Record] = ()
    clocks: Sequence[Clock] = ()
    reps: Sequence[Rep] = ()
    briefs: Sequence[Brief] = ()
