"""What the auditor says of an invariant: kept, broken or not told, how much it looked at, and what it found wrong."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

EXAMPLES_MAX = 10

State = Literal["kept", "broken", "not_told"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One kind of thing that is wrong: how often, and the first few places, as ids and figures."""

    wrong: str
    total: int
    examples: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What evidence says of one invariant. `untold` names the parts of it that there was no evidence for."""

    invariant: str
    promise: str
    state: State
    examined: int
    findings: tuple[Finding, ...]
    untold: tuple[str, ...] = ()

    @property
    def wrongs(self) -> int:
        """How many single things are wrong."""
        return sum(finding.total for finding in self.findings)


@dataclass(slots=True)
class _Kind:
    total: int = 0
    examples: list[str] = field(default_factory=list)


class Examination:
    """Gathers what is looked at and found while one invariant is decided."""

    def __init__(self, invariant: str, promise: str) -> None:
        self._invariant = invariant
        self._promise = promise
        self._examined = 0
        self._kinds: dict[str, _Kind] = {}
        self._untold: list[str] = []

    def look_at(self, things: int = 1) -> None:
        """So many things were held against the invariant."""
        self._examined += things

    def find(self, wrong: str, *where: object) -> None:
        """Something is wrong there. `wrong` names the kind, the same words for all of a kind."""
        kind = self._kinds.setdefault(wrong, _Kind())
        kind.total += 1
        if len(kind.examples) < EXAMPLES_MAX:
            kind.examples.append(" ".join(str(one) for one in where))

    def find_each(self, wrong: str, places: Iterable[object]) -> None:
        """The same is wrong at each of these places."""
        for place in sorted(str(one) for one in places):
            self.find(wrong, place)

    def leave_untold(self, part: str) -> None:
        """Nothing was there by which that part could be decided."""
        self._untold.append(part)

    def verdict(self) -> Verdict:
        """What follows from all of it: nothing looked at is nothing told."""
        findings = tuple(Finding(wrong, kind.total, tuple(kind.examples)) for wrong, kind in self._kinds.items())
        state: State = "broken" if findings else "kept" if self._examined else "not_told"
        return Verdict(self._invariant, self._promise, state, self._examined, findings, tuple(self._untold))
