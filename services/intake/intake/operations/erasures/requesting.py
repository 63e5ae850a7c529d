"""Asking for an erasure, and approving it: two people, and both stay known."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from intake.decisions.erasures.requests import Answer, Approval, Erasure, Progress, judge_approval
from intake.decisions.people import People
from intake.operations.people import read_people
from intake.tables import ErasureAnswer, ErasureRow
from shared import problems


@dataclass(frozen=True, slots=True)
class Stored:
    """An erasure as it is kept, with who answered and what was certified."""

    erasure: Erasure
    reason: str
    answers: Sequence[Answer]
    certificate: dict[str, Any] | None


async def request_erasure(session: AsyncSession, erasure_id: UUID, *, contact_id: str, reason: str, by: str, now: datetime) -> Stored:
    """Asks for a person to be erased, under whatever id of theirs. Raises a 404 Problem for an id nobody knows, 409 if it was asked for
    before."""
    people = await read_people(session, [contact_id])
    survivor_id = people.survivor_of(contact_id)
    if survivor_id not in people.contacts:
        raise problems.not_found("There is no contact with this id.")
    asked = insert(ErasureRow).values(
        id=erasure_id,
        contact_id=survivor_id,
        contact_ids=everybody_of(people, survivor_id),
        reason=reason,
        requested_by=by,
        requested_at=now,
        erased={},
    )
    if await session.scalar(asked.on_conflict_do_nothing().returning(ErasureRow.id)) is None:
        before = await session.scalar(select(ErasureRow.id).where(ErasureRow.contact_id == survivor_id))
        raise problems.conflict("The erasure of this contact was asked for before.", erasure_id=str(before))
    return await find_erasure(session, erasure_id)


def everybody_of(people: People, survivor_id: str) -> list[str]:
    """All ids of a person, who stands for them first: they are erased together."""
    return [survivor_id, *people.aliases_of(survivor_id)]


async def approve_erasure(session: AsyncSession, erasure_id: UUID, *, by: str, now: datetime) -> Stored:
    """Approves it, once and for good. Raises a 403 Problem for who asked for it, 404, and 409 where somebody else was first."""
    row = await session.get(ErasureRow, erasure_id, with_for_update=True)
    if row is None:
        raise _unknown()
    match judge_approval(requested_by=row.requested_by, approved_by=row.approved_by, by=by):
        case Approval.OWN:
            raise problems.forbidden("Who asked for an erasure can't approve it: another person must.")
        case Approval.TAKEN:
            raise problems.conflict("Somebody else approved this erasure already.")
        case Approval.COUNTS:
            await session.execute(update(ErasureRow).where(ErasureRow.id == erasure_id).values(approved_by=by, approved_at=now))
        case Approval.AGAIN:
            pass
    return await find_erasure(session, erasure_id)


async def find_erasure(session: AsyncSession, erasure_id: UUID) -> Stored:
    """An erasure with all that is known of it. Raises a 404 Problem."""
    row = await session.get(ErasureRow, erasure_id, populate_existing=True)
    if row is None:
        raise _unknown()
    return _stored(row, await answers_to(session, erasure_id))


async def answers_to(session: AsyncSession, erasure_id: UUID) -> list[Answer]:
    """Who has answered an erasure."""
    rows = await session.scalars(select(ErasureAnswer).where(ErasureAnswer.erasure_id == erasure_id))
    return [Answer(row.contact_id, row.service, row.erased_at, row.erased, row.kept) for row in rows]  # type: ignore[arg-type]  # a CHECK


def erasure_of(row: ErasureRow) -> Erasure:
    """A row as decisions see it."""
    return Erasure(
        id=str(row.id),
        contact_id=row.contact_id,
        contact_ids=tuple(row.contact_ids),
        requested_by=row.requested_by,
        requested_at=row.requested_at,
        approved_by=row.approved_by,
        approved_at=row.approved_at,
        ordered_at=row.ordered_at,
        certified_at=row.certified_at,
        bus=Progress(row.tombstoned_at, row.appended_at, row.cleared_at),
    )


def _stored(row: ErasureRow, answers: Sequence[Answer]) -> Stored:
    return Stored(erasure_of(row), row.reason, answers, row.certificate)


def _unknown() -> problems.Problem:
    return problems.not_found("There is no erasure with this id.")
