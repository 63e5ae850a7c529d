"""Who is who: contacts that are one person, which of their ids survived, and what is told of each.

A merge is a pointer. Every contact keeps the keys, consents and directory entry that came to it, whatever it is merged into, and what is
told of a person is computed from all their contacts: taking the pointer away is all an unmerge is.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from intake.decisions.consents import strictest
from intake.decisions.contacts import Contact
from intake.decisions.persons import REGISTERS, KeyOrigin, Meeting, PersonKey

_NOT_YET = datetime.max.replace(tzinfo=UTC)

Registers = Mapping[str, Collection[str]]
"""A person's numbers in the registers where everybody has one, by namespace."""


@dataclass(frozen=True, slots=True)
class Alias:
    """An id that leads to a contact under another. `into` is whom it was joined to, `contact_id` who stands for both now: they differ
    once that one was merged too. The alias is a contact of its own that was merged, or only a name the directory has for one.

    `made_by`: `directory`, `act`, or the `sub` of who asked for it.
    """

    id: str
    into: str
    contact_id: str
    since: datetime
    made_by: str


@dataclass(frozen=True, slots=True)
class Pair:
    """Two contacts that may be one person, in the order of their ids, and the kinds of keys that say so."""

    contact_id: str
    other_id: str
    kinds: frozenset[str]

    @classmethod
    def of(cls, one: str, another: str, kinds: Iterable[str]) -> "Pair":
        contact_id, other_id = sorted((one, another))
        return cls(contact_id, other_id, frozenset(kinds))


@dataclass(frozen=True, slots=True)
class Changed:
    """A contact as it was and is on record, and as it is to be told. One that is new has version 0 in `before`."""

    before: Contact
    after: Contact
    told: Contact


class People:
    """A working copy of contacts, together with every contact that is the same person. `apart` are pairs somebody said are two people."""

    def __init__(self, contacts: Iterable[Contact] = (), aliases: Iterable[Alias] = (), *, apart: Iterable[tuple[str, str]] = ()) -> None:
        self.contacts = {contact.id: contact for contact in contacts}
        self.aliases = {alias.id: alias for alias in aliases}
        self.owners: dict[PersonKey, str] = {key: contact.id for contact in self.contacts.values() for key in contact.keys}
        self._apart = {frozenset(pair) for pair in apart}
        self._ids: defaultdict[str, set[str]] = defaultdict(set)
        for alias in self.aliases.values():
            self._ids[alias.contact_id].add(alias.id)

    def copy(self) -> "People":
        """The same people, to be changed apart from these."""
        return People(self.contacts.values(), self.aliases.values(), apart=[(min(pair), max(pair)) for pair in self._apart])

    def survivor_of(self, contact_id: str) -> str:
        """Who stands for the id: itself, if it was joined to nobody."""
        alias = self.aliases.get(contact_id)
        return contact_id if alias is None else alias.contact_id

    def is_somebody(self, contact_id: str) -> bool:
        """Whether the id leads to a contact, and not to the place of somebody who was erased."""
        found = self.contacts.get(self.survivor_of(contact_id))
        return found is not None and not found.is_forgotten

    def aliases_of(self, survivor_id: str) -> list[str]:
        """The other ids of the person, in order."""
        return sorted(self._ids.get(survivor_id, ()))

    def stated_as(self, directory_id: str) -> str | None:
        """The contact that a directory's row of that id describes; None if it is a new one.

        An id that the directory described before it was merged goes on describing that part; any other alias leads to the survivor.
        """
        own = self.contacts.get(directory_id)
        if directory_id in self.aliases:
            return directory_id if own is not None and not own.provisional else self.survivor_of(directory_id)
        return None if own is None else directory_id

    def told(self, contact_id: str) -> Contact:
        """The contact as it is to be told: a survivor with all keys of the person, anyone with what the whole person allows.

        Of one that was merged before a directory named it, what the directory says of the survivor is told.
        """
        own, survivor_id = self.contacts[contact_id], self.survivor_of(contact_id)
        merged = [alias for alias_id in self._ids.get(survivor_id, ()) if (alias := self.aliases[alias_id]).id in self.contacts]
        if not merged:
            return own
        parts = [self.contacts[alias.id] for alias in merged]
        survivor = self.contacts[survivor_id]
        consents = strictest([part.consents for part in (survivor, *parts)], since=max(alias.since for alias in merged))
        if contact_id != survivor_id:
            return replace(own, entry=own.entry or survivor.entry, consents=consents, merged_into=survivor_id)
        of_parts: dict[PersonKey, KeyOrigin] = {key: "learnt" for part in parts for key in part.keys}
        return replace(own, keys={**of_parts, **own.keys}, consents=consents)

    def put(self, contact: Contact) -> None:
        """The contact as it is on record from now on. Keys it no longer has are nobody's."""
        before = self.contacts.get(contact.id)
        for key in before.keys if before is not None else ():
            if self.owners.get(key) == contact.id:
                del self.owners[key]
        self.contacts[contact.id] = contact
        self.owners.update(dict.fromkeys(contact.keys, contact.id))

    def name(self, directory_id: str, contact_id: str, *, at: datetime, made_by: str) -> None:
        """Another id of the contact, under which nobody is known."""
        self._point(Alias(directory_id, contact_id, self.survivor_of(contact_id), at, made_by))

    def merge(self, old_id: str, into_id: str, *, at: datetime, made_by: str) -> None:
        """One survivor is another from now on, with everybody who was merged into them."""
        survivor_id = self.survivor_of(into_id)
        for alias_id in self._ids.pop(old_id, set()):
            self._point(replace(self.aliases[alias_id], contact_id=survivor_id))
        self._point(Alias(old_id, survivor_id, survivor_id, at, made_by))

    def unmerge(self, contact_id: str) -> None:
        """A contact that was merged stands for itself again, with everybody who came along with it."""
        alias = self.aliases.pop(contact_id)
        ids = self._ids.pop(alias.contact_id) - {contact_id}
        for alias_id in ids:
            self._point(replace(self.aliases[alias_id], contact_id=self._end_of(alias_id)))

    def may_be_one(self, one: str, another: str, *, also: Registers = {}) -> bool:  # noqa: B006  (read only)
        """Whether two survivors may be joined without anybody's word: at most one of them is identified, and nothing says they are two.

        `also`: numbers that the first is known to have besides.
        """
        if not (self.contacts[one].provisional or self.contacts[another].provisional):
            return False
        return not self.is_kept_apart(one, another) and not clash(self.registers_of(one, also=also), self.registers_of(another))

    def is_kept_apart(self, one: str, another: str) -> bool:
        """Whether somebody said that these are two people, or said so of contacts that they stand for."""
        apart = frozenset((one, another))
        return any({self.survivor_of(contact_id) for contact_id in pair} == apart for pair in self._apart)

    def registers_of(self, survivor_id: str, *, also: Registers = {}) -> Registers:  # noqa: B006  (read only)
        """The person's numbers in the registers, and these besides."""
        found = {namespace: set(values) for namespace, values in also.items()}
        for key in self.told(survivor_id).keys:
            if key.namespace in REGISTERS:
                found.setdefault(key.namespace, set()).add(key.value)
        return found

    def _point(self, alias: Alias) -> None:
        self.aliases[alias.id] = alias
        self._ids[alias.contact_id].add(alias.id)

    def _end_of(self, contact_id: str) -> str:
        while contact_id in self.aliases:
            contact_id = self.aliases[contact_id].into
        return contact_id


def clash(one: Registers, another: Registers) -> bool:
    """Whether a register has one number for the one and other ones for the other."""
    return any(not set(values) & set(another[namespace]) for namespace, values in one.items() if namespace in another)


def by_standing(people: People, survivor_ids: Iterable[str]) -> list[str]:
    """The contacts in the order in which they survive a merge: whom a directory named, then who was seen first."""

    def standing(contact_id: str) -> tuple[bool, datetime, str]:
        contact = people.contacts[contact_id]
        return contact.provisional, contact.first_seen_at or _NOT_YET, contact_id

    return sorted(survivor_ids, key=standing)


@dataclass(frozen=True, slots=True)
class Parted:
    """A contact that stands for itself again, whose it was, and the ids that went with it and those that stayed."""

    contact_id: str
    from_id: str
    gone: Collection[str]
    stayed: Collection[str]


def part(people: People, contact_id: str) -> Parted | None:
    """Undoes the merge of a contact; None if it is merged into nobody."""
    if contact_id not in people.aliases or contact_id not in people.contacts:
        return None
    from_id = people.survivor_of(contact_id)
    people.unmerge(contact_id)
    gone, stayed = ([one, *people.aliases_of(one)] for one in (contact_id, from_id))
    return Parted(contact_id, from_id, gone, stayed)


def meet(people: People, meetings: Sequence[Meeting], *, at: datetime) -> list[Pair]:
    """Joins those whom acts showed to be one person; gives the pairs that somebody must decide about.

    Who was only to be made by an act that somebody else told first isn't here, and meets nobody.
    """
    pairs = []
    for meeting in meetings:
        first, second = people.survivor_of(meeting.first), people.survivor_of(meeting.second)
        if first == second or first not in people.contacts or second not in people.contacts:
            continue
        if people.may_be_one(first, second):
            survivor_id, old_id = by_standing(people, (first, second))
            people.merge(old_id, survivor_id, at=at, made_by="act")
        else:
            pairs.append(Pair.of(first, second, meeting.kinds))
    return pairs


def changed(before: People, after: People) -> Iterator[Changed]:
    """Every contact that is on record or to be told otherwise than before, with a higher version."""
    for contact_id in sorted(after.contacts):
        own, was = after.contacts[contact_id], before.contacts.get(contact_id, Contact(contact_id))
        told = after.told(contact_id)
        was_told = before.told(contact_id) if contact_id in before.contacts else was
        if own == was and told == was_told:
            continue
        version = max(own.version, was.version + 1)
        yield Changed(was, replace(own, version=version), replace(told, version=version))
