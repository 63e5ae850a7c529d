"""Rounds of the queue: each waiting lead is tried once a round, and whatever may let one find an owner begins another."""

from sqlalchemy import func, update
from sqlalchemy.ext.asyncio import AsyncSession

from routing import tables
from shared.database import Statement

_ROUND = "SELECT round FROM queue_rounds"


async def begin_queue_round(session: AsyncSession) -> None:
    """Something changed that may let a waiting lead find an owner: each is tried once more. Call it last: it makes others wait."""
    await session.execute(update(tables.QueueRound).values(round=tables.QueueRound.round + 1))


async def begin_new_field_force(session: AsyncSession) -> int:
    """Who may have which lead changed: the field force is read again, and a round of the queue begins, whose number is returned.

    Call it last: it makes others wait.
    """
    changed = {"round": tables.QueueRound.round + 1, "field_force": func.gen_random_uuid()}
    begun = await session.scalar(update(tables.QueueRound).values(**changed).returning(tables.QueueRound.round))
    return int(begun or 0)


def queue_round() -> Statement[int]:
    """The round the queue is in. Read it before the facts an attempt rests on: what changes meanwhile then begins another."""
    return Statement(_ROUND, {}, lambda rows: int(rows[0].round))
