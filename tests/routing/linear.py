"""Alignment by reading every rule from the first to the last: what the index must agree with, and is measured against."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date

from routing.decisions.alignments import Aligned, Alignment, Coverage, Whereabouts
from routing.decisions.territories import normalized_code

Found = tuple[tuple[int, int], str]
"""How exact an inclusion is (kind, and how little of a code is given), and what of it matched."""


def aligned(
    alignments: Sequence[Alignment], where: Whereabouts, *, brand_id: str, day: date, brands_of_teams: Mapping[str, frozenset[str]]
) -> Aligned | None:
    """Return what stands for the contact and the brand on the day."""
    counting = [each for each in alignments if _counts(each, brand_id=brand_id, day=day, brands_of_teams=brands_of_teams)]
    explicit = {each.territory_id for each in counting if each.alignment_id is not None}
    found = []
    for each in counting:
        if each.alignment_id is None and each.territory_id in explicit:
            continue
        included = _inclusion(each.include, where, country=each.country)
        if included is None or _inclusion(each.exclude, where, country=each.country) is not None:
            continue
        exactness, matched = included
        order = (
            each.alignment_id is None,
            each.priority,
            exactness,
            (each.brand_id is None, each.team is None),
            (each.territory_id, each.alignment_id or ""),
        )
        found.append((order, Aligned(each.territory_id, each.team, each.alignment_id, matched)))
    return min(found, key=lambda each: each[0])[1] if found else None


def _counts(alignment: Alignment, *, brand_id: str, day: date, brands_of_teams: Mapping[str, frozenset[str]]) -> bool:
    if alignment.valid_from is not None and day < alignment.valid_from:
        return False
    if alignment.valid_until is not None and day > alignment.valid_until:
        return False
    if alignment.brand_id is not None and alignment.brand_id != brand_id:
        return False
    return alignment.team is None or brand_id in brands_of_teams.get(alignment.team, frozenset())


def _inclusion(coverage: Coverage, where: Whereabouts, *, country: str) -> Found | None:
    if where.contact_id in coverage.contact_ids:
        return (0, 0), where.contact_id
    if where.account_id is not None and where.account_id in coverage.account_ids:
        return (1, 0), where.account_id
    if not where.code or where.country != country.upper():
        return None
    return min(_matching(coverage.postal_codes, where), default=None)


def _matching(patterns: Iterable[str], where: Whereabouts) -> Iterable[Found]:
    for pattern in patterns:
        beginning = pattern.removesuffix("*").upper().replace(" ", "").replace("-", "")
        if not pattern.endswith("*"):
            if normalized_code(pattern, country=where.country) == where.code:
                yield (2, 0), pattern
        elif where.code.startswith(beginning):
            yield (3, -len(beginning)), pattern
