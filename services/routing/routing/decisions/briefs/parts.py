"""The parts of a brief: plain values that are stored and shown as they are."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from routing.decisions.briefs.urgency import Fortnight, Trend
from routing.decisions.clocks.clock import Clock
from routing.decisions.consent import RepChannel
from routing.decisions.facts import Asset, Campaign, Engagement, JourneyStage, Subject
from routing.decisions.policies.document import Policy
from routing.decisions.qualification.scoring import Score


@dataclass(frozen=True, slots=True)
class BriefContact:
    """The person, as far as a rep needs to know before the call."""

    contact_id: str
    given_name: str = field(repr=False)
    family_name: str = field(repr=False)
    kind: str | None
    specialty: str | None
    credentials: str | None
    country: str | None
    postal_code: str | None
    account_id: str | None
    account_name: str | None


@dataclass(frozen=True, slots=True)
class BriefEngagement:
    """One act worth mentioning; `title` is the asset's, None where no asset is known."""

    kind: str
    asset_id: str | None
    title: str | None
    occurred_at: datetime
    topics: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class BriefAsset:
    """Approved material, in the version that was current when the brief was written, and the last day it may be shown."""

    asset_id: str
    version: str
    title: str
    valid_until: date | None = None


@dataclass(frozen=True, slots=True)
class LikelyObjection:
    """A topic the person may object on, why we think so, and the approved answers; none is a gap in the content."""

    topic: str
    because: str
    assets: tuple[BriefAsset, ...]


@dataclass(frozen=True, slots=True)
class ActiveSpecialty:
    """How many others of an account were active for the brand lately; `specialty` None where nobody said which."""

    specialty: str | None
    contacts: int


@dataclass(frozen=True, slots=True)
class BriefAccount:
    """Where the person works. `others` are counted, never named: a rep is told who somebody is by a lead alone."""

    account_id: str
    name: str
    institution_type: str | None
    priority: str | None
    others: tuple[ActiveSpecialty, ...]


@dataclass(frozen=True, slots=True)
class EarlierLead:
    """A cycle with this person that ended: when, in which stage and why."""

    qualified_at: datetime
    ended_at: datetime
    stage: str
    reason: str | None


@dataclass(frozen=True, slots=True)
class HeardTopic:
    """A topic objected on, and how often."""

    topic: str
    times: int


@dataclass(frozen=True, slots=True)
class UrgencyFigures:
    """What the trend rests on."""

    this_fortnight: Fortnight
    fortnight_before: Fortnight


@dataclass(frozen=True, slots=True)
class Brief:
    """The page handed over with a lead, frozen as `version`."""

    version: int
    rep_id: str | None
    kind: str
    """on_plan or off_plan: a call that is planned anyway, or one of its own."""
    stage: str
    contact: BriefContact
    why_this_person: str
    fit: tuple[str, ...]
    why_now: str
    reasons: tuple[BriefEngagement, ...]
    """The acts `why_now` names, the most telling first."""
    urgency: Trend
    urgency_figures: UrgencyFigures
    engagements: tuple[BriefEngagement, ...]
    journey_stage: JourneyStage
    sql_candidate: bool
    readiness: str | None
    """By which readiness of the policy they are an SQL candidate; None if they are none."""
    topics: tuple[str, ...]
    account: BriefAccount | None
    earlier_leads: tuple[EarlierLead, ...]
    campaign: Campaign | None
    """The one the lead came by, with what it asks of the rep; None without one, or while it isn't known."""
    likely_objections: tuple[LikelyObjection, ...]
    next_step: str
    allowed_channels: tuple[RepChannel, ...]
    clock: Clock | None
    meeting_at: datetime | None
    """Of a meeting agreed on, of which nobody told yet what came of it."""


@dataclass(frozen=True, slots=True)
class BriefChange:
    """One thing that changed from a version to the next: a code for programs, a sentence for the rep."""

    code: str
    text: str


Document = Mapping[str, Any]
"""A brief as it was stored: JSON, with the times as text."""

Heard = Mapping[str, Sequence[HeardTopic]]
"""By journey stage, what people of one specialty objected on, most often first."""


@dataclass(frozen=True, slots=True)
class BriefFacts:
    """What a brief is written from. `assets` are the brand's, by id."""

    policy: Policy
    subject: Subject
    score: Score
    engagements: Sequence[Engagement]
    assets: Mapping[str, Asset]
    kind: str = "off_plan"
    journey_stage: JourneyStage = "awareness"
    stage: str = "assigned"
    readiness: str | None = None
    """By which readiness they are an SQL candidate; None if they are none."""
    rep_id: str | None = None
    campaign: Campaign | None = None
    heard_topics: Sequence[str] = ()
    """What this person objected on before, most often first."""
    heard_in_specialty: Heard = field(default_factory=dict)
    others_at_account: Sequence[ActiveSpecialty] = ()
    earlier_leads: Sequence[EarlierLead] = ()
    clock: Clock | None = None
    meeting_at: datetime | None = None
    """In the zone in which it is told."""
