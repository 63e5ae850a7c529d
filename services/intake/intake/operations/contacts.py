"""Contacts as rows: locked and loaded whole, written back whole, each change told in a snapshot of the same commit."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, TextClause, text
from sqlalchemy.ext.asyncio import AsyncSession

from intake.decisions.consents import ConsentAct
from intake.decisions.contacts import Contact, DirectoryEntry, snapshot
from intake.decisions.persons import KeyOrigin, PersonKey
from shared.database import as_recordset
from shared.events import Event

_COLUMNS = """
    id, version, provisional, given_name, family_name, kind, specialty, credentials, postal_code, country, region,
    affiliations, segments, licences
"""
_LOCK = text(f"SELECT {_COLUMNS} FROM contacts WHERE id = ANY (CAST(:ids AS text[])) ORDER BY id FOR NO KEY UPDATE")  # noqa: S608 (ours)
_READ = text(f"SELECT {_COLUMNS} FROM contacts WHERE id = ANY (CAST(:ids AS text[]))")  # noqa: S608 (ours)
_KEYS = text("SELECT contact_id, namespace, value, origin FROM contact_keys WHERE contact_id = ANY (CAST(:ids AS text[]))")
_CONSENTS = text(
    """
    SELECT contact_id, channel, purpose, state, at, evidence, legal_basis FROM consents WHERE contact_id = ANY (CAST(:ids AS text[]))
    """
)
_WRITE = text(
    """
    INSERT INTO contacts (
        id, version, provisional, given_name, family_name, kind, specialty, credentials, postal_code, country, region,
        affiliations, segments, licences, updated_at
    )
    SELECT
        id, version, provisional, given_name, family_name, kind, specialty, credentials, postal_code, country, region,
        affiliations, segments, licences, :now
    FROM json_to_recordset(CAST(:rows AS json)) AS r(
        id text, version integer, provisional boolean, given_name text, family_name text, kind text, specialty text,
        credentials text, postal_code text, country text, region text, affiliations jsonb, segments jsonb, licences jsonb
    )
    ORDER BY id
    ON CONFLICT (id) DO UPDATE SET
        version = excluded.version, provisional = excluded.provisional, given_name = excluded.given_name,
        family_name = excluded.family_name, kind = excluded.kind, specialty = excluded.specialty,
        credentials = excluded.credentials, postal_code = excluded.postal_code, country = excluded.country,
        region = excluded.region, affiliations = excluded.affiliations, segments = excluded.segments,
        licences = excluded.licences, updated_at = excluded.updated_at
    """
)
_DROP_KEYS = text(
    """
    DELETE FROM contact_keys k USING json_to_recordset(CAST(:rows AS json)) AS r(namespace text, value text)
    WHERE k.namespace = r.namespace AND k.value = r.value
    """
)
_WRITE_KEYS = text(
    """
    INSERT INTO contact_keys (namespace, value, contact_id, origin)
    SELECT namespace, value, contact_id, origin
    FROM json_to_recordset(CAST(:rows AS json)) AS r(namespace text, value text, contact_id text, origin text)
    ORDER BY namespace, value
    """
)
_WRITE_CONSENTS = text(
    """
    INSERT INTO consents (contact_id, channel, purpose, state, at, evidence, legal_basis)
    SELECT contact_id, channel, purpose, state, at, evidence, legal_basis
    FROM json_to_recordset(CAST(:rows AS json)) AS r(
        contact_id text, channel text, purpose text, state text, at timestamptz, evidence text, legal_basis text
    )
    ORDER BY contact_id, channel, purpose
    ON CONFLICT (contact_id, channel, purpose) DO UPDATE SET
        state = excluded.state, at = excluded.at, evidence = excluded.evidence, legal_basis = excluded.legal_basis
    """
)


@dataclass(frozen=True, slots=True)
class Change:
    """A contact before and after, and the journey that changed it. A new contact's `before` has version 0."""

    before: Contact
    after: Contact
    correlation_id: UUID


async def lock_contacts(session: AsyncSession, contact_ids: Collection[str]) -> dict[str, Contact]:
    """The contacts of these ids that exist, whole, and nobody else's to change until the transaction ends."""
    return await _load(session, _LOCK, contact_ids)


async def read_contacts(session: AsyncSession, contact_ids: Collection[str]) -> dict[str, Contact]:
    """The contacts of these ids that exist, whole."""
    return await _load(session, _READ, contact_ids)


async def keep_contacts(session: AsyncSession, changes: Sequence[Change], *, now: datetime) -> list[Event]:
    """Writes what changed and gives the snapshots that tell it. The caller holds the locks of `lock_contacts`."""
    changes = [change for change in changes if change.after != change.before]
    if not changes:
        return []
    await session.execute(_WRITE, {"rows": as_recordset([_row(change.after) for change in changes]), "now": now})
    await _write_rows(session, _DROP_KEYS, [row for change in changes for row in _key_rows(change.before, without=change.after)])
    await _write_rows(session, _WRITE_KEYS, [row for change in changes for row in _key_rows(change.after, without=change.before)])
    await _write_rows(session, _WRITE_CONSENTS, [row for change in changes for row in _consent_rows(change)])
    return [Event.of(snapshot(change.after), occurred_at=now, recorded_at=now, correlation_id=change.correlation_id) for change in changes]


async def _load(session: AsyncSession, contacts: TextClause, contact_ids: Collection[str]) -> dict[str, Contact]:
    if not contact_ids:
        return {}
    wanted = {"ids": sorted(contact_ids)}
    rows = (await session.execute(contacts, wanted)).all()
    keys: dict[str, dict[PersonKey, KeyOrigin]] = defaultdict(dict)
    for key in await session.execute(_KEYS, wanted):
        keys[key.contact_id][PersonKey(key.namespace, key.value)] = key.origin
    consents: dict[str, dict[tuple[str, str], ConsentAct]] = defaultdict(dict)
    for act in await session.execute(_CONSENTS, wanted):
        consents[act.contact_id][act.channel, act.purpose] = ConsentAct(
            act.channel, act.purpose, act.state, act.at, act.evidence, act.legal_basis
        )
    return {
        row.id: Contact(id=row.id, version=row.version, entry=_entry(row), keys=keys[row.id], consents=consents[row.id]) for row in rows
    }


def _entry(row: Row[Any]) -> DirectoryEntry | None:
    return None if row.provisional else DirectoryEntry.model_validate(dict(row._mapping))


def _row(contact: Contact) -> dict[str, Any]:
    stated = contact.entry.model_dump(mode="json") if contact.entry is not None else {"affiliations": [], "segments": [], "licences": []}
    return {**stated, "id": contact.id, "version": contact.version, "provisional": contact.provisional}


def _key_rows(contact: Contact, *, without: Contact) -> list[dict[str, str]]:
    return [
        {"namespace": key.namespace, "value": key.value, "contact_id": contact.id, "origin": origin}
        for key, origin in contact.keys.items()
        if without.keys.get(key) != origin
    ]


def _consent_rows(change: Change) -> list[dict[str, Any]]:
    return [
        {"contact_id": change.after.id, **act.told()}
        for key, act in change.after.consents.items()
        if change.before.consents.get(key) != act
    ]


async def _write_rows(session: AsyncSession, statement: TextClause, rows: list[dict[str, Any]]) -> None:
    if rows:
        await session.execute(statement, {"rows": as_recordset(rows)})
