"""Taking a directory's contacts: each row states a person whole; what it changes is told in a snapshot."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from intake.decisions.consents import ConsentAct
from intake.decisions.contacts import Contact, DirectoryEntry, restated
from intake.decisions.directory import StatedContact, settle
from intake.decisions.persons import PersonKey, contact_key, email_key, external_key
from intake.operations.contacts import Change, keep_contacts, lock_contacts
from intake.operations.recognising import owners_of
from intake.rows import ContactRow
from shared import outbox
from shared.problems import FieldError
from shared.upserts import RejectedRow, Rows, UpsertVerdict


async def upsert_contacts(session: AsyncSession, rows: Rows[ContactRow], *, correlation_id: UUID, now: datetime) -> UpsertVerdict:
    """Takes the rows that can be taken and says what became of each."""
    stated = [_stated(number, row) for number, row in rows.good]
    keys = {key for contact in stated for key in (contact_key(contact.contact_id), *contact.keys)}
    owners = await owners_of(session, keys)
    taken, refused = settle(stated, owners=owners.contact_ids, now=now)
    changes = await _changes(session, taken, correlation_id=correlation_id)
    await outbox.publish(session, await keep_contacts(session, changes, now=now))
    rejected = [RejectedRow(row=one.row, errors=[FieldError(*error) for error in one.errors]) for one in refused]
    return UpsertVerdict(
        created=sum(change.before.version == 0 for change in changes),
        updated=sum(change.before.version > 0 and change.after != change.before for change in changes),
        unchanged=sum(change.after == change.before for change in changes),
        rejected=sorted([*rows.rejected, *rejected], key=lambda one: one.row),
    )


async def _changes(session: AsyncSession, taken: Sequence[StatedContact], *, correlation_id: UUID) -> list[Change]:
    known = await lock_contacts(session, [contact.contact_id for contact in taken])
    changes = []
    for contact in taken:
        before = known.get(contact.contact_id, Contact(contact.contact_id))
        after = restated(before, entry=contact.entry, keys=contact.keys, acts=[act for _, act in contact.acts])
        changes.append(Change(before, after, correlation_id))
    return changes


def _stated(number: int, row: ContactRow) -> StatedContact:
    return StatedContact(
        row=number,
        contact_id=row.id,
        entry=DirectoryEntry.model_validate(row.model_dump()),
        keys=_keys(row),
        acts=[
            (
                f"/consents/{index}/at",
                ConsentAct(act.channel, act.purpose, act.state, act.at, act.evidence, act.legal_basis),
            )
            for index, act in enumerate(row.consents)
        ],
    )


def _keys(row: ContactRow) -> dict[PersonKey, str]:
    candidates = [(external_key(name, value), f"/external_ids/{name}") for name, value in row.external_ids.items()]
    candidates += [(email_key(address), f"/emails/{index}") for index, address in enumerate(row.emails)]
    keys: dict[PersonKey, str] = {}
    for key, pointer in candidates:
        if key is not None:
            keys.setdefault(key, pointer)
    return keys
