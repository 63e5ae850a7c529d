"""Which territory a contact is aligned to for a brand: by list or postal code, by priority, less what is excluded.

An alignment counts on the days it is valid, for its brand (every brand without one), and where it names a team for the brands that team's
reps promote. Of several that include a contact the one with the lowest priority number stands; of equal ones the more exact: a contact by
name before an account, an account before a whole postal code, a whole code before a beginning, a longer beginning before a shorter; then
the one that names its brand, then its team; then ids decide, always the same way. A territory none of whose alignments counts for the
brand is aligned by its own postal codes, after all that is aligned explicitly.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import partial

from routing.decisions.assignment.territories import beginning_of, normalized_code
from routing.decisions.effective import holds_on
from routing.decisions.facts import Account, Contact

Rank = tuple[int, int, int, int, bool, bool, str, str]
"""What comes first stands. Explicit or not; priority; kind of inclusion; how little of a code is given; brand, team; ids."""

_BY_CONTACT, _BY_ACCOUNT, _BY_CODE, _BY_BEGINNING = range(4)


@dataclass(frozen=True, slots=True)
class Coverage:
    """Contacts, accounts and postal codes (whole, or a beginning and a star) of one country."""

    postal_codes: tuple[str, ...] = ()
    account_ids: frozenset[str] = frozenset()
    contact_ids: frozenset[str] = frozenset()


NOTHING = Coverage()


@dataclass(frozen=True, slots=True)
class Alignment:
    """What belongs to a territory. `alignment_id` is None for a territory's own postal codes; dates are days, both included."""

    territory_id: str
    country: str
    include: Coverage
    exclude: Coverage = NOTHING
    alignment_id: str | None = None
    brand_id: str | None = None
    team: str | None = None
    priority: int = 0
    valid_from: date | None = None
    valid_until: date | None = None

    def is_valid(self, day: date) -> bool:
        """Whether it counts on this day."""
        return holds_on(day, valid_from=self.valid_from, valid_until=self.valid_until)


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """What alignment looks at: who the contact is, where they work, and the postal code they are reached at, normalized."""

    contact_id: str
    account_id: str | None
    country: str
    code: str


@dataclass(frozen=True, slots=True)
class Aligned:
    """The territory (and team, if one was named), the alignment that decided, and the id or pattern of it that matched."""

    territory_id: str
    team: str | None
    alignment_id: str | None
    matched: str


def whereabouts_of(contact: Contact, account: Account | None) -> Whereabouts:
    """Return where a contact is reached: at their own postal code or, only where they have none, at the primary account's."""
    country = (contact.country or "").upper()
    postal_code = contact.postal_code or (account.postal_code if account else None) or ""
    code = normalized_code(postal_code, country=country) if country else ""
    return Whereabouts(contact.contact_id, account.account_id if account else None, country, code)


def counting_alignments(
    alignments: Iterable[Alignment], *, brand_id: str, day: date, brands_of_teams: Mapping[str, frozenset[str]]
) -> list[Alignment]:
    """Return those that count for a brand on a day; a territory's own postal codes only where no other of that territory does."""
    counting = [
        each
        for each in alignments
        if each.is_valid(day)
        and each.brand_id in (None, brand_id)
        and (each.team is None or brand_id in brands_of_teams.get(each.team, frozenset()))
    ]
    aligned_explicitly = {each.territory_id for each in counting if each.alignment_id is not None}
    return [each for each in counting if each.alignment_id is not None or each.territory_id not in aligned_explicitly]


def rank(alignment: Alignment, *, kind: int, length: int = 0) -> Rank:
    """Return where an inclusion stands among all that include the same contact."""
    return (
        alignment.alignment_id is None,
        alignment.priority,
        kind,
        -length,
        alignment.brand_id is None,
        alignment.team is None,
        alignment.territory_id,
        alignment.alignment_id or "",
    )


@dataclass(frozen=True, slots=True)
class _Entry:
    """One thing an alignment includes, as it is found by that thing."""

    rank: Rank
    alignment: Alignment
    aligned: Aligned
    exclusions: "_Codes | None"

    def excludes(self, where: Whereabouts) -> bool:
        excluded = self.alignment.exclude
        return (
            where.contact_id in excluded.contact_ids
            or where.account_id in excluded.account_ids
            or (self.exclusions is not None and self.exclusions.have(where))
        )


@dataclass(frozen=True, slots=True)
class _Codes:
    """Postal codes of one country, to be asked for one."""

    country: str
    whole: frozenset[str]
    beginnings: tuple[str, ...]

    def have(self, where: Whereabouts) -> bool:
        return bool(where.code) and where.country == self.country and (where.code in self.whole or where.code.startswith(self.beginnings))


_Entries = Mapping[str, tuple[_Entry, ...]]
_Found = dict[str, list[_Entry]]


@dataclass(frozen=True, slots=True)
class _BrandIndex:
    """What counts for one brand. Every look-up is a probe: one for the contact, the account, the code, and each length of beginning."""

    contacts: _Entries
    accounts: _Entries
    codes: Mapping[str, _Entries]
    beginnings: Mapping[str, tuple[tuple[int, _Entries], ...]]
    """By country: (length, what begins so)."""

    def found(self, where: Whereabouts) -> Iterator[tuple[_Entry, ...]]:
        yield self.contacts.get(where.contact_id, ())
        if where.account_id is not None:
            yield self.accounts.get(where.account_id, ())
        if where.code:
            yield self.codes.get(where.country, {}).get(where.code, ())
            for length, entries in self.beginnings.get(where.country, ()):
                yield entries.get(where.code[:length], ())


@dataclass(frozen=True, slots=True)
class AlignmentIndex:
    """Alignments as they count on one day, compiled brand by brand when a brand is first asked for."""

    alignments: Sequence[Alignment]
    day: date
    brands_of_teams: Mapping[str, frozenset[str]]
    brands: dict[str, _BrandIndex] = field(default_factory=dict)

    def find(self, where: Whereabouts, *, brand_id: str) -> Aligned | None:
        """Return what the contact is aligned to for the brand; None if nobody has them."""
        index = self.brands.get(brand_id)
        if index is None:
            index = self.brands[brand_id] = self._compile(brand_id)
        best: _Entry | None = None
        for entries in index.found(where):
            for entry in entries:  # the first that stands, of those found by the same thing
                if best is not None and best.rank < entry.rank:
                    break
                if not entry.excludes(where):
                    best = entry
                    break
        return None if best is None else best.aligned

    def _compile(self, brand_id: str) -> _BrandIndex:
        contacts: _Found = {}
        accounts: _Found = {}
        codes: dict[str, _Found] = {}
        beginnings: dict[str, dict[int, _Found]] = {}
        for each in counting_alignments(self.alignments, brand_id=brand_id, day=self.day, brands_of_teams=self.brands_of_teams):
            country = each.country.upper()
            entry = partial(_entry, each, _codes(each.exclude.postal_codes, country=country))
            for contact_id in each.include.contact_ids:
                contacts.setdefault(contact_id, []).append(entry(contact_id, kind=_BY_CONTACT))
            for account_id in each.include.account_ids:
                accounts.setdefault(account_id, []).append(entry(account_id, kind=_BY_ACCOUNT))
            for pattern in each.include.postal_codes:
                beginning = beginning_of(pattern)
                if beginning is None:
                    of_country = codes.setdefault(country, {})
                    of_country.setdefault(normalized_code(pattern, country=country), []).append(entry(pattern, kind=_BY_CODE))
                else:
                    of_length = beginnings.setdefault(country, {}).setdefault(len(beginning), {})
                    of_length.setdefault(beginning, []).append(entry(pattern, kind=_BY_BEGINNING, length=len(beginning)))
        return _BrandIndex(
            _sorted(contacts),
            _sorted(accounts),
            {country: _sorted(found) for country, found in codes.items()},
            {
                country: tuple((length, _sorted(found)) for length, found in sorted(lengths.items(), reverse=True))
                for country, lengths in beginnings.items()
            },
        )


def _entry(alignment: Alignment, exclusions: _Codes | None, matched: str, *, kind: int, length: int = 0) -> _Entry:
    aligned = Aligned(alignment.territory_id, alignment.team, alignment.alignment_id, matched)
    return _Entry(rank(alignment, kind=kind, length=length), alignment, aligned, exclusions)


def _sorted(entries: _Found) -> _Entries:
    return {key: tuple(sorted(found, key=lambda entry: entry.rank)) for key, found in entries.items()}


def _codes(patterns: Iterable[str], *, country: str) -> _Codes | None:
    whole, beginnings = set(), []
    for pattern in patterns:
        beginning = beginning_of(pattern)
        if beginning is None:
            whole.add(normalized_code(pattern, country=country))
        else:
            beginnings.append(beginning)
    return _Codes(country, frozenset(whole), tuple(beginnings)) if whole or beginnings else None
