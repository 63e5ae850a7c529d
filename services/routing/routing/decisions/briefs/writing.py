"""The brief: why this person, why now, with what, and by when, in sentences a rep understands.

It tells only what a person did in a commercial context, and recommends only what is approved, in date and allowed in the person's country.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from routing.decisions.briefs.objections import likely_objections
from routing.decisions.briefs.parts import Brief, BriefAccount, BriefContact, BriefEngagement, BriefFacts, UrgencyFigures
from routing.decisions.briefs.sentences import ACT_WORDS, fit_words, most_telling, next_step, step_of_meeting, why_now, why_this_person
from routing.decisions.briefs.urgency import urgency
from routing.decisions.consent import allowed_rep_channels
from routing.decisions.facts import COMMERCIAL_CONTEXTS, Asset, Engagement, Subject
from routing.decisions.qualification.scoring import is_commercial

ENGAGEMENTS_MAX = 20
TOPICS_MAX = 10
EARLIER_LEADS_MAX = 3


def compose_brief(facts: BriefFacts, *, version: int, now: datetime) -> Brief:
    """Write the brief as it stands at `now`."""
    shown = _worth_showing(facts)
    consumed = [asset for each in shown if (asset := facts.assets.get(each.asset_id or ""))]
    topics = _topics(shown, facts.assets)
    telling = [_act(each, facts.assets) for each in most_telling(facts.policy, score=facts.score, engagements=shown)]
    change = urgency(facts.policy, shown, now=now)
    return Brief(
        version=version,
        rep_id=facts.rep_id,
        kind=facts.kind,
        stage=facts.stage,
        contact=_contact(facts.subject),
        why_this_person=why_this_person(facts.policy, subject=facts.subject, now=now, on_plan=facts.kind == "on_plan"),
        fit=fit_words(facts.policy, subject=facts.subject, now=now),
        why_now=why_now(telling, change=change, now=now),
        reasons=tuple(telling),
        urgency=change.trend,
        urgency_figures=UrgencyFigures(change.this_fortnight, change.fortnight_before),
        engagements=tuple(_act(each, facts.assets) for each in shown[:ENGAGEMENTS_MAX]),
        journey_stage=facts.journey_stage,
        sql_candidate=facts.readiness is not None,
        readiness=facts.readiness,
        topics=topics[:TOPICS_MAX],
        account=_account(facts),
        earlier_leads=tuple(facts.earlier_leads[:EARLIER_LEADS_MAX]),
        campaign=facts.campaign,
        likely_objections=likely_objections(facts, journey_stage=facts.journey_stage, topics=topics, consumed=consumed, now=now),
        next_step=_next_step(facts, shown, now=now),
        allowed_channels=allowed_rep_channels(facts.subject.contact.consents),
        clock=facts.clock,
        meeting_at=facts.meeting_at,
    )


def _next_step(facts: BriefFacts, shown: Sequence[Engagement], *, now: datetime) -> str:
    if facts.meeting_at is not None and facts.stage != "on_hold":
        return step_of_meeting(facts.meeting_at, now=now)
    step = next_step(facts.policy, engagements=shown, journey_stage=facts.journey_stage, stage=facts.stage, campaign=facts.campaign)
    return f"In your next planned call: {step}" if facts.kind == "on_plan" and facts.stage == "assigned" else step


def is_telling(engagement: Engagement, *, brand_id: str) -> bool:
    """Tell whether an act shows interest a rep may be told of, as far as the act itself says."""
    return engagement.kind in ACT_WORDS and is_commercial(engagement, brand_id=brand_id)


def _worth_showing(facts: BriefFacts) -> list[Engagement]:
    """Return the acts that show interest, newest first; acts on medical content are none of a rep's business in whatever context."""
    medical = {asset.asset_id for asset in facts.assets.values() if asset.intent not in COMMERCIAL_CONTEXTS}
    shown = (each for each in facts.engagements if is_telling(each, brand_id=facts.policy.brand_id) and each.asset_id not in medical)
    return sorted(shown, key=lambda each: (each.occurred_at, each.engagement_id), reverse=True)


def _act(engagement: Engagement, assets: Mapping[str, Asset]) -> BriefEngagement:
    asset = assets.get(engagement.asset_id or "")
    topics = tuple(sorted(engagement.topics | (asset.topics if asset else frozenset())))
    return BriefEngagement(engagement.kind, engagement.asset_id, asset.title if asset else None, engagement.occurred_at, topics)


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


def _account(facts: BriefFacts) -> BriefAccount | None:
    account = facts.subject.account
    if account is None:
        return None
    others = tuple(sorted(facts.others_at_account, key=lambda each: (-each.contacts, each.specialty or "")))
    return BriefAccount(account.account_id, account.name, account.institution_type, account.priority, others)


def _topics(shown: Iterable[Engagement], assets: Mapping[str, Asset]) -> tuple[str, ...]:
    """Return the topics the acts were about, the most frequent first."""
    counts: Counter[str] = Counter()
    for engagement in shown:
        asset = assets.get(engagement.asset_id or "")
        counts.update(engagement.topics | (asset.topics if asset else frozenset()))
    return tuple(sorted(counts, key=lambda topic: (-counts[topic], topic)))
