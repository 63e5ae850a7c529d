"""What the API says of briefs."""

from datetime import date, datetime
from typing import Any, Literal
from uuid import UUID

from routing.api.lead_answers import ClockAnswer
from routing.decisions.briefs.at_a_glance import glance, headline
from routing.queries.briefs import ShownBrief
from shared.bodies import Answer, Moment


class ConsumedAnswer(Answer):
    """What the person did with which content, and what that was about."""

    kind: str
    asset_id: str | None
    title: str | None
    occurred_at: Moment
    topics: list[str] = []


class AssetAnswer(Answer):
    """Material a rep may show, through the day `valid_until` (UTC)."""

    asset_id: str
    version: str
    title: str
    valid_until: date | None = None


class LikelyObjectionAnswer(Answer):
    """A topic the person may object on, why we think so, and what answers it."""

    topic: str
    because: str | None = None
    assets: list[AssetAnswer]


class FortnightAnswer(Answer):
    """What was done in 14 days: the number of acts, and the undecayed points they earned."""

    acts: int
    points: float


class UrgencyFiguresAnswer(Answer):
    this_fortnight: FortnightAnswer
    fortnight_before: FortnightAnswer


class ActiveSpecialtyAnswer(Answer):
    specialty: str | None
    contacts: int


class AccountAnswer(Answer):
    """Where the person works; `others` were active for the brand in the last four weeks, counted and never named."""

    account_id: str
    name: str
    institution_type: str | None
    priority: str | None
    others: list[ActiveSpecialtyAnswer]


class EarlierLeadAnswer(Answer):
    """A cycle with this person that ended."""

    qualified_at: Moment
    ended_at: Moment
    stage: str
    reason: str | None


class CampaignAnswer(Answer):
    """The campaign the lead came by, and what it asks of the rep."""

    campaign_id: str
    name: str
    call_guide: str | None
    meeting_ask: str | None


class ChangeAnswer(Answer):
    """What is new since the version before."""

    code: str
    text: str


class WithdrawnAssetAnswer(Answer):
    """What this version said to show when it was written, and why nobody may any more."""

    asset_id: str
    version: str
    reason: Literal["withdrawn", "expired", "not_allowed_here", "replaced"]


class BriefAnswer(Answer):
    """A version of a brief. The clock, the channels and what may be shown are as they stand now; all else as when it was written.

    `text` can be read in twenty seconds. `superseded` tells that there is a newer version. `readiness` is the policy's by which they are an
    `sql_candidate`, which is null in a version from before that was told.
    """

    version: int
    superseded: bool
    issued_at: Moment
    headline: str
    text: str
    kind: str | None = None
    stage: str | None = None
    contact: dict[str, Any]
    why_this_person: str
    fit: list[str] = []
    why_now: str
    urgency: Literal["rising", "steady", "cooling"] | None = None
    urgency_figures: UrgencyFiguresAnswer | None = None
    engagements: list[ConsumedAnswer]
    journey_stage: str
    sql_candidate: bool | None = None
    readiness: str | None = None
    topics: list[str]
    account: AccountAnswer | None = None
    earlier_leads: list[EarlierLeadAnswer] = []
    campaign: CampaignAnswer | None = None
    likely_objections: list[LikelyObjectionAnswer]
    withdrawn_assets: list[WithdrawnAssetAnswer]
    next_step: str
    meeting_at: Moment | None = None
    allowed_channels: list[str]
    clock: ClockAnswer | None
    changes: list[ChangeAnswer] = []

    @classmethod
    def of(cls, shown: ShownBrief, *, now: datetime) -> "BriefAnswer":
        document = shown.readable.document
        told = {name: document[name] for name in cls.model_fields.keys() & document.keys()}
        read_at = now.astimezone(shown.zone)
        as_it_stands = {
            "superseded": shown.version < shown.newest_version,
            "issued_at": shown.issued_at,
            "headline": headline(document, now=read_at),
            "text": glance(document, clock=shown.clock, channels=shown.channels, now=read_at),
            "withdrawn_assets": [
                WithdrawnAssetAnswer(asset_id=each.asset_id, version=each.version, reason=each.reason) for each in shown.readable.withdrawn
            ],
            "allowed_channels": list(shown.channels),
            "clock": ClockAnswer.of(shown.clock) if shown.clock else None,
        }
        return cls.model_validate({**told, **as_it_stands})


class VersionAnswer(Answer):
    """That there was a version: when it was issued, to whom, in which stage, and what was new in it."""

    version: int
    issued_at: Moment
    rep_id: str | None
    stage: str | None
    changes: list[ChangeAnswer]


class AnsweredAnswer(Answer):
    """What a rep did with a version of a brief."""

    id: UUID
    lead_id: UUID
    version: int
    rep_id: str
    kind: Literal["opened", "acted", "dismissed"]
    reason_code: str | None
    occurred_at: Moment
    answered_at: Moment
