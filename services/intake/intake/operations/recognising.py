"""Finding whose acts these are, one contact per person however many requests see somebody first at the same moment."""

import zlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from intake.decisions.persons import PersonKey, Recognition, recognise
from intake.operations.contacts import ForgottenMeanwhile
from intake.operations.erasures.ledger import AS_OF
from shared.database import as_recordset
from shared.ids import new_id

# Those who see somebody first queue up by slot. Few slots, since each one held takes a place in PostgreSQL's one lock table.
_SLOTS = 256
_QUEUE = 1  # tells these advisory locks from others in this database

# As in `engagements.TOLD_BEFORE`, one look into an index for each key.
OWNERS = """
    WITH wanted AS (
        SELECT namespace, value FROM json_to_recordset(CAST({keys} AS json)) AS r(namespace text, value text)
    )
    SELECT k.namespace, k.value, k.contact_id, c.id, c.country
    FROM wanted w
    CROSS JOIN LATERAL (SELECT * FROM contact_keys k WHERE k.namespace = w.namespace AND k.value = w.value LIMIT 1) AS k
    LEFT JOIN contact_aliases a ON a.alias_id = k.contact_id
    CROSS JOIN LATERAL (SELECT c.id, c.country FROM contacts c WHERE c.id = coalesce(a.contact_id, k.contact_id) LIMIT 1) AS c
    UNION ALL
    SELECT w.namespace, w.value, coalesce(own.id, a.into_id), c.id, c.country
    FROM wanted w
    LEFT JOIN contacts own ON own.id = w.value
    LEFT JOIN contact_aliases a ON a.alias_id = w.value
    JOIN contacts c ON c.id = coalesce(a.contact_id, own.id)
    WHERE w.namespace = 'contact'
"""
# With the ledger as it stands at that very moment: somebody who has lost their keys since it was asked is no stranger.
_OWNERS = text(
    f"""
    SELECT ledger.as_of, o.namespace, o.value, o.contact_id, o.id, o.country
    FROM (SELECT {AS_OF}) AS ledger(as_of) LEFT JOIN ({OWNERS.format(keys=":keys")}) AS o(namespace, value, contact_id, id, country) ON true
    """  # noqa: S608  (ours)
)
QUEUE_UP = f"SELECT pg_advisory_xact_lock({_QUEUE}, slot) FROM unnest(CAST(:slots AS integer[])) AS slot"  # noqa: S608  (ours)
"""Waits for others who decide about keys, by their `slots`; then nobody else does until the transaction ends."""

_QUEUE_UP = text(QUEUE_UP)


@dataclass(frozen=True, slots=True)
class Owners:
    """Whose keys are whose, who stands for those contacts, and where they practise, if a directory says so.

    `survivors` holds every contact of `contact_ids`, itself where it was merged into nobody; `countries` every survivor.
    """

    contact_ids: Mapping[PersonKey, str]
    countries: Mapping[str, str | None]
    survivors: Mapping[str, str]

    def unknown(self, keys: Iterable[PersonKey]) -> set[PersonKey]:
        """Those of the keys that are nobody's."""
        return {key for key in keys if key not in self.contact_ids}

    def survivor_of(self, key: PersonKey) -> str | None:
        """Who stands for whom the key leads to; None if it leads to nobody."""
        contact_id = self.contact_ids.get(key)
        return None if contact_id is None else self.survivors[contact_id]

    def is_identified(self, survivor_id: str) -> bool:
        """Whether a directory named the contact: then it said a country too."""
        return self.countries.get(survivor_id) is not None


NOBODY = Owners(contact_ids={}, countries={}, survivors={})


def recognised(persons: Sequence[tuple[PersonKey, ...]], owners: Owners) -> Recognition:
    """Who these persons are, as far as `owners` knows their keys."""
    return recognise(persons, owners=owners.contact_ids, fresh_ids=[str(new_id()) for _ in persons], survivors=owners.survivors)


async def owners_of(session: AsyncSession, keys: Collection[PersonKey], *, since: datetime | None) -> Owners:
    """Whose the keys are. Who asks about a key that is nobody's waits for others deciding about it, and then decides alone until
    the transaction ends. Raises `ForgottenMeanwhile` as `settled` does."""
    return await settled(session, keys, await _load(session, keys, since=since), since=since)


async def settled(session: AsyncSession, keys: Collection[PersonKey], owners: Owners, *, since: datetime | None) -> Owners:
    """Whose the keys are for the rest of the transaction; `owners` is what a first look at them showed.

    Raises `ForgottenMeanwhile` where somebody was erased after `since`, as of when the ledger was asked, and keys are looked at again.
    """
    if not (unknown := owners.unknown(keys)):
        return owners
    await session.execute(_QUEUE_UP, {"slots": slots(unknown)})
    return await _load(session, keys, since=since)


def slots(keys: Iterable[PersonKey]) -> list[int]:
    """The keys as `QUEUE_UP` takes them: in order, so that nobody waits in a circle."""
    return sorted(set(map(_slot, keys)))


async def _load(session: AsyncSession, keys: Collection[PersonKey], *, since: datetime | None) -> Owners:
    if not keys:
        return NOBODY
    rows = (await session.execute(_OWNERS, {"keys": wanted(keys)})).all()
    if rows[0].as_of != since:
        raise ForgottenMeanwhile
    return owners_in((row.namespace, row.value, row.contact_id, row.id, row.country) for row in rows if row.namespace is not None)


def wanted(keys: Iterable[PersonKey]) -> str:
    """The keys as `OWNERS` takes them."""
    return as_recordset([{"namespace": key.namespace, "value": key.value} for key in keys])


def owners_in(rows: Iterable[tuple[str, str, str, str, str | None]]) -> Owners:
    """What namespace, value, contact, survivor and country say."""
    contact_ids: dict[PersonKey, str] = {}
    countries: dict[str, str | None] = {}
    survivors: dict[str, str] = {}
    for namespace, value, contact_id, survivor_id, country in rows:
        contact_ids[PersonKey(namespace, value)] = contact_id
        countries[survivor_id] = country
        survivors[contact_id] = survivor_id
    return Owners(contact_ids, countries, survivors)


def _slot(key: PersonKey) -> int:
    return zlib.crc32(f"{key.namespace}\n{key.value}".encode()) % _SLOTS
