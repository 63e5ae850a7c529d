"""Taking a directory's rows: whom each describes, whom it makes one person, and what of it can't be taken.

A row whose keys are provisional contacts' names them: the one seen first survives, and the row's id becomes another id of it. A key that
leads to somebody a directory named already is left out, and the two wait for somebody's word.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from intake.decisions.consents import ConsentAct
from intake.decisions.contacts import Contact, DirectoryEntry, restated
from intake.decisions.moments import AHEAD_MAX
from intake.decisions.people import Pair, People, Registers, by_standing, clash
from intake.decisions.persons import REGISTERS, PersonKey, kind_of

BY_DIRECTORY = "directory"


@dataclass(frozen=True, slots=True)
class StatedContact:
    """A row of a directory. `keys` come with the JSON pointer of the field that states them, and so do the `acts`.

    `merged_into`: the id whose contact the directory says this one is, or None.
    """

    row: int
    contact_id: str
    entry: DirectoryEntry
    keys: Mapping[PersonKey, str]
    acts: Sequence[tuple[str, ConsentAct]]
    merged_into: str | None = None


@dataclass(frozen=True, slots=True)
class Refused:
    """What of a row can't be taken, all of it or some fields, and why."""

    row: int
    errors: Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Taken:
    """A row that was taken: the contact it describes, and the pairs its disputed keys make."""

    stated: StatedContact
    before: Contact
    after: Contact
    left_out: Sequence[tuple[str, str]] = ()
    pairs: Sequence[Pair] = ()


def take(people: People, row: StatedContact, *, now: datetime) -> Taken | Refused:
    """What becomes of a row; of two rows that state the same key the first has it. Whom it describes is changed in `people`."""
    if errors := list(_acts_to_come(row, now=now)):
        return Refused(row.row, errors)
    contact_id = people.stated_as(row.contact_id)
    survivor_id = None if contact_id is None else people.survivor_of(contact_id)
    met = _met(people, row, survivor_id)
    joined = _joinable(people, row, survivor_id, met) if met else []
    if contact_id is None or survivor_id is None:
        contact_id = survivor_id = joined.pop(0) if joined else row.contact_id
        if contact_id != row.contact_id:
            people.name(row.contact_id, contact_id, at=now, made_by=BY_DIRECTORY)
    for old_id in joined:
        people.merge(old_id, survivor_id, at=now, made_by=BY_DIRECTORY)
    disputed = {other: keys for other, keys in met.items() if people.survivor_of(other) != survivor_id}
    keys = _keys_to_state(people, row, contact_id, but={key for keys in disputed.values() for key in keys})
    before = people.contacts.get(contact_id, Contact(contact_id))
    after = restated(before, entry=row.entry, keys=keys, acts=[act for _, act in row.acts])
    people.put(after)
    return Taken(
        stated=row,
        before=before,
        after=after,
        left_out=[
            (row.keys[key], f"leads to contact {other}, so it was left out; the candidate says whether that waits to be decided")
            for other, keys in disputed.items()
            for key in keys
        ],
        pairs=[Pair.of(survivor_id, other, map(kind_of, keys)) for other, keys in disputed.items()],
    )


def take_merge(people: People, row: StatedContact, *, now: datetime) -> tuple[str, str] | None:
    """Joins a row's contact to whom the directory says it is; gives the field and the reason if that can't be."""
    if row.merged_into is None:
        return None
    match joining(people, row.contact_id, row.merged_into):
        case Join(old_id, into_id):
            people.merge(old_id, into_id, at=now, made_by=BY_DIRECTORY)
            return None
        case AlreadyOne():
            return None
        case CannotJoin(reason=reason):
            return "/merged_into", reason


@dataclass(frozen=True, slots=True)
class Join:
    """Two survivors that are to become one."""

    old_id: str
    into_id: str


@dataclass(frozen=True, slots=True)
class AlreadyOne:
    """Both ids lead to this contact."""

    survivor_id: str


@dataclass(frozen=True, slots=True)
class CannotJoin:
    """Why two ids can't be made one. `unknown` is the id that is nobody's, if that is why."""

    reason: str
    unknown: str | None = None


def joining(people: People, old_id: str, into_id: str) -> Join | AlreadyOne | CannotJoin:
    """What somebody's word that `old_id` is `into_id` comes to."""
    for contact_id in (old_id, into_id):
        if not people.is_somebody(contact_id):
            return CannotJoin(f"there is no contact {contact_id}", unknown=contact_id)
    old, into = people.survivor_of(old_id), people.survivor_of(into_id)
    if old == into:
        return AlreadyOne(into)
    if old_id != old and old_id in people.contacts:
        return CannotJoin(f"contact {old_id} is merged into {old} already")
    if people.contacts[into].provisional and not people.contacts[old].provisional:
        return CannotJoin(f"no directory names contact {into}, so it can't stand for one that is named; merge it into {old}")
    return Join(old, into)


def _met(people: People, row: StatedContact, survivor_id: str | None) -> dict[str, list[PersonKey]]:
    """The row's keys that are other people's, by who stands for those."""
    met: dict[str, list[PersonKey]] = {}
    for key in row.keys:
        owner_id = people.owners.get(key)
        if owner_id is not None and (other := people.survivor_of(owner_id)) != survivor_id:
            met.setdefault(other, []).append(key)
    return met


def _joinable(people: People, row: StatedContact, survivor_id: str | None, met: Mapping[str, Sequence[PersonKey]]) -> list[str]:
    """Those of the people met whom the row may take in, first seen first: provisional ones whom nothing sets apart from it."""
    stated = _registers_in(row)
    held = stated if survivor_id is None else people.registers_of(survivor_id, also=stated)
    joinable: list[str] = []
    for other in by_standing(people, met):
        found = people.registers_of(other)
        set_apart = any(people.is_kept_apart(other, one) for one in (survivor_id, *joinable) if one is not None)
        if people.contacts[other].provisional and not clash(held, found) and not set_apart:
            joinable.append(other)
            held = {namespace: {*held.get(namespace, ()), *found.get(namespace, ())} for namespace in {*held, *found}}
    return joinable


def _registers_in(row: StatedContact) -> Registers:
    return {key.namespace: {key.value} for key in row.keys if key.namespace in REGISTERS}


def _keys_to_state(people: People, row: StatedContact, contact_id: str, *, but: set[PersonKey]) -> list[PersonKey]:
    """The keys that are the described contact's from now on. One learnt from acts of a merged part moves; one stated there stays."""
    kept = []
    for key in row.keys:
        owner_id = people.owners.get(key, contact_id)
        owner = None if owner_id == contact_id else people.contacts[owner_id]
        if key in but or (owner is not None and owner.keys[key] == "stated"):
            continue
        if owner is not None:
            people.put(replace(owner, keys={held: origin for held, origin in owner.keys.items() if held != key}))
        kept.append(key)
    return kept


def _acts_to_come(contact: StatedContact, *, now: datetime) -> Iterator[tuple[str, str]]:
    """A consent dated in the future would outrank every act until then."""
    for pointer, act in contact.acts:
        if act.at is not None and act.at > now + AHEAD_MAX:
            yield pointer, "lies in the future"
