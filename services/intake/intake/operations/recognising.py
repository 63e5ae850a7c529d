"""Finding whose acts these are, one contact per person however many requests see somebody first at the same moment."""

import zlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from intake.decisions.persons import PersonKey, Recognition, recognise
from shared.database import as_recordset
from shared.ids import new_id

# Those who see somebody first queue up by slot. Few slots, since each one held takes a place in PostgreSQL's one lock table.
_SLOTS = 256
_QUEUE = 1  # tells these advisory locks from others in this database

_OWNERS = text(
    """
    WITH wanted AS (
        SELECT namespace, value FROM json_to_recordset(CAST(:keys AS json)) AS r(namespace text, value text)
    )
    SELECT k.namespace, k.value, c.id, c.country
    FROM wanted w
    JOIN contact_keys k ON k.namespace = w.namespace AND k.value = w.value
    JOIN contacts c ON c.id = k.contact_id
    UNION ALL
    SELECT w.namespace, w.value, c.id, c.country
    FROM wanted w JOIN contacts c ON c.id = w.value
    WHERE w.namespace = 'contact'
    """
)
_QUEUE_UP = text("SELECT pg_advisory_xact_lock(:queue, slot) FROM unnest(CAST(:slots AS integer[])) AS slot")


@dataclass(frozen=True, slots=True)
class Owners:
    """Whose keys are whose, and where those contacts practise, if a directory says so."""

    contact_ids: Mapping[PersonKey, str]
    countries: Mapping[str, str | None]


async def recognise_persons(session: AsyncSession, persons: Sequence[tuple[PersonKey, ...]]) -> tuple[Recognition, Owners]:
    """Who these persons are, and what was known of their keys before."""
    owners = await owners_of(session, {key for person in persons for key in person})
    fresh_ids = [str(new_id()) for _ in persons]
    return recognise(persons, owners=owners.contact_ids, fresh_ids=fresh_ids), owners


async def owners_of(session: AsyncSession, keys: Collection[PersonKey]) -> Owners:
    """Whose the keys are. Who asks about a key that is nobody's waits for others deciding about it, and then decides alone until
    the transaction ends."""
    owners = await _load(session, keys)
    unowned = set(keys) - owners.contact_ids.keys()
    if not unowned:
        return owners
    slots = sorted({_slot(key) for key in unowned})  # in order, so that nobody waits in a circle
    await session.execute(_QUEUE_UP, {"queue": _QUEUE, "slots": slots})
    return await _load(session, keys)


async def _load(session: AsyncSession, keys: Collection[PersonKey]) -> Owners:
    if not keys:
        return Owners(contact_ids={}, countries={})
    wanted = as_recordset([{"namespace": key.namespace, "value": key.value} for key in keys])
    rows = (await session.execute(_OWNERS, {"keys": wanted})).all()
    return Owners(
        contact_ids={PersonKey(row.namespace, row.value): row.id for row in rows},
        countries={row.id: row.country for row in rows},
    )


def _slot(key: PersonKey) -> int:
    return zlib.crc32(f"{key.namespace}\n{key.value}".encode()) % _SLOTS
