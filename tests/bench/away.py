"""Measuring away from what is measured: in a process of its own, which says when its warm-up is over and then what it measured."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Callable, Coroutine
from dataclasses import asdict
from typing import Any, TypeVar

import uvloop

from deploy.launcher.places import CHECKOUT
from tests.bench.cpu import load_cpus, pinned

Given = TypeVar("Given")

_BEGUN = "begun"


def measured_away(module: str, given: Any, *, when_begun: Callable[[], None]) -> dict[str, Any]:
    """Runs the module with `given`, a dataclass, on the CPUs of loads; `when_begun` is called when the warm-up is over.

    The module ends in `measure_here`. Returns the fields of what it measured; raises RuntimeError if it ended without.
    """
    command = [sys.executable, "-m", module, json.dumps(asdict(given))]
    environment = {**os.environ, "PYTHONPATH": str(CHECKOUT)}
    with pinned(load_cpus()), subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment, cwd=CHECKOUT) as child:
        assert child.stdout is not None
        try:
            for line in child.stdout:
                if line.strip() == _BEGUN:
                    when_begun()
                else:
                    measured: dict[str, Any] = json.loads(line)
                    return measured
        finally:
            child.kill()
    raise RuntimeError(f"{module} ended without saying what it measured")


def say_begun() -> None:
    """The warm-up is over."""
    print(_BEGUN, flush=True)  # noqa: T201  the parent reads it


def measure_here(measure: Callable[[Given], Coroutine[Any, Any, Any]], given: type[Given]) -> None:
    """In the process away: measures what the command line gives, and tells the parent the dataclass that comes of it."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        measured = runner.run(measure(given(**json.loads(sys.argv[1]))))
    print(json.dumps(asdict(measured)), flush=True)  # noqa: T201  the parent reads it
