"""Failpoints: which pass is the fatal one."""

import os
import signal
import subprocess
import sys

import pytest

from shared.failpoints import Failpoint


@pytest.mark.parametrize(
    ("written", "fatal"),
    [("relay.acknowledged", 1), ("relay.acknowledged:1", 1), ("relay.acknowledged:3", 3), ("other", None), (None, None)],
)
def test_a_failpoint_is_fatal_at_the_pass_it_names_and_no_other(written: str | None, fatal: int | None) -> None:
    failpoint = Failpoint(written)
    passes = [failpoint.is_fatal("relay.acknowledged") for _ in range(5)]
    assert [number for number, is_fatal in enumerate(passes, start=1) if is_fatal] == ([] if fatal is None else [fatal])


@pytest.mark.parametrize(("mode", "status"), [("development", -signal.SIGKILL), ("production", 0)])
def test_only_a_process_in_development_mode_dies_of_it(mode: str, status: int) -> None:
    environment = {**os.environ, "FULLCIRCLE_FAILPOINT": "here:2", "FULLCIRCLE_MODE": mode}
    program = "from shared.failpoints import reach; reach('here'); reach('elsewhere'); reach('here')"
    assert subprocess.run([sys.executable, "-c", program], env=environment, check=False).returncode == status
