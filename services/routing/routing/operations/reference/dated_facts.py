"""Dates that are reached take effect by themselves, as if somebody had told of them at that moment.

Those of contacts' licences, which are many more, do so next door (`ended_licences.py`).
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from routing.decisions.effective import day_of
from routing.operations.reference.effects import Changes, take_effect
from shared.database import Database, Statement, together

MARK_AGE_MAX = timedelta(minutes=10)
"""How far the mark may stay behind while nothing happens: the row needn't be written every second."""

_HOLD_MARK = text("SELECT looked_until FROM dated_facts_marks FOR UPDATE SKIP LOCKED")
_MOVE_MARK = text("UPDATE dated_facts_marks SET looked_until = :moment")
_LOOK_AGAIN = text("UPDATE dated_facts_marks SET looked_until = least(looked_until, :moment)")

# A first day counts from its beginning, a last day until its end: both are reached with a day after the one of the last look.
_DAYS = "({first} > %(day_before)s AND {first} <= %(day)s OR {last} >= %(day_before)s AND {last} < %(day)s)"
_VALID = _DAYS.format(first="valid_from", last="valid_until")
_STANDS = _DAYS.format(first="CAST(gate ->> 'valid_from' AS date)", last="CAST(gate ->> 'valid_until' AS date)")
_ON_PLAN = _DAYS.format(first="greatest(valid_from, cycle_from)", last="least(valid_until, cycle_until)")
_REACHED = f"""
    SELECT 'account' AS kind, id, NULL AS brand_id FROM accounts WHERE {_VALID}
    UNION SELECT 'rep', id, NULL FROM reps WHERE {_VALID}
    UNION SELECT 'rep', rep_id, NULL FROM absences
        WHERE starts_at > %(since)s AND starts_at <= %(now)s OR ends_at > %(since)s AND ends_at <= %(now)s
    UNION SELECT 'territory', territory_id, NULL FROM alignments WHERE {_VALID}
    UNION SELECT 'target', ledgers.contact_id, ledgers.brand_id FROM targets
        LEFT JOIN contacts ON contacts.contact_id = targets.contact_id
        JOIN ledgers ON ledgers.contact_id = coalesce(merged_into, targets.contact_id) AND ledgers.brand_id = targets.brand_id
        WHERE {_ON_PLAN}
    UNION SELECT 'brand', brand_id, NULL FROM policies CROSS JOIN jsonb_array_elements(document -> 'gates') AS gates (gate)
        WHERE state = 'active' AND {_STANDS}
    UNION SELECT 'brand', brand_id, NULL FROM policies
        WHERE %(day_before)s < %(day)s AND state = 'active' AND jsonb_path_exists(document, '$.**.expression ? (@ like_regex "today")')
"""  # noqa: S608


async def look_again_from(session: AsyncSession, moment: datetime) -> None:
    """Dates after that moment are looked for again: rows with dates changed, on what held then."""
    await session.execute(_LOOK_AGAIN, {"moment": moment})


async def take_dated_facts(database: Database, *, now: datetime) -> int:
    """Has all take effect that began or ended by its date since the last look, however long ago, and returns how much that was.

    One process looks at a time; the others have nothing to do.
    """
    async with database.transaction() as session:
        since = await session.scalar(_HOLD_MARK)
        if since is None or since >= now:
            return 0
        window = {"since": since, "now": now, "day_before": day_of(since), "day": day_of(now)}
        [reached] = await together(session, Statement(_REACHED, window, list))
        if reached or now - since > MARK_AGE_MAX:
            await session.execute(_MOVE_MARK, {"moment": now})
        if reached:
            await take_effect(session, _changes(reached))
    return len(reached)


def _changes(reached: Iterable[Any]) -> Changes:
    ids: dict[str, list[str]] = {"account": [], "rep": [], "territory": [], "brand": []}
    targets = []
    for row in reached:
        if row.kind == "target":
            targets.append((row.id, row.brand_id))
        else:
            ids[row.kind].append(row.id)
    return Changes(ids["account"], targets, ids["rep"], ids["territory"], ids["brand"])
