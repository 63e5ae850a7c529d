"""Whether memory stays flat under load."""

import threading
from collections.abc import Iterator
from pathlib import Path

from tests.bench.ground import Ground
from tests.bench.mail import Mail
from tests.bench.protocol import FULL, Goal, Measured, Plan, Say

GOAL = Goal("<=", 1.05)

_SECONDS = 300.0
_CONNECTIONS = 32
_SAMPLES = 30


def take(ground: Ground, plan: Plan, say: Say) -> Iterator[Measured]:
    """Resident memory in the last fifth of five minutes of load / in the second fifth: the first still fills caches."""
    mail = Mail(ground)
    mail.prepare()
    seconds = _SECONDS * plan.seconds / FULL.seconds
    pid = ground.pid("intake")
    taken: list[int] = []
    stop = threading.Event()

    def watch() -> None:
        while not stop.wait(seconds / _SAMPLES):
            taken.append(_resident_bytes(pid))

    say(f"intake's resident memory over {seconds:.0f} s of load at {_CONNECTIONS} connections")
    watching = threading.Thread(target=watch)
    watching.start()
    answered, _ = mail.answered(ground.ports.intake, _CONNECTIONS, Plan(1, seconds, 0.0), {})
    stop.set()
    watching.join()
    fifth = max(1, len(taken) // 5)
    early, late = taken[fifth : 2 * fifth] or taken[:1], taken[-fifth:]
    mib = [round(one / 2**20) for one in (taken[0], max(early), max(late))]
    say(f"  {answered.succeeded} webhooks in {answered.seconds:.0f} s; MiB at first {mib[0]}, second fifth {mib[1]}, last fifth {mib[2]}")
    mail.drained()
    mail.forget()
    yield Measured("memory", GOAL, [max(late) / max(early)], 1.0)


def _resident_bytes(pid: int) -> int:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmRSS:"))
