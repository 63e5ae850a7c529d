"""Imports: a file becomes what the API would have made of its rows, bad ones are told by their number, and nothing is done twice."""

import asyncio
from typing import Any

import pytest
from sqlalchemy import text

from intake.operations.directory import upsert_contacts
from intake.operations.importing import taking
from intake.operations.importing.importer import Importer
from intake.operations.importing.pace import Pace
from shared.ids import new_id
from shared.limits import MAX_BODY_BYTES
from shared.tabular import ROW_BYTES_MAX
from tests.intake.conftest import Intake, contact, engagement, new_ledger
from tests.intake.imports import (
    announce,
    as_csv,
    as_ndjson,
    counts,
    errors,
    imported,
    numbered_contact,
    numbered_engagement,
    put_in,
    put_part,
    standing,
)
from tests.polling import until


@pytest.mark.parametrize("form", ["csv", "ndjson"])
async def test_contacts_of_a_file_are_what_the_api_would_have_made_of_them(intake: Intake, form: str) -> None:
    by_api = contact("one", consents=[{"channel": "email", "state": "denied", "at": "2026-01-05T09:00:00Z"}], region="IL")
    await intake.put("contacts", [by_api])
    by_file = by_api | {"id": "two", "external_ids": {"npi": "1245319599"}, "emails": ["b@clinic.test"]}
    rows = [by_file, by_api | {"specialty": "nephrology"}]
    told = await imported(intake, "contacts", as_csv(rows) if form == "csv" else as_ndjson(rows), format=form, name="directory")
    assert (told["state"], told["rows_read"], told["rows_applied"], counts(told)) == ("done", 2, 2, {"created": 1, "updated": 1})
    assert told["finished_at"] is not None
    read = [(await intake.get(f"contacts/{name}", role="integration")).json() for name in ("one", "two")]
    different = ("id", "external_ids", "emails", "specialty", "version")
    assert [{key: value for key, value in each.items() if key not in different} for each in read] == [
        {key: value for key, value in read[0].items() if key not in different}
    ] * 2
    assert [told["contact_id"] for told in await intake.published("contact.snapshot")] == ["one", "one", "two"]
    again = await imported(intake, "contacts", as_ndjson(rows))
    assert counts(again) == {"unchanged": 2}


@pytest.mark.parametrize("form", ["csv", "ndjson"])
async def test_engagements_of_a_file_are_a_backfill_and_told_before_is_told_before(intake: Intake, form: str) -> None:
    first = numbered_engagement(1, attributes={"attended_seconds": 60}, topics=["dosing"])
    await intake.post_engagements(first)
    rows: list[dict[str, Any]] = [first, numbered_engagement(2), first | {"source_event_id": "e-3"}, first | {"machine": True}]
    content = as_csv(rows[:3]) if form == "csv" else as_ndjson(rows[:3])
    told = await imported(intake, "engagements", content, format=form)
    assert (told["flags"], counts(told)) == (["backfill"], {"accepted": 2, "duplicate": 1})
    assert [event["flags"] for event in await intake.published("engagement.recorded")] == [[], ["backfill"], ["backfill"]]
    contradicting = await imported(intake, "engagements", as_ndjson([rows[3]]))
    assert counts(contradicting) == {"rejected": 1}
    assert [error["pointer"] for error in (await errors(intake, contradicting["id"]))[1]] == ["/source_event_id"]


async def test_the_receipt_of_imported_engagements_can_be_posted_as_it_is(intake: Intake) -> None:
    await imported(intake, "engagements", as_csv([numbered_engagement(1, topics=["dosing"]), numbered_engagement(2)]), format="csv")
    [(body,)] = await intake.rows("SELECT body FROM receipts")
    again = await intake.client.post(
        "/v1/engagements", content=bytes(body), headers=intake.token("integration") | {"Content-Type": "application/json"}
    )
    assert (again.json()["duplicate"], again.json()["problems"]) == (2, [])


@pytest.mark.parametrize(("flags", "given"), [([], []), (["test"], ["test"])])
async def test_engagements_of_a_file_carry_the_flags_one_says(intake: Intake, flags: list[str], given: list[str]) -> None:
    await imported(intake, "engagements", as_ndjson([numbered_engagement(1)]), flags=flags)
    assert [event["flags"] for event in await intake.published("engagement.recorded")] == [given]


async def test_bad_rows_are_told_by_number_and_stop_no_good_one(intake: Intake) -> None:
    await intake.put("contacts", [contact("owner")])
    rows: list[Any] = [
        numbered_contact(1),
        b"{",
        b'"text"',
        numbered_contact(2, surprise=1),
        b"",
        contact("thief", external_ids={}),
        b'{"id":"' + b"x" * ROW_BYTES_MAX + b'"}',
        numbered_contact(3),
    ]
    told = await imported(intake, "contacts", as_ndjson(rows))
    assert (told["state"], told["rows_read"], counts(told)) == ("done", 7, {"created": 3, "rejected": 4}), (
        "a taken row's field may be told of too"
    )
    wrong = await errors(intake, told["id"])
    assert {row: [error["pointer"] for error in found] for row, found in wrong.items()} == {
        2: [""],
        3: [""],
        4: ["/surprise"],
        6: ["/emails/0"],
        7: [""],
    }
    assert "ada@clinic.test" not in str(wrong)


async def test_rows_that_say_the_same_are_found_before_anything_is_applied_and_the_first_good_one_stays(intake: Intake) -> None:
    rows = [numbered_contact(1, surprise=1), numbered_contact(1), numbered_contact(2), numbered_contact(1, specialty="nephrology")]
    told = await imported(intake, "contacts", as_ndjson(rows))
    assert counts(told) == {"created": 2, "rejected": 1, "duplicates_in_file": 1}
    assert (await errors(intake, told["id"]))[4] == [{"pointer": "/id", "detail": "is also that of row 2 of this file"}]
    assert (await intake.get("contacts/hcp-1", role="integration")).json()["specialty"] == "cardiology"
    assert await intake.rows("SELECT * FROM import_identities") == []


async def test_engagements_that_say_the_same_are_found_by_their_event_and_by_their_id(intake: Intake) -> None:
    one_id = str(new_id())
    rows = [engagement("x", id=one_id), engagement("y", id=one_id), engagement("x", source="other"), engagement("x", machine=True)]
    told = await imported(intake, "engagements", as_ndjson(rows))
    assert counts(told) == {"accepted": 2, "duplicates_in_file": 2}
    wrong = await errors(intake, told["id"])
    assert {row: [error["pointer"] for error in found] for row, found in wrong.items()} == {2: ["/id"], 4: ["/source_event_id"]}


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"id,surname\nx,y\n", "names no field in column 2"),
        (b'id,family_name\nx,"y\n' + b"z,y\n" * 400_000, "Row 1 is longer"),
        (b'id,family_name\na,b\nx,"y', "quote in row 2"),
    ],
    ids=["a header of other words", "a quote that swallows the rest", "a quote open at the end"],
)
async def test_a_file_that_cannot_be_read_fails_whole_and_leaves_nothing(intake: Intake, content: bytes, reason: str) -> None:
    told = await imported(intake, "contacts", content, format="csv")
    assert (told["state"], told["rows_applied"]) == ("failed", 0)
    assert reason in told["problem"]
    assert await intake.rows("SELECT id FROM contacts") == []
    for table in ("import_parts", "import_identities"):
        assert await intake.rows(f"SELECT * FROM {table}") == []


async def test_an_empty_file_is_done_with_nothing(intake: Intake) -> None:
    assert (await imported(intake, "contacts", b""))["state"] == "done"
    assert (await imported(intake, "contacts", b"id,kind\n", format="csv"))["rows_read"] == 0


async def test_parts_are_joined_where_they_say_they_belong_and_twice_is_once(intake: Intake) -> None:
    content = as_ndjson(numbered_contact(number) for number in range(5))
    import_id = await announce(intake, "contacts", bytes_total=len(content))
    for _ in range(2):
        assert (await put_part(intake, import_id, content[:100])).json()["bytes_received"] == 100
    for at in (50, 101, 0):
        answer = await put_part(intake, import_id, b"other", at=at)
        assert (answer.status_code, answer.json()["bytes_received"]) == (409, 100)
    assert (await put_part(intake, import_id, content[100:] + b"x", at=100)).status_code == 409, "longer than was announced"
    assert (await put_part(intake, import_id, b"x", at=100, is_last=True)).status_code == 409, "shorter than was announced"
    assert not await Importer(intake.service.database, lambda: False, erasures=new_ledger()).run_once(), (
        "nothing is taken before all is here"
    )
    assert (await put_part(intake, import_id, content[100:], at=100, is_last=True)).json()["state"] == "checking"
    assert (await put_part(intake, import_id, content[100:], at=100, is_last=True)).status_code == 200
    assert (await put_part(intake, import_id, b"more", at=len(content))).status_code == 409
    await Importer(intake.service.database, lambda: False, erasures=new_ledger()).run_once()
    assert counts(await standing(intake, import_id)) == {"created": 5}
    assert await intake.rows("SELECT * FROM import_parts") == []


async def test_a_part_larger_than_a_body_may_be_is_refused_and_leaves_nothing(intake: Intake) -> None:
    import_id = await announce(intake, "contacts")
    assert (await put_part(intake, import_id, b"x" * (MAX_BODY_BYTES + 1))).status_code == 413
    assert (await put_part(intake, import_id, b"x" * MAX_BODY_BYTES)).json()["bytes_received"] == MAX_BODY_BYTES


async def test_what_a_spreadsheet_would_take_for_a_formula_stays_what_was_sent(intake: Intake) -> None:
    names = ["=cmd|' /C calc'!A0", "+1", "-1", "@SUM(1)", 'a "quoted", name', "'; DROP TABLE contacts; --"]
    rows = [numbered_contact(number, family_name=name) for number, name in enumerate(names)]
    assert counts(await imported(intake, "contacts", as_csv(rows), format="csv")) == {"created": len(names)}
    assert [row.family_name for row in await intake.rows("SELECT family_name FROM contacts ORDER BY id")] == names


async def test_announcing_twice_is_announcing_once(intake: Intake) -> None:
    body = {"id": str(new_id()), "kind": "contacts", "format": "csv"}
    answers = [await intake.client.post("/v1/imports", json=body, headers=intake.token("integration")) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [201, 200]
    assert answers[0].json() == answers[1].json()
    other = await intake.client.post("/v1/imports", json=body | {"format": "ndjson"}, headers=intake.token("integration"))
    assert other.status_code == 409


@pytest.mark.parametrize("body", [{"kind": "assets"}, {"kind": "contacts", "flags": ["test"]}, {"kind": "contacts", "bytes_total": -1}])
async def test_what_cannot_be_imported_is_refused_when_it_is_announced(intake: Intake, body: dict[str, Any]) -> None:
    assert (await intake.client.post("/v1/imports", json=body, headers=intake.token("integration"))).status_code == 422


async def test_a_part_is_not_unpacked_and_not_of_an_import_there_is_not(intake: Intake) -> None:
    import_id = await announce(intake, "contacts")
    for headers in ({"Content-Type": "text/csv", "Content-Encoding": "gzip"}, {"Content-Type": "application/json"}):
        answer = await intake.client.patch(f"/v1/imports/{import_id}/content", content=b"x", headers=intake.token("integration") | headers)
        assert answer.status_code == 415
    assert (await put_part(intake, str(new_id()), b"x")).status_code == 404
    assert (await intake.get(f"imports/{new_id()}/errors", role="integration")).status_code == 404


async def test_a_row_that_cannot_be_recorded_is_refused_alone(intake: Intake, monkeypatch: pytest.MonkeyPatch) -> None:

    async def failing(session: Any, rows: Any, **named: Any) -> Any:
        verdict = await upsert_contacts(session, rows, **named)
        if any(row.id == "hcp-137" for _, row in rows.good):
            raise ValueError("what nobody foresaw")
        return verdict

    monkeypatch.setattr(taking, "upsert_contacts", failing)
    told = await imported(intake, "contacts", as_ndjson(numbered_contact(number) for number in range(300)))
    assert (told["rows_applied"], counts(told)) == (300, {"created": 299, "rejected": 1})
    assert list(await errors(intake, told["id"])) == [138]


@pytest.mark.parametrize(("is_busy", "worked_seconds"), [(True, 0.05), (False, 0.05), (True, 0.0)])
async def test_an_import_rests_as_long_as_it_worked_while_others_post(is_busy: bool, worked_seconds: float) -> None:
    moments = iter([0.0, worked_seconds, worked_seconds])
    pace, loop = Pace(lambda: is_busy, lambda: next(moments)), asyncio.get_running_loop()
    began = loop.time()
    await pace.rest()
    assert (loop.time() - began >= 0.049) is (is_busy and worked_seconds > 0)


async def test_whoever_is_stopped_goes_on_where_it_stopped(intake: Intake) -> None:
    rows = [numbered_contact(number % 1_900) for number in range(2_000)]
    import_id = await announce(intake, "contacts", format="csv")
    await put_in(intake, import_id, as_csv(rows))
    passes, importer = 0, Importer(intake.service.database, lambda: True, erasures=new_ledger())
    while (await standing(intake, import_id))["state"] != "done":
        stop, before = asyncio.Event(), await _progress(intake, import_id)
        running = asyncio.create_task(importer.run(stop))
        await until(lambda before=before: _has_moved(intake, import_id, before), what="progress")  # type: ignore[misc]
        stop.set()
        await running
        passes += 1
    assert passes > 2
    told = await standing(intake, import_id)
    assert (told["rows_applied"], counts(told)) == (2_000, {"created": 1_900, "duplicates_in_file": 100})
    assert len(await intake.published("contact.snapshot")) == 1_900


async def _has_moved(intake: Intake, import_id: str, before: tuple[Any, ...]) -> bool:
    return await _progress(intake, import_id) != before


async def _progress(intake: Intake, import_id: str) -> tuple[Any, ...]:
    told = await standing(intake, import_id)
    return told["state"], told["bytes_checked"], told["rows_applied"]


async def test_two_who_take_the_same_file_do_nothing_twice(intake: Intake) -> None:
    import_id = await announce(intake, "engagements")
    await put_in(intake, import_id, as_ndjson(numbered_engagement(number) for number in range(1_500)))
    importers = [Importer(intake.service.database, lambda: False, erasures=new_ledger()) for _ in range(2)]
    while (await standing(intake, import_id))["state"] != "done":
        await asyncio.gather(*(importer.run_once() for importer in importers), return_exceptions=True)
    told = await standing(intake, import_id)
    assert (told["rows_applied"], counts(told)) == (1_500, {"accepted": 1_500})
    assert len(await intake.rows("SELECT id FROM engagements")) == 1_500


async def test_a_file_nobody_goes_on_sending_is_given_up(intake: Intake) -> None:
    import_id = await announce(intake, "contacts")
    await put_part(intake, import_id, b"half")
    async with intake.service.database.transaction() as session:
        await session.execute(text("UPDATE imports SET touched_at = touched_at - interval '8 days'"))
    stop = asyncio.Event()
    running = asyncio.create_task(Importer(intake.service.database, lambda: False, erasures=new_ledger()).run(stop))
    await until(lambda: _is_given_up(intake, import_id), what="giving up")
    stop.set()
    await running
    assert await intake.rows("SELECT * FROM import_parts") == []


async def _is_given_up(intake: Intake, import_id: str) -> bool:
    return bool((await standing(intake, import_id))["state"] == "failed")


async def test_imports_are_listed_newest_first(intake: Intake) -> None:
    ids = [await announce(intake, "contacts", name=name) for name in ("a", "b", "c")]
    first = (await intake.get("imports?limit=2", role="auditor")).json()
    rest = (await intake.get(f"imports?limit=2&cursor={first['next_cursor']}", role="auditor")).json()
    assert [item["id"] for item in first["items"] + rest["items"]] == ids[::-1]
