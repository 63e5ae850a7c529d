"""The sentences of a brief, in a rep's words."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal

from routing.decisions.conditions import condition_matches, fact_about
from routing.decisions.facts import Campaign, Engagement, JourneyStage, Subject
from routing.decisions.policy import ConditionField, Policy
from routing.decisions.scoring import Score

REASONS_MAX = 3
"""More reasons than this are not read between two calls."""

ACT_WORDS: Mapping[str, str] = {
    "email_opened": "opened the e-mail {}",
    "email_clicked": "followed a link in the e-mail {}",
    "form_submitted": "filled in the form {}",
    "page_viewed": "read the page {}",
    "content_downloaded": "downloaded {}",
    "webinar_registered": "registered for the webinar {}",
    "webinar_attended": "attended the webinar {}",
    "event_attended": "attended the event {}",
    "sms_clicked": "followed a link in the text message {}",
    "ad_clicked": "followed the advertisement {}",
    "rep_requested": "asked for a rep",
    "sample_requested": "asked for a sample",
}
"""What shows interest. Deliveries, bounces and subscriptions are no reason to call and stay out of a brief."""

UNTITLED_WORDS: Mapping[str, str] = {"content_downloaded": "material"}

FIELD_WORDS: Mapping[ConditionField, str] = {
    "kind": "works as {}",
    "specialty": "specialty {}",
    "credentials": "credentials {}",
    "country": "country {}",
    "region": "region {}",
    "postal_code": "postal code {}",
    "segments": "segment {}",
    "account.institution_type": "institution type {}",
    "account.priority": "account priority {}",
    "target.decile": "decile {} on the call plan",
    "target.segment": "segment {} on the call plan",
}


def why_this_person(policy: Policy, *, subject: Subject, score: Score) -> str:
    """Say which facts about the person speak for them, and how the fit compares with what is needed."""
    favourable = [rule.field for rule in policy.fit if rule.points > 0 and condition_matches(rule, subject)]
    reasons = _listed([_fact_words(field, subject) for field in dict.fromkeys(favourable)]) or "no fit rule speaks for them"
    account = subject.account
    place = f" Works with {account.name}." if account and account.name else ""
    return f"{_capitalized(reasons)}: fit {score.fit.normalize():f}, where {policy.thresholds.fit:g} is needed.{place}"


def why_now(policy: Policy, *, score: Score, engagements: Sequence[Engagement], titles: Mapping[str, str], now: datetime) -> str:
    """Name the acts that confirm intent, then those that weigh most at `now`; what weighs nothing any more is no reason.

    `titles` are the known assets', by id.
    """
    worth: dict[str | None, Decimal] = {}
    for line in score.lines:
        worth[line.engagement_id] = worth.get(line.engagement_id, Decimal(0)) + line.points
    ready_kinds = readiness_kinds(policy)
    weighty = [each for each in engagements if each.kind in ready_kinds or worth.get(each.engagement_id, Decimal(0)) > 0]
    ranked = sorted(weighty, key=lambda each: (each.kind not in ready_kinds, -worth.get(each.engagement_id, Decimal(0))))
    acts = _listed([_act_words(each, titles, now=now) for each in ranked[:REASONS_MAX]]) or "nothing recent to mention"
    return f"{_capitalized(acts)}: engagement {score.engagement.normalize():f}, where {policy.thresholds.engagement:g} is needed."


def next_step(policy: Policy, *, engagements: Iterable[Engagement], journey_stage: JourneyStage, campaign: Campaign | None) -> str:
    """Recommend by confirmed intent first, then by journey stage, in the campaign's words where it has any."""
    guide = f" Use the call guide: {campaign.call_guide}." if campaign and campaign.call_guide else ""
    ask = f" Ask for the meeting: {campaign.meeting_ask}." if campaign and campaign.meeting_ask else ""
    ready_kinds = readiness_kinds(policy)
    ready = next((each for each in engagements if each.kind in ready_kinds), None)
    if ready is not None:
        return f"Answer first: they {ACT_WORDS[ready.kind].format('').rstrip()}.{guide}{ask}"
    match journey_stage:
        case "sales_engagement":
            return f"Propose a meeting: they have read what decides.{guide}{ask}"
        case "consideration":
            return f"Call and answer what they are weighing up.{guide}{ask}"
        case "awareness":
            return f"Introduce the topic and find out whether it matters to their patients.{guide}"


def readiness_kinds(policy: Policy) -> frozenset[str]:
    """Return the kinds of engagement that confirm intent."""
    return frozenset(kind for readiness in policy.readiness for kind in readiness.kinds)


def _fact_words(field: ConditionField, subject: Subject) -> str:
    known = fact_about(field, subject)
    match known:
        case None:
            return f"{field.rpartition('.')[2].replace('_', ' ')} not known"
        case frozenset():
            return FIELD_WORDS[field].format(_listed(sorted(known)))
        case str() | int():
            return FIELD_WORDS[field].format(str(known).replace("_", " "))


def _act_words(engagement: Engagement, titles: Mapping[str, str], *, now: datetime) -> str:
    title = titles.get(engagement.asset_id or "")
    named = f'"{title}"' if title else UNTITLED_WORDS.get(engagement.kind, "")
    days = max(0, (now.date() - engagement.occurred_at.astimezone(now.tzinfo).date()).days)
    when = {0: "today", 1: "yesterday"}.get(days, f"{days} days ago")
    return f"{ACT_WORDS[engagement.kind].format(named).rstrip()} {when}"


def _listed(words: Sequence[str]) -> str:
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} and {words[-1]}"


def _capitalized(sentence: str) -> str:
    return sentence[:1].upper() + sentence[1:]
