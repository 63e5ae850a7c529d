"""Whether a directory's rows can be taken: a key belongs to one contact, and contacts aren't joined here."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from intake.decisions.consents import ConsentAct
from intake.decisions.contacts import DirectoryEntry
from intake.decisions.moments import AHEAD_MAX
from intake.decisions.persons import PersonKey


@dataclass(frozen=True, slots=True)
class StatedContact:
    """A row of a directory. `keys` come with the JSON pointer of the field that states them, and so do the `acts`."""

    row: int
    contact_id: str
    entry: DirectoryEntry
    keys: Mapping[PersonKey, str]
    acts: Sequence[tuple[str, ConsentAct]]


@dataclass(frozen=True, slots=True)
class Refused:
    """A row that can't be taken: which fields, and why."""

    row: int
    errors: Sequence[tuple[str, str]]


def settle(stated: Sequence[StatedContact], *, owners: Mapping[PersonKey, str], now: datetime) -> tuple[list[StatedContact], list[Refused]]:
    """The rows that can be taken, and those that can't. Of two rows that state the same key the first has it."""
    owned = dict(owners)
    taken: list[StatedContact] = []
    refused: list[Refused] = []
    for contact in stated:
        errors = [*_foreign_keys(contact, owned), *_acts_to_come(contact, now=now)]
        if errors:
            refused.append(Refused(contact.row, errors))
            continue
        owned.update(dict.fromkeys(contact.keys, contact.contact_id))
        taken.append(contact)
    return taken, refused


def _foreign_keys(contact: StatedContact, owned: Mapping[PersonKey, str]) -> list[tuple[str, str]]:
    return [
        (pointer, f"belongs to contact {owned[key]} already; joining two contacts by an alias isn't built yet")
        for key, pointer in contact.keys.items()
        if owned.get(key, contact.contact_id) != contact.contact_id
    ]


def _acts_to_come(contact: StatedContact, *, now: datetime) -> list[tuple[str, str]]:
    """A consent dated in the future would outrank every act until then."""
    return [(pointer, "lies in the future") for pointer, act in contact.acts if act.at is not None and act.at > now + AHEAD_MAX]
