"""Pairs that may be one person: proposed by acts and directories, decided by somebody."""

from collections.abc import Collection, Iterable
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from intake.decisions.people import Pair
from intake.tables import ContactCandidate
from shared.database import as_recordset
from shared.ids import new_id

# What is known of a pair stays, and another kind of key that says the same is added. A pair that was decided is not proposed again.
PROPOSE = """
    INSERT INTO contact_candidates AS known (id, contact_id, other_id, kinds, state, since)
    SELECT id, contact_id, other_id, kinds, 'waiting', since
    FROM json_to_recordset(CAST(:candidates AS json)) AS r(id uuid, contact_id text, other_id text, kinds jsonb, since timestamptz)
    {only}
    ORDER BY contact_id, other_id
    ON CONFLICT (contact_id, other_id) DO UPDATE
    SET kinds = (SELECT jsonb_agg(DISTINCT kind ORDER BY kind) FROM jsonb_array_elements_text(known.kinds || excluded.kinds) AS kind)
    WHERE NOT known.kinds @> excluded.kinds
"""
_PROPOSE = text(PROPOSE.format(only=""))
_FIND = text(
    """
    SELECT id, contact_id, other_id FROM contact_candidates
    WHERE (contact_id, other_id) IN (
        SELECT contact_id, other_id FROM json_to_recordset(CAST(:candidates AS json)) AS r(contact_id text, other_id text)
    )
    """
)
_MERGED = text(
    """
    UPDATE contact_candidates SET state = 'merged', decided_at = :now, decided_by = :by
    WHERE state <> 'merged' AND contact_id = ANY (CAST(:ids AS text[])) AND other_id = ANY (CAST(:ids AS text[]))
    """
)
_DISMISSED = text(
    """
    UPDATE contact_candidates SET state = 'dismissed', decided_at = :now, decided_by = :by
    WHERE state <> 'dismissed' AND (
        (contact_id = ANY (CAST(:ones AS text[])) AND other_id = ANY (CAST(:others AS text[])))
        OR (contact_id = ANY (CAST(:others AS text[])) AND other_id = ANY (CAST(:ones AS text[])))
    )
    """
)
_PARTED = text(
    """
    INSERT INTO contact_candidates (id, contact_id, other_id, kinds, state, since, decided_at, decided_by)
    VALUES (:id, :contact_id, :other_id, '[]', 'dismissed', :now, :now, :by)
    ON CONFLICT (contact_id, other_id) DO NOTHING
    """
)


def as_rows(pairs: Iterable[Pair], *, now: datetime) -> str:
    """The pairs as `PROPOSE` takes them, each once."""
    kinds: dict[tuple[str, str], frozenset[str]] = {}
    for pair in pairs:
        ids = pair.contact_id, pair.other_id
        kinds[ids] = kinds.get(ids, frozenset()) | pair.kinds
    return as_recordset(
        [
            {"id": new_id(), "contact_id": contact_id, "other_id": other_id, "kinds": sorted(found), "since": now}
            for (contact_id, other_id), found in kinds.items()
        ]
    )


async def propose(session: AsyncSession, pairs: Collection[Pair], *, now: datetime) -> None:
    """Has the pairs wait for a decision, unless they do already or were decided."""
    if pairs:
        await session.execute(_PROPOSE, {"candidates": as_rows(pairs, now=now)})


async def ids_of(session: AsyncSession, pairs: Collection[Pair], *, now: datetime) -> dict[tuple[str, str], UUID]:
    """The candidate of each pair, by its contacts' ids in order."""
    if not pairs:
        return {}
    rows = await session.execute(_FIND, {"candidates": as_rows(pairs, now=now)})
    return {(row.contact_id, row.other_id): row.id for row in rows}


async def note_merged(session: AsyncSession, contact_ids: Collection[str], *, by: str, now: datetime) -> None:
    """Every pair among these contacts, who are one person now, is decided so."""
    await session.execute(_MERGED, {"ids": list(contact_ids), "by": by, "now": now})


async def note_parted(session: AsyncSession, pair: Pair, ones: Collection[str], others: Collection[str], *, by: str, now: datetime) -> None:
    """Every pair of one of the ones with one of the others is two people, and so are the two of `pair`, proposed or not."""
    await session.execute(_DISMISSED, {"ones": list(ones), "others": list(others), "by": by, "now": now})
    known = {"id": new_id(), "contact_id": pair.contact_id, "other_id": pair.other_id, "by": by, "now": now}
    await session.execute(_PARTED, known)


async def dismiss(session: AsyncSession, candidate_id: UUID, *, by: str, now: datetime) -> ContactCandidate | None:
    """Somebody says that they are two people. Gives the candidate as it stands then; None if there is none."""
    found = await session.get(ContactCandidate, candidate_id, with_for_update=True)
    if found is not None and found.state == "waiting":
        found.state, found.decided_at, found.decided_by = "dismissed", now, by
        await session.flush()
    return found
