"""A standstill of the event loop is counted, timed, and told with the place in the code that caused it."""

import asyncio
import io
import json
import time
from collections.abc import Iterator

import pytest
from prometheus_client import REGISTRY

from shared.stalls import STALL_SECONDS, StallDetector
from tests.logs import logged
from tests.polling import until


def _counted() -> tuple[float, float]:
    stalls, seconds = (REGISTRY.get_sample_value(f"fullcircle_event_loop_{name}_total") for name in ("stalls", "stalled_seconds"))
    return stalls or 0.0, seconds or 0.0


def _stand_still(seconds: float) -> None:
    over = time.monotonic() + seconds
    while time.monotonic() < over:
        pass


@pytest.fixture
def log() -> Iterator[io.BytesIO]:
    with logged() as stream:
        yield stream


async def test_a_standstill_is_counted_timed_and_told_with_its_place(log: io.BytesIO) -> None:
    stop = asyncio.Event()
    before = _counted()
    watching = asyncio.create_task(StallDetector().run(stop))
    await asyncio.sleep(0)
    _stand_still(STALL_SECONDS + 0.5)
    await until(lambda: b"goes on" in log.getvalue(), what="the end is told")
    stop.set()
    await watching
    stalls, seconds = _counted()
    assert stalls - before[0] == 1
    assert STALL_SECONDS <= seconds - before[1] < STALL_SECONDS + 2
    [told] = [json.loads(line) for line in log.getvalue().splitlines() if b"stands still" in line]
    assert any("_stand_still" in frame for frame in told["frames"])


async def test_a_loop_that_is_busy_but_answers_is_left_alone() -> None:
    stop = asyncio.Event()
    before = _counted()
    watching = asyncio.create_task(StallDetector().run(stop))
    for _ in range(20):
        _stand_still(STALL_SECONDS / 10)
        await asyncio.sleep(0)
    stop.set()
    await watching
    assert _counted() == before
