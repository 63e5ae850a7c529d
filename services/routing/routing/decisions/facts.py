"""What the decisions are told about people, accounts, reps' targets, content and engagements: plain immutable values."""

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Literal, get_args

EngagementKind = Literal[
    "email_delivered",
    "email_opened",
    "email_clicked",
    "email_bounced",
    "email_complained",
    "unsubscribed",
    "subscribed",
    "form_submitted",
    "page_viewed",
    "content_downloaded",
    "webinar_registered",
    "webinar_attended",
    "event_attended",
    "sms_clicked",
    "ad_clicked",
    "rep_requested",
    "sample_requested",
]
Context = Literal["promotional", "educational", "support", "medical", "independent_education"]
JourneyStage = Literal["awareness", "consideration", "sales_engagement"]
ConsentState = Literal["granted", "denied"]

JOURNEY_STAGES: tuple[JourneyStage, ...] = get_args(JourneyStage)
"""First to furthest."""

COMMERCIAL_CONTEXTS: frozenset[str] = frozenset({"promotional", "educational", "support"})
"""The contexts that may score and be shown to a rep. A context we don't know is not commercial until we know it."""


@dataclass(frozen=True, slots=True)
class Consent:
    """What a contact allowed or denied on one channel for one purpose; `channel` "any" is do-not-contact when denied."""

    channel: str
    purpose: str
    state: ConsentState
    at: datetime | None = None
    """When the person said so; None where the source kept no date."""


@dataclass(frozen=True, slots=True)
class Licence:
    """Where a contact may practise, and through which day."""

    authority: str
    state: str
    valid_until: date


@dataclass(frozen=True, slots=True)
class Contact:
    """A contact as last described to us; much may be missing. Names stay out of `repr`, and so out of logs."""

    contact_id: str
    country: str | None = None
    kind: str | None = None
    specialty: str | None = None
    credentials: str | None = None
    postal_code: str | None = None
    region: str | None = None
    segments: frozenset[str] = frozenset()
    consents: tuple[Consent, ...] = ()
    licences: tuple[Licence, ...] = ()
    given_name: str = field(default="", repr=False)
    family_name: str = field(default="", repr=False)
    merged_into: str | None = None
    """Who stands for them, and has what they do from then on; None: they themselves."""


@dataclass(frozen=True, slots=True)
class Account:
    """The contact's primary account (an HCO)."""

    account_id: str
    name: str = ""
    institution_type: str | None = None
    priority: str | None = None
    postal_code: str | None = None
    owner_rep_id: str | None = None
    named_rep_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Target:
    """The contact's place on the brand's call plan, in the cycle that runs."""

    segment: str | None = None
    decile: int | None = None
    target_id: str = ""
    indication: str | None = None
    planned_calls: int | None = None
    rep_id: str | None = None
    """Who calls; None: whoever the alignment names."""
    cycle: str | None = None
    cycle_from: date | None = None
    cycle_until: date | None = None


@dataclass(frozen=True, slots=True)
class Covered:
    """The territory the contact lies in."""

    territory_id: str
    region: str | None = None


@dataclass(frozen=True, slots=True)
class Subject:
    """Everything a policy's conditions may ask about one contact."""

    contact: Contact
    account: Account | None = None
    target: Target | None = None
    territory: Covered | None = None


@dataclass(frozen=True, slots=True)
class Content:
    """What an asset is for: the intent it was made with, and the journey stage, None where it is none of promotion's."""

    intent: str
    stage: JourneyStage | None


@dataclass(frozen=True, slots=True)
class Engagement:
    """One recorded act of a contact. Kind, context and flags are plain text: an unknown one earns nothing, harms nothing."""

    engagement_id: str
    kind: str
    context: str
    occurred_at: datetime
    brand_id: str | None = None
    asset_id: str | None = None
    campaign_id: str | None = None
    topics: frozenset[str] = frozenset()
    machine: bool = False
    flags: frozenset[str] = frozenset()
    content_stage: JourneyStage | None = None
    """The journey stage its asset is made for; None where no asset is known, or it is none of promotion's."""


@dataclass(frozen=True, slots=True)
class Approval:
    """The review that lets an asset be used: in these countries (ISO codes), through `expires_on`."""

    status: str
    regions: frozenset[str] = frozenset()
    expires_on: date | None = None


@dataclass(frozen=True, slots=True)
class Asset:
    """A piece of content in a version, with the objection topics it answers."""

    asset_id: str
    version: str
    brand_id: str
    title: str
    journey_stage: str
    intent: str
    approval: Approval
    topics: frozenset[str] = frozenset()
    answers: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Campaign:
    """What a campaign asks of the rep: the guide for the call and the meeting to ask for."""

    campaign_id: str
    name: str
    call_guide: str | None = None
    meeting_ask: str | None = None
