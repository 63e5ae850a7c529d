"""An import survives the end of the process that takes it: real processes, killed before and after a commit, again and again."""

import asyncio
import os
import socket
import sys
from collections.abc import Callable

import pytest

from tests.conftest import set_environment
from tests.intake.conftest import Intake
from tests.intake.imports import announce, as_ndjson, counts, numbered_contact, numbered_engagement, put_in, standing
from tests.polling import until


@pytest.fixture
def start(intake: Intake, kafka: str) -> Callable[[str], asyncio.Task[int]]:
    """Runs `python -m intake run worker` on the test's database until it ends; gives how it did."""

    async def run(failpoint: str) -> int:
        with pytest.MonkeyPatch.context() as patch:
            url = intake.service.settings.database_url.get_secret_value()
            set_environment(patch, url, kafka, port=str(_unused_port()), failpoint=failpoint)
            environment = dict(os.environ)
        quiet = asyncio.subprocess.DEVNULL
        command = (sys.executable, "-m", "intake", "run", "worker")
        program = await asyncio.create_subprocess_exec(*command, env=environment, stdout=quiet, stderr=quiet)
        try:
            return await program.wait()
        except asyncio.CancelledError:
            program.terminate()
            return await program.wait()

    return lambda failpoint: asyncio.create_task(run(failpoint))


def _unused_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


@pytest.mark.parametrize(
    ("kind", "make", "outcome"), [("contacts", numbered_contact, "created"), ("engagements", numbered_engagement, "accepted")]
)
async def test_an_import_whose_process_is_killed_loses_nothing_and_does_nothing_twice(
    intake: Intake, start: Callable[[str], "asyncio.Task[int]"], kind: str, make: Callable[[int], dict[str, object]], outcome: str
) -> None:
    rows = [make(number % 1_400) for number in range(1_500)]
    import_id = await announce(intake, kind)
    await put_in(intake, import_id, as_ndjson(rows))
    for failpoint in ("import.committing:2", "import.committed:1", "import.committing:1"):
        assert await asyncio.wait_for(start(failpoint), 60) == -9
    ending = start("none")
    await until(lambda: _is_done(intake, import_id), seconds=60, what="the import's end")
    ending.cancel()
    await ending
    told = await standing(intake, import_id)
    assert (told["rows_read"], told["rows_applied"], counts(told)) == (1_500, 1_500, {outcome: 1_400, "duplicates_in_file": 100})
    assert len(await intake.rows(f"SELECT id FROM {kind}")) == 1_400


async def _is_done(intake: Intake, import_id: str) -> bool:
    return bool((await standing(intake, import_id))["state"] == "done")
