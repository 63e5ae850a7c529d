"""What reps did with briefs, for who asks which ones are worth reading."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from routing.tables import AnsweredBrief, Lead


async def answered_page(
    session: AsyncSession,
    scope: ColumnElement[bool],
    *,
    kind: str | None,
    brand_id: str | None,
    before: tuple[datetime, UUID] | None,
    limit: int,
) -> Sequence[Any]:
    """Answers on leads in scope, newest first."""
    wanted = [scope]
    if kind is not None:
        wanted.append(AnsweredBrief.kind == kind)
    if brand_id is not None:
        wanted.append(Lead.brand_id == brand_id)
    if before is not None:
        wanted.append(tuple_(AnsweredBrief.answered_at, AnsweredBrief.id) < before)
    newest = (AnsweredBrief.answered_at.desc(), AnsweredBrief.id.desc())
    found = select(AnsweredBrief.__table__).join(Lead, Lead.id == AnsweredBrief.lead_id).where(*wanted).order_by(*newest).limit(limit)
    return (await session.execute(found)).all()
