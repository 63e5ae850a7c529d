"""Batches of nothing, of one, of too many, and with something wrong in the middle: each item is judged alone and told."""

import json
from typing import Any

import pytest

from shared.ids import new_id
from shared.upserts import MAX_ROWS
from tests.inputs.callers import as_role, problem, send
from tests.inputs.doors import Doors
from tests.inputs.requests import OWN, good_requests
from tests.intake.conftest import engagement

UPSERTS = [(service, operation) for service, requests in OWN.items() for operation, good in requests.items() if good.is_upsert]
every_upsert = pytest.mark.parametrize(("service", "operation"), UPSERTS, ids=[" ".join(each) for each in UPSERTS])


async def put(doors: Doors, service: str, operation: str, rows: list[Any]) -> dict[str, Any]:
    answer = await send(doors, service, operation, json.dumps(rows).encode())
    assert answer.status_code == 200, answer.text
    verdict: dict[str, Any] = answer.json()
    return verdict


def rows_of(service: str, operation: str, count: int) -> list[Any]:
    make = good_requests(service)[operation].body
    assert make is not None
    return [make()[0] for _ in range(count)]


@every_upsert
async def test_a_batch_of_nothing_one_and_many_is_counted(doors: Doors, service: str, operation: str) -> None:
    for count in (0, 1, 300):
        verdict = await put(doors, service, operation, rows_of(service, operation, count))
        assert {**verdict, "findings": []} == {"created": count, "updated": 0, "unchanged": 0, "rejected": [], "findings": []}


@every_upsert
async def test_a_bad_row_in_the_middle_is_told_by_its_number_and_stops_no_other(doors: Doors, service: str, operation: str) -> None:
    [first] = rows_of(service, operation, 1)
    spoilt: list[Any] = [None, 5, "row", [], {}, {"id": None}, first | {"id": ""}, first | {"id": "x", "surprise": 1}, "the first again"]
    for bad in spoilt:
        rows = rows_of(service, operation, 2)
        again = rows[0] if bad == "the first again" else bad
        verdict = await put(doors, service, operation, [rows[0], again, rows[1]])
        assert (verdict["created"], [row["row"] for row in verdict["rejected"]]) == (2, [2]), (bad, verdict)
        assert verdict["rejected"][0]["errors"]


@every_upsert
async def test_more_rows_than_one_request_may_hold_are_refused_whole(doors: Doors, service: str, operation: str) -> None:
    problem(await send(doors, service, operation, b"[" + b",".join([b"{}"] * (MAX_ROWS + 1)) + b"]"), 422)


async def test_engagements_are_counted_one_by_one_however_many(doors: Doors) -> None:
    async def post(items: list[Any]) -> Any:
        return await doors["intake"].client.post("/v1/engagements", json=items, headers=as_role("integration"))

    good = [engagement(str(new_id()), contact={"email": "batch@clinic.test"}) for _ in range(1_000)]
    assert (await post([])).json()["accepted"] == 0
    assert (await post(good)).json()["accepted"] == 1_000
    mixed = (await post([good[0], {"kind": "email_opened"}, None, good[1] | {"machine": True}])).json()
    assert [mixed[name] for name in ("accepted", "duplicate", "ignored", "rejected")] == [0, 1, 0, 3]
    assert [told["item"] for told in mixed["problems"]] == [1, 2, 3]
    problem(await post([*good, engagement("one more")]), 422)
