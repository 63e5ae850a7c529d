"""A contact as it stands: what the directory states of it, what its acts taught us, and what it allows."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from intake.decisions.consents import ConsentAct, Consents, merged
from intake.decisions.persons import KeyOrigin, PersonKey
from shared.events.contacts import ERASED_VERSION, Affiliation, ContactSnapshot, Licence
from shared.events.facts import Part

# Who shows more keys than anybody has is a placeholder ("unknown", "0") sent for many people; its snapshot must still fit a record.
LEARNT_KEYS_MAX = 100


class DirectoryEntry(Part):
    """What a directory states of a person. Names live here and on the `contacts` topic, nowhere else."""

    given_name: str
    family_name: str
    kind: str
    specialty: str
    credentials: str | None
    affiliations: tuple[Affiliation, ...]
    postal_code: str
    country: str
    region: str | None
    segments: tuple[str, ...]
    licences: tuple[Licence, ...]


@dataclass(frozen=True, slots=True)
class Contact:
    """One person. `entry` None means provisional: known by acts alone. `version` grows with every change and 0 was never told.

    `first_seen_at` None: it isn't on record yet. `merged_into` is the contact that stands for this one, and is told, never stored here.
    """

    id: str
    version: int = 0
    entry: DirectoryEntry | None = None
    keys: Mapping[PersonKey, KeyOrigin] = field(default_factory=dict)
    consents: Consents = field(default_factory=dict)
    first_seen_at: datetime | None = None
    merged_into: str | None = None

    @property
    def provisional(self) -> bool:
        """Whether no directory has stated this person yet."""
        return self.entry is None

    @property
    def is_forgotten(self) -> bool:
        """Whether this is only the place of somebody who was erased: what they did still points here."""
        return self.version == ERASED_VERSION


def restated(contact: Contact, *, entry: DirectoryEntry, keys: Iterable[PersonKey], acts: Iterable[ConsentAct]) -> Contact:
    """The contact as a directory now states it, whole: keys it no longer states go, keys we learnt stay, consent acts join."""
    stated: dict[PersonKey, KeyOrigin] = dict.fromkeys(keys, "stated")
    learnt = {key: origin for key, origin in contact.keys.items() if origin == "learnt" and key not in stated}
    return _numbered(contact, replace(contact, entry=entry, keys={**stated, **learnt}, consents=merged(contact.consents, acts)))


def taught(contact: Contact, *, keys: Iterable[PersonKey], acts: Iterable[ConsentAct]) -> Contact:
    """The contact after acts that showed further keys of the same person, or what the person allows."""
    room = max(0, LEARNT_KEYS_MAX - list(contact.keys.values()).count("learnt"))
    learnt: dict[PersonKey, KeyOrigin] = dict.fromkeys(sorted(keys)[:room], "learnt")
    return _numbered(contact, replace(contact, keys={**learnt, **contact.keys}, consents=merged(contact.consents, acts)))


def _numbered(before: Contact, after: Contact) -> Contact:
    return after if after == before and before.version else replace(after, version=before.version + 1)


def external_ids(contact: Contact) -> dict[str, str]:
    """The person's id in each platform and register; where a platform gave several, the directory's word, else the lowest."""
    ranked = sorted(contact.keys.items(), key=lambda item: (item[1] != "stated", item[0]))
    found: dict[str, str] = {}
    for key, _ in ranked:
        if key.namespace.startswith("id:"):
            found.setdefault(key.namespace.removeprefix("id:"), key.value)
    return dict(sorted(found.items()))


def emails(contact: Contact) -> list[str]:
    """The person's e-mail addresses: the directory's first, each group in order of the alphabet."""
    ranked = sorted(contact.keys.items(), key=lambda item: (item[1] != "stated", item[0]))
    return [key.value for key, _ in ranked if key.namespace == "email"]


def snapshot(contact: Contact) -> ContactSnapshot:
    """What the `contacts` topic says of the person now."""
    stated = contact.entry.model_dump() if contact.entry is not None else {}
    return ContactSnapshot.model_validate(
        {
            **stated,
            "contact_id": contact.id,
            "version": contact.version,
            "provisional": contact.provisional,
            "merged_into": contact.merged_into,
            "external_ids": external_ids(contact),
            "emails": emails(contact),
            "consents": [act.told() for _, act in sorted(contact.consents.items())],
        }
    )
