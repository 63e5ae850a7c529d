"""Bulk upserts of the field force and its plans."""

from typing import Any

import pytest

from tests.routing.world import SALES_OPS, World, absence, account, alignment, pool, rep, target, territory
from tests.tokens import authorization

ROWS = {
    "territories": territory("chicago", "606*"),
    "accounts": account("mercy"),
    "reps": rep("rep-1", "chicago"),
    "absences": absence("leave", delegate_rep_id="rep-2"),
    "targets": target("target-1"),
    "alignments": alignment("heart", exclude={"account_ids": ["mercy"]}),
    "pools": pool("cardio", "rep-1", "rep-2"),
}
SNAPSHOTS = {"territories": "territory.snapshot", "accounts": "account.snapshot", "reps": "rep.snapshot"}


async def verdict_on(world: World, collection: str, *rows: Any) -> dict[str, Any]:
    """What became of the rows, less what is said of the whole."""
    verdict = await world.put(collection, *rows)
    del verdict["findings"]
    return verdict


CHANGES: dict[str, dict[str, Any]] = {
    "absences": {"delegate_rep_id": None},
    "targets": {"decile": 9},
    "alignments": {"include": {"contact_ids": ["hcp-1"]}},
    "pools": {"rep_ids": []},
}


@pytest.mark.parametrize("collection", ROWS)
async def test_rows_are_created_updated_or_left(empty_world: World, collection: str) -> None:
    row, second = ROWS[collection], ROWS[collection] | {"id": "second"}
    changed = row | CHANGES.get(collection, {"name": "Renamed"})
    assert await verdict_on(empty_world, collection, row) == {"created": 1, "updated": 0, "unchanged": 0, "rejected": []}
    assert await verdict_on(empty_world, collection, row, second) == {"created": 1, "updated": 0, "unchanged": 1, "rejected": []}
    assert await verdict_on(empty_world, collection, changed, second) == {"created": 0, "updated": 1, "unchanged": 1, "rejected": []}


@pytest.mark.parametrize("collection", SNAPSHOTS)
async def test_only_changes_are_said(empty_world: World, collection: str) -> None:
    row = ROWS[collection]
    second = row | {"id": "second"}
    assert await verdict_on(empty_world, collection, row) == {"created": 1, "updated": 0, "unchanged": 0, "rejected": []}
    assert await verdict_on(empty_world, collection, row, second) == {"created": 1, "updated": 0, "unchanged": 1, "rejected": []}
    assert await verdict_on(empty_world, collection, row | {"name": "Renamed"}, second) == {
        "created": 0, "updated": 1, "unchanged": 1, "rejected": [],
    }  # fmt: skip
    said = await empty_world.said(SNAPSHOTS[collection])
    assert [each["name"] for each in said] == [row["name"], row["name"], "Renamed"]


async def test_snapshots_say_what_the_other_services_need(empty_world: World) -> None:
    await empty_world.put("territories", territory("chicago", "606*"))
    await empty_world.put("accounts", account("mercy", owner_rep_id="rep-1", parent_id="system"))
    await empty_world.put("reps", rep("rep-1", "chicago", manager_id="boss"))
    assert await empty_world.outbox_of(empty_world.service) == [
        (
            "territory.snapshot",
            "territory:chicago",
            {
                "territory_id": "chicago", "name": "chicago", "region": "midwest", "timezone": "America/Chicago", "country": "US",
                "postal_codes": ["606*"],
            },
        ),
        (
            "account.snapshot",
            "account:mercy",
            {
                "account_id": "mercy", "name": "mercy", "institution_type": "hospital", "postal_code": "60614", "owner_rep_id": "rep-1",
                "priority": "A", "parent_id": "system",
            },
        ),
        (
            "rep.snapshot",
            "rep:rep-1",
            {
                "rep_id": "rep-1", "name": "rep-1", "role": "rep", "manager_id": "boss", "territory_ids": ["chicago"],
                "brand_ids": ["cardiolex"], "active": True,
            },
        ),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("collection", "changes", "pointer"),
    [
        ("territories", {"timezone": "Mars/Olympus"}, "/timezone"),
        ("territories", {"country": "usa"}, "/country"),
        ("territories", {"postal_codes": ["606*", "*6"]}, "/postal_codes/1"),
        ("territories", {"hours": {"mon": [["09:00", "17:00"], ["16:00", "18:00"]]}}, "/hours/mon/1"),
        ("territories", {"hours": {"tue": [["17:00", "09:00"]]}}, "/hours/tue/0"),
        ("territories", {"hours": {"wed": [["9", "17:00"]]}}, "/hours/wed/0"),
        ("territories", {"hours": {"mon": []}}, "/hours"),
        ("territories", {"hours": {"mon": [["09:00", "09:30"]]}}, "/hours"),
        ("territories", {"hours": {"monday": [["09:00", "17:00"]]}}, "/hours/monday"),
        ("territories", {"region": ""}, "/region"),
        ("territories", {"holidays": []}, "/holidays"),
        ("accounts", {"priority": 1}, "/priority"),
        ("accounts", {"name": "two\nlines"}, "/name"),
        ("territories", {"subdivision": "ZZ"}, "/subdivision"),
        ("territories", {"country": "EE", "subdivision": "37"}, "/subdivision"),
        ("accounts", {"valid_from": "2026-01-32"}, "/valid_from"),
        ("accounts", {"valid_from": "2026-02-01", "valid_until": "2026-01-31"}, "/valid_until"),
        ("accounts", {"owner_rep_id": ""}, "/owner_rep_id"),
        ("reps", {"weight": 0}, "/weight"),
        ("reps", {"weight": "2"}, "/weight"),
        ("reps", {"max_open_leads": -1}, "/max_open_leads"),
        ("reps", {"max_open_leads": 2.5}, "/max_open_leads"),
        ("reps", {"max_open_leads": 10**12}, "/max_open_leads"),
        ("reps", {"active": 1}, "/active"),
        ("reps", {"territory_ids": "chicago"}, "/territory_ids"),
        ("reps", {"id": " "}, "/id"),
        ("reps", {"valid_from": "2026-02-01T00:00:00Z"}, "/valid_from"),
        ("reps", {"timezone": "Mars/Olympus"}, "/timezone"),
        ("reps", {"hours": {"mon": [["17:00", "09:00"]]}}, "/hours/mon/0"),
        ("absences", {"from": "2026-02-02", "until": "2026-02-01"}, "/until"),
        ("absences", {"from": "2026-02-02T08:00:00Z", "until": "2026-02-02T09:00:00+01:00"}, "/until"),
        ("absences", {"from": "2026-02-02", "until": "2026-02-02T09:00:00Z"}, "/until"),
        ("absences", {"from": "2026-02-02T08:00:00"}, "/from"),
        ("absences", {"delegate_rep_id": "rep-1"}, "/delegate_rep_id"),
        ("targets", {"cycle_from": "2026-04-01", "cycle_until": "2026-03-31"}, "/cycle_until"),
        ("targets", {"valid_from": "2099-01-01"}, "/valid_from"),
        ("targets", {"valid_until": "1999-01-01"}, "/valid_until"),
        ("targets", {"decile": 11}, "/decile"),
        ("targets", {"decile": "8"}, "/decile"),
        ("targets", {"planned_calls": -1}, "/planned_calls"),
        ("alignments", {"include": {}}, "/include"),
        ("alignments", {"include": {"postal_codes": ["606*", "6**"]}}, "/include/postal_codes/1"),
        ("alignments", {"exclude": {"postal_codes": [""]}}, "/exclude/postal_codes/0"),
        ("alignments", {"include": {"bricks": ["1"]}}, "/include/bricks"),
        ("alignments", {"priority": "first"}, "/priority"),
        ("alignments", {"valid_from": "2026-02-01", "valid_until": "2026-01-31"}, "/valid_until"),
        ("pools", {"rep_ids": ["rep-1", "rep-2", "rep-1"]}, "/rep_ids/2"),
        ("pools", {"brand_id": None}, "/brand_id"),
    ],
)
async def test_a_bad_row_is_rejected_where_it_is_wrong_and_stops_no_good_one(
    empty_world: World, collection: str, changes: dict[str, Any], pointer: str
) -> None:
    verdict = await empty_world.put(collection, ROWS[collection] | {"id": "good"}, ROWS[collection] | changes)
    assert verdict["created"] == 1
    [rejected] = verdict["rejected"]
    assert rejected["row"] == 2
    assert pointer in [error["pointer"] for error in rejected["errors"]], rejected


@pytest.mark.parametrize("missing", ["id", "name", "region", "timezone", "country"])
async def test_a_territory_without_a_required_field_is_rejected(empty_world: World, missing: str) -> None:
    row = {name: value for name, value in ROWS["territories"].items() if name != missing}
    [rejected] = (await empty_world.put("territories", row))["rejected"]
    assert rejected["errors"] == [{"pointer": f"/{missing}", "detail": "is required"}]


async def test_a_territory_that_says_no_hours_keeps_office_hours(empty_world: World) -> None:
    row = {name: value for name, value in ROWS["territories"].items() if name != "hours"}
    assert (await empty_world.put("territories", row))["created"] == 1
    assert (await empty_world.put("territories", row | {"hours": {}}))["unchanged"] == 1


@pytest.mark.parametrize("collection", ROWS)
async def test_what_is_no_list_of_rows_is_refused(empty_world: World, collection: str) -> None:
    for content, content_type, status in (
        (b"{}", "application/json", 422),
        (b"[NaN]", "application/json", 400),
        (b'["\\ud800"]', "application/json", 400),
        (b"id,name\n1,x\n", "text/plain", 415),
    ):
        headers = SALES_OPS | {"content-type": content_type}
        answer = await empty_world.client.put(f"/v1/{collection}", content=content, headers=headers)
        assert answer.status_code == status, answer.text
    for content, content_type in ((b"id\n1\n2\n", "text/csv"), (b"{}\n{}\n", "application/x-ndjson")):
        answer = await empty_world.client.put(f"/v1/{collection}", content=content, headers=SALES_OPS | {"content-type": content_type})
        assert [rejected["row"] for rejected in answer.json()["rejected"]] == [1, 2], "each row is judged alone, as in an array"
    odd = await empty_world.put(collection, None, 3, [], "row", {})
    assert [rejected["row"] for rejected in odd["rejected"]] == [1, 2, 3, 4, 5]


@pytest.mark.parametrize("collection", ROWS)
@pytest.mark.parametrize("role", ["marketing", "rep", "manager", "integration", "auditor", "admin"])
async def test_only_sales_operations_keeps_the_field_force(empty_world: World, collection: str, role: str) -> None:
    answer = await empty_world.client.put(f"/v1/{collection}", json=[ROWS[collection]], headers=authorization(role))
    assert answer.status_code == 403
    assert (await empty_world.client.put(f"/v1/{collection}", json=[])).status_code == 401


async def test_whatever_stands_in_a_string_is_stored_as_it_is(empty_world: World) -> None:
    name = "Robert'); DROP TABLE reps;-- <b>ünïcode</b> % _ \\ 🙂"
    await empty_world.put("reps", rep("it's-me%", "chicago", name=name))
    assert [(said["rep_id"], said["name"]) for said in await empty_world.said("rep.snapshot")] == [("it's-me%", name)]
