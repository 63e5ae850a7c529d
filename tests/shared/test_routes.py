"""What happens before an endpoint runs, and in which order."""

from typing import Annotated, Any

import pytest
from fastapi import FastAPI, Request

from shared.auth import Identity, anyone, require
from shared.bodies import Body, Id, Int
from tests import tokens
from tests.shared.small_app import router, serving

api = router()
REP = tokens.authorization("rep", sub="alice")
JSON = {"content-type": "application/json"}


class Weight(Body):
    weight: Int


@api.post("/weights", status_code=201)
async def post_weight(body: Weight, identity: Annotated[Identity, require("rep")]) -> dict[str, Any]:
    return {"weight": body.weight, "by": identity.sub}


@api.post("/weights/{weight_id}/forget", dependencies=[require("rep")])
async def forget_weight(weight_id: Id, body: Weight | None = None) -> dict[str, Any]:
    return {"id": weight_id, "weight": body and body.weight}


@api.post("/webhooks/{source}", dependencies=[anyone()], status_code=202)
async def receive(source: Id, request: Request) -> dict[str, Any]:
    return {"source": source, "bytes": len(await request.body())}


async def test_a_good_request_reaches_the_endpoint() -> None:
    async with serving(api) as client:
        response = await client.post("/v1/weights", json={"weight": 3}, headers=REP)
    assert (response.status_code, response.json()) == (201, {"weight": 3, "by": "alice"})


@pytest.mark.parametrize(
    ("headers", "content", "status"),
    [
        ({}, b"{", 401),
        ({"content-type": "text/plain"}, b"{", 401),
        (tokens.authorization("marketing"), b"{", 403),
        (REP | {"content-type": "text/csv"}, b"{", 415),
        (REP | JSON, b"{", 400),
        (REP | JSON, b"", 400),
        (REP | JSON, b'{"weight": 1, "score": 9}', 422),
        (REP | JSON, b"[]", 422),
        (REP | JSON, b'{"weight": 1}', 201),
    ],
)
async def test_the_first_thing_wrong_is_the_one_that_is_told(headers: dict[str, str], content: bytes, status: int) -> None:
    async with serving(api) as client:
        response = await client.post("/v1/weights", content=content, headers=headers)
    assert response.status_code == status
    assert response.headers["content-type"] == ("application/json" if status == 201 else "application/problem+json")


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"content-type": ""},
        {"content-type": "text/plain"},
        {"content-type": "text/json"},
        {"content-type": "application/x-ndjson"},
        {"content-type": "application/vnd.api+json"},
        {"content-type": "application/x-www-form-urlencoded"},
        {"content-type": "multipart/form-data; boundary=x"},
        {"content-type": "application/json; charset=utf-7"},
        {"content-type": "application/json; charset=latin-1"},
        JSON | {"content-encoding": "gzip"},
        JSON | {"content-encoding": "br"},
    ],
    ids=str,
)
async def test_what_is_not_labelled_as_json_is_415_and_told_what_is(headers: dict[str, str]) -> None:
    async with serving(api) as client:
        response = await client.post("/v1/weights", content=b'{"weight": 1}', headers=REP | headers)
    assert response.status_code == 415
    assert response.headers["accept"] == "application/json"
    assert "application/json" in response.json()["detail"]


@pytest.mark.parametrize(
    "label",
    ["application/json", "APPLICATION/JSON", "application/json;charset=UTF-8", 'application/json; charset="utf8"', "application/json; v=1"],
)
async def test_json_in_utf8_is_read_however_its_label_is_spelt(label: str) -> None:
    async with serving(api) as client:
        response = await client.post("/v1/weights", content=b'{"weight": 1}', headers=REP | {"content-type": label})
    assert response.status_code == 201


@pytest.mark.parametrize(
    "content",
    [
        b'{"weight": NaN}',
        b'{"weight": 1e999}',
        b'{"weight": "\\u0000"}',
        b'{"weight": "\\ud800"}',
        b'{"weight": 1, "weight": 2}',
        b'{"weight": 99999999999999999999}',
        b'{"weight": ' + b"[" * 900,
        b'\xef\xbb\xbf{"weight": 1}',
        '{"weight": 1}'.encode("utf-16"),
        b'{"weight": "\xe9"}',
        b'{"weight": 1} trailing',
    ],
)
async def test_json_that_is_none_is_a_400_with_a_sentence(content: bytes) -> None:
    async with serving(api) as client:
        response = await client.post("/v1/weights", content=content, headers=REP | JSON)
    assert response.status_code == 400
    assert response.json()["detail"].endswith(".")


async def test_a_body_that_may_be_left_out_may_be_left_out() -> None:
    async with serving(api) as client:
        assert (await client.post("/v1/weights/w/forget", headers=REP)).json() == {"id": "w", "weight": None}
        assert (await client.post("/v1/weights/w/forget", headers=REP, json={"weight": 2})).json() == {"id": "w", "weight": 2}
        assert (await client.post("/v1/weights/w/forget", headers=REP, content=b"x")).status_code == 415
        assert (await client.post("/v1/weights/w/forget", headers=REP | JSON, content=b"x")).status_code == 400


async def test_a_raw_endpoint_gets_the_bytes_whatever_they_are() -> None:
    async with serving(api) as client:
        response = await client.post("/v1/webhooks/crm", content=b"\x00\xff", headers={"content-encoding": "gzip"})
    assert (response.status_code, response.json()) == (202, {"source": "crm", "bytes": 2})


async def test_a_nul_in_the_address_is_refused() -> None:
    async with serving(api) as client:
        assert (await client.post("/v1/webhooks/a%00b")).status_code == 400
        assert (await client.post("/v1/webhooks/a?b=%00")).status_code == 400
        assert (await client.post("/v1/webhooks/a%0Ab")).status_code == 422


def test_a_route_that_does_not_say_who_may_call_it_can_not_be_made() -> None:
    def endpoint() -> None: ...

    with pytest.raises(RuntimeError, match="/v1/careless"):
        router().get("/careless")(endpoint)
    with pytest.raises(RuntimeError, match="once"):
        router().get("/unsure", dependencies=[anyone(), require("rep")])(endpoint)


def test_the_rule_may_stand_on_the_router() -> None:
    open_router = router()
    open_router.dependencies.append(anyone())
    open_router.get("/public")(lambda: None)
    FastAPI().include_router(open_router)
