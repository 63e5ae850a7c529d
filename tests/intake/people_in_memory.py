"""People in memory, and everything that can happen to them: what a commit keeps, without a database."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import count

from intake.decisions.consents import ConsentAct
from intake.decisions.contacts import Contact, DirectoryEntry, taught
from intake.decisions.directory import AlreadyOne, CannotJoin, Join, Refused, StatedContact, Taken, joining, take, take_merge
from intake.decisions.people import Pair, People, changed, meet, part
from intake.decisions.persons import PersonKey, recognise

BEGIN = datetime(2026, 3, 1, tzinfo=UTC)
ENTRY = DirectoryEntry(
    given_name="Ada",
    family_name="Example",
    kind="prescriber",
    specialty="cardiology",
    credentials=None,
    affiliations=(),
    postal_code="60601",
    country="US",
    region=None,
    segments=(),
    licences=(),
)


@dataclass
class World:
    """People in memory, and everything that can happen to them, one thing after the other."""

    people: People = field(default_factory=People)
    numbers: "count[int]" = field(default_factory=count)
    waiting: set[Pair] = field(default_factory=set)
    merged_by_word: bool = False

    def now(self) -> datetime:
        return BEGIN + timedelta(minutes=next(self.numbers))

    def keep(self, before: People) -> None:
        """What a commit does: versions grow, and new contacts have been seen."""
        at = self.now()
        for change in changed(before, self.people):
            self.people.put(replace(change.after, first_seen_at=change.before.first_seen_at or at))

    def act(self, *keys: PersonKey, acts: Sequence[ConsentAct] = ()) -> str:
        """Somebody shows these keys; gives who it was taken to be."""
        before = self.people.copy()
        survivors = {contact_id: self.people.survivor_of(contact_id) for contact_id in self.people.contacts}
        fresh = f"new-{next(self.numbers):04}"
        found = recognise([keys], owners=self.people.owners, fresh_ids=[fresh], survivors=survivors)
        [contact_id] = found.contact_ids
        contact = self.people.contacts.get(contact_id, Contact(contact_id))
        self.people.put(taught(contact, keys=found.learnt, acts=acts))
        self.waiting |= set(meet(self.people, found.meetings, at=self.now()))
        self.keep(before)
        return self.people.survivor_of(contact_id)

    def row(self, directory_id: str, *keys: PersonKey, merged_into: str | None = None, acts: Sequence[ConsentAct] = ()) -> Taken | Refused:
        before = self.people.copy()
        pointers = {key: f"/{number}" for number, key in enumerate(keys)}
        stated = StatedContact(1, directory_id, ENTRY, pointers, [("/consents/0/at", act) for act in acts], merged_into)
        taken = take(self.people, stated, now=self.now())
        if isinstance(taken, Taken):
            self.waiting |= set(taken.pairs)
            if take_merge(self.people, stated, now=self.now()) is None and merged_into is not None:
                self.merged_by_word = True
        self.keep(before)
        return taken

    def merge(self, old_id: str, into_id: str) -> Join | AlreadyOne | CannotJoin:
        before = self.people.copy()
        decided = joining(self.people, old_id, into_id)
        if isinstance(decided, Join):
            self.people.merge(decided.old_id, decided.into_id, at=self.now(), made_by="olga")
            self.merged_by_word = True
        self.keep(before)
        return decided

    def unmerge(self, contact_id: str) -> None:
        before = self.people.copy()
        parted = part(self.people, contact_id)
        if parted is not None:
            pair = contact_id, before.aliases[contact_id].into
            self.people = People(self.people.contacts.values(), self.people.aliases.values(), apart=[pair])
        self.keep(before)

    def persons(self) -> dict[str, list[Contact]]:
        found: dict[str, list[Contact]] = {}
        for contact in self.people.contacts.values():
            found.setdefault(self.people.survivor_of(contact.id), []).append(contact)
        return found

    def partition(self) -> set[frozenset[PersonKey]]:
        """Which keys are one person's."""
        found = {survivor: {key for part in parts for key in part.keys} for survivor, parts in self.persons().items()}
        return {frozenset(keys) for keys in found.values() if keys}

    def told(self) -> dict[str, Contact]:
        return {contact_id: replace(self.people.told(contact_id), version=0) for contact_id in self.people.contacts}
