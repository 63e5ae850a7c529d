"""The usual case in one round trip: nobody is new and nothing was learnt, so engagements, receipts and events are one statement."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from intake.decisions.engagements import Engagement
from intake.decisions.people import Pair
from intake.decisions.receipts import Delivery, Tally
from intake.operations import candidates, engagements, receipts
from shared import outbox
from shared.events import Event

# What follows from an engagement is written only if all of them were added: else somebody was first, and the batch is judged anew.
_ALL_ADDED = "WHERE (SELECT all_of_them FROM complete)"
_WRITE = text(
    f"""
    WITH added AS ({engagements.ADD}),
    complete AS (SELECT count(*) = :expected AS all_of_them FROM added),
    kept_receipts AS ({receipts.RECEIPTS} {_ALL_ADDED}),
    kept_items AS ({receipts.ITEMS} {_ALL_ADDED}),
    proposed AS ({candidates.PROPOSE.format(only=_ALL_ADDED)}),
    said AS ({outbox.INSERT} {_ALL_ADDED})
    SELECT id FROM added
    """  # noqa: S608  (ours)
)


async def write_at_once(
    session: AsyncSession,
    told: Sequence[Engagement],
    kept: Sequence[tuple[Delivery, Tally]],
    events: Sequence[Event],
    *,
    pairs: Sequence[Pair],
    now: datetime,
) -> set[UUID]:
    """Writes all of it if nobody is adding one of the engagements at this moment, else only the others. Gives the ids of those added."""
    parameters = {
        "engagements": engagements.as_rows(told),
        "expected": len(told),
        "outbox": outbox.as_rows(events),
        "candidates": candidates.as_rows(pairs, now=now),
        **receipts.as_rows(kept),
    }
    added = set((await session.scalars(_WRITE, parameters)).all())
    if len(added) == len(told) and events:
        outbox.note_published(session)
    return added
