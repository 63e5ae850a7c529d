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

OWNERS = """
    WITH wanted AS (
        SELECT namespace, value FROM json_to_recordset(CAST({keys} AS json)) AS r(namespace text, value text)
    )
    SELECT k.namespace, k.value, k.contact_id, c.id, c.country
    FROM wanted w
    JOIN contact_keys k ON k.namespace = w.namespace AND k.value = w.value
    LEFT JOIN contact_aliases a ON a.alias_id = k.contact_id
    JOIN contacts c ON c.id = coalesce(a.contact_id, k.contact_id)
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
_QUEUE_UP = text("SELECT pg_advisory_xact_lock(:queue, slot) FROM unnest(CAST(:slots AS integer[])) AS slot")


@dataclass(frozen=True, slots=True)
class Owners:
    """Whose keys are whose, who stands for those contacts, and where they practise, if a directory says so.

    `survivors` holds every contact of `contact_ids`, itself where it was merged into nobody; `countries` every survivor.
    """

    contact_ids: Mapping[PersonKey, str]
    countries: Mapping[str, str | None]
    survivors: Mapping[str, str]

    def survivor_of(self, key: PersonKey) -> str | None:
        """Who stands for whom the key leads to; None if it leads to nobody."""
        contact_id = self.contact_ids.get(key)
        return None if contact_id is None else self.survivors[contact_id]

    def is_identified(self, survivor_id: str) -> bool:
        """Whether a directory named the contact: then it said a country too."""
        return self.countries.get(survivor_id) is not None


NOBODY = Owners(contact_ids={}, countries={}, survivors={})


async def recognise_persons(
    session: AsyncSession, persons: Sequence[tuple[PersonKey, ...]], *, owners: Owners, since: datetime | None
) -> tuple[Recognition, Owners]:
    """Who these persons are, and what was known of their keys before; `owners` is what a first look at the keys showed.

    Raises `ForgottenMeanwhile` where somebody was erased after `since`, as of when the ledger was asked, and keys are looked at again.
    """
    owners = await _settled(session, {key for person in persons for key in person}, owners, since=since)
    fresh_ids = [str(new_id()) for _ in persons]
    return recognise(persons, owners=owners.contact_ids, fresh_ids=fresh_ids, survivors=owners.survivors), owners


async def owners_of(session: AsyncSession, keys: Collection[PersonKey], *, since: datetime | None) -> Owners:
    """Whose the keys are. Who asks about a key that is nobody's waits for others deciding about it, and then decides alone until
    the transaction ends. Raises `ForgottenMeanwhile` as above."""
    return await _settled(session, keys, await _load(session, keys, since=since), since=since)


async def _settled(session: AsyncSession, keys: Collection[PersonKey], owners: Owners, *, since: datetime | None) -> Owners:
    slots = sorted({_slot(key) for key in keys if key not in owners.contact_ids})  # in order, so that nobody waits in a circle
    if not slots:
        return owners
    await session.execute(_QUEUE_UP, {"queue": _QUEUE, "slots": slots})
    return await _load(session, keys, since=since)


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
