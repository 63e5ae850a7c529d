"""The journey stage of a contact with a brand: the furthest stage of content they took in, since when, and by which act.

It says what somebody has read, not how far a lead has come. It is a fold in which no order and no repetition matters, so engagements that
come late, twice or in disorder end in the same stage.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from routing.decisions.facts import JOURNEY_STAGES, Engagement, JourneyStage
from routing.decisions.qualification.scoring import may_earn

TAKES_IN = frozenset(
    {
        "email_opened", "email_clicked", "form_submitted", "page_viewed", "content_downloaded", "webinar_registered", "webinar_attended",
        "event_attended", "sms_clicked", "ad_clicked",
    }
)  # fmt: skip
"""Kinds of engagement by which content is taken in, or at least found worth a look."""
ASKS_FOR_SALES = frozenset({"rep_requested", "sample_requested"})
"""Kinds that are of the last stage themselves, whatever they were found on."""


@dataclass(frozen=True, slots=True)
class ReachedStage:
    """The furthest stage, and the first act that reached it."""

    stage: JourneyStage
    since: datetime
    engagement_id: str


def stage_of(engagement: Engagement, *, brand_id: str) -> JourneyStage | None:
    """Return the stage an act shows; None if it shows none: a machine's, a test, not on approved content of this brand, a delivery."""
    if not may_earn(engagement, brand_id=brand_id):
        return None
    if engagement.kind in ASKS_FOR_SALES:
        return "sales_engagement"
    return (engagement.content_stage or "awareness") if engagement.kind in TAKES_IN else None


def stage_after(reached: ReachedStage | None, engagements: Iterable[Engagement], *, brand_id: str) -> ReachedStage | None:
    """Return where somebody stands after these acts too, in whatever order they are told; None if nothing was taken in yet."""
    for engagement in engagements:
        stage = stage_of(engagement, brand_id=brand_id)
        if stage is not None:
            shown = ReachedStage(stage, engagement.occurred_at, engagement.engagement_id)
            reached = shown if reached is None else min(reached, shown, key=_furthest_then_first)
    return reached


def reachable_stages(content_stages: Iterable[JourneyStage]) -> frozenset[JourneyStage]:
    """Return the stages somebody can come to where content for these is all there is: the first by anything, the last by asking."""
    return frozenset({"awareness", "sales_engagement", *content_stages})


def _furthest_then_first(reached: ReachedStage) -> tuple[int, datetime, str]:
    return -JOURNEY_STAGES.index(reached.stage), reached.since, reached.engagement_id
