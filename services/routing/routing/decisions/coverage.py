"""What is wrong with the field force and its plans as a whole, though no single row of it is."""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal, get_args

from routing.decisions.facts import Account, Contact

FindingCode = Literal[
    "postal_codes_uncovered",
    "contacts_without_postal_code",
    "territories_without_rep",
    "alignments_overlap",
    "postal_codes_claimed_twice",
    "targets_without_owner",
    "pools_without_rep",
    "absences_without_delegate",
    "delegates_inactive",
    "delegates_away",
    "accounts_name_unknown",
    "reps_name_unknown",
    "absences_name_unknown",
    "targets_name_unknown",
    "alignments_name_unknown",
    "pools_name_unknown",
]
FINDING_CODES: tuple[FindingCode, ...] = get_args(FindingCode)
"""In the order in which they are told."""

CODES_OF_TERRITORIES: frozenset[FindingCode] = frozenset(
    {
        "territories_without_rep", "alignments_overlap", "postal_codes_claimed_twice", "targets_without_owner",
        "absences_without_delegate", "delegates_inactive", "delegates_away",
        "reps_name_unknown", "absences_name_unknown", "alignments_name_unknown",
    }
)  # fmt: skip
"""Those about something that belongs to a territory: its alignments and reps, when these are away, and targets whose contacts lie there."""

EXAMPLES_MAX = 20
"""Enough to see what it is about; the count says how much of it there is."""

SENTENCES: Mapping[FindingCode, str] = {
    "postal_codes_uncovered": "Nobody covers these postal codes: leads of the contacts there find no territory.",
    "contacts_without_postal_code": "Of these contacts no country or no postal code is known, nor an account's: they lie in no territory.",
    "territories_without_rep": "No active rep of these territories may have leads of the brand.",
    "alignments_overlap": "These alignments include the same things for the same brand and team, with the same priority at the same time.",
    "postal_codes_claimed_twice": "Several territories name the same postal code; the one whose id sorts first has it.",
    "targets_without_owner": "Nobody calls these targets: they name no active rep, and their contacts lie in no territory that has one.",
    "pools_without_rep": "No active rep of these pools may have leads of the brand.",
    "absences_without_delegate": "These reps are away now, and nobody stands in for them.",
    "delegates_inactive": "These delegates can't stand in for anybody: they are not active reps.",
    "delegates_away": "These delegates are away now themselves.",
    "accounts_name_unknown": "These accounts name reps that are not known.",
    "reps_name_unknown": "These reps name territories or a manager that are not known.",
    "absences_name_unknown": "These absences are of reps, or name delegates, that are not known.",
    "targets_name_unknown": "These targets are of contacts, or name reps, that are not known.",
    "alignments_name_unknown": "These alignments name territories, accounts or contacts that are not known.",
    "pools_name_unknown": "These pools name reps that are not known.",
}

Example = Mapping[str, str | int | Sequence[str]]
"""Ids and counts, named as the fields of the API are."""


@dataclass(frozen=True, slots=True)
class Finding:
    """How many things a finding is about, how many contacts they concern (None: that isn't its point), and some of them, worst first."""

    code: FindingCode
    count: int
    examples: tuple[Example, ...]
    contacts: int | None = None


@dataclass(frozen=True, slots=True)
class Locality:
    """Contacts and accounts that belong together wherever territories are drawn: `contact` and `account` stand for all of them.

    A contact or an account is named where an alignment names it.
    """

    contact: Contact
    account: Account | None
    contacts: int = 0
    accounts: int = 0


@dataclass(frozen=True, slots=True)
class UnownedTargets:
    """Targets of a brand in one locality that name no active rep; one of them is named."""

    brand_id: str
    locality: Locality
    targets: int
    target_id: str


Find = Callable[[Contact, Account | None, str], str | None]
"""The territory of a contact with its account, for a brand; None if there is none."""


def is_covered(locality: Locality, *, find: Find, brand_ids: Sequence[str], countries: Sequence[str]) -> bool:
    """Whether a territory covers it for one of the brands; of an account whose country nobody knows, in one of `countries`."""
    contact, account = locality.contact, locality.account
    if contact.country or locality.contacts:
        return any(find(contact, account, brand_id) is not None for brand_id in brand_ids)
    somewhere = [replace(contact, country=country) for country in countries]
    return any(find(contact, account, brand_id) is not None for contact in somewhere for brand_id in brand_ids)


def uncovered(localities: Iterable[Locality]) -> list[Finding]:
    """Return what is to be told of localities that nobody covers."""
    contacts: Counter[tuple[str, str]] = Counter()
    accounts: Counter[tuple[str, str]] = Counter()
    nowhere = 0
    for locality in localities:
        place = _place(locality)
        if place is None:
            nowhere += locality.contacts
        else:
            contacts[place] += locality.contacts
            accounts[place] += locality.accounts
    worst = sorted(contacts, key=lambda place: (-contacts[place], -accounts[place], place))
    examples: tuple[Example, ...] = tuple(
        {"country": place[0], "postal_code": place[1], "contacts": contacts[place], "accounts": accounts[place]}
        for place in worst[:EXAMPLES_MAX]
    )
    return [
        Finding("postal_codes_uncovered", len(contacts), examples, contacts=contacts.total()),
        Finding("contacts_without_postal_code", nowhere, (), contacts=nowhere),
    ]


def is_owned(
    unowned: UnownedTargets, *, find: Find, staffed: Mapping[str, frozenset[str]], territory_ids: Collection[str] | None = None
) -> bool:
    """Whether their territory has somebody to call them, or is none of `territory_ids`, where some are named.

    `staffed` are the territories that have an active rep, by brand.
    """
    territory_id = find(unowned.locality.contact, unowned.locality.account, unowned.brand_id)
    if territory_ids is not None and territory_id not in territory_ids:
        return True
    return territory_id in staffed.get(unowned.brand_id, frozenset())


def without_owner(unowned: Iterable[UnownedTargets]) -> Finding:
    """Return what is to be told of targets that nobody calls."""
    ownerless = sorted(unowned, key=lambda each: (-each.targets, each.target_id))
    examples = tuple(_target_example(each) for each in ownerless[:EXAMPLES_MAX])
    return Finding("targets_without_owner", sum(each.targets for each in ownerless), examples)


def _place(locality: Locality) -> tuple[str, str] | None:
    postal_code = locality.contact.postal_code or (locality.account.postal_code if locality.account else None)
    country = locality.contact.country or ""
    if not postal_code or (locality.contacts and not country):
        return None
    return country, postal_code


def _target_example(unowned: UnownedTargets) -> Example:
    place = _place(unowned.locality)
    where = {"country": place[0], "postal_code": place[1]} if place else {}
    return {"target_id": unowned.target_id, "brand_id": unowned.brand_id, **where, "targets": unowned.targets}
