"""Expectations met and failed, and waiting for what takes a moment to become true."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

_PROBE_EVERY_SECONDS = 0.1
EFFECT_SECONDS = 20.0
"""Effects show within ten seconds on a quiet system; a machine that has just started everything gets twice that."""

Say = Callable[[str], None]
Found = TypeVar("Found")


class CannotGoOn(Exception):
    """Something the rest of the play rests on is not there; the message says what."""


@dataclass(frozen=True, slots=True)
class Failure:
    """An expectation that was not met."""

    what: str
    expected: object
    found: object

    def __str__(self) -> str:
        expected, found = _where_they_differ(self.expected, self.found)
        return f"FAILED  {self.what}\n        expected  {expected}\n        found     {found}"


@dataclass(slots=True)
class Checks:
    """Every expectation of the play, counted; one that fails is said at once and the play goes on."""

    say: Say
    passed: int = 0
    failures: list[Failure] = field(default_factory=list)

    def equal(self, what: str, *, expected: object, found: object) -> None:
        """Expects exactly this."""
        if found == expected:
            self.passed += 1
            return
        failure = Failure(what, expected, found)
        self.failures.append(failure)
        self.say(str(failure))

    def eventually(self, what: str, *, expected: object, probe: Callable[[], object], seconds: float = EFFECT_SECONDS) -> None:
        """Expects exactly this within so many seconds."""
        self.equal(what, expected=expected, found=wait_for(probe, lambda found: found == expected, seconds=seconds))


def _where_they_differ(expected: object, found: object) -> tuple[object, object]:
    """Of two sets or mappings only what one of them has alone, in order; anything else whole."""
    match expected, found:
        case (set(), set()):
            return sorted(expected - found, key=str), sorted(found - expected, key=str)
        case (dict(), dict()):
            differing = sorted((key for key in expected.keys() | found.keys() if expected.get(key) != found.get(key)), key=str)
            return {key: expected.get(key) for key in differing}, {key: found.get(key) for key in differing}
        case _:
            return expected, found


def wait_for(probe: Callable[[], Found], accepts: Callable[[Found], bool], *, seconds: float = EFFECT_SECONDS) -> Found:
    """The first accepted finding, or the last one when the time is up."""
    deadline = time.monotonic() + seconds
    while True:
        found = probe()
        if accepts(found) or time.monotonic() >= deadline:
            return found
        time.sleep(_PROBE_EVERY_SECONDS)
