"""Decisions with their evidence and changes, and what the ids a change answers stand for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from reporting.decisions.loop import Known, State
from shared.events.loop import Choice

_DECISION = """
    SELECT d.decision_id, d.theme_id, d.signal, d.brand_id, d.topic, d.specialty, d.figures, d.recommended, d.owner, d.state,
           d.opened_at, d.due_at, d.choice, d.reason_code, d.review_on, d.decided_at,
           ARRAY(SELECT e.report_id FROM decision_evidence AS e WHERE e.decision_id = d.decision_id
                 ORDER BY e.joined_at, e.report_id) AS report_ids,
           (SELECT coalesce(json_agg(json_build_object('id', c.change_id, 'kind', c.kind, 'asset_id', c.asset_id,
                                                       'campaign_id', c.campaign_id, 'published_at', c.published_at)
                                     ORDER BY c.published_at, c.change_id), '[]')
            FROM changes AS c WHERE c.decision_id = d.decision_id) AS changes
    FROM decisions AS d
"""
_BY_ID = text(f"{_DECISION} WHERE d.decision_id = :decision_id")
_HOLD = text("SELECT 1 FROM decisions WHERE decision_id = :decision_id FOR UPDATE")
_LIST = text(
    f"""
    {_DECISION}
    WHERE (CAST(:state AS text) IS NULL OR d.state = :state)
      AND (CAST(:owners AS text[]) IS NULL OR d.owner = ANY (CAST(:owners AS text[])))
      AND (CAST(:after AS uuid) IS NULL OR d.decision_id < CAST(:after AS uuid))
    ORDER BY d.decision_id DESC LIMIT :limit
    """
)
_THEMES = text(
    """
    SELECT d.theme_id, ARRAY(SELECT e.report_id FROM decision_evidence AS e WHERE e.decision_id = d.decision_id
                             ORDER BY e.joined_at, e.report_id) AS report_ids
    FROM decisions AS d WHERE d.theme_id::text = ANY (:ids)
    """
)
# The journal knows every report there was; only these two kinds can be answered by a change.
_REPORTS = text(
    """
    SELECT reported.id FROM unnest(CAST(:ids AS text[])) AS reported(id)
    WHERE EXISTS (SELECT 1 FROM journal WHERE subjects @> ARRAY[reported.id] AND subjects[1] = reported.id
                  AND event_type IN ('objection.recorded', 'insight.recorded'))
    """
)


@dataclass(frozen=True, slots=True)
class DecisionFound:
    """A decision as it stands."""

    decision_id: UUID
    theme_id: UUID
    signal: str
    brand_id: str
    topic: str
    specialty: str
    figures: Mapping[str, Any]
    recommended: str
    owner: str
    state: State
    opened_at: datetime
    due_at: datetime
    choice: Choice | None
    reason_code: str | None
    review_on: date | None
    decided_at: datetime | None
    report_ids: Sequence[str]
    changes: Sequence[Mapping[str, Any]]


async def decision_by_id(session: AsyncSession, decision_id: UUID, *, for_update: bool = False) -> DecisionFound | None:
    """One decision; `for_update` keeps others from deciding it or adding evidence until the transaction ends."""
    if for_update:  # first, so that what is read then includes what the lock was waited for
        await session.execute(_HOLD, {"decision_id": decision_id})
    row = (await session.execute(_BY_ID, {"decision_id": decision_id})).first()
    return None if row is None else DecisionFound(**row._mapping)


async def decisions(
    session: AsyncSession, *, state: State | None, owners: Sequence[str] | None, after: UUID | None, limit: int
) -> list[DecisionFound]:
    """Decisions, newest first, in one state or any, of these owners or anybody's, that come after the given one in this order."""
    given = {"state": state, "owners": owners, "after": after, "limit": limit}
    return [DecisionFound(**row._mapping) for row in await session.execute(_LIST, given)]


async def known_answers(session: AsyncSession, ids: Sequence[str]) -> Known:
    """Which of the ids are themes, resting on which reports, and which are objections or insights."""
    themes = {str(row.theme_id): tuple(row.report_ids) for row in await session.execute(_THEMES, {"ids": list(ids)})}
    reports = (await session.scalars(_REPORTS, {"ids": list(ids)})).all()
    return Known(themes=themes, reports=frozenset(reports))
