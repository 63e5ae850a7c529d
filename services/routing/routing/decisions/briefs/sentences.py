"""The sentences of a brief, in a rep's words."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal

from routing.decisions.briefs.parts import BriefEngagement
from routing.decisions.briefs.urgency import Urgency, urgency_words
from routing.decisions.effective import day_of
from routing.decisions.facts import Campaign, Engagement, JourneyStage, Subject
from routing.decisions.policies.conditions import Known, condition_matches, fact_about
from routing.decisions.policies.document import Policy
from routing.decisions.policies.parts import ConditionField
from routing.decisions.policies.value_position import own_next_step
from routing.decisions.qualification.scoring import Score

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

STEP_OF_STAGE: Mapping[str, str] = {
    "contacted": "Follow up on what you agreed.",
    "sql": "They are interested: agree on a meeting.",
    "meeting_booked": "Prepare the meeting with the answers below.",
    "meeting_held": "Follow up on the meeting; say whether an opportunity came of it.",
    "opportunity": "Stay in touch while the opportunity is decided.",
    "on_hold": "Wait until the lead is resumed.",
}
"""Once a conversation goes on, it says what comes next, not what was read before it."""

STAGES_BEFORE_A_MEETING = frozenset({"contacted", "sql"})

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
    "target.indication": "on the call plan for {}",
    "target.planned_calls": "{} calls planned",
    "account.id": "works at account {}",
    "indications": "within the label of {}",
    "licensed_in": "licensed in {}",
    "territory.id": "lies in territory {}",
    "territory.region": "lies in the region {}",
}


def fit_words(policy: Policy, *, subject: Subject, now: datetime) -> tuple[str, ...]:
    """Say which facts about the person speak for them, by the policy's fit rules, each once."""
    return _told(policy, subject, now=now, speaks_for=True)


def why_this_person(policy: Policy, *, subject: Subject, now: datetime, on_plan: bool = False) -> str:
    """The same in a sentence, with what speaks against them, where they work, and their place on the rep's call plan if they have one."""
    favourable = _listed(fit_words(policy, subject=subject, now=now)) or "no fit rule speaks for them"
    against = _listed(_told(policy, subject, now=now, speaks_for=False))
    but = f"; against them: {against}" if against else ""
    account = subject.account
    place = f" Works with {account.name}." if account and account.name else ""
    return f"{_capitalized(favourable)}{but}.{place}{_plan(subject) if on_plan else ''}"


def _plan(subject: Subject) -> str:
    target = subject.target
    if target is None:
        return " On your call plan."
    facts = [f"segment {target.segment}" if target.segment else "", f"decile {target.decile}" if target.decile is not None else ""]
    calls = f"{target.planned_calls} planned calls" if target.planned_calls else ""
    told = ", ".join(filter(None, [*facts, calls]))
    return f" On your call plan{f': {told}' if told else ''}."


def most_telling(policy: Policy, *, score: Score, engagements: Sequence[Engagement]) -> list[Engagement]:
    """Return the acts that confirm intent, then those that weigh most; what weighs nothing any more is no reason."""
    worth: dict[str | None, Decimal] = {}
    for line in score.lines:
        worth[line.engagement_id] = worth.get(line.engagement_id, Decimal(0)) + line.points
    ready_kinds = readiness_kinds(policy)
    weighty = [each for each in engagements if each.kind in ready_kinds or worth.get(each.engagement_id, Decimal(0)) > 0]
    weighty.sort(key=lambda each: (each.kind not in ready_kinds, -worth.get(each.engagement_id, Decimal(0))))
    return weighty[:REASONS_MAX]


def why_now(telling: Sequence[BriefEngagement], *, change: Urgency, now: datetime) -> str:
    """Name the acts, with their days, and how engagement changed. Days, since the page is read later than it is written."""
    acts = _listed([act_words(each, when=day_words(each.occurred_at, now=now)) for each in telling]) or "nothing recent to mention"
    return f"{_capitalized(acts)}. {urgency_words(change)}"


def next_step(
    policy: Policy, *, engagements: Iterable[Engagement], journey_stage: JourneyStage, stage: str, campaign: Campaign | None
) -> str:
    """Recommend by how far the conversation is, before it by confirmed intent, then by journey stage; in the campaign's words if any."""
    guide = f" Use the call guide: {campaign.call_guide}." if campaign and campaign.call_guide else ""
    ask = f" Ask for the meeting: {campaign.meeting_ask}." if campaign and campaign.meeting_ask else ""
    if stage in STEP_OF_STAGE:
        return f"{STEP_OF_STAGE[stage]}{ask if stage in STAGES_BEFORE_A_MEETING else ''}"
    ready_kinds = readiness_kinds(policy)
    ready = next((each for each in engagements if each.kind in ready_kinds), None)
    if ready is not None:
        return f"Answer first: they {ACT_WORDS[ready.kind].format('').rstrip()}.{guide}{ask}"
    own = own_next_step(policy, journey_stage)
    if own is not None:
        return f"{own.rstrip('.')}.{guide}{ask}"
    match journey_stage:
        case "sales_engagement":
            return f"Propose a meeting: they have read what decides.{guide}{ask}"
        case "consideration":
            return f"Call and answer what they are weighing up.{guide}{ask}"
        case "awareness":
            return f"Introduce the topic and find out whether it matters to their patients.{guide}"


def step_of_meeting(meeting_at: datetime, *, now: datetime) -> str:
    """Recommend what a meeting asks for: before it, and from its time on until it is told what came of it."""
    when = moment_words(meeting_at, now=now)
    return f"Prepare the meeting of {when} with the answers below." if now < meeting_at else f"Say what came of the meeting of {when}."


def readiness_kinds(policy: Policy) -> frozenset[str]:
    """Return the kinds of engagement that confirm intent."""
    return frozenset(kind for readiness in policy.readiness for kind in readiness.kinds)


def _fact_words(field: ConditionField, known: Known) -> str:
    match known:
        case None:
            return f"{field.rpartition('.')[2].replace('_', ' ')} not known"
        case frozenset():
            return FIELD_WORDS[field].format(_listed(sorted(known)))
        case str() | int():
            return FIELD_WORDS[field].format(str(known).replace("_", " "))


def act_words(act: BriefEngagement, *, when: str) -> str:
    """What somebody did, on which content, and when."""
    named = f'"{act.title}"' if act.title else UNTITLED_WORDS.get(act.kind, "")
    return f"{ACT_WORDS[act.kind].format(named).rstrip()} {when}"


def day_words(moment: datetime, *, now: datetime) -> str:
    """The day of a moment in UTC, with the year where it is another than now's."""
    day = moment.astimezone(UTC)
    return f"on {day.day} {day:%B}{'' if day.year == now.year else f' {day.year}'}"


def moment_words(moment: datetime, *, now: datetime | None = None) -> str:
    """A day and a time in the moment's own zone; with the year where it is another than now's there, if that is given."""
    year = "" if now is None or moment.year == now.astimezone(moment.tzinfo).year else f" {moment.year}"
    return f"{moment:%a} {moment.day} {moment:%b}{year} {moment:%H:%M %Z}"


def _told(policy: Policy, subject: Subject, *, now: datetime, speaks_for: bool) -> tuple[str, ...]:
    day, labels = day_of(now), policy.labels
    rules = [rule for rule in policy.fit if rule.points and (rule.points > 0) is speaks_for]
    words = [
        _fact_words(rule.field, fact_about(rule.field, subject, day=day, labels=labels)) if rule.field else rule.id.replace("_", " ")
        for rule in rules
        if condition_matches(rule, subject, day=day, labels=labels)
    ]
    return tuple(dict.fromkeys(words))


def _listed(words: Sequence[str]) -> str:
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} and {words[-1]}"


def _capitalized(sentence: str) -> str:
    return sentence[:1].upper() + sentence[1:]
