"""Where planted strings turned up. The search itself is pure: it is fed text with the name of its place, as the text streams by."""

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from deploy.auditor.testimony import Canary

# A person's name and addresses are at home here whatever the canary says: the directory, the one topic that carries them, the brief.
_AT_HOME = frozenset({
    "intake.contacts", "intake.contact_keys", "intake.receipts", "topic.contacts", "routing.contacts", "routing.briefs",
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Sighting:
    """A canary stood where it may not. `canary` is its position in the testimony: the text itself is not repeated."""

    canary: int
    kind: str
    place: str
    where: str


@dataclass(frozen=True, slots=True)
class Search:
    """What was searched for, in how many texts, and what was found."""

    canaries: int
    texts: int
    sightings: Sequence[Sighting]


# Canaries that begin alike are looked for together: an expression of alternatives with a common beginning costs hardly more than one.
_BEGINNING_BYTES = 4


@dataclass(frozen=True, slots=True)
class _Wanted:
    """A canary, its position in the testimony, and how it may be written."""

    number: int
    canary: Canary
    writings: frozenset[bytes]


class Searching:
    """Looks for canaries in whatever it is shown."""

    def __init__(self, canaries: Iterable[Canary]) -> None:
        self._wanted = [_Wanted(number, canary, _writings(canary.text)) for number, canary in enumerate(canaries)]
        self._alike = [(_any_of(writings), wanted) for writings, wanted in _by_beginning(self._wanted)]
        self._texts = 0
        self._sightings: list[Sighting] = []

    @property
    def is_needed(self) -> bool:
        """Whether there is anything to look for."""
        return bool(self._wanted)

    def look(self, place: str, where: str, text: bytes) -> None:
        """Looks at one text. `place` is `service.table`, `topic.name`, `arrival.body` or `log.file`; `where` finds it there."""
        self._texts += 1
        suspects = [wanted for any_of_them, alike in self._alike if any_of_them.search(text) for wanted in alike]
        found = {wanted.number: wanted.canary for wanted in suspects if any(writing in text for writing in wanted.writings)}
        for number, canary in sorted(found.items()):
            if not _is_allowed(canary, place):
                self._sightings.append(Sighting(number, canary.kind, place, where))

    def result(self) -> Search:
        """What came of it."""
        return Search(len(self._wanted), self._texts, tuple(self._sightings))


def _is_allowed(canary: Canary, place: str) -> bool:
    return place in canary.allowed_in or (canary.kind == "person" and place in _AT_HOME)


def _writings(text: str) -> frozenset[bytes]:
    """The text as it is, and as JSON may write it."""
    return frozenset({text.encode(), json.dumps(text)[1:-1].encode(), json.dumps(text, ensure_ascii=False)[1:-1].encode()})


def _by_beginning(every: Iterable[_Wanted]) -> Iterable[tuple[frozenset[bytes], Sequence[_Wanted]]]:
    """Writings that begin alike, with the canaries they write."""
    writings: dict[bytes, set[bytes]] = defaultdict(set)
    wanted: dict[bytes, list[_Wanted]] = defaultdict(list)
    for one in every:
        for writing in one.writings:
            writings[writing[:_BEGINNING_BYTES]].add(writing)
            wanted[writing[:_BEGINNING_BYTES]].append(one)
    return [(frozenset(writings[beginning]), wanted[beginning]) for beginning in writings]


def _any_of(writings: Iterable[bytes]) -> re.Pattern[bytes]:
    return re.compile(b"|".join(re.escape(writing) for writing in sorted(writings)))
