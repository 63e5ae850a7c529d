"""Where planted strings turned up. The search itself is pure: it is fed text with the name of its place, as the text streams by."""

import json
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


class Searching:
    """Looks for canaries in whatever it is shown."""

    def __init__(self, canaries: Iterable[Canary]) -> None:
        self._wanted = [(number, canary, _writings(canary.text)) for number, canary in enumerate(canaries)]
        self._texts = 0
        self._sightings: list[Sighting] = []

    @property
    def is_needed(self) -> bool:
        """Whether there is anything to look for."""
        return bool(self._wanted)

    def look(self, place: str, where: str, text: bytes) -> None:
        """Looks at one text. `place` is `service.table`, `topic.name`, `arrival.body` or `log.file`; `where` finds it there."""
        self._texts += 1
        for number, canary, writings in self._wanted:
            if any(writing in text for writing in writings) and not _is_allowed(canary, place):
                self._sightings.append(Sighting(number, canary.kind, place, where))

    def result(self) -> Search:
        """What came of it."""
        return Search(len(self._wanted), self._texts, tuple(self._sightings))


def _is_allowed(canary: Canary, place: str) -> bool:
    return place in canary.allowed_in or (canary.kind == "person" and place in _AT_HOME)


def _writings(text: str) -> frozenset[bytes]:
    """The text as it is, and as JSON may write it."""
    return frozenset({text.encode(), json.dumps(text)[1:-1].encode(), json.dumps(text, ensure_ascii=False)[1:-1].encode()})
