"""Takes what a rep did with a brief: opened it, acted on it, or dismissed it for a reason. Each once per version."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from routing import tables
from routing.operations.leads.stages import about
from shared import problems
from shared.events import Event
from shared.events.leads import BriefAnswered
from shared.ids import new_id
from shared.outbox import publish
from shared.problems import FieldError

AnswerKind = Literal["opened", "acted", "dismissed"]

_ADD = text(
    """
    INSERT INTO brief_answers (id, lead_id, version, rep_id, kind, reason_code, occurred_at, answered_at)
    VALUES (:id, :lead_id, :version, :rep_id, :kind, :reason_code, :occurred_at, :answered_at)
    ON CONFLICT (lead_id, version, rep_id, kind) DO NOTHING RETURNING *
    """
)


@dataclass(frozen=True, slots=True)
class Answered:
    """What a rep did with which version, and why; `occurred_at` by their device."""

    version: int
    kind: AnswerKind
    reason_code: str | None
    occurred_at: datetime


async def answer_brief(session: AsyncSession, lead_id: UUID, answered: Answered, *, rep_id: str | None, now: datetime) -> tuple[Any, bool]:
    """Keeps the answer and says so; returns what is kept, and whether it is new.

    Raises 404 unless the lead is the rep's, 422 for a version there is not, 409 if they gave another reason for the same before.
    """
    lead = await session.scalar(select(tables.Lead).where(tables.Lead.id == lead_id, tables.Lead.rep_id == rep_id))
    if lead is None or rep_id is None:
        raise problems.not_found("No such lead of yours.")
    if not 1 <= answered.version <= lead.brief_version:
        raise problems.unprocessable("There is no such version.", FieldError("/version", f"must be from 1 to {lead.brief_version}"))
    row = {
        "id": new_id(),
        "lead_id": lead_id,
        "version": answered.version,
        "rep_id": rep_id,
        "kind": answered.kind,
        "reason_code": answered.reason_code,
        "occurred_at": min(answered.occurred_at, now),  # a device's clock may be ahead
        "answered_at": now,
    }
    added = (await session.execute(_ADD, row)).one_or_none()
    if added is None:
        known = await _known(session, row)
        if known.reason_code != answered.reason_code:
            raise problems.conflict("You answered this version before, for another reason.")
        return known, False
    fact = BriefAnswered(
        **about(lead),
        version=answered.version,
        rep_id=rep_id,
        kind=answered.kind,
        reason_code=answered.reason_code,
        answered_at=row["occurred_at"],
    )
    said = Event.of(fact, occurred_at=now, recorded_at=now, correlation_id=lead.correlation_id, causation_id=lead.last_event_id)
    await publish(session, [said])
    return added, True


async def _known(session: AsyncSession, row: dict[str, Any]) -> Any:
    answer = tables.AnsweredBrief
    same = {answer.lead_id: row["lead_id"], answer.version: row["version"], answer.rep_id: row["rep_id"], answer.kind: row["kind"]}
    return (await session.execute(select(answer.__table__).where(*(column == value for column, value in same.items())))).one()
