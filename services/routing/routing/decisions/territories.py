"""Which territory a postal code lies in: the longest pattern wins."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from routing.decisions.facts import Account, Contact

PATTERN_LENGTH_MAX = 16
ZIP_DIGITS = 5


@dataclass(frozen=True, slots=True)
class TerritoryPatterns:
    """A territory and the postal codes it covers: whole codes ("60614") or beginnings ("606*"; "*" is the whole country)."""

    territory_id: str
    country: str
    postal_codes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TerritoryMatch:
    """A territory, and the pattern of it that matched."""

    territory_id: str
    pattern: str


@dataclass(frozen=True, slots=True)
class TerritoryIndex:
    """The compiled patterns of all territories: a look-up costs one probe per length of pattern in the country."""

    whole_codes: Mapping[tuple[str, str], TerritoryMatch]
    beginnings: Mapping[str, tuple[tuple[int, Mapping[str, TerritoryMatch]], ...]]
    """By country: (length, beginning to territory), the longest first."""

    def find(self, *, country: str | None, postal_code: str | None) -> TerritoryMatch | None:
        """Return the territory of a postal code. A whole code beats a beginning, a longer beginning a shorter one."""
        if not country or not postal_code:
            return None
        country = country.upper()
        code = _normalized(postal_code, country=country)
        if whole := self.whole_codes.get((country, code)):
            return whole
        matches = (by_beginning.get(code[:length]) for length, by_beginning in self.beginnings.get(country, ()))
        return next((match for match in matches if match), None)


def index_territories(territories: Iterable[TerritoryPatterns]) -> TerritoryIndex:
    """Compile the patterns. Where two territories claim the same pattern, the one whose id sorts first has it, always."""
    whole_codes: dict[tuple[str, str], TerritoryMatch] = {}
    beginnings: dict[str, dict[int, dict[str, TerritoryMatch]]] = {}
    for territory in sorted(territories, key=lambda each: each.territory_id):
        country = territory.country.upper()
        for pattern in territory.postal_codes:
            match = TerritoryMatch(territory.territory_id, pattern)
            if pattern.endswith("*"):
                beginning = _compact(pattern[:-1])
                beginnings.setdefault(country, {}).setdefault(len(beginning), {}).setdefault(beginning, match)
            else:
                whole_codes.setdefault((country, _normalized(pattern, country=country)), match)
    return TerritoryIndex(
        MappingProxyType(whole_codes),
        MappingProxyType({country: tuple(sorted(lengths.items(), reverse=True)) for country, lengths in beginnings.items()}),
    )


def territory_of(index: TerritoryIndex, *, contact: Contact, account: Account | None) -> TerritoryMatch | None:
    """Return the territory of the contact's postal code or, only where the contact has none, of the primary account's."""
    postal_code = contact.postal_code or (account.postal_code if account else None)
    return index.find(country=contact.country, postal_code=postal_code)


def postal_pattern_problem(pattern: str) -> str | None:
    """Say in words what is wrong with a pattern, or None if nothing is."""
    beginning = pattern.removesuffix("*")
    if len(pattern) > PATTERN_LENGTH_MAX:
        return f"a postal code or pattern has at most {PATTERN_LENGTH_MAX} characters"
    if "*" in beginning:
        return "the star may stand only at the end, once"
    if not _compact(beginning) and pattern != "*":
        return "a postal code can't be empty"
    if not (beginning.isascii() and _compact(beginning).isalnum()) and pattern != "*":
        return "a postal code is made of letters, digits, spaces and hyphens"
    return None


def _normalized(postal_code: str, *, country: str) -> str:
    code = _compact(postal_code)
    # "60614-1234" names a few doors within the ZIP code 60614, which is what territories are made of.
    return code[:ZIP_DIGITS] if country == "US" else code


def _compact(postal_code: str) -> str:
    return "".join(postal_code.split()).replace("-", "").upper()
