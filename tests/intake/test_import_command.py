"""`make import`, as its user has it: a file goes in, its counts and its bad rows come out, and what was interrupted goes on."""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from intake.operations.importing.importer import Importer
from tests.inputs.serving import serving
from tests.intake.conftest import Intake, new_ledger
from tests.intake.imports import as_csv, as_ndjson, numbered_contact, numbered_engagement
from tests.polling import until

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True)
class Ran:
    status: int
    printed: str
    said: str


class Command:
    """The command, run against a running intake."""

    def __init__(self, port: int, authorization: str) -> None:
        self._address = f"http://127.0.0.1:{port}"
        self._environment = {**os.environ, "FULLCIRCLE_TOKEN": authorization.removeprefix("Bearer ")}

    async def start(self, file: Path, *more: str) -> asyncio.subprocess.Process:
        command = (sys.executable, "-m", "deploy.importing", str(file), "--intake", self._address, *more)
        piped = asyncio.subprocess.PIPE
        return await asyncio.create_subprocess_exec(*command, env=self._environment, cwd=ROOT, stdout=piped, stderr=piped)

    async def run(self, file: Path, *more: str) -> Ran:
        program = await self.start(file, *more)
        printed, said = await program.communicate()
        assert program.returncode is not None
        return Ran(program.returncode, printed.decode(), said.decode())


@pytest.fixture
async def command(intake: Intake) -> AsyncIterator[Command]:
    """Intake behind a real server, its importer at work."""
    stop = asyncio.Event()
    importing = asyncio.create_task(Importer(intake.service.database, lambda: False, erasures=new_ledger()).run(stop))
    async with serving(intake.service.app("api")) as port:
        yield Command(port, intake.token("integration")["Authorization"])
    stop.set()
    await importing


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


async def test_a_file_goes_in_and_says_what_became_of_it(command: Command, tmp_path: Path) -> None:
    file = tmp_path / "directory.csv"
    file.write_bytes(as_csv([numbered_contact(number) for number in range(1_200)]))
    ran = await command.run(file)
    assert (ran.status, ran.printed) == (0, "1,200 rows: 1,200 created\n"), ran.said
    assert "sent 100 %" in ran.said
    again = await command.run(file)
    assert (again.status, again.printed) == (0, "1,200 rows: 1,200 unchanged\n")
    assert names_in(tmp_path) == [file.name]


async def test_rows_that_were_not_taken_lie_in_a_file_beside_it_and_the_status_says_so(command: Command, tmp_path: Path) -> None:
    file = tmp_path / "year.ndjson"
    file.write_bytes(as_ndjson([numbered_engagement(1), {"kind": "nothing"}, numbered_engagement(1)]))
    ran = await command.run(file, "--kind", "engagements", "--flags", "")
    assert (ran.status, ran.printed.splitlines()[0]) == (1, "3 rows: 1 accepted, 1 rejected, 1 duplicates_in_file"), ran.said
    lines = (tmp_path / "year.ndjson.errors.ndjson").read_text().splitlines()
    assert [json.loads(line)["row"] for line in lines] == [2, 3]


async def test_what_was_interrupted_goes_on_where_it_was(intake: Intake, command: Command, tmp_path: Path) -> None:
    file = tmp_path / "directory.ndjson"
    file.write_bytes(as_ndjson(numbered_contact(number, segments=["s" * 100] * 200) for number in range(600)))
    first = await command.start(file)
    await until(lambda: _some_came(intake), what="the first part")
    first.kill()
    await first.wait()
    ran = await command.run(file)
    assert (ran.status, ran.printed) == (0, "600 rows: 600 created\n"), ran.said
    assert "Going on with directory.ndjson" in ran.said
    assert len(await intake.rows("SELECT id FROM imports")) == 1


async def _some_came(intake: Intake) -> bool:
    return bool(await intake.rows("SELECT id FROM imports WHERE bytes_received > 0"))


async def test_a_file_that_cannot_be_is_told_in_a_sentence(command: Command, tmp_path: Path) -> None:
    file = tmp_path / "people.csv"
    file.write_bytes(b"id,surname\nx,y\n")
    ran = await command.run(file)
    assert ran.status == 2
    assert "names no field in column 2" in ran.said
    ran = await command.run(tmp_path / "people.xlsx")
    assert (ran.status, "Traceback" in ran.said) == (2, False)
