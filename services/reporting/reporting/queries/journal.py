"""The journal, by what its entries are about, rest on, or belong to."""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from reporting.decisions.trace import Entry, Lookup

# A trace is for reading: who asks for a longer one is told to ask for less.
ENTRIES_MAX = 2_000

_FIND = text(
    """
    SELECT event_id, event_type, service, correlation_id, causation_id, occurred_at, recorded_at, contact_id, subjects, rests_on, summary
    FROM journal
    WHERE (correlation_id = ANY (:correlation_ids) OR subjects && CAST(:subjects AS text[]) OR rests_on && CAST(:rests_on AS text[]))
      AND (CAST(:people AS text[]) IS NULL OR contact_id IS NULL OR contact_id = ANY (CAST(:people AS text[])))
      AND (:with_cases OR event_type NOT LIKE 'case.%')
    ORDER BY occurred_at, event_id LIMIT :limit
    """
)
_LATEST_ABOUT = text(
    "SELECT event_id FROM journal WHERE subjects @> ARRAY[CAST(:subject AS text)] ORDER BY recorded_at DESC, event_id DESC LIMIT 1"
)


async def find(session: AsyncSession, lookup: Lookup, *, with_cases: bool) -> Collection[Entry]:
    """The entries a lookup asks for, at most one more than `ENTRIES_MAX`."""
    rows = await session.execute(
        _FIND,
        {
            "correlation_ids": list(lookup.correlation_ids),
            "subjects": list(lookup.subjects),
            "rests_on": list(lookup.rests_on),
            "people": None if lookup.people is None else list(lookup.people),
            "with_cases": with_cases,
            "limit": ENTRIES_MAX + 1,
        },
    )
    return [Entry(**{**row._mapping, "subjects": tuple(row.subjects), "rests_on": tuple(row.rests_on)}) for row in rows]


async def latest_about(session: AsyncSession, subject: str) -> UUID | None:
    """The newest event about something, which a next one follows from."""
    event_id: UUID | None = await session.scalar(_LATEST_ABOUT, {"subject": subject})
    return event_id
