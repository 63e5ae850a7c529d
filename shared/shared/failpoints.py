"""Failpoints: named moments at which a test may have the process killed, to prove that nothing is lost or doubled there.

`FULLCIRCLE_FAILPOINT=relay.acknowledged` means the first time that moment comes, `relay.acknowledged:7` the seventh.
"""

import os
import signal
from itertools import count


class Failpoint:
    """One moment that is armed, if any is, and how often it has come."""

    def __init__(self, written: str | None) -> None:
        name, _, number = (written or "").partition(":")
        self._name = name or None
        self._fatal = int(number) if number else 1
        self._passes = count(1)

    def is_fatal(self, name: str) -> bool:
        """Whether this pass through that moment is the one to die in."""
        return name == self._name and next(self._passes) == self._fatal


_ARMED = Failpoint(os.environ.get("FULLCIRCLE_FAILPOINT") if os.environ.get("FULLCIRCLE_MODE") == "development" else None)


def reach(name: str) -> None:
    """Kills this process at once (SIGKILL) when `FULLCIRCLE_FAILPOINT` names this moment, in development mode only."""
    if _ARMED.is_fatal(name):
        os.kill(os.getpid(), signal.SIGKILL)
