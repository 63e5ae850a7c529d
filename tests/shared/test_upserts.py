"""Bulk upserts: each row judged alone."""

from typing import Annotated, Any

import pytest

from shared.auth import require
from shared.bodies import Body, Id, Int
from shared.limits import MAX_BODY_BYTES
from shared.upserts import MAX_ROWS, RowsOf, UpsertRows, UpsertVerdict, read_rows
from tests import tokens
from tests.shared.small_app import router, serving

INTEGRATION = tokens.authorization("integration")


class Rep(Body):
    id: Id
    weight: Int = 1


api = router()


@api.put("/reps", dependencies=[require("integration")])
async def put_reps(rows: Annotated[UpsertRows, RowsOf(Rep)]) -> UpsertVerdict:
    read = read_rows(Rep, rows)
    return UpsertVerdict(created=len(read.good), updated=0, unchanged=0, rejected=read.rejected)


async def test_a_bad_row_never_stops_a_good_one() -> None:
    rows: list[Any] = [{"id": "a"}, {"id": "b", "weight": "heavy"}, 7, {"weight": 1}, {"id": "e", "score": 1}, {"id": "f"}]
    async with serving(api) as client:
        response = await client.put("/v1/reps", json=rows, headers=INTEGRATION)
    verdict = response.json()
    assert verdict["created"] == 2
    assert [(row["row"], [error["pointer"] for error in row["errors"]]) for row in verdict["rejected"]] == [
        (2, ["/weight"]),
        (3, [""]),
        (4, ["/id"]),
        (5, ["/score"]),
    ]
    assert "heavy" not in response.text


def test_an_id_that_comes_again_is_rejected_where_it_comes_again() -> None:
    read = read_rows(Rep, [{"id": "mu\u0308"}, {"id": "x"}, {"id": "m\u00fc", "weight": 2}])
    assert [(number, rep.id, rep.weight) for number, rep in read.good] == [(1, "mü", 1), (2, "x", 1)]
    assert read.rejected[0].row == 3
    assert "row 1" in read.rejected[0].errors[0].detail


@pytest.mark.parametrize(
    ("content_type", "content", "status"),
    [
        ("application/json", b"[]", 200),
        ("application/json", b"{}", 422),
        ("application/json", b'{"id": "a"}', 422),
        ("application/json", b"[", 400),
        ("text/csv", b"id\na", 200),
        ("text/csv; charset=utf-8", b"id\r\na\r\n", 200),
        ("text/csv", b"", 422),
        ("text/csv", b"id,surname\na,b", 400),
        ("text/csv", b'id\n"a', 400),
        ("text/csv; charset=latin-1", b"id\na", 415),
        ("application/x-ndjson", b'{"id": "a"}', 200),
        ("text/plain", b'{"id": "a"}', 415),
    ],
)
async def test_rows_come_as_a_json_array_or_as_lines(content_type: str, content: bytes, status: int) -> None:
    async with serving(api) as client:
        response = await client.put("/v1/reps", content=content, headers=INTEGRATION | {"content-type": content_type})
    assert response.status_code == status


@pytest.mark.parametrize(
    ("content_type", "content"),
    [
        ("text/csv", b"id,weight\na,\nb,heavy\nc,1,2\n\xff,1\nd,2"),
        ("application/x-ndjson", b'{"id":"a"}\n{"id":"b","weight":"heavy"}\n[}\n\xff\n{"id":"d"}\n'),
    ],
)
async def test_lines_that_cannot_be_read_are_bad_rows_like_any_other(content_type: str, content: bytes) -> None:
    async with serving(api) as client:
        response = await client.put("/v1/reps", content=content, headers=INTEGRATION | {"content-type": content_type})
    verdict = response.json()
    assert (verdict["created"], [row["row"] for row in verdict["rejected"]]) == (2, [2, 3, 4])
    assert verdict["rejected"][0]["errors"][0]["pointer"] == "/weight"


async def test_more_rows_than_one_request_may_hold_are_422() -> None:
    for content_type, content in {
        "application/json": b"[" + b"1," * MAX_ROWS + b"1]",
        "text/csv": b"id\n" + b"a\n" * (MAX_ROWS + 1),
    }.items():
        assert len(content) < MAX_BODY_BYTES
        async with serving(api, max_bytes=MAX_BODY_BYTES) as client:
            response = await client.put("/v1/reps", content=content, headers=INTEGRATION | {"content-type": content_type})
        assert response.status_code == 422
    assert len(response.content) < 2_000
