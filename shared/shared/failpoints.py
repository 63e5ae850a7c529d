"""Failpoints: named moments at which a test may have the process killed, to prove that nothing is lost or doubled there."""

import os
import signal

_ARMED = os.environ.get("FULLCIRCLE_FAILPOINT") if os.environ.get("FULLCIRCLE_MODE") == "development" else None


def reach(name: str) -> None:
    """Kills this process at once (SIGKILL) when `FULLCIRCLE_FAILPOINT` names this moment, in development mode only."""
    if name == _ARMED:
        os.kill(os.getpid(), signal.SIGKILL)
