"""Merging on somebody's word, and taking it back: each in one transaction, told by a snapshot of everybody concerned."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from intake.decisions.directory import AlreadyOne, CannotJoin, Join, joining
from intake.decisions.people import Pair, Parted, People, by_standing, part
from intake.operations import candidates
from intake.operations.people import decide_alone, keep_people, lock_people
from shared import outbox


async def merge(
    session: AsyncSession, old_id: str, into_id: str, *, by: str, correlation_id: UUID, now: datetime
) -> Join | AlreadyOne | CannotJoin:
    """Makes one person of two contacts; the second one's id survives."""
    people = await _hold(session, [old_id, into_id])
    return await _merge(session, people, joining(people, old_id, into_id), by=by, correlation_id=correlation_id, now=now)


async def merge_pair(
    session: AsyncSession, one: str, another: str, *, survivor_id: str | None, by: str, correlation_id: UUID, now: datetime
) -> Join | AlreadyOne | CannotJoin:
    """Makes one person of a candidate's contacts. Without a word on who survives, whom a directory named does, then who was seen first."""
    people = await _hold(session, [one, another])
    ranked = by_standing(people, [people.survivor_of(contact_id) for contact_id in (one, another)])
    into_id = ranked[0] if survivor_id is None else people.survivor_of(survivor_id)
    [old_id] = [contact_id for contact_id in ranked if contact_id != into_id] or [into_id]
    return await _merge(session, people, joining(people, old_id, into_id), by=by, correlation_id=correlation_id, now=now)


async def unmerge(session: AsyncSession, contact_id: str, *, by: str, correlation_id: UUID, now: datetime) -> Parted | None:
    """Makes a merged contact stand for itself again, and notes that the two are two people; None if it is merged into nobody."""
    before = await _hold(session, [contact_id])
    people = before.copy()
    parted = part(people, contact_id) if people.is_somebody(contact_id) else None
    if parted is None:
        return None
    await _keep(session, before, people, correlation_id=correlation_id, now=now)
    pair = Pair.of(contact_id, before.aliases[contact_id].into, ())
    await candidates.note_parted(session, pair, parted.gone, parted.stayed, by=by, now=now)
    return parted


async def _merge(
    session: AsyncSession, before: People, decided: Join | AlreadyOne | CannotJoin, *, by: str, correlation_id: UUID, now: datetime
) -> Join | AlreadyOne | CannotJoin:
    people = before.copy()
    match decided:
        case Join(old_id, survivor_id):
            people.merge(old_id, survivor_id, at=now, made_by=by)
            await _keep(session, before, people, correlation_id=correlation_id, now=now)
        case AlreadyOne(survivor_id):
            pass  # a candidate of the two may still wait
        case CannotJoin():
            return decided
    await candidates.note_merged(session, [survivor_id, *people.aliases_of(survivor_id)], by=by, now=now)
    return decided


async def _hold(session: AsyncSession, contact_ids: Collection[str]) -> People:
    await decide_alone(session)
    return await lock_people(session, contact_ids)


async def _keep(session: AsyncSession, before: People, people: People, *, correlation_id: UUID, now: datetime) -> None:
    journeys = {people.survivor_of(contact_id): correlation_id for contact_id in people.contacts}
    await outbox.publish(session, await keep_people(session, before, people, journeys=journeys, now=now))
