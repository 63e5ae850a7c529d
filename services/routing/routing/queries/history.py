"""A lead's history: what was decided about it, the versions of its brief, and what was answered to them, in one order."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from shared.database import Statement, together

Place = tuple[datetime, int, int]
"""Of an entry in the order: when, which of the three, and its number there. What happened in one moment is in the order of the three."""

_HISTORY = """
    SELECT * FROM (
        SELECT at, 1 AS part, position AS number, kind, from_stage, to_stage, reason, policy_version, rule, candidates, passed_steps,
               pointer_before, pointer_after, sentence, details
        FROM decision_records WHERE lead_id = %(lead_id)s
        UNION ALL
        SELECT issued_at, 2, version, 'brief_issued', NULL, NULL, coalesce(document #>> '{changes,0,code}', 'handed_over'),
               coalesce(document ->> 'policy_version', leads.policy_version), NULL, '[]', '[]', NULL, NULL, NULL,
               jsonb_build_object('version', version, 'changes', coalesce(document -> 'changes', '[]'))
        FROM briefs JOIN leads ON leads.id = lead_id WHERE lead_id = %(lead_id)s
        UNION ALL
        SELECT answered_at, 3, CAST(row_number() OVER (ORDER BY answered_at, brief_answers.id) AS integer), 'brief_answered', NULL, NULL,
               coalesce(reason_code, kind), leads.policy_version, NULL, '[]', '[]', NULL, NULL, NULL,
               jsonb_build_object('version', version, 'answer', kind, 'rep_id', brief_answers.rep_id, 'occurred_at', occurred_at)
        FROM brief_answers JOIN leads ON leads.id = lead_id WHERE lead_id = %(lead_id)s
    ) AS entry
    WHERE CAST(%(at)s AS timestamptz) IS NULL OR (at, part, number) > (%(at)s, %(part)s, %(number)s)
    ORDER BY at, part, number LIMIT %(limit)s
"""


async def history(session: AsyncSession, lead_id: UUID, *, after: Place | None, limit: int) -> list[Any]:
    """The entries after a place, oldest first."""
    at, part, number = after or (None, 0, 0)
    wanted = {"lead_id": lead_id, "at": at, "part": part, "number": number, "limit": limit}
    [rows] = await together(session, Statement(_HISTORY, wanted, list))
    return list(rows)
