"""Changing: marketing says what it altered because of what reps reported; the reports it rests on are found here."""

from dataclasses import dataclass
from datetime import datetime
from typing import assert_never
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from reporting.decisions.loop import RestsOn, UnknownAnswers, resolve_answers
from reporting.operations.recording import say
from reporting.queries import journal
from reporting.queries.loop import decision_by_id, known_answers
from shared.events import Event
from shared.events.loop import ChangeKind, ChangePublished

_PUBLISH = text(
    """
    INSERT INTO changes (change_id, decision_id, answers, report_ids, kind, asset_id, campaign_id, published_at, published_by, recorded_at)
    VALUES (:change_id, :decision_id, :answers, :report_ids, :kind, :asset_id, :campaign_id, :published_at, :published_by, :now)
    """
)


class UnknownDecision(Exception):
    """The change names a decision that isn't known."""


class UnknownAnswer(Exception):
    """The change answers ids that name no theme, objection or insight; `positions` say which."""

    def __init__(self, positions: tuple[int, ...]) -> None:
        super().__init__(positions)
        self.positions = positions


@dataclass(frozen=True, slots=True)
class Change:
    """What was altered and because of what."""

    change_id: UUID
    decision_id: UUID | None
    answers: list[str]
    kind: ChangeKind
    asset_id: str | None
    campaign_id: str | None
    published_at: datetime
    published_by: str


async def publish_change(session: AsyncSession, change: Change, *, now: datetime) -> tuple[str, ...]:
    """Keeps a change and publishes `change.published`. Returns the ids of the reports it rests on.

    Raises `UnknownDecision` or `UnknownAnswer`.
    """
    decision = None
    if change.decision_id is not None:
        decision = await decision_by_id(session, change.decision_id, for_update=True)
        if decision is None:
            raise UnknownDecision
    resolved = resolve_answers(
        change.answers,
        await known_answers(session, change.answers),
        decision_theme=str(decision.theme_id) if decision else None,
        evidence=tuple(decision.report_ids) if decision else (),
    )
    match resolved:
        case UnknownAnswers(positions=positions):
            raise UnknownAnswer(positions)
        case RestsOn():
            await _keep(session, change, resolved, now=now)
            return resolved.report_ids
        case _:
            assert_never(resolved)


async def _keep(session: AsyncSession, change: Change, rests_on: RestsOn, *, now: datetime) -> None:
    await session.execute(
        _PUBLISH,
        {
            "change_id": change.change_id,
            "decision_id": change.decision_id,
            "answers": change.answers,
            "report_ids": list(rests_on.report_ids),
            "kind": change.kind,
            "asset_id": change.asset_id,
            "campaign_id": change.campaign_id,
            "published_at": change.published_at,
            "published_by": change.published_by,
            "now": now,
        },
    )
    published = ChangePublished(
        change_id=str(change.change_id),
        decision_id=str(change.decision_id) if change.decision_id else None,
        answers=change.answers,
        report_ids=list(rests_on.report_ids),
        kind=change.kind,
        asset_id=change.asset_id,
        campaign_id=change.campaign_id,
        published_at=change.published_at,
    )
    cause = str(change.decision_id) if change.decision_id else rests_on.theme_id or rests_on.report_ids[0]
    event = Event.of(
        published,
        occurred_at=now,  # that it was made known here; `published_at` says when marketing made it, by its own clock
        recorded_at=now,
        # A change that answers single reports begins a journey of its own; their ids join it to theirs.
        correlation_id=UUID(rests_on.theme_id) if rests_on.theme_id else change.change_id,
        causation_id=await journal.latest_about(session, cause),
    )
    await say(session, [event], now=now)
