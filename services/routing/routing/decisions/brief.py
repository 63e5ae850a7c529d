"""The brief: why this person, why now, with what, and by when, in sentences a rep understands.

It tells only what a person did in a commercial context, and recommends only what is approved, in date and allowed in the person's country.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from routing.decisions.brief_sentences import ACT_WORDS, next_step, why_now, why_this_person
from routing.decisions.clocks import Clock
from routing.decisions.consent import RepChannel, allowed_rep_channels
from routing.decisions.facts import COMMERCIAL_CONTEXTS, JOURNEY_STAGES, Asset, Campaign, Engagement, JourneyStage, Subject
from routing.decisions.policy import Policy
from routing.decisions.scoring import Score, is_commercial

ENGAGEMENTS_MAX = 20
OBJECTIONS_MAX = 5

OBJECTION_TOPICS = frozenset(
    {
        "efficacy", "safety_tolerability", "dosing_administration", "patient_selection", "evidence_quality", "switching", "competitor",
        "access_formulary", "prior_authorization", "cost_copay", "supply", "patient_support", "guideline", "time_access",
    }
)  # fmt: skip
"""The topics somebody can object on ("other" foretells nothing); reading about one makes the objection likely."""


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


@dataclass(frozen=True, slots=True)
class BriefAsset:
    """Approved material, in the version that was current when the brief was written."""

    asset_id: str
    version: str
    title: str


@dataclass(frozen=True, slots=True)
class LikelyObjection:
    """A topic the person may object on, with the approved answers; none is a gap in the content."""

    topic: str
    assets: tuple[BriefAsset, ...]


@dataclass(frozen=True, slots=True)
class Brief:
    """The page handed over with a lead, frozen as `version`."""

    version: int
    contact: BriefContact
    why_this_person: str
    why_now: str
    engagements: tuple[BriefEngagement, ...]
    journey_stage: JourneyStage
    topics: tuple[str, ...]
    likely_objections: tuple[LikelyObjection, ...]
    next_step: str
    allowed_channels: tuple[RepChannel, ...]
    clock: Clock | None


@dataclass(frozen=True, slots=True)
class BriefFacts:
    """What a brief is written from. `assets` are the brand's, by id; `heard_topics` what was objected before, most likely first."""

    policy: Policy
    subject: Subject
    score: Score
    engagements: Sequence[Engagement]
    assets: Mapping[str, Asset]
    campaign: Campaign | None = None
    heard_topics: Sequence[str] = ()
    clock: Clock | None = None


def compose_brief(facts: BriefFacts, *, version: int, now: datetime) -> Brief:
    """Write the brief as it stands at `now`."""
    shown = _worth_showing(facts)
    consumed = [asset for each in shown if (asset := facts.assets.get(each.asset_id or ""))]
    titles = {asset.asset_id: asset.title for asset in consumed}
    journey_stage = _journey_stage(consumed)
    topics = _topics(shown, facts.assets)
    return Brief(
        version=version,
        contact=_contact(facts.subject),
        why_this_person=why_this_person(facts.policy, subject=facts.subject, score=facts.score),
        why_now=why_now(facts.policy, score=facts.score, engagements=shown, titles=titles, now=now),
        engagements=tuple(
            BriefEngagement(each.kind, each.asset_id, titles.get(each.asset_id or ""), each.occurred_at) for each in shown[:ENGAGEMENTS_MAX]
        ),
        journey_stage=journey_stage,
        topics=topics,
        likely_objections=_likely_objections(facts, topics=topics, consumed=consumed, now=now),
        next_step=next_step(facts.policy, engagements=shown, journey_stage=journey_stage, campaign=facts.campaign),
        allowed_channels=allowed_rep_channels(facts.subject.contact.consents),
        clock=facts.clock,
    )


def is_recommendable(asset: Asset, *, brand_id: str, country: str | None, now: datetime) -> bool:
    """Tell whether a rep may be told to show this asset: of the brand, commercial, approved, in date, allowed in the country.

    The day of expiry is the last good one. Without a country nothing is allowed, since no approval is for everywhere.
    """
    approval = asset.approval
    return (
        asset.brand_id == brand_id
        and asset.intent in COMMERCIAL_CONTEXTS
        and approval.status == "approved"
        and country in approval.regions
        and (approval.expires_on is None or now.date() <= approval.expires_on)
    )


def _worth_showing(facts: BriefFacts) -> list[Engagement]:
    """Return the acts that show interest, newest first; acts on medical content are none of a rep's business in whatever context."""
    medical = {asset.asset_id for asset in facts.assets.values() if asset.intent not in COMMERCIAL_CONTEXTS}
    shown = (
        each
        for each in facts.engagements
        if each.kind in ACT_WORDS and is_commercial(each, brand_id=facts.policy.brand_id) and each.asset_id not in medical
    )
    return sorted(shown, key=lambda each: (each.occurred_at, each.engagement_id), reverse=True)


def _contact(subject: Subject) -> BriefContact:
    contact, account = subject.contact, subject.account
    return BriefContact(
        contact_id=contact.contact_id,
        given_name=contact.given_name,
        family_name=contact.family_name,
        kind=contact.kind,
        specialty=contact.specialty,
        credentials=contact.credentials,
        country=contact.country,
        postal_code=contact.postal_code,
        account_id=account.account_id if account else None,
        account_name=account.name if account else None,
    )


def _journey_stage(consumed: Iterable[Asset]) -> JourneyStage:
    """Return the furthest stage that content was consumed for."""
    stages = {asset.journey_stage for asset in consumed}
    return next((stage for stage in reversed(JOURNEY_STAGES) if stage in stages), "awareness")


def _topics(shown: Iterable[Engagement], assets: Mapping[str, Asset]) -> tuple[str, ...]:
    """Return the topics the acts were about, the most frequent first."""
    counts: Counter[str] = Counter()
    for engagement in shown:
        asset = assets.get(engagement.asset_id or "")
        counts.update(engagement.topics | (asset.topics if asset else frozenset()))
    return tuple(sorted(counts, key=lambda topic: (-counts[topic], topic)))


def _likely_objections(
    facts: BriefFacts, *, topics: Sequence[str], consumed: Sequence[Asset], now: datetime
) -> tuple[LikelyObjection, ...]:
    """Foretell from what was objected before, then from what the person read about, then from what that content answers."""
    read_about = [topic for topic in topics if topic in OBJECTION_TOPICS]
    answered = sorted({topic for asset in consumed for topic in asset.answers})
    likely = list(dict.fromkeys([*facts.heard_topics, *read_about, *answered]))[:OBJECTIONS_MAX]
    brand_id, country = facts.policy.brand_id, facts.subject.contact.country
    usable = sorted(
        (asset for asset in facts.assets.values() if is_recommendable(asset, brand_id=brand_id, country=country, now=now)),
        key=lambda asset: asset.asset_id,
    )
    return tuple(
        LikelyObjection(topic, tuple(BriefAsset(asset.asset_id, asset.version, asset.title) for asset in usable if topic in asset.answers))
        for topic in likely
    )
