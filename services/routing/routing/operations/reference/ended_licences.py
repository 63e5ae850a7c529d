"""Licences end by themselves: on the day after its last one, a contact is decided as if somebody had just described them without it.

Contacts come by the million and many licences end on the same day, so there is no mark to look on from: each contact carries the day that
is next for it, which whoever describes them writes, and whoever looks moves on.
"""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from routing.decisions.effective import day_of, next_last_day
from routing.operations.described_anew import decide_described_anew
from routing.operations.laying_out import clear, hold_free_contacts, lay_out
from shared.database import Database, Statement, together

CONTACTS_AT_ONCE = 200

ENDED = text("SELECT contact_id FROM contacts WHERE licence_ends_on < :day ORDER BY licence_ends_on, contact_id LIMIT :at_once")
_MOVE_ON = """
    UPDATE contacts SET licence_ends_on = next.last_day
    FROM unnest(CAST(%(contact_ids)s AS text[]), CAST(%(last_days)s AS date[])) AS next (contact_id, last_day)
    WHERE contacts.contact_id = next.contact_id
"""


async def take_ended_licences(database: Database, *, now: datetime) -> int:
    """Decides some of the contacts anew of whom a licence ended, longest over first, and returns how many."""
    day = day_of(now)
    async with database.transaction() as session:
        ended = list(await session.scalars(ENDED, {"day": day, "at_once": CONTACTS_AT_ONCE}))
        free = await hold_free_contacts(session, ended) if ended else []
        if not free:
            return 0
        desk = await lay_out(session, free, now=now)
        await decide_described_anew(session, desk, reason="licence_ended")
        to_come = {
            contact_id: next_last_day((each.valid_until for each in desk.contacts[contact_id].licences), day=day) for contact_id in free
        }
        await _move_on(session, to_come)
        await clear(session, desk)
    return len(free)


async def _move_on(session: AsyncSession, last_days: Mapping[str, date | None]) -> None:
    parameters: dict[str, Any] = {"contact_ids": list(last_days), "last_days": list(last_days.values())}
    await together(session, Statement(_MOVE_ON, parameters, list))
