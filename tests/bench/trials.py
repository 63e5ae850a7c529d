"""Arms that measure themselves: programs that move so many events, and say when they began in earnest and how long it took."""

import asyncio
import json
import os
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import uvloop

from deploy.launcher.places import CHECKOUT
from shared import garbage
from tests.bench.cpu import Meter, pinned, service_cpus
from tests.bench.protocol import Sample

_BEGUN = "begun"

Move = Callable[[int], Awaitable[None]]
"""Moves that many events."""


def trial(arm: str, *, warm_up: int, events: int, pids: Mapping[str, int], **arguments: str) -> Sample:
    """Events per second of `tests.bench.arms.<arm>` after a warm-up, on the service's CPU; of `pids` the CPU is told too."""
    written = json.dumps({"warm_up": warm_up, "events": events, "arguments": arguments})
    meter = Meter(pids)
    with (
        pinned(service_cpus()),
        subprocess.Popen(
            [sys.executable, "-m", f"tests.bench.arms.{arm}", written],
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": str(CHECKOUT)},
            cwd=CHECKOUT,
        ) as child,
    ):
        assert child.stdout is not None
        try:
            for line in child.stdout:
                if line.strip() == _BEGUN:
                    meter.start()
                else:
                    taken = json.loads(line)
                    own = {arm: taken["cpu_seconds"] * 1e6 / events}
                    return Sample(events / taken["seconds"], {**own, **meter.us_per_event(events)})
        finally:
            child.kill()
    raise RuntimeError(f"{arm} ended without saying what it measured")


def run_trial(begin: Callable[..., Awaitable[Move]]) -> None:
    """What such a program does: `begin(**arguments)` makes everything ready and gives what moves events."""
    asked = json.loads(sys.argv[1])
    garbage.look_less_often()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_measure(begin, asked))


async def _measure(begin: Callable[..., Awaitable[Move]], asked: Mapping[str, Any]) -> None:
    move = await begin(**asked["arguments"])
    await move(asked["warm_up"])
    print(_BEGUN, flush=True)  # noqa: T201  the parent reads it
    began, cpu = time.perf_counter(), time.process_time()
    await move(asked["events"])
    taken = {"seconds": time.perf_counter() - began, "cpu_seconds": time.process_time() - cpu}
    print(json.dumps(taken), flush=True)  # noqa: T201  the parent reads it
    os._exit(0)  # what was left behind is nobody's concern
