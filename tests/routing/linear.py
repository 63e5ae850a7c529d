"""Alignment by reading every rule from the first to the last: what the index must agree with, and is measured against."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from routing.decisions.assignment.alignments import Aligned, Alignment, Coverage, Whereabouts
from routing.decisions.assignment.territories import normalized_code

Inclusion = tuple[int, int, str]
"""Kind (contact, account, whole code, beginning), how little of a code is given, and what of the rule matched."""


@dataclass(frozen=True, slots=True)
class _Listed:
    """What a rule includes or excludes, its patterns read once."""

    country: str
    coverage: Coverage
    codes: tuple[str, ...]
    patterns_of_codes: tuple[str, ...]
    beginnings: tuple[tuple[str, str], ...]

    def inclusion(self, where: Whereabouts) -> Inclusion | None:
        """The most exact one of the contact; None if there is none."""
        if where.contact_id in self.coverage.contact_ids:
            return 0, 0, where.contact_id
        if where.account_id is not None and where.account_id in self.coverage.account_ids:
            return 1, 0, where.account_id
        if not where.code or where.country != self.country:
            return None
        if where.code in self.codes:
            return 2, 0, self.patterns_of_codes[self.codes.index(where.code)]
        return min(((3, -len(begins), pattern) for begins, pattern in self.beginnings if where.code.startswith(begins)), default=None)


class LinearScan:
    """Rules in the order given. Postal codes are compared one after the other."""

    def __init__(self, alignments: Sequence[Alignment], brands_of_teams: Mapping[str, frozenset[str]]) -> None:
        self._rules = [(each, _listed(each.include, each.country), _listed(each.exclude, each.country)) for each in alignments]
        self._brands_of_teams = brands_of_teams

    def find(self, where: Whereabouts, *, brand_id: str, day: date) -> Aligned | None:
        """What stands for the contact and the brand on the day."""
        counting = [rule for rule in self._rules if self._counts(rule[0], brand_id=brand_id, day=day)]
        explicit = {alignment.territory_id for alignment, _, _ in counting if alignment.alignment_id is not None}
        found = []
        for each, include, exclude in counting:
            if each.alignment_id is None and each.territory_id in explicit:
                continue
            included = include.inclusion(where)
            if included is None or exclude.inclusion(where) is not None:
                continue
            kind, little, matched = included
            order = (each.alignment_id is None, each.priority, kind, little, each.brand_id is None, each.team is None)
            found.append(
                (order, each.territory_id, each.alignment_id or "", Aligned(each.territory_id, each.team, each.alignment_id, matched))
            )
        return min(found, key=lambda each: each[:3])[3] if found else None

    def _counts(self, alignment: Alignment, *, brand_id: str, day: date) -> bool:
        if alignment.valid_from is not None and day < alignment.valid_from:
            return False
        if alignment.valid_until is not None and day > alignment.valid_until:
            return False
        if alignment.brand_id is not None and alignment.brand_id != brand_id:
            return False
        return alignment.team is None or brand_id in self._brands_of_teams.get(alignment.team, frozenset())


def _listed(coverage: Coverage, country: str) -> _Listed:
    country = country.upper()
    whole = tuple(pattern for pattern in coverage.postal_codes if not pattern.endswith("*"))
    beginnings = tuple(
        (pattern[:-1].upper().replace(" ", "").replace("-", ""), pattern) for pattern in coverage.postal_codes if pattern[-1:] == "*"
    )
    return _Listed(country, coverage, tuple(normalized_code(pattern, country=country) for pattern in whole), whole, beginnings)
