"""Contacts as rows: written back whole, each with what changed of its keys and consents."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from psycopg.errors import SerializationFailure
from sqlalchemy import TextClause, text
from sqlalchemy.ext.asyncio import AsyncSession

from intake.decisions.contacts import Contact
from intake.decisions.people import Changed
from shared.database import as_recordset

ADD = """
    INSERT INTO contacts (
        id, version, provisional, given_name, family_name, kind, specialty, credentials, postal_code, country, region,
        affiliations, segments, licences, updated_at
    )
    SELECT
        id, version, provisional, given_name, family_name, kind, specialty, credentials, postal_code, country, region,
        affiliations, segments, licences, :now
    FROM json_to_recordset(CAST(:contacts AS json)) AS r(
        id text, version integer, provisional boolean, given_name text, family_name text, kind text, specialty text,
        credentials text, postal_code text, country text, region text, affiliations jsonb, segments jsonb, licences jsonb
    )
    {only}
    ORDER BY id
"""
_WRITE = text(
    f"""
    {ADD.format(only="")}
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
ADD_KEYS = """
    INSERT INTO contact_keys (namespace, value, contact_id, origin)
    SELECT namespace, value, contact_id, origin
    FROM json_to_recordset(CAST(:keys AS json)) AS r(namespace text, value text, contact_id text, origin text)
    {only}
    ORDER BY namespace, value
"""
_ADD_KEYS = text(ADD_KEYS.format(only=""))
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


class ForgottenMeanwhile(SerializationFailure):
    """A contact was erased between being recognised and being held. As with any such failure, whoever tries again succeeds: they find
    the person in the ledger."""


def require_unforgotten(contacts: Iterable[Contact]) -> None:
    """Raises `ForgottenMeanwhile` for contacts that are held and aren't anybody any more."""
    if any(contact.is_forgotten for contact in contacts):
        raise ForgottenMeanwhile


async def write_contacts(session: AsyncSession, changes: Sequence[Changed], *, now: datetime) -> None:
    """Writes what changed. The caller holds the locks of `people.lock_people`."""
    if not changes:
        return
    await session.execute(_WRITE, {"contacts": as_recordset([_row(change.after) for change in changes]), "now": now})
    await _write_rows(session, _DROP_KEYS, rows=[row for change in changes for row in _key_rows(change.before, without=change.after)])
    await _write_rows(session, _ADD_KEYS, keys=[row for change in changes for row in _key_rows(change.after, without=change.before)])
    await _write_rows(session, _WRITE_CONSENTS, rows=[row for change in changes for row in _consent_rows(change)])


def as_rows(new: Sequence[Changed], *, now: datetime) -> dict[str, object]:
    """The parameters of `ADD` and `ADD_KEYS` for contacts without consents."""
    rows = [_row(change.after) for change in new]
    keys = [row for change in new for row in _key_rows(change.after, without=change.before)]
    return {"contacts": as_recordset(rows), "keys": as_recordset(keys), "now": now}


def _row(contact: Contact) -> dict[str, Any]:
    stated = contact.entry.model_dump(mode="json") if contact.entry is not None else {"affiliations": [], "segments": [], "licences": []}
    return {**stated, "id": contact.id, "version": contact.version, "provisional": contact.provisional}


def _key_rows(contact: Contact, *, without: Contact) -> list[dict[str, str]]:
    return [
        {"namespace": key.namespace, "value": key.value, "contact_id": contact.id, "origin": origin}
        for key, origin in contact.keys.items()
        if without.keys.get(key) != origin
    ]


def _consent_rows(change: Changed) -> list[dict[str, Any]]:
    return [
        {"contact_id": change.after.id, **act.told()}
        for key, act in change.after.consents.items()
        if change.before.consents.get(key) != act
    ]


async def _write_rows(session: AsyncSession, statement: TextClause, **named: list[dict[str, Any]]) -> None:
    [(name, rows)] = named.items()
    if rows:
        await session.execute(statement, {name: as_recordset(rows)})
