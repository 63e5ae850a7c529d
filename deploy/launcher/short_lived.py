"""Places for worlds that last no longer than the process that wants them."""

import json
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict
from pathlib import Path

from deploy.launcher.interruptions import cleaning_up_when_terminated, uninterrupted
from deploy.launcher.places import owned_directory, temporary_places, write_privately
from deploy.launcher.processes import Roster, Started, birth_of
from deploy.launcher.stopping import stop_everything

_OWNER = "owner.json"


@contextmanager
def short_lived_place() -> Iterator[tuple[Path, Roster]]:
    """A folder and its processes; at the end, whatever happens, all of them are stopped and the folder is deleted.

    What an owner left behind that was killed outright is cleared away first.
    """
    _clear_abandoned_places()
    with cleaning_up_when_terminated():
        place = owned_directory(temporary_places() / secrets.token_hex(4))
        owner = Started(pid=os.getpid(), birth=str(birth_of(os.getpid())))
        write_privately(place / _OWNER, json.dumps(asdict(owner)))
        roster = Roster(place)
        try:
            yield place, roster
        finally:
            with uninterrupted():
                stop_everything(roster)
                shutil.rmtree(place)


def _clear_abandoned_places() -> None:
    for owner_file in temporary_places().glob(f"*/{_OWNER}"):
        with suppress(FileNotFoundError):  # another process clears it at the same time, or its owner just left
            if not Started(**json.loads(owner_file.read_text())).is_running():
                stop_everything(Roster(owner_file.parent))
                shutil.rmtree(owner_file.parent)
