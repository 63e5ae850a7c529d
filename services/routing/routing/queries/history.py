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
               pointer_before, pointer_after, sentence, by_sub, details
        FROM decision_records WHERE lead_id = %(lead_id)s
        UNION ALL
        SELECT brief.issued_at, 2, brief.version, 'brief_issued', NULL, NULL,
               coalesce(brief.document #>> '{changes,0,code}', 'handed_over'),
               coalesce(brief.document ->> 'policy_version', leads.policy_version), NULL, '[]', '[]', NULL, NULL, NULL, NULL,
               jsonb_build_object('version', brief.version, 'changes', coalesce(brief.document -> 'changes', '[]'))
        FROM briefs AS brief JOIN leads ON leads.id = brief.lead_id WHERE brief.lead_id = %(lead_id)s
        UNION ALL
        SELECT answer.answered_at, 3, CAST(row_number() OVER (ORDER BY answer.answered_at, answer.id) AS integer), 'brief_answered', NULL,
               NULL, coalesce(answer.reason_code, answer.kind), leads.policy_version, NULL, '[]', '[]', NULL, NULL, NULL, NULL,
               jsonb_build_object(
                   'version', answer.version, 'answer', answer.kind, 'rep_id', answer.rep_id, 'occurred_at', answer.occurred_at
               )
        FROM brief_answers AS answer JOIN leads ON leads.id = answer.lead_id WHERE answer.lead_id = %(lead_id)s
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
