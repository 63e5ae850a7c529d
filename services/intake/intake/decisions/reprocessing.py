"""Reading a receipt again: which of its items are engagements already and stay, and which are judged anew.

Items have no name of their own. One that became an engagement is found again by its identity; where a changed mapping computes another
one, by everything else it says; else by its place, as long as the body still reads as as many items. A receipt whose engagements can't
all be found again like that is left as it is: nothing may be counted twice.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from uuid import UUID

from intake.decisions.acts import Act, Item
from intake.decisions.erasures.ledger import ANONYMOUS_PREFIX, ERASED
from intake.decisions.verdicts import Outcome, Verdict

Ending = tuple[Outcome, str | None]
"""How an item ended, and for which reason."""


@dataclass(frozen=True, slots=True)
class Standing:
    """An item as it stands on its receipt. `identity` (source and the act's own), `fingerprint` and `contact_id` are its engagement's."""

    verdict: Verdict
    identity: tuple[str, str] | None = None
    fingerprint: bytes | None = None
    contact_id: str | None = None

    @property
    def is_engagement(self) -> bool:
        """Whether it made an engagement, or repeated one."""
        return self.verdict.outcome in ("accepted", "duplicate")

    @property
    def ending(self) -> Ending:
        """How it ended."""
        return self.verdict.outcome, self.verdict.reason


@dataclass(frozen=True, slots=True)
class Alias:
    """An act that is an engagement on record already, under an identity that engagement was not recorded by."""

    act: Act
    engagement_id: UUID


@dataclass(frozen=True, slots=True)
class Alignment:
    """A receipt read again, place by place: what stays as it stands, and what is to be judged; and what it reads as now."""

    places: Sequence[Standing | Item]
    items: Sequence[Item]
    aliases: Sequence[Alias]

    @property
    def to_judge(self) -> list[Item]:
        """The items to be judged, in order."""
        return [place for place in self.places if not isinstance(place, Standing)]

    @property
    def staying(self) -> list[tuple[Standing, Item]]:
        """What stays as it stands, with what it reads as now."""
        pairs = zip(self.places, self.items, strict=True)
        return [(place, item) for place, item in pairs if isinstance(place, Standing)]

    def merged(self, judged: Sequence[Verdict]) -> list[Verdict]:
        """The verdict of every place, once those of `to_judge` are known."""
        pending = iter(judged)
        return [place.verdict if isinstance(place, Standing) else next(pending) for place in self.places]


def aligned(standing: Sequence[Standing], items: Sequence[Item]) -> Alignment | None:
    """What a new reading means for what stands on the receipt; None if an engagement of it can't be found again."""
    found = _by_identity(standing, items)
    refound = set(found.values())
    missing = [position for position, one in enumerate(standing) if one.is_engagement and position not in refound]
    by_content = _by_content(items, taken=found) if missing else {}
    same_length = len(standing) == len(items)
    for position in missing:
        alike = by_content.get(standing[position].fingerprint, set()) - found.keys()
        if position in alike or (same_length and not alike):
            place = position
        elif alike:
            place = min(alike)
        else:
            return None
        if place in found:
            return None
        found[place] = position
    for position, one in enumerate(standing[: len(items)]):
        if one.verdict.reason == ERASED and position not in found:  # was cut out of the body, where nothing moved by that
            found[position] = position
    places = [standing[found[place]] if place in found else item for place, item in enumerate(items)]
    return Alignment(places, items, list(_aliases(places, items)))


def shifts(standing: Sequence[Standing], alignment: Alignment, verdicts: Sequence[Verdict]) -> Counter[tuple[Ending | None, Ending | None]]:
    """How many items end otherwise than before, by what they were and are; None: there was, or is, no such item."""
    before = [one.ending for one in standing if not one.is_engagement]
    judged = [verdict for place, verdict in zip(alignment.places, verdicts, strict=True) if not isinstance(place, Standing)]
    after = [(verdict.outcome, verdict.reason) for verdict in judged]
    return Counter(pair for pair in zip_longest(before, after) if pair[0] != pair[1])


def _by_identity(standing: Sequence[Standing], items: Sequence[Item]) -> dict[int, int]:
    """The place in the new reading of each engagement that is told under the identity it was recorded by, and where it stood."""
    found: dict[int, int] = {}
    places = _places([(item.source, item.identity) if isinstance(item, Act) else None for item in items])
    stood = _places([one.identity if one.is_engagement else None for one in standing])
    for identity, positions in stood.items():
        found |= zip(places.get(identity, ()), positions, strict=False)
    return found


def _places(identities: Sequence[tuple[str, str] | None]) -> Mapping[tuple[str, str], list[int]]:
    found: dict[tuple[str, str], list[int]] = defaultdict(list)
    for place, identity in enumerate(identities):
        if identity is not None:
            found[identity].append(place)
    return found


def _by_content(items: Sequence[Item], *, taken: Mapping[int, int]) -> Mapping[bytes | None, set[int]]:
    """Where acts stand that no identity led to, by everything else they say."""
    places: dict[bytes | None, set[int]] = defaultdict(set)
    for place, item in enumerate(items):
        if isinstance(item, Act) and place not in taken:
            places[item.fingerprint].add(place)
    return places


def _aliases(places: Sequence[Standing | Item], items: Sequence[Item]) -> Iterator[Alias]:
    for place, item in zip(places, items, strict=True):
        if isinstance(place, Standing) and isinstance(item, Act) and place.identity is not None and _is_another(place.identity, item):
            engagement_id = place.verdict.engagement_id
            if engagement_id is not None:
                yield Alias(item, engagement_id)


def _is_another(identity: tuple[str, str], act: Act) -> bool:
    """Whether an act says another identity than its engagement's; what somebody who was erased did has none that may be told."""
    return identity != (act.source, act.identity) and not identity[1].startswith(ANONYMOUS_PREFIX)
