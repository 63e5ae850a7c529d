"""Who an act was by: keys in one normal form, and the contact they lead to."""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

NPI = "npi"
CRM = "crm"
_EMAIL_CHARS_MAX = 254
_ID_CHARS_MAX = 200  # before and after normalising, which may lengthen a text
_EMAIL = re.compile(r"[^\s@,;:<>()\[\]\\\"]{1,64}@[^\s@,;:<>()\[\]\\\"]+")
# What the Luhn digit of an NPI is computed with: the issuer prefix for health applications in the United States.
_NPI_PREFIX = "80840"

# What a person has one of. Who shows two different ones is two people, whatever else they share.
REGISTERS = (f"id:{NPI}", f"id:{CRM}")
_NOBODY_MERGED: Mapping[str, str] = {}

KeyOrigin = Literal["stated", "learnt"]


@dataclass(frozen=True, slots=True, order=True)
class PersonKey:
    """Something that is one person's. `namespace` is `email`, `id:<npi, crm or a source's name>`, or `contact` for our own id."""

    namespace: str
    value: str


@dataclass(frozen=True, slots=True)
class Meeting:
    """One person's keys lead to two contacts, neither merged into the other. `kinds`: of the keys that lead to the second; `place`: whose
    in the batch."""

    first: str
    second: str
    kinds: frozenset[str]
    place: int


@dataclass(frozen=True, slots=True)
class Recognition:
    """Who the persons of a batch are. `contact_ids` follows the persons' order; `learnt` are keys that were nobody's until now."""

    contact_ids: tuple[str, ...]
    learnt: Mapping[PersonKey, str]
    new_contact_ids: tuple[str, ...]
    meetings: tuple[Meeting, ...] = ()


def contact_key(contact_id: str) -> PersonKey:
    """Our own id of a person, known or not yet."""
    return PersonKey("contact", contact_id)


def external_key(name: str, value: str) -> PersonKey | None:
    """A platform's or register's id of a person, or None if it can't be one."""
    normal = unicodedata.normalize("NFC", value).strip() if len(value) <= _ID_CHARS_MAX else ""
    if not 0 < len(normal) <= _ID_CHARS_MAX or not (normal.isprintable() or all(unicodedata.category(char) != "Cc" for char in normal)):
        return None
    return PersonKey(f"id:{name}", normal)


def email_key(address: str) -> PersonKey | None:
    """An e-mail address as identity: trimmed, case-folded, in NFC; None if it is no address."""
    if len(address) > _EMAIL_CHARS_MAX:
        return None
    normal = unicodedata.normalize("NFC", unicodedata.normalize("NFC", address).strip().casefold())
    usable = len(normal) <= _EMAIL_CHARS_MAX and normal.isprintable() and _EMAIL.fullmatch(normal)
    return PersonKey("email", normal) if usable else None


def person_of(*, external_ids: Mapping[str, str], emails: Sequence[str]) -> tuple[PersonKey, ...]:
    """A person's keys, strongest first: NPI, CRM id, platform ids by name, then e-mail addresses. What can't be a key is left out."""
    names = sorted(external_ids, key=lambda name: (name != NPI, name != CRM, name))
    keys = [external_key(name, external_ids[name]) for name in names] + [email_key(address) for address in emails]
    return tuple(dict.fromkeys(key for key in keys if key is not None))


def kind_of(key: PersonKey) -> str:
    """What sort of key it is: email, npi, crm, or a platform's name."""
    return key.namespace.removeprefix("id:")


def recognise(
    persons: Sequence[tuple[PersonKey, ...]],
    *,
    owners: Mapping[PersonKey, str],
    fresh_ids: Iterable[str],
    survivors: Mapping[str, str] = _NOBODY_MERGED,
) -> Recognition:
    """The contact of each person: the owner of the strongest key that has one, else a new contact.

    `fresh_ids` gives one unused id per person; `survivors` says into whom owners were merged, of those who were. A person
    known by one key teaches us its others, save NPI and CRM id: those join a contact by the directory's word, or by making it, since a
    shared mailbox must not give one person another's NPI.
    """
    known = dict(owners)
    learnt: dict[PersonKey, str] = {}
    new: list[str] = []
    for person, fresh_id in zip(persons, fresh_ids, strict=True):
        contact_id = next((known[key] for key in person if key in known), None)
        is_new = contact_id is None
        if contact_id is None:
            contact_id = person[0].value if person[0].namespace == "contact" else fresh_id
            new.append(contact_id)
        for key in person:
            if key in known or not (is_new or _may_be_learnt(key)):
                continue
            known[key] = contact_id
            if key.namespace != "contact":
                learnt[key] = contact_id
    return Recognition(
        contact_ids=_owners_of(persons, known),
        learnt=learnt,
        new_contact_ids=tuple(new),
        meetings=tuple(_meetings(persons, known, survivors)),
    )


def _owners_of(persons: Sequence[tuple[PersonKey, ...]], known: Mapping[PersonKey, str]) -> tuple[str, ...]:
    return tuple(next(known[key] for key in person if key in known) for person in persons)


def _meetings(persons: Sequence[tuple[PersonKey, ...]], known: Mapping[PersonKey, str], survivors: Mapping[str, str]) -> Iterator[Meeting]:
    for place, person in enumerate(persons):
        if len({known[key] for key in person if key in known}) < 2:
            continue
        met: dict[str, set[str]] = {}
        for key in person:
            if (owner := known.get(key)) is not None:
                met.setdefault(survivors.get(owner, owner), set()).add(kind_of(key))
        first, *others = met
        yield from (Meeting(first, other, frozenset(met[other]), place) for other in others)


def _may_be_learnt(key: PersonKey) -> bool:
    return key.namespace not in {"contact", *REGISTERS}


def is_npi(value: str) -> bool:
    """Whether a National Provider Identifier has ten digits and the right check digit (Luhn over the number prefixed 80840)."""
    if not re.fullmatch(r"[12][0-9]{9}", value):
        return False
    total = 0
    for place, digit in enumerate(reversed(_NPI_PREFIX + value)):
        doubled = int(digit) * (2 if place % 2 else 1)
        total += doubled - 9 if doubled > 9 else doubled
    return total % 10 == 0
