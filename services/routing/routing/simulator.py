"""Where simulations are worked on: a process of their own, one at a time, behind everybody else.

Replaying history is nothing but computing, for as long as a minute: on the worker's event loop it would hold up consumers and answers, and
in a thread too. `python -m routing.simulator <id> <attempt>` is that process. It ends when its parent does: the parent holds its input.
"""

import argparse
import asyncio
import contextlib
import os
import sys
from datetime import UTC, datetime
from functools import partial
from uuid import UUID

import structlog
import uvloop

from routing.operations.whatif.records import BELL, Beginning, let_go, reread, take_up
from routing.operations.whatif.simulating import carry_out
from shared import garbage, telemetry
from shared.database import Database
from shared.loops import repeat, wait_for_bell
from shared.settings import ServiceSettings

_log = structlog.get_logger()

LOOKED_FOR_EVERY_SECONDS = 1.0
BEHIND_EVERYBODY = 10
"""How much nicer than the worker the process is, as nice(1) counts."""
_END_SECONDS = 2


async def simulate_in_turn(database: Database, stop: asyncio.Event) -> None:
    """The worker's loop: takes up one simulation after the other until stopped. One that is cut short is begun anew by the next worker."""

    async def run_once() -> int:
        bell = database.bells[BELL]
        bell.clear()
        beginning = await take_up(database, now=datetime.now(UTC))
        if beginning is None:
            await wait_for_bell(bell, stop, at_most_seconds=LOOKED_FOR_EVERY_SECONDS)
        else:
            await carry_out_apart(database, beginning, stop)
        return 1

    await repeat(run_once, name="simulations", every_seconds=LOOKED_FOR_EVERY_SECONDS, stop=stop)


async def carry_out_apart(database: Database, beginning: Beginning, stop: asyncio.Event) -> None:
    """Has a process carry out the simulation, and puts it back into the queue if that ends without a word."""
    command = [sys.executable, "-m", "routing.simulator", str(beginning.id), str(beginning.attempt)]
    try:
        child = await asyncio.create_subprocess_exec(*command, stdin=asyncio.subprocess.PIPE)
    except OSError as error:  # no memory for a process, or no more of them: another time, or another machine
        _log.warning("a simulation's process can't be started", simulation_id=str(beginning.id), error=type(error).__name__)
        await let_go(database, beginning)
        return
    ended, stopped = asyncio.ensure_future(child.wait()), asyncio.ensure_future(stop.wait())
    try:
        await asyncio.wait({ended, stopped}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        stopped.cancel()
        if child.returncode is None:
            child.kill()
        await asyncio.wait_for(ended, _END_SECONDS)
        if child.returncode != 0:
            _log.warning("a simulation's process ended early", simulation_id=str(beginning.id), returncode=child.returncode)
            await let_go(database, beginning)


async def _carry_out(id_: UUID, attempt: int) -> None:
    database = Database(ServiceSettings().database_url.get_secret_value(), application_name="fullcircle-routing-simulator")
    try:
        beginning = await reread(database, id_, attempt=attempt)
        if beginning is not None:
            await carry_out(database, beginning)
    finally:
        await database.close()


async def _end_with_parent() -> None:
    """Ends this process as soon as nobody holds its input any more."""
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(partial(asyncio.StreamReaderProtocol, reader), sys.stdin)
    await reader.read()
    os._exit(1)


async def _main(id_: UUID, attempt: int) -> None:
    watching = asyncio.create_task(_end_with_parent())
    try:
        await _carry_out(id_, attempt)
    finally:
        watching.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await watching


def main() -> None:
    """The process."""
    parser = argparse.ArgumentParser(description="Carries out one simulation; started by routing's worker.")
    parser.add_argument("id", type=UUID)
    parser.add_argument("attempt", type=int)
    chosen = parser.parse_args()
    os.nice(BEHIND_EVERYBODY)
    telemetry.configure_logging("routing", ServiceSettings().log_level.upper())
    garbage.look_less_often()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_main(chosen.id, chosen.attempt))


if __name__ == "__main__":
    main()
