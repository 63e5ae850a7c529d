"""Taking a directory's contacts: each row states a person whole; what it changes is told in snapshots."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from intake.decisions.consents import ConsentAct
from intake.decisions.contacts import DirectoryEntry
from intake.decisions.directory import BY_DIRECTORY, Refused, StatedContact, Taken, take, take_merge
from intake.decisions.people import People
from intake.decisions.persons import PersonKey, contact_key, email_key, external_key
from intake.operations import candidates
from intake.operations.contacts import require_unforgotten
from intake.operations.erasures.ledger import ErasureLedger
from intake.operations.erasures.returning import who_return
from intake.operations.people import decide_alone, keep_people, lock_people
from intake.operations.recognising import Owners, owners_of
from intake.rows import ContactRow
from shared import outbox
from shared.bodies import Answer
from shared.problems import FieldError
from shared.upserts import RejectedRow, Rows, UpsertVerdict


class RowAlias(Answer):
    """A row whose id leads to a contact under another, which it had before the directory named it or was merged into."""

    row: int
    id: str
    contact_id: str


class LeftOut(Answer):
    """Fields of a taken row that were not: they are somebody else's. The candidates say which two wait to be decided about."""

    row: int
    errors: list[FieldError]
    candidate_ids: list[UUID]


class ContactsVerdict(UpsertVerdict):
    """What became of each row. `aliases` and `left_out` are there when there are any: most answers are those of any other list of rows."""

    aliases: list[RowAlias] = []
    left_out: list[LeftOut] = []


async def upsert_contacts(
    session: AsyncSession, rows: Rows[ContactRow], *, correlation_id: UUID, erasures: ErasureLedger, now: datetime
) -> ContactsVerdict:
    """Takes the rows that can be taken and says what became of each."""
    returning = await who_return(session, [_stated(number, row) for number, row in rows.good], erasures=erasures)
    stated = returning.stated
    before = await _people_of(session, stated, since=returning.as_of)
    require_unforgotten(before.contacts.values())
    people = before.copy()
    outcomes = [take(people, row, now=now) for row in stated]
    taken = [one for one in outcomes if isinstance(one, Taken)]
    unmerged = {one.stated.row: error for one in taken if (error := take_merge(people, one.stated, now=now)) is not None}
    journeys = {people.survivor_of(contact_id): correlation_id for contact_id in people.contacts}
    await outbox.publish(session, await keep_people(session, before, people, journeys=journeys, now=now))
    await returning.keep(session, {one.stated.contact_id: one.after.id for one in taken})
    pairs = [pair for one in taken for pair in one.pairs]
    await candidates.propose(session, pairs, now=now)
    await _note_merges(session, taken, people, now=now)
    return ContactsVerdict(
        **_counts(rows, outcomes),
        aliases=[
            RowAlias(row=one.stated.row, id=named, contact_id=survivor_id)
            for one in taken
            for named in [returning.directory_ids.get(one.stated.contact_id, one.stated.contact_id)]
            if (survivor_id := people.survivor_of(one.stated.contact_id)) != named
        ],
        left_out=_left_out(taken, unmerged, await candidates.ids_of(session, pairs, now=now)),
    )


async def _people_of(session: AsyncSession, stated: Sequence[StatedContact], *, since: datetime | None) -> People:
    """Everybody the rows speak of, locked. Where rows may make one person of several, nobody else says who is who meanwhile."""
    keys = {key for contact in stated for key in (contact_key(contact.contact_id), *contact.keys)}
    owners = await owners_of(session, keys, since=since)
    if any(contact.merged_into is not None or _meets_others(contact, owners) for contact in stated):
        await decide_alone(session)
        owners = await owners_of(session, keys, since=since)
    named = {contact_id for contact in stated for contact_id in (contact.contact_id, contact.merged_into) if contact_id is not None}
    return await lock_people(session, {*named, *owners.contact_ids.values()})


def _meets_others(contact: StatedContact, owners: Owners) -> bool:
    own = owners.survivor_of(contact_key(contact.contact_id))
    return any(owners.survivor_of(key) not in (None, own) for key in contact.keys)


async def _note_merges(session: AsyncSession, taken: Sequence[Taken], people: People, *, now: datetime) -> None:
    for one in taken:
        if one.stated.merged_into is not None:
            survivor_id = people.survivor_of(one.stated.contact_id)
            await candidates.note_merged(session, [survivor_id, *people.aliases_of(survivor_id)], by=BY_DIRECTORY, now=now)


def _counts(rows: Rows[ContactRow], outcomes: Sequence[Taken | Refused]) -> dict[str, Any]:
    taken = [one for one in outcomes if isinstance(one, Taken)]
    refused = [one for one in outcomes if isinstance(one, Refused)]
    rejected = [RejectedRow(row=one.row, errors=[FieldError(*error) for error in one.errors]) for one in refused]
    return {
        "created": sum(one.before.version == 0 for one in taken),
        "updated": sum(one.before.version > 0 and one.after != one.before for one in taken),
        "unchanged": sum(one.after == one.before for one in taken),
        "rejected": sorted([*rows.rejected, *rejected], key=lambda one: one.row),
    }


def _left_out(taken: Sequence[Taken], unmerged: Mapping[int, tuple[str, str]], ids: Mapping[tuple[str, str], UUID]) -> list[LeftOut]:
    left = []
    for one in taken:
        row = one.stated.row
        errors = [FieldError(*error) for error in (*one.left_out, *([unmerged[row]] if row in unmerged else []))]
        if errors:
            candidate_ids = [ids[pair.contact_id, pair.other_id] for pair in one.pairs]
            left.append(LeftOut(row=row, errors=errors, candidate_ids=candidate_ids))
    return left


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
        merged_into=row.merged_into,
    )


def _keys(row: ContactRow) -> dict[PersonKey, str]:
    candidates = [(external_key(name, value), f"/external_ids/{name}") for name, value in row.external_ids.items()]
    candidates += [(email_key(address), f"/emails/{index}") for index, address in enumerate(row.emails)]
    keys: dict[PersonKey, str] = {}
    for key, pointer in candidates:
        if key is not None:
            keys.setdefault(key, pointer)
    return keys
