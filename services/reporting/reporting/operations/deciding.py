"""Deciding: somebody takes an open decision, by code, and says when it is looked at again."""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import assert_never

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from reporting.decisions.loop import Decide, Refusal, RefuseDeciding, decide_deciding
from reporting.operations.recording import say
from reporting.queries import journal
from reporting.queries.loop import DecisionFound
from shared.events import Event, loop
from shared.events.loop import Choice, DecisionDecided

_DECIDE = text(
    """
    UPDATE decisions
    SET state = 'decided', choice = :choice, reason_code = :reason_code, owner = :owner, review_on = :review_on, decided_at = :now,
        decided_by = :decided_by
    WHERE decision_id = :decision_id
    """
)


class DecidingRefused(Exception):
    """The decision can't be taken; `reason` says why."""

    def __init__(self, reason: Refusal) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Deciding:
    """What somebody decides. Without `owner` it stays with whom it was asked of."""

    choice: Choice
    reason_code: str
    owner: str | None
    review_on: date
    decided_by: str


async def decide(session: AsyncSession, decision: DecisionFound, deciding: Deciding, *, now: datetime) -> None:
    """Takes a decision that was read for update, and publishes `decision.decided`.

    Raises `DecidingRefused`.
    """
    verdict = decide_deciding(decision.state, deciding.review_on, today=now.astimezone(UTC).date())
    match verdict:
        case RefuseDeciding(reason=reason):
            raise DecidingRefused(reason)
        case Decide():
            pass
        case _:
            assert_never(verdict)
    owner = deciding.owner or decision.owner
    await session.execute(
        _DECIDE,
        {
            "decision_id": decision.decision_id,
            "choice": deciding.choice,
            "reason_code": deciding.reason_code,
            "owner": owner,
            "review_on": deciding.review_on,
            "now": now,
            "decided_by": deciding.decided_by,
        },
    )
    decided = DecisionDecided(
        decision_id=str(decision.decision_id),
        theme_id=str(decision.theme_id),
        scope=loop.Scope(brand_id=decision.brand_id, topic=decision.topic, specialty=decision.specialty),
        report_ids=list(decision.report_ids),
        choice=deciding.choice,
        reason_code=deciding.reason_code,
        owner=owner,
        review_on=deciding.review_on,
        decided_at=now,
    )
    cause = await journal.latest_about(session, str(decision.decision_id))
    await say(
        session,
        [Event.of(decided, occurred_at=now, recorded_at=now, correlation_id=decision.theme_id, causation_id=cause)],
        now=now,
    )
