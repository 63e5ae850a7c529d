"""The sentences a rep reads in the feed, made from codes alone: nobody's words but ours."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, assert_never

FeedKind = Literal["heard", "grouped", "decided", "changed", "refused"]

_CHANGE_VERBS = {
    "asset_updated": "updated",
    "asset_added": "added",
    "campaign_updated": "updated",
    "policy_changed": "changed how leads are qualified",
    "page_updated": "updated a page",
    "other": "changed something",
}
_CHOICES = {
    "change": "decided to change something",
    "investigate": "is looking closer",
    "no_action": "decided to leave things as they are",
}


@dataclass(frozen=True, slots=True)
class Segment:
    """What a theme or decision is about."""

    topic: str
    specialty: str


@dataclass(frozen=True, slots=True)
class FeedFacts:
    """What a feed item is made of. `codes` are the item's own; `own_topics` are the topics of the rep's reports it is about."""

    kind: FeedKind
    codes: Mapping[str, Any]
    segment: Segment | None
    own_topics: tuple[str, ...]


def sentence(facts: FeedFacts) -> str:
    """What the rep reads. The segment may not be known yet; then the rep's own topics say what it is about."""
    codes = facts.codes
    match facts.kind:
        case "heard":
            link = ":" if codes["report_kind"] == "outcome" else " on"
            return f"We heard your {codes['report_kind']}{link} {codes['about']}."
        case "grouped":
            return f"{_heard(facts)} is now a theme: {codes['count']} reports from {codes['reps']} reps."
        case "decided":
            return f"Marketing {_CHOICES[codes['choice']]} ({codes['reason_code']}) because of {_lower(_heard(facts))}."
        case "changed":
            return f"Marketing {_change(codes)} because of {_lower(_heard(facts))}."
        case "refused":
            return f"Your {codes['report_kind']} {codes['about']} was not taken up: {codes['reason']}."
        case _:
            assert_never(facts.kind)


def _heard(facts: FeedFacts) -> str:
    if facts.segment is not None:
        return f"What you and others heard about {facts.segment.topic} among {facts.segment.specialty}"
    if facts.own_topics:
        return f"What you and others heard about {', '.join(facts.own_topics)}"
    return "What you and others heard"


def _lower(text: str) -> str:
    return text[0].lower() + text[1:]


def _change(codes: Mapping[str, Any]) -> str:
    match codes["change_kind"]:
        case "asset_updated" | "asset_added" as kind if codes.get("asset_id"):
            return f"{_CHANGE_VERBS[kind]} asset {codes['asset_id']}"
        case "campaign_updated" if codes.get("campaign_id"):
            return f"updated campaign {codes['campaign_id']}"
        case "asset_updated" | "asset_added" as kind:
            return f"{_CHANGE_VERBS[kind]} an asset"
        case "campaign_updated":
            return "updated a campaign"
        case kind:
            return _CHANGE_VERBS[kind]
