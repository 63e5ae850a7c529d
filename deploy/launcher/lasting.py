"""This clone's own world: started once, left running, found again, stopped on demand; its data stays."""

import fcntl
import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from deploy.launcher.failures import LaunchFailed
from deploy.launcher.interruptions import cleaning_up_when_terminated, uninterrupted
from deploy.launcher.places import lasting_place, write_privately
from deploy.launcher.ports import Ports, ports_from_environment
from deploy.launcher.processes import Roster
from deploy.launcher.stopping import stop_everything
from deploy.launcher.world import Say, World, request_token

_LOCK = "lock"
_RECORD = "world.json"
_NOTHING_RUNS = "Nothing of this clone runs; `make up` starts it."


@dataclass(frozen=True)
class Record:
    """What the last start of this clone's world consisted of, for those who come after it."""

    ports: Ports
    processes: list[str]
    addresses: dict[str, str]


def bring_up(*, say: Say) -> tuple[World, bool]:
    """The clone's world with everything in it running, and whether this call started it.

    What is left of a world of which a part has ended is stopped first. On a failure nothing is left running.
    """
    place = lasting_place()
    with cleaning_up_when_terminated(), _alone(place, say=say):
        roster = Roster(place)
        record = _read_record(place)
        running = roster.running()
        ended = sorted(set(record.processes) - set(running)) if record else []
        if record and running and not ended:
            return World(place, ports=record.ports, roster=roster, is_short_lived=False, say=say), False
        if running:
            say(f"{', '.join(ended)} ended since the last start; stopping the rest and starting everything again.")
            stop_everything(roster)
        world = World(place, ports=ports_from_environment(), roster=roster, is_short_lived=False, say=say)
        _write_record(place, Record(ports=world.ports, processes=world.process_names, addresses=world.addresses))
        try:
            world.start()
        except BaseException:
            with uninterrupted():
                stop_everything(roster)
            raise
        return world, True


def take_down(*, say: Say) -> list[str]:
    """Stops what runs of this clone and returns the names; its data stays."""
    place = lasting_place()
    with _alone(place, say=say), uninterrupted():
        return stop_everything(Roster(place))


@contextmanager
def kept_world(*, say: Say = lambda _: None) -> Iterator[World]:
    """The clone's world, left running after the block; stopped again when the block fails in a world started here."""
    world, was_started_here = bring_up(say=say)
    with cleaning_up_when_terminated():
        try:
            yield world
        except BaseException:
            if was_started_here:
                take_down(say=say)
            raise


def running_addresses() -> dict[str, str]:
    """Where each thing of this clone that runs now can be reached; fails when nothing runs."""
    place = lasting_place()
    record = _read_record(place)
    running = set(Roster(place).running())
    if record is None or not running:
        raise LaunchFailed(_NOTHING_RUNS)
    # A server that the launcher did not start is none of its processes, and is taken to run.
    return {name: address for name, address in record.addresses.items() if name in running or name not in record.processes}


def running_world_of_clone() -> World:
    """This clone's world as it runs now, to look at; fails when nothing runs."""
    place = lasting_place()
    record = _read_record(place)
    roster = Roster(place)
    if record is None or not roster.running():
        raise LaunchFailed(_NOTHING_RUNS)
    return World(place, ports=record.ports, roster=roster, is_short_lived=False, say=lambda _: None)


def token_of_running_world(*, role: str, rep: str, sub: str) -> str:
    """A bearer token from this clone's issuer; fails when it does not run."""
    place = lasting_place()
    record = _read_record(place)
    if record is None or not Roster(place).running():
        raise LaunchFailed(_NOTHING_RUNS)
    return request_token(record.ports.issuer, role=role, rep=rep, sub=sub)


def remove_state(*, say: Say) -> Path:
    """Deletes this clone's data, keys, passwords and logs, and returns where they were; refuses while anything runs."""
    place = lasting_place()
    with _alone(place, say=say):
        running = Roster(place).running()
        if running:
            raise LaunchFailed(f"{', '.join(running)} still run on the data in {place}; `make down` first.")
        for entry in place.iterdir():
            if entry.is_dir():
                shutil.rmtree(entry)
            elif entry.name != _LOCK:
                entry.unlink()
    return place


@contextmanager
def _alone(place: Path, *, say: Say) -> Iterator[None]:
    """Waits until no other command starts or stops this clone's world."""
    with (place / _LOCK).open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("Another command is starting or stopping this clone's world; waiting for it.")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _read_record(place: Path) -> Record | None:
    file = place / _RECORD
    if not file.exists():
        return None
    written = json.loads(file.read_text())
    return Record(ports=Ports(**written["ports"]), processes=written["processes"], addresses=written["addresses"])


def _write_record(place: Path, record: Record) -> None:
    write_privately(place / _RECORD, json.dumps(asdict(record)))
