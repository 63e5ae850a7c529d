"""Forgetting a contact: in one commit the ledger knows them, what named them is gone here, their snapshots end, and everybody is told."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from intake.decisions.contacts import Contact
from intake.decisions.erasures.ledger import LedgerKey, suppressions
from intake.decisions.erasures.requests import without_words
from intake.decisions.persons import PersonKey
from intake.operations.erasures.ledger import ErasureLedger, remember
from intake.operations.erasures.requesting import everybody_of
from intake.operations.people import decide_alone, lock_people
from intake.tables import ErasureRow
from shared import quarantine
from shared.database import Database
from shared.events import Event, topics
from shared.events.contacts import ERASED_VERSION
from shared.events.erasures import ErasureOrdered
from shared.outbox import bury, forget_waiting, publish

_APPROVED = (
    select(ErasureRow)
    .where(ErasureRow.approved_at.is_not(None), ErasureRow.ordered_at.is_(None))
    .order_by(ErasureRow.approved_at, ErasureRow.id)
    .limit(1)
    .with_for_update(skip_locked=True, key_share=True)
)
_DROP_KEYS = text("DELETE FROM contact_keys WHERE contact_id = ANY (CAST(:ids AS text[]))")
_DROP_CONSENTS = text("DELETE FROM consents WHERE contact_id = ANY (CAST(:ids AS text[]))")
_DROP_CANDIDATES = text(
    """
    DELETE FROM contact_candidates
    WHERE state = 'waiting' AND (contact_id = ANY (CAST(:ids AS text[])) OR other_id = ANY (CAST(:ids AS text[])))
    """
)
# The place stays, for what the person did points there.
_EMPTY = text(
    f"""
    UPDATE contacts SET
        version = {ERASED_VERSION}, provisional = true, given_name = NULL, family_name = NULL, kind = NULL, specialty = NULL,
        credentials = NULL, postal_code = NULL, country = NULL, region = NULL, affiliations = '[]', segments = '[]', licences = '[]',
        updated_at = :now
    WHERE id = ANY (CAST(:ids AS text[]))
    """  # noqa: S608  (ours)
)


async def erase_approved(database: Database, erasures: ErasureLedger, *, now: datetime) -> int:
    """Forgets the contact whose erasure was approved longest ago; gives how many that were, one or none."""
    async with database.transaction() as session:
        row = await session.scalar(_APPROVED)
        if row is None:
            return 0
        await _erase(session, row, erasures, now=now)
    return 1


async def _erase(session: AsyncSession, row: ErasureRow, erasures: ErasureLedger, *, now: datetime) -> None:
    await forget_waiting(session, topics.CONTACTS, row.contact_ids)  # before anything is held: a slow relay must hold up nobody else
    await decide_alone(session)  # whoever is merged with them from now on finds them gone
    people = await lock_people(session, row.contact_ids)
    survivor_id = people.survivor_of(row.contact_id)
    ids = list(dict.fromkeys([*everybody_of(people, survivor_id), *row.contact_ids]))
    contacts = people.contacts.values()
    keys = sorted({key for contact in contacts for key in contact.keys})
    denied = suppressions(people.told(survivor_id).consents.values()) if survivor_id in people.contacts else ()
    hashes = await remember(session, erasures.key, contact_ids=ids, keys=keys, acts=denied, now=now)
    for drop in (_DROP_KEYS, _DROP_CONSENTS):
        await session.execute(drop, {"ids": ids})
    await session.execute(_EMPTY, {"ids": ids, "now": now})
    await session.execute(_DROP_CANDIDATES, {"ids": ids})
    await quarantine.forget(session, topics.CONTACTS, ids)
    erased = {"contacts": len(ids), "keys": len(keys), "consents": sum(len(contact.consents) for contact in contacts)}
    stays = {"ledger_hashes": hashes, "suppressions": len(denied)}
    await session.execute(
        update(ErasureRow)
        .where(ErasureRow.id == row.id)
        .values(
            ordered_at=now,
            contact_ids=ids,
            traces=[[key.namespace, key.value] for key in keys],
            erased={"erased": erased, "kept": stays},
            reason=without_words(row.reason, list(_words(contacts))),
        )
    )
    await bury(session, topics.CONTACTS, ids)
    orders = [
        _order(row.id, contact_id, survivor_id if contact_id in people.aliases else None, erasures.key, now=now) for contact_id in ids
    ]
    await publish(session, orders)


def keys_in(traces: Sequence[Sequence[str]]) -> list[PersonKey]:
    """The keys that an erasure's receipts are searched for."""
    return [PersonKey(namespace, value) for namespace, value in traces]


def counted(so_far: Mapping[str, Any], **more: int) -> dict[str, Any]:
    """The counts of what was erased, with these added."""
    erased = dict(so_far.get("erased", {}))
    for kind, number in more.items():
        erased[kind] = erased.get(kind, 0) + number
    return {**so_far, "erased": erased}


def _words(contacts: Iterable[Contact]) -> Iterable[str]:
    for contact in contacts:
        yield from (key.value for key in contact.keys)
        if contact.entry is not None:
            yield from (contact.entry.given_name, contact.entry.family_name)


def _order(erasure_id: UUID, contact_id: str, merged_into: str | None, key: LedgerKey, *, now: datetime) -> Event:
    seal = key.of_order(str(erasure_id), contact_id).hex()
    fact = ErasureOrdered(erasure_id=str(erasure_id), contact_id=contact_id, merged_into=merged_into, ordered_at=now, seal=seal)
    return Event.of(fact, occurred_at=now, recorded_at=now, correlation_id=erasure_id)
