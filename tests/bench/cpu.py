"""CPU a process and what it started have spent, which moves far less than the clock on a machine that others use too."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

_TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")
_US_PER_SECOND = 1_000_000


def all_cpus() -> list[int]:
    """The CPUs we may use, in order; one where the system does not tell."""
    return sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else [0]


def service_cpus() -> set[int]:
    """Where the service under test runs: the first CPU, where there are two to tell apart."""
    return set(all_cpus()[:1])


def load_cpus() -> set[int]:
    """Where the load comes from: away from the service."""
    return set(all_cpus()[1:]) or service_cpus()


@contextmanager
def pinned(cpus: set[int]) -> Iterator[None]:
    """Processes started inside run on these CPUs alone."""
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cpus)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


class Meter:
    """The CPU spent since `start` by some processes with all they started, by the names they are told under."""

    def __init__(self, pids: Mapping[str, int]) -> None:
        self._pids = pids
        self._before: dict[str, float] = {}

    def start(self) -> None:
        self._before = {name: _seconds(pid) for name, pid in self._pids.items()}

    def us_per_event(self, events: int) -> dict[str, float]:
        """Microseconds each spent per event."""
        return {name: (_seconds(pid) - self._before[name]) * _US_PER_SECOND / max(events, 1) for name, pid in self._pids.items()}


def _seconds(pid: int) -> float:
    """User and system time of the process, of its children that run, and of those that ended."""
    children = _children()
    total, pending = 0, [pid]
    while pending:
        one = pending.pop()
        fields = _stat(one)
        if fields:
            total += sum(int(field) for field in fields[11:15])
            pending += children.get(one, [])
    return total / _TICKS_PER_SECOND


def _children() -> dict[int, list[int]]:
    found: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal() and (fields := _stat(int(entry.name))):
            found.setdefault(int(fields[1]), []).append(int(entry.name))
    return found


def _stat(pid: int) -> list[str]:
    """The fields of /proc/<pid>/stat after the program's name, which may itself hold blanks; none for what has ended."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return []
