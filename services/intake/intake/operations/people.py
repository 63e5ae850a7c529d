"""People as rows: contacts with all that are the same person, locked and loaded whole, and each change told in the same commit."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from intake.decisions.consents import ConsentAct
from intake.decisions.contacts import Contact, DirectoryEntry, snapshot
from intake.decisions.people import Alias, Changed, People, changed
from intake.decisions.persons import KeyOrigin, PersonKey
from intake.operations.contacts import write_contacts
from shared.database import Statement, as_recordset, together
from shared.events import Event

# Whoever changes contacts shares this lock, whoever changes which of them are one person holds it alone. So nobody works on half a person,
# and merges, which are few, wait for each other instead of in circles.
_WHO_IS_WHO = 2
_SHARE = Statement(f"SELECT pg_advisory_xact_lock_shared({_WHO_IS_WHO}, 0)", {}, list)
_HOLD_ALONE = text(f"SELECT pg_advisory_xact_lock({_WHO_IS_WHO}, 0)")

_SURVIVORS = """
    SELECT coalesce(a.contact_id, named.id) FROM unnest(CAST(%(ids)s AS text[])) AS named(id)
    LEFT JOIN contact_aliases a ON a.alias_id = named.id
"""
_ALL_OF_THEM = f"""
    SELECT * FROM ({_SURVIVORS}) AS survivor(id)
    UNION SELECT alias_id FROM contact_aliases WHERE contact_id IN ({_SURVIVORS})
"""  # noqa: S608  (ours)
_CONTACTS = f"""
    SELECT id, version, provisional, given_name, family_name, kind, specialty, credentials, postal_code, country, region, affiliations,
        segments, licences, first_seen_at
    FROM contacts WHERE id IN ({_ALL_OF_THEM}) ORDER BY id
"""  # noqa: S608  (ours)
_ALIASES = f"SELECT alias_id, into_id, contact_id, since, made_by FROM contact_aliases WHERE contact_id IN ({_SURVIVORS})"  # noqa: S608  (ours)
_KEYS = f"SELECT contact_id, namespace, value, origin FROM contact_keys WHERE contact_id IN ({_ALL_OF_THEM})"  # noqa: S608  (ours)
_CONSENTS = f"""
    SELECT contact_id, channel, purpose, state, at, evidence, legal_basis FROM consents WHERE contact_id IN ({_ALL_OF_THEM})
"""  # noqa: S608  (ours)
_APART = f"""
    SELECT contact_id, other_id FROM contact_candidates WHERE state = 'dismissed' AND contact_id IN ({_ALL_OF_THEM})
    UNION SELECT contact_id, other_id FROM contact_candidates WHERE state = 'dismissed' AND other_id IN ({_ALL_OF_THEM})
"""  # noqa: S608  (ours)
_DROP_ALIASES = text("DELETE FROM contact_aliases WHERE alias_id = ANY (CAST(:ids AS text[]))")
_WRITE_ALIASES = text(
    """
    INSERT INTO contact_aliases (alias_id, into_id, contact_id, since, made_by)
    SELECT alias_id, into_id, contact_id, since, made_by
    FROM json_to_recordset(CAST(:rows AS json))
        AS r(alias_id text, into_id text, contact_id text, since timestamptz, made_by text)
    ORDER BY alias_id
    ON CONFLICT (alias_id) DO UPDATE SET into_id = excluded.into_id, contact_id = excluded.contact_id
    """
)


async def decide_alone(session: AsyncSession) -> None:
    """Nobody else changes contacts, or who is who, until the transaction ends. Call it before `lock_people`."""
    await session.execute(_HOLD_ALONE)


async def lock_people(session: AsyncSession, contact_ids: Collection[str]) -> People:
    """The people these ids lead to, each with every contact that is the same person, and nobody else's to change until the transaction
    ends. An id that leads to nobody adds nobody."""
    return await _load(session, contact_ids, locking=True)


async def read_people(session: AsyncSession, contact_ids: Collection[str]) -> People:
    """The same, to be looked at only."""
    return await _load(session, contact_ids, locking=False)


async def keep_people(session: AsyncSession, before: People, after: People, *, journeys: Mapping[str, UUID], now: datetime) -> list[Event]:
    """Writes what changed and gives the snapshots that tell it. `journeys` names one for each survivor that changed."""
    changes = list(changed(before, after))
    await write_contacts(session, changes, now=now)
    await _write_aliases(session, before.aliases, after.aliases)
    return [told_change(change, journey=_journey(change.told.id, before, after, journeys), now=now) for change in changes]


def told_change(change: Changed, *, journey: UUID, now: datetime) -> Event:
    """The snapshot that tells a change."""
    return Event.of(snapshot(change.told), occurred_at=now, recorded_at=now, correlation_id=journey)


def _journey(contact_id: str, before: People, after: People, journeys: Mapping[str, UUID]) -> UUID:
    """That of who stands for the contact now; of one that was parted from somebody, theirs."""
    return journeys.get(after.survivor_of(contact_id)) or journeys[before.survivor_of(contact_id)]


async def _write_aliases(session: AsyncSession, before: Mapping[str, Alias], after: Mapping[str, Alias]) -> None:
    if gone := sorted(before.keys() - after.keys()):
        await session.execute(_DROP_ALIASES, {"ids": gone})
    rows = [
        {
            "alias_id": alias.id,
            "into_id": alias.into,
            "contact_id": alias.contact_id,
            "since": alias.since,
            "made_by": alias.made_by,
        }
        for alias in after.values()
        if before.get(alias.id) != alias
    ]
    if rows:
        await session.execute(_WRITE_ALIASES, {"rows": as_recordset(rows)})


async def _load(session: AsyncSession, contact_ids: Collection[str], *, locking: bool) -> People:
    if not contact_ids:
        return People()
    wanted = {"ids": sorted(contact_ids)}
    contacts = f"{_CONTACTS} FOR NO KEY UPDATE" if locking else _CONTACTS
    *_, people, aliases, keys, consents, apart = await together(
        session,
        *([_SHARE] if locking else []),
        Statement(contacts, wanted, list),
        Statement(_ALIASES, wanted, lambda rows: [Alias(*row) for row in rows]),
        Statement(_KEYS, wanted, _keys),
        Statement(_CONSENTS, wanted, _consents),
        Statement(_APART, wanted, lambda rows: [tuple(row) for row in rows]),
    )
    return People((_contact(row, keys, consents) for row in people), aliases, apart=apart)


def _contact(
    row: Any, keys: Mapping[str, Mapping[PersonKey, KeyOrigin]], consents: Mapping[str, Mapping[tuple[str, str], ConsentAct]]
) -> Contact:
    return Contact(
        id=row.id,
        version=row.version,
        entry=None if row.provisional else DirectoryEntry.model_validate(row._asdict()),
        keys=keys.get(row.id, {}),
        consents=consents.get(row.id, {}),
        first_seen_at=row.first_seen_at,
    )


def _keys(rows: Sequence[Any]) -> Mapping[str, Mapping[PersonKey, KeyOrigin]]:
    found: defaultdict[str, dict[PersonKey, KeyOrigin]] = defaultdict(dict)
    for row in rows:
        found[row.contact_id][PersonKey(row.namespace, row.value)] = row.origin
    return found


def _consents(rows: Sequence[Any]) -> Mapping[str, Mapping[tuple[str, str], ConsentAct]]:
    found: defaultdict[str, dict[tuple[str, str], ConsentAct]] = defaultdict(dict)
    for row in rows:
        act = ConsentAct(row.channel, row.purpose, row.state, row.at, row.evidence, row.legal_basis)
        found[row.contact_id][act.channel, act.purpose] = act
    return found
