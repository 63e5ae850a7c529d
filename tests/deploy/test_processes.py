"""Processes are found by pid and birth, so that no other process is ever taken for one of ours."""

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.launcher.failures import LaunchFailed
from deploy.launcher.processes import Roster, Started, birth_by_ps, birth_of

SLEEPER = [sys.executable, "-c", "import time; print('asleep', flush=True); time.sleep(60)"]
STUBBORN = [
    sys.executable,
    "-c",
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); time.sleep(60)",
]


@pytest.fixture
def roster(tmp_path: Path) -> Iterator[Roster]:
    roster = Roster(tmp_path)
    yield roster
    roster.kill(roster.running())


@pytest.fixture
def stranger() -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen(SLEEPER, stdout=subprocess.DEVNULL) as process:
        yield process
        process.kill()


def start_and_wait_for(word: str, roster: Roster, command: list[str]) -> None:
    roster.start("sleeper", command, environment={})
    roster.wait_until("sleeper", lambda: word in roster.log("sleeper").read_text(), timeout_seconds=10)


def test_a_process_is_found_and_stopped_by_a_later_command(roster: Roster, tmp_path: Path) -> None:
    start_and_wait_for("asleep", roster, SLEEPER)
    pid = json.loads((tmp_path / "pids" / "sleeper.json").read_text())["pid"]
    stop = f"from pathlib import Path; from deploy.launcher.processes import Roster; print(Roster(Path({str(tmp_path)!r}))"
    script = stop + ".stop(['sleeper'], grace_seconds=10))"
    later = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert later.stdout.strip() == "[]"
    assert birth_of(pid) is None
    assert roster.running() == []


def test_a_pid_that_now_belongs_to_another_process_is_left_alone(roster: Roster, tmp_path: Path, stranger: subprocess.Popen[bytes]) -> None:
    recycled = {"pid": stranger.pid, "birth": "that of the one before"}
    (tmp_path / "pids" / "sleeper.json").write_text(json.dumps(recycled))
    assert roster.running() == []
    assert roster.stop(["sleeper"], grace_seconds=10) == []
    roster.kill(["sleeper"])
    assert stranger.poll() is None
    assert not (tmp_path / "pids" / "sleeper.json").exists()


def test_two_processes_never_share_a_birth(stranger: subprocess.Popen[bytes]) -> None:
    birth = birth_of(stranger.pid)
    assert birth is not None
    assert Started(pid=stranger.pid, birth=birth).is_running()
    assert not Started(pid=os.getpid(), birth=birth).is_running()


def test_a_process_that_ended_is_over_even_before_its_parent_collects_it() -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as ended:
        os.waitid(os.P_PID, ended.pid, os.WEXITED | os.WNOWAIT)
        assert birth_of(ended.pid) is None


@pytest.mark.skipif(shutil.which("ps") is None, reason="needs ps, as systems without /proc have it")
def test_where_there_is_no_proc_a_birth_is_read_from_ps(stranger: subprocess.Popen[bytes]) -> None:
    assert birth_by_ps(stranger.pid)
    stranger.kill()
    stranger.wait()
    assert birth_by_ps(stranger.pid) is None


def test_a_process_that_ignores_sigterm_is_killed_when_the_grace_is_over(roster: Roster) -> None:
    start_and_wait_for("deaf", roster, STUBBORN)
    assert roster.stop(["sleeper"], grace_seconds=0.2) == ["sleeper"]
    assert roster.running() == []


def test_one_that_ends_before_it_is_ready_is_told_with_the_end_of_its_log(roster: Roster) -> None:
    roster.start("sleeper", [sys.executable, "-c", "raise SystemExit('no such setting')"], environment={})
    with pytest.raises(LaunchFailed, match="sleeper ended before it was ready") as failure:
        roster.wait_until("sleeper", lambda: False, timeout_seconds=10)
    assert str(roster.log("sleeper")) in str(failure.value)
    assert "no such setting" in str(failure.value)


def test_one_that_never_gets_ready_is_given_up_on(roster: Roster) -> None:
    roster.start("sleeper", SLEEPER, environment={})
    with pytest.raises(LaunchFailed, match="sleeper was not ready after 0 seconds"):
        roster.wait_until("sleeper", lambda: False, timeout_seconds=0.1)


def test_the_log_of_the_run_before_is_kept(roster: Roster) -> None:
    for word in ("first", "second"):
        roster.start("printer", [sys.executable, "-c", f"print('{word}')"], environment={})
        roster.wait_for_success("printer", timeout_seconds=10)
    assert roster.log("printer").read_text() == "second\n"
    assert roster.log("printer").with_name("printer.previous.log").read_text() == "first\n"


def test_a_started_process_does_not_hear_what_its_starter_is_told(roster: Roster, tmp_path: Path) -> None:
    start_and_wait_for("asleep", roster, SLEEPER)
    pid = json.loads((tmp_path / "pids" / "sleeper.json").read_text())["pid"]
    assert os.getsid(pid) == pid != os.getsid(0)
    os.kill(pid, signal.SIGCONT)
    assert roster.is_running("sleeper")
