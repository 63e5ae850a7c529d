"""What somebody may object on, and what answers it."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from routing.decisions.briefs.material import is_recommendable
from routing.decisions.briefs.parts import BriefAsset, BriefFacts, LikelyObjection
from routing.decisions.facts import Asset, JourneyStage

OBJECTIONS_MAX = 5
ANSWERS_MAX = 3
"""Assets per topic, those that are valid longest: nobody shows more in a call."""
OF_SPECIALTY_MAX = 2
"""What others of the specialty object on leaves room for what the person said and read."""
HEARD_OFTEN = 2
"""Once is somebody's own matter."""

OBJECTION_TOPICS = frozenset(
    {
        "efficacy", "safety_tolerability", "dosing_administration", "patient_selection", "evidence_quality", "switching", "competitor",
        "access_formulary", "prior_authorization", "cost_copay", "supply", "patient_support", "guideline", "time_access",
    }
)  # fmt: skip
"""The topics somebody can object on ("other" foretells nothing); reading about one makes the objection likely."""


def likely_objections(
    facts: BriefFacts, *, journey_stage: JourneyStage, topics: Sequence[str], consumed: Sequence[Asset], now: datetime
) -> tuple[LikelyObjection, ...]:
    """Foretell from what their specialty objects on in this stage, what they did before, what they read about, and what that answers."""
    reasons: dict[str, str] = {}
    for topic, because in _foretold(facts, journey_stage=journey_stage, topics=topics, consumed=consumed):
        reasons.setdefault(topic, because)
    brand_id, country = facts.policy.brand_id, facts.subject.contact.country
    usable = [asset for asset in facts.assets.values() if is_recommendable(asset, brand_id=brand_id, country=country, now=now)]
    return tuple(LikelyObjection(topic, because, _answers(topic, usable)) for topic, because in list(reasons.items())[:OBJECTIONS_MAX])


def _foretold(
    facts: BriefFacts, *, journey_stage: JourneyStage, topics: Sequence[str], consumed: Sequence[Asset]
) -> Iterator[tuple[str, str]]:
    specialty = (facts.subject.contact.specialty or "").replace("_", " ")
    often = [heard for heard in facts.heard_in_specialty.get(journey_stage, ()) if heard.times >= HEARD_OFTEN and heard.topic != "other"]
    for heard in often[:OF_SPECIALTY_MAX]:
        yield heard.topic, f"heard {heard.times} times in {specialty} at {journey_stage.replace('_', ' ')}"
    for topic in facts.heard_topics:
        yield topic, "they raised it before"
    for topic in topics:
        if topic in OBJECTION_TOPICS:
            yield topic, "they read about it"
    for topic in sorted({topic for asset in consumed for topic in asset.answers}):
        yield topic, "what they read answers it"


def _answers(topic: str, usable: Iterable[Asset]) -> tuple[BriefAsset, ...]:
    answering = [asset for asset in usable if topic in asset.answers]
    answering.sort(key=lambda asset: (-(asset.approval.expires_on.toordinal() if asset.approval.expires_on else 10**9), asset.asset_id))
    return tuple(
        BriefAsset(asset.asset_id, asset.version, asset.title, valid_until=asset.approval.expires_on) for asset in answering[:ANSWERS_MAX]
    )
