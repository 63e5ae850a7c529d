"""`/v1/lifecycle`: what the stages are, which steps are legal, what an outcome leads to, and what reason codes mean."""

from typing import Annotated

from fastapi import APIRouter

from routing.decisions.lifecycle.outcomes import ATTEMPTS, OUTCOMES, STAGE_OF_OUTCOME
from routing.decisions.lifecycle.reasons import REASONS, Effect, ReasonKind
from routing.decisions.lifecycle.stages import MEANINGS, TRANSITIONS, StageType
from shared.auth import Identity, reading
from shared.bodies import Answer
from shared.routes import StrictRoute


class StageAnswer(Answer):
    """A stage. An `inventory` keeps leads as long as it takes, a `gate` decides, an `sla` wants an act in time."""

    stage: str
    type: StageType
    words: str
    leads_to: list[str]


class OutcomeAnswer(Answer):
    """What a rep may report. `stage` is what it leads to; null: none, or (of a rejection) what its reason says."""

    code: str
    stage: str | None
    is_attempt: bool


class ReasonAnswer(Answer):
    """A reason code we know, for what it may be given, and what follows. Any other code of `[a-z_]` is taken as well."""

    kind: ReasonKind
    code: str
    words: str
    effect: Effect
    track: str | None
    return_after_days: int | None


class LifecycleAnswer(Answer):
    """The lifecycle of a lead."""

    stages: list[StageAnswer]
    outcomes: list[OutcomeAnswer]
    reasons: list[ReasonAnswer]


def routes() -> APIRouter:
    """The address of the lifecycle."""
    router = APIRouter(prefix="/v1", tags=["leads"], route_class=StrictRoute)

    @router.get("/lifecycle")
    async def get_lifecycle(_identity: Annotated[Identity, reading("sales_ops", "rep", "manager", "marketing")]) -> LifecycleAnswer:
        """Stages with their types, legal steps, outcomes and reasons, in words."""
        return LIFECYCLE

    return router


def _stage(stage: str) -> StageAnswer:
    meaning = next(each for name, each in MEANINGS.items() if name == stage)
    following = {"mql"} if stage == "engaged" else next(steps for here, steps in TRANSITIONS.items() if here == stage)
    return StageAnswer(stage=stage, type=meaning.type, words=meaning.words, leads_to=[name for name in MEANINGS if name in following])


LIFECYCLE = LifecycleAnswer(
    stages=[_stage(stage) for stage in MEANINGS],
    outcomes=[OutcomeAnswer(code=code, stage=STAGE_OF_OUTCOME.get(code), is_attempt=code in ATTEMPTS) for code in sorted(OUTCOMES)],
    reasons=[
        ReasonAnswer(
            kind=kind,
            code=reason.code,
            words=reason.words,
            effect=reason.effect(kind),
            track=reason.track,
            return_after_days=reason.return_after_days,
        )
        for reason in REASONS.values()
        for kind in sorted(reason.kinds)
    ],
)
"""It changes with the code alone."""
