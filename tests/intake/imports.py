"""Files of contacts and engagements, and the way they are put in."""

import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import httpx

from intake.operations.importing.importer import Importer
from tests.intake.conftest import Intake, contact, engagement, new_ledger

PART_BYTES = 64 * 1024


def numbered_contact(number: int, **changes: Any) -> dict[str, Any]:
    """A contact like no other."""
    return contact(f"hcp-{number}", external_ids={"crm": f"crm-{number}"}, emails=[f"p{number}@clinic.test"], **changes)


def numbered_engagement(number: int, **changes: Any) -> dict[str, Any]:
    """An engagement like no other, of one of fifty persons."""
    return engagement(f"e-{number}", contact={"email": f"p{number % 50}@clinic.test"}, **changes)


def as_ndjson(rows: Iterable[Any]) -> bytes:
    """The rows as lines; bytes are a line as it is."""
    return b"".join((row if isinstance(row, bytes) else json.dumps(row).encode()) + b"\n" for row in rows)


def as_csv(rows: Sequence[Mapping[str, Any]]) -> bytes:
    """The rows under a header of all their fields, nested ones as JSON."""
    columns = list(dict.fromkeys(name for row in rows for name in row))
    written = io.StringIO()
    writer = csv.writer(written)
    writer.writerow(columns)
    writer.writerows([[_cell(row.get(name)) for name in columns] for row in rows])
    return written.getvalue().encode()


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value)


async def announce(intake: Intake, kind: str, **announced: Any) -> str:
    """Announces a file; gives the id of its import."""
    answer = await intake.client.post("/v1/imports", json={"kind": kind, **announced}, headers=intake.token("integration"))
    assert answer.status_code == 201, answer.text
    import_id: str = answer.json()["id"]
    return import_id


async def put_part(intake: Intake, import_id: str, content: bytes, *, at: int = 0, is_last: bool = False) -> httpx.Response:
    headers = {"Content-Type": "application/octet-stream", "Upload-Offset": str(at), "Upload-Complete": "?1" if is_last else "?0"}
    path = f"/v1/imports/{import_id}/content"
    return await intake.client.patch(path, content=content, headers=intake.token("integration") | headers)


async def put_in(intake: Intake, import_id: str, content: bytes) -> None:
    """Sends the whole file, part by part."""
    for at in range(0, max(len(content), 1), PART_BYTES):
        part = content[at : at + PART_BYTES]
        answer = await put_part(intake, import_id, part, at=at, is_last=at + PART_BYTES >= len(content))
        assert answer.status_code == 200, answer.text


async def imported(intake: Intake, kind: str, content: bytes, **announced: Any) -> dict[str, Any]:
    """Puts a file in, has it taken, and gives what its import says then."""
    import_id = await announce(intake, kind, **announced)
    await put_in(intake, import_id, content)
    assert await Importer(intake.service.database, lambda: False, erasures=new_ledger()).run_once()
    return await standing(intake, import_id)


async def standing(intake: Intake, import_id: str) -> dict[str, Any]:
    answer = await intake.get(f"imports/{import_id}", role="integration")
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told


async def errors(intake: Intake, import_id: str) -> dict[int, list[dict[str, str]]]:
    """What is wrong with which row."""
    answer = await intake.get(f"imports/{import_id}/errors", role="integration")
    assert answer.headers["content-type"] == "application/x-ndjson"
    lines = [json.loads(line) for line in answer.text.splitlines()]
    assert [line["row"] for line in lines] == sorted({line["row"] for line in lines})
    return {line["row"]: line["errors"] for line in lines}


COUNTS = ("created", "updated", "unchanged", "accepted", "duplicate", "rejected", "duplicates_in_file")


def counts(told: Mapping[str, Any]) -> dict[str, int]:
    """The counts of an import that are not zero."""
    return {name: told[name] for name in COUNTS if told[name]}
