"""Leaving: whatever is stuck, the process is gone in time; what can still leave the outbox does, and the rest stays."""

import asyncio
import signal
import subprocess
import sys
import time

import pytest
from sqlalchemy import text

from shared.database import Database
from shared.leaving import BATCH_SECONDS, HARD_LIMIT_SECONDS, RELAY_SECONDS, REQUEST_SECONDS, WORK_SECONDS, cut_after
from shared.outbox import publish
from shared.relay import Relay
from tests.shared.conftest import engagement

PROGRAM = """
import asyncio, time
from shared import leaving

leaving.HARD_LIMIT_SECONDS = {limit}

async def main():
    stop = asyncio.Event()
    departure = leaving.Departure(stop)
    departure.listen()
    print("ready", flush=True)
    await stop.wait()
    print("stopping", flush=True)
    {then}
    departure.over()

asyncio.run(main())
"""


def _run(then: str, *, limit: float, signals: int) -> tuple[int, float]:
    """The exit status of a process that is asked to go so often, and how long it took."""
    with subprocess.Popen([sys.executable, "-c", PROGRAM.format(limit=limit, then=then)], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        process.stdout.readline()
        asked_at = time.monotonic()
        for _ in range(signals):
            process.send_signal(signal.SIGTERM)
            process.stdout.readline()
        return process.wait(20), time.monotonic() - asked_at


def test_whoever_ends_in_good_order_says_so() -> None:
    assert _run("pass", limit=60, signals=1)[0] == 0


@pytest.mark.parametrize("stuck", ["await asyncio.Event().wait()", "time.sleep(60)"], ids=["a task that waits", "a loop that stands still"])
def test_a_stuck_part_does_not_hold_the_process(stuck: str) -> None:
    status, seconds = _run(stuck, limit=0.5, signals=1)
    assert status == 1
    assert seconds < 5


def test_a_second_signal_ends_at_once() -> None:
    status, seconds = _run("await asyncio.Event().wait()", limit=60, signals=2)
    assert status == 1
    assert seconds < 5


def test_the_parts_together_fit_into_the_limit() -> None:
    assert REQUEST_SECONDS + WORK_SECONDS + RELAY_SECONDS < HARD_LIMIT_SECONDS < 15
    assert BATCH_SECONDS < WORK_SECONDS


async def test_a_block_is_cut_short_only_so_long_after_the_stop() -> None:
    stop = asyncio.Event()
    stop.set()
    async with asyncio.timeout(5):
        async with cut_after(stop, seconds=0.1, part="tests"):
            await asyncio.Event().wait()


async def test_a_block_that_ends_by_itself_is_not_cut_and_its_own_timeouts_are_its_own() -> None:
    async with cut_after(asyncio.Event(), seconds=0, part="tests"):
        pass
    with pytest.raises(TimeoutError):
        async with cut_after(asyncio.Event(), seconds=0, part="tests"):
            raise TimeoutError


async def test_the_relay_leaves_with_an_empty_outbox(database: Database, kafka: str) -> None:
    stop = asyncio.Event()
    relay = Relay(database=database, bootstrap=kafka)
    relaying = asyncio.create_task(relay.run(stop))
    async with database.transaction() as session:
        await publish(session, [engagement(number) for number in range(2_500)])
    stop.set()
    await relaying
    async with database.reading() as session:
        assert await session.scalar(text("SELECT count(*) FROM outbox")) == 0


async def test_a_relay_without_kafka_leaves_in_time_and_leaves_the_outbox_as_it_is(database: Database) -> None:
    stop = asyncio.Event()
    relay = Relay(database=database, bootstrap="127.0.0.1:9")
    relaying = asyncio.create_task(relay.run(stop))
    async with database.transaction() as session:
        await publish(session, [engagement(1)])
    stop.set()
    async with asyncio.timeout(RELAY_SECONDS + 2):
        await relaying
    async with database.reading() as session:
        assert await session.scalar(text("SELECT count(*) FROM outbox")) == 1
