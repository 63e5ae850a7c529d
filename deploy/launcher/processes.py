"""Starts processes that outlive their starter, finds them again, and stops those and no others."""

import json
import os
import pwd
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from deploy.launcher.failures import LaunchFailed
from deploy.launcher.places import private_directory, write_privately

_POLL_SECONDS = 0.02
_KILL_SECONDS = 10.0  # a killed process is gone at once unless the kernel still waits for a disk
_TAIL_LINES = 15
_LINUX_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


@dataclass(frozen=True)
class Started:
    """A process as it was started: a pid alone may belong to somebody else by now, with its birth it can't."""

    pid: int
    birth: str

    def is_running(self) -> bool:
        return birth_of(self.pid) == self.birth


class Roster:
    """The processes of one world by name, each with a file that identifies it and a log of its own."""

    def __init__(self, place: Path) -> None:
        self._place = place
        self._pids = private_directory(place / "pids")
        self._logs = private_directory(place / "logs")
        self._children: dict[str, subprocess.Popen[bytes]] = {}

    def start(self, name: str, command: Sequence[str], *, environment: Mapping[str, str], account: pwd.struct_passwd | None = None) -> None:
        """Starts a process in a session of its own, so that neither Ctrl-C nor a closed terminal reaches it.

        The log of the run before is kept beside the new one as `<name>.previous.log`.
        """
        log = self.log(name)
        if log.exists():
            log.replace(log.with_name(f"{name}.previous.log"))
        with log.open("wb") as output:
            child = subprocess.Popen(
                command,
                env=dict(environment),
                cwd=self._place,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                user=account.pw_uid if account else None,
                group=account.pw_gid if account else None,
                extra_groups=[] if account else None,
            )
        self._children[name] = child
        birth = birth_of(child.pid) or "ended at once"
        write_privately(self._pid_file(name), json.dumps({"pid": child.pid, "birth": birth}))

    def log(self, name: str) -> Path:
        """The file that takes what the process of that name prints."""
        return self._logs / f"{name}.log"

    def running(self) -> list[str]:
        """The names of the processes that run now, whoever started them; those that ended are forgotten."""
        known = {path.stem for path in self._pids.glob("*.json")} | self._children.keys()
        running = sorted(name for name in known if self.is_running(name))
        for name in known - set(running):
            self._forget(name)
        return running

    def is_running(self, name: str) -> bool:
        started = self._started(name)
        return started is not None and started.is_running()

    def pid(self, name: str) -> int | None:
        """The process id of that name's process; None when it doesn't run."""
        started = self._started(name)
        return started.pid if started is not None and started.is_running() else None

    def wait_until(self, name: str, is_ready: Callable[[], bool], *, timeout_seconds: float) -> None:
        """Returns once the process is ready; fails when it ends before that, or the time is over."""
        deadline = time.monotonic() + timeout_seconds
        while not is_ready():
            if not self.is_running(name):
                raise self._failure(f"{name} ended before it was ready")
            if time.monotonic() > deadline:
                raise self._failure(f"{name} was not ready after {timeout_seconds:.0f} seconds")
            time.sleep(_POLL_SECONDS)

    def wait_for_success(self, name: str, *, timeout_seconds: float) -> None:
        """Returns once a process started by this roster has ended well; fails when it does not."""
        try:
            status = self._children[name].wait(timeout_seconds)
        except subprocess.TimeoutExpired:
            raise self._failure(f"{name} was not done after {timeout_seconds:.0f} seconds") from None
        self._pid_file(name).unlink()
        if status != 0:
            raise self._failure(f"{name} failed with exit status {status}")

    def stop(self, names: Iterable[str], *, with_signal: signal.Signals = signal.SIGTERM, grace_seconds: float) -> list[str]:
        """Asks these processes to end, all at once, and kills those that have not when the grace is over.

        Returns the names of the killed ones.
        """
        asked = [name for name in names if self._send(name, with_signal)]
        remaining = self._wait_until_gone(asked, timeout_seconds=grace_seconds)
        self.kill(remaining)
        return remaining

    def kill(self, names: Iterable[str]) -> None:
        """Ends these processes and their children without asking."""
        killed = [name for name in names if self._send(name, signal.SIGKILL)]
        stuck = self._wait_until_gone(killed, timeout_seconds=_KILL_SECONDS)
        if stuck:
            raise LaunchFailed(f"{', '.join(stuck)} could not be killed.")

    def _wait_until_gone(self, names: list[str], *, timeout_seconds: float) -> list[str]:
        deadline = time.monotonic() + timeout_seconds
        remaining = names
        while True:
            remaining = [name for name in remaining if self.is_running(name)]
            if not remaining or time.monotonic() > deadline:
                break
            time.sleep(_POLL_SECONDS)
        for name in set(names) - set(remaining):
            self._forget(name)
        return remaining

    def _forget(self, name: str) -> None:
        child = self._children.pop(name, None)
        if child is not None:
            child.wait()
        self._pid_file(name).unlink(missing_ok=True)

    def _send(self, name: str, number: signal.Signals) -> bool:
        started = self._started(name)
        if started is None:
            return False
        if not started.is_running():
            self._forget(name)
            return False
        if number is signal.SIGKILL:
            os.killpg(started.pid, number)  # each leads its own session, hence its own group
        else:
            os.kill(started.pid, number)
        return True

    def _started(self, name: str) -> Started | None:
        path = self._pid_file(name)
        if not path.exists():
            return None
        return Started(**json.loads(path.read_text()))

    def _pid_file(self, name: str) -> Path:
        return self._pids / f"{name}.json"

    def _failure(self, what: str) -> LaunchFailed:
        name = what.split(" ", 1)[0]
        lines = self.log(name).read_text(errors="replace").splitlines()[-_TAIL_LINES:]
        return LaunchFailed("\n".join([f"{what}; its log is {self.log(name)}.", *(f"    {line}" for line in lines)]))


def birth_of(pid: int) -> str | None:
    """When that process was born, in a form that no other process of this machine ever shares; None when it is over.

    A process that ended but was not collected by its parent is over.
    """
    if sys.platform == "linux":
        return birth_by_proc(pid)
    return birth_by_ps(pid)


def birth_by_proc(pid: int) -> str | None:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    # The second field is the program's name in parentheses and may itself hold spaces and parentheses.
    state, *rest = stat.rpartition(")")[2].split()
    ticks_since_boot = rest[18]
    return None if state in {"Z", "X"} else f"{_LINUX_BOOT_ID.read_text().strip()} {ticks_since_boot}"


def birth_by_ps(pid: int) -> str | None:
    shown = subprocess.run(["ps", "-o", "stat=,lstart=", "-p", str(pid)], capture_output=True, text=True, check=False).stdout
    state, _, birth = shown.strip().partition(" ")
    return None if not state or state.startswith("Z") else birth.strip()
