"""Reads: pairs that may be one person."""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal
from uuid import UUID

from sqlalchemy import select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from intake.tables import ContactCandidate

CandidateState = Literal["waiting", "merged", "dismissed"]


async def list_candidates(
    session: AsyncSession, *, state: CandidateState | None, after: tuple[datetime, UUID] | None, limit: int
) -> Sequence[ContactCandidate]:
    """Candidates, newest first."""
    query = select(ContactCandidate).order_by(ContactCandidate.since.desc(), ContactCandidate.id.desc()).limit(limit)
    if state is not None:
        query = query.where(ContactCandidate.state == state)
    if after is not None:
        query = query.where(tuple_(ContactCandidate.since, ContactCandidate.id) < tuple_(*after))
    return (await session.scalars(query)).all()


async def find_candidate(session: AsyncSession, candidate_id: UUID) -> ContactCandidate | None:
    """A candidate's row."""
    return await session.get(ContactCandidate, candidate_id)
