"""What sales operations keeps can be read back, as it was put, and as it counts at some time."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.routing.test_field_force_api import ROWS
from tests.routing.world import SALES_OPS, World, absence, account, alignment, rep, target
from tests.tokens import authorization

GIVEN_BACK: dict[str, dict[str, Any]] = {
    "territories": {"subdivision": None, "holidays": True},
    "accounts": {"owner_rep_id": None, "parent_id": None, "named_rep_ids": [], "valid_from": None, "valid_until": None},
    "reps": {"manager_id": None, "team": None, "hours": {}, "timezone": None, "valid_from": None, "valid_until": None},
    "absences": {},
    "targets": {"rep_id": None, "valid_from": None, "valid_until": None},
    "alignments": {
        "brand_id": None,
        "team": None,
        "include": {"postal_codes": ["606*"], "account_ids": [], "contact_ids": []},
        "exclude": {"postal_codes": [], "account_ids": ["mercy"], "contact_ids": []},
        "valid_from": None,
        "valid_until": None,
    },
    "pools": {},
}


@pytest.mark.parametrize("collection", ROWS)
async def test_a_row_is_given_back_as_it_was_put(empty_world: World, collection: str) -> None:
    row = ROWS[collection]
    await empty_world.put(collection, row)
    whole = row | GIVEN_BACK[collection]
    assert await empty_world.get(f"{collection}/{row['id']}", headers=authorization("auditor")) == whole
    assert (await empty_world.put(collection, whole))["unchanged"] == 1
    missing = await empty_world.client.get(f"/v1/{collection}/nobody", headers=SALES_OPS)
    assert missing.status_code == 404


@pytest.mark.parametrize("collection", ROWS)
async def test_all_rows_are_listed_by_id_in_pages(empty_world: World, collection: str) -> None:
    ids = ["a", "b", "c d/e", "ü"]
    await empty_world.put(collection, *(ROWS[collection] | {"id": row_id} for row_id in reversed(ids)))
    read: list[str] = []
    cursor: dict[str, Any] = {}
    while True:
        page = await empty_world.get(collection, limit=3, **cursor)
        read += [row["id"] for row in page["items"]]
        if page["next_cursor"] is None:
            break
        cursor = {"cursor": page["next_cursor"]}
    assert read == ids


async def test_moments_of_an_absence_are_given_back_as_moments(empty_world: World) -> None:
    row = absence("leave", **{"from": "2026-02-02T09:00:00+01:00", "until": "2026-02-02T12:30:00Z"})
    await empty_world.put("absences", row)
    assert await empty_world.get("absences/leave") == row | {"from": "2026-02-02T08:00:00Z", "delegate_rep_id": None}


async def test_a_priority_may_be_written_as_a_string(empty_world: World) -> None:
    await empty_world.put("alignments", alignment("heart", priority="2"))
    assert (await empty_world.get("alignments/heart"))["priority"] == 2
    assert (await empty_world.put("alignments", alignment("heart", priority=2)))["unchanged"] == 1


JULY = {"valid_from": "2026-07-01", "valid_until": "2026-07-31"}


@pytest.mark.parametrize(
    ("collection", "row"),
    [
        ("accounts", account("it", **JULY)),
        ("reps", rep("it", **JULY)),
        ("alignments", alignment("it", **JULY)),
        ("targets", target("it", cycle_from="2026-07-01", cycle_until="2026-07-31")),
        ("targets", target("it", cycle_from="2026-01-01", cycle_until="2026-07-31", valid_from="2026-07-01")),
        ("targets", target("it", cycle_from="2026-07-01", cycle_until="2026-12-31", valid_until="2026-07-31")),
        ("absences", absence("it", **{"from": "2026-07-01", "until": "2026-07-31"})),
        ("absences", absence("it", **{"from": "2026-07-01T00:00:00Z", "until": "2026-08-01T00:00:00Z"})),
    ],
)
@pytest.mark.parametrize(
    ("at", "counts"),
    [
        ("2026-06-30", False),
        ("2026-07-01", True),
        ("2026-07-31", True),
        ("2026-08-01", False),
        ("2026-06-30T23:59:59Z", False),
        ("2026-06-30T19:00:00-05:00", True),
        ("2026-07-31T23:59:59Z", True),
        ("2026-08-01T00:00:00Z", False),
    ],
)
async def test_a_list_may_be_asked_for_what_counts_at_some_time(
    empty_world: World, collection: str, row: dict[str, Any], at: str, counts: bool
) -> None:
    await empty_world.put(collection, row)
    page = await empty_world.get(collection, at=at)
    assert [each["id"] for each in page["items"]] == (["it"] if counts else [])


async def test_part_of_a_day_is_enough_for_an_absence_to_count_on_it(empty_world: World) -> None:
    morning = datetime(2026, 7, 1, 8, tzinfo=UTC)
    row = absence("it", **{"from": morning.isoformat(), "until": (morning + timedelta(hours=4)).isoformat()})
    await empty_world.put("absences", row)
    found = {at: len((await empty_world.get("absences", at=at))["items"]) for at in ("2026-07-01", "2026-07-02", "2026-07-01T13:00:00Z")}
    assert found == {"2026-07-01": 1, "2026-07-02": 0, "2026-07-01T13:00:00Z": 0}


@pytest.mark.parametrize("at", ["yesterday", "2026-07-32", "2026-07-01T00:00:00"])
async def test_a_time_that_cannot_be_is_refused(empty_world: World, at: str) -> None:
    answer = await empty_world.client.get("/v1/reps", params={"at": at}, headers=SALES_OPS)
    assert answer.status_code == 422


@pytest.mark.parametrize("role", ["marketing", "rep", "manager", "integration", "admin"])
async def test_only_sales_operations_and_auditors_read_it(empty_world: World, role: str) -> None:
    for path in ("reps", "reps/rep-1", "targets"):
        assert (await empty_world.client.get(f"/v1/{path}", headers=authorization(role))).status_code == 403
