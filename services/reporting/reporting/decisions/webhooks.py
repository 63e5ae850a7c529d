"""What marketing platforms are told: codes and ids by an explicit list per event type, never text, names or a hint of a case."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal, get_args

import orjson

from shared.bodies import utc_text
from shared.events import Event, Fact
from shared.events.leads import ClockBreached, LeadAssigned, LeadFact, LeadStageChanged, NurtureHeld, NurtureResumed
from shared.events.loop import ChangePublished, DecisionDecided, DecisionOpened, ThemeEmerged

WebhookType = Literal[
    "lead.stage_changed", "lead.assigned", "clock.breached", "nurture.held", "nurture.resumed", "theme.emerged", "decision.opened",
    "decision.decided", "change.published", "content.requested", "consent.changed", "effect.measured",
]  # fmt: skip
WEBHOOK_TYPES: tuple[str, ...] = get_args(WebhookType)

Plain = str | int | bool | None | list[str]

# Reasons of a stage that say no more than the stage does. Any other stays inside: reps choose reason codes freely, and
# `referred_to_medical` would tell of a case.
_TOLD_REASONS = frozenset(
    {
        "accepted", "rejected", "contacted", "material_requested", "follow_up_agreed", "qualified", "meeting_booked", "meeting_held",
        "opportunity_created", "not_interested", "no_need", "unreachable", "left_practice", "wrong_contact", "declined_consent",
        "wrong_territory", "bad_data", "outside_definition", "consent", "wrong_timing", "merged", "restated",
    }
)  # fmt: skip

_LEAD_FIELDS = ("lead_id", "contact_id", "brand_id")
_SCOPE_FIELDS = ("brand_id", "topic", "specialty")
_FIELDS: Mapping[type[Fact], tuple[str, ...]] = {
    LeadStageChanged: (*_LEAD_FIELDS, "campaign_id", "rep_id", "from_stage", "to_stage", "implied", "late", "changed_at"),
    LeadAssigned: (*_LEAD_FIELDS, "campaign_id", "territory_id", "region", "rep_id", "previous_rep_id", "step", "assigned_at"),
    ClockBreached: (*_LEAD_FIELDS, "kind", "rep_id", "started_at", "due_at", "breached_at"),
    NurtureHeld: (*_LEAD_FIELDS, "campaign_id", "scope", "reason", "held_at"),
    NurtureResumed: (*_LEAD_FIELDS, "campaign_id", "scope", "reason", "track", "resumed_at"),
    ThemeEmerged: ("theme_id", "signal", "count", "reps", "previous", "first_seen", "emerged_at"),
    DecisionOpened: ("decision_id", "theme_id", "signal", "recommended", "owner", "due_at", "opened_at"),
    # Without the owner: whoever was named may be a person.
    DecisionDecided: ("decision_id", "theme_id", "choice", "reason_code", "review_on", "decided_at"),
    ChangePublished: ("change_id", "decision_id", "answers", "kind", "asset_id", "campaign_id", "published_at"),
}

FILTER_FIELDS = frozenset(field for fields in _FIELDS.values() for field in fields if field != "answers").union(
    _SCOPE_FIELDS, ("reason", "external_id")
)
"""The fields of `data` that a subscription may filter by."""


@dataclass(frozen=True, slots=True)
class Subscription:
    """What one subscriber wants. `source` is the platform whose ids it knows contacts by."""

    name: str
    source: str | None
    events: frozenset[str]
    filter: Mapping[str, Plain]


@dataclass(frozen=True, slots=True)
class Webhook:
    """One event for one subscriber. `body` is signed and sent as it is, whatever the attempt."""

    subscription: str
    event: Event
    body: str


def webhooks_for(event: Event, subscriptions: list[Subscription], external_ids: Mapping[str, str]) -> list[Webhook]:
    """Who is told of the event, and what. `external_ids` are those of the event's contact, by source."""
    event_type = event.fact.contract.event_type
    if type(event.fact) not in _FIELDS:
        return []
    webhooks = []
    for subscription in subscriptions:
        data = webhook_data(event.fact, external_ids.get(subscription.source) if subscription.source else None)
        if event_type in subscription.events and _matches(data, subscription.filter):
            body = orjson.dumps({"type": event_type, "timestamp": utc_text(event.occurred_at), "data": data}).decode()
            webhooks.append(Webhook(subscription.name, event, body))
    return webhooks


def webhook_data(fact: Fact, external_id: str | None) -> dict[str, Plain]:
    """The `data` of a webhook: the listed fields of the fact, its scope flattened, times in RFC 3339."""
    data = {field: _plain(getattr(fact, field)) for field in _FIELDS[type(fact)]}
    match fact:
        case LeadStageChanged():
            data["reason"] = fact.reason if fact.reason in _TOLD_REASONS else None
        case ThemeEmerged() | DecisionOpened() | DecisionDecided():
            data |= {field: _plain(getattr(fact.scope, field)) for field in _SCOPE_FIELDS}
        case _:
            pass
    if isinstance(fact, LeadFact):
        data["external_id"] = external_id
    return data


def contact_of(event: Event) -> str | None:
    """The contact a webhook of this event would name."""
    return event.fact.contact_id if type(event.fact) in _FIELDS and isinstance(event.fact, LeadFact) else None


def _matches(data: Mapping[str, Plain], wanted: Mapping[str, Plain]) -> bool:
    return all(field in data and data[field] == value and type(data[field]) is type(value) for field, value in wanted.items())


def _plain(value: object) -> Plain:
    match value:
        case datetime():
            return utc_text(value)
        case date():
            return value.isoformat()
        case str() | int() | bool() | None:
            return value
        case list():
            return [str(one) for one in value]
        case _:
            raise TypeError(f"a webhook can't carry a {type(value).__name__}")
