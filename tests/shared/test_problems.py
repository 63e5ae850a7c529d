"""Errors as outsiders see them."""

import re
from typing import Annotated, Any, Literal
from uuid import UUID

import httpx
import psycopg
import pytest
from fastapi import Header, HTTPException, Query
from pydantic import BaseModel, Field, ValidationError
from sqlalchemy.exc import DBAPIError, IntegrityError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from starlette.requests import ClientDisconnect

from shared import problems
from shared.auth import anyone
from shared.bodies import Body, Id, Int, Moment
from tests.shared.small_app import router, serving


class Stop(Body):
    account_id: Id
    minutes: Int | None = None


class Tour(Body):
    starts_at: Moment
    kind: Literal["field", "remote"]
    stops: list[Stop] = []
    weights: dict[str, Int] = {}


api = router()


@api.post("/tours", dependencies=[anyone()])
async def post_tour(body: Tour) -> dict[str, int]:
    return {"stops": len(body.stops)}


@api.get("/tours/{tour_id}", dependencies=[anyone()])
async def get_tour(tour_id: UUID, limit: Annotated[int, Query(le=500)] = 5, x_weight: Annotated[int, Header()] = 1) -> dict[str, int]:
    return {"limit": limit * x_weight}


@api.get("/raises/{what}", dependencies=[anyone()])
async def get_raises(what: str) -> None:
    secret = "Jane Doe"
    match what:
        case "refusal":
            raise problems.unprocessable("No.", problems.FieldError("/topic", "is unknown"), case_id="c-1")
        case "conflict":
            raise problems.conflict("Already there.", existing="e-1")
        case "busy":
            raise problems.too_many_requests("Slow down.", retry_after_seconds=7)
        case "operational":
            raise OperationalError(f"select '{secret}'", {}, psycopg.OperationalError(secret))
        case "interface":
            raise InterfaceError("select 1", {}, psycopg.InterfaceError(secret))
        case "pool":
            raise PoolTimeoutError
        case "cut":
            raise DBAPIError("select 1", {}, psycopg.InternalError(secret), connection_invalidated=True)
        case "gone":
            raise ClientDisconnect
        case "http":
            raise HTTPException(418, detail=secret)
        case _:
            raise IntegrityError("insert", {"name": secret}, psycopg.errors.UniqueViolation(secret))


async def asking(method: str, path: str, **request: Any) -> httpx.Response:
    async with serving(api) as client:
        return await client.request(method, path, **request)


def assert_is_problem(response: httpx.Response, status: int) -> dict[str, Any]:
    assert response.status_code == status
    assert response.headers["content-type"] == "application/problem+json"
    document: dict[str, Any] = response.json()
    assert document["status"] == status
    assert all(document[member] for member in ("type", "title", "detail"))
    assert isinstance(document["errors"], list)
    return document


async def test_a_good_body_is_taken() -> None:
    body = {"starts_at": "2026-03-01T09:30:00Z", "kind": "field", "stops": [{"account_id": "a"}]}
    response = await asking("POST", "/v1/tours", json=body)
    assert (response.status_code, response.json()) == (200, {"stops": 1})


async def test_every_wrong_field_is_named_by_its_pointer_and_no_value_is_repeated() -> None:
    body = {
        "starts_at": "Jane Doe",
        "kind": "Jane Doe",
        "stops": [{"account_id": "ok", "minutes": "Jane Doe"}, {"minutes": 5}],
        "weights": {"a/b~c": "Jane Doe"},
        "score": 1,
    }
    response = await asking("POST", "/v1/tours", json=body)
    errors = assert_is_problem(response, 422)["errors"]
    assert {error["pointer"] for error in errors} == {
        "/starts_at",
        "/kind",
        "/stops/0/minutes",
        "/stops/1/account_id",
        "/weights/a~1b~0c",
        "/score",
    }
    assert "Jane" not in response.text
    assert {"pointer": "/stops/1/account_id", "detail": "is required"} in errors


@pytest.mark.parametrize("content", [b"[]", b'"text"', b"7", b"null"])
async def test_a_body_of_another_shape_is_422(content: bytes) -> None:
    response = await asking("POST", "/v1/tours", content=content, headers={"content-type": "application/json"})
    assert assert_is_problem(response, 422)["errors"][0]["pointer"] == ""


async def test_parameters_that_can_not_be_are_named() -> None:
    response = await asking("GET", "/v1/tours/Jane?limit=501", headers={"x-weight": "heavy"})
    details = {error["detail"] for error in assert_is_problem(response, 422)["errors"]}
    assert any(detail.startswith("path parameter tour_id") for detail in details)
    assert any(detail.startswith("query parameter limit") for detail in details)
    assert any(detail.startswith("header parameter x-weight") for detail in details)
    assert "Jane" not in response.text


async def test_a_thousand_wrong_values_are_not_told_one_by_one() -> None:
    response = await asking("POST", "/v1/tours", json={"stops": [1] * 500})
    assert len(assert_is_problem(response, 422)["errors"]) == problems.MAX_ERRORS


async def test_unknown_addresses_and_methods_are_problems() -> None:
    assert_is_problem(await asking("GET", "/v1/nowhere"), 404)
    refused = await asking("DELETE", "/v1/tours")
    assert_is_problem(refused, 405)
    assert refused.headers["allow"] == "POST"


async def test_a_refusal_carries_its_errors_and_further_members() -> None:
    document = assert_is_problem(await asking("GET", "/v1/raises/refusal"), 422)
    assert document["errors"] == [{"pointer": "/topic", "detail": "is unknown"}]
    assert document["case_id"] == "c-1"
    assert assert_is_problem(await asking("GET", "/v1/raises/conflict"), 409)["existing"] == "e-1"


async def test_too_many_requests_says_when_to_come_back() -> None:
    response = await asking("GET", "/v1/raises/busy")
    assert_is_problem(response, 429)
    assert response.headers["retry-after"] == "7"


@pytest.mark.parametrize("what", ["operational", "interface", "pool", "cut"])
async def test_a_database_that_is_away_is_weather(what: str) -> None:
    response = await asking("GET", f"/v1/raises/{what}")
    assert_is_problem(response, 503)
    assert int(response.headers["retry-after"]) > 0
    assert "Jane" not in response.text


@pytest.mark.parametrize(("what", "status"), [("bug", 500), ("http", 418), ("gone", 400)])
async def test_what_nobody_anticipated_tells_nothing_of_our_inside(what: str, status: int) -> None:
    response = await asking("GET", f"/v1/raises/{what}")
    assert_is_problem(response, status)
    assert "Jane" not in response.text


async def test_the_openapi_document_names_problems_and_not_fastapis_own_errors() -> None:
    response = await asking("GET", "/openapi.json")
    operation = response.json()["paths"]["/v1/tours"]["post"]
    assert "application/problem+json" in operation["responses"]["default"]["content"]
    assert "422" not in operation["responses"]
    assert set(re.findall(r'"#/components/schemas/(\w+)"', response.text)) <= set(response.json()["components"]["schemas"])


def test_lists_of_a_wrong_length_are_told_in_the_words_of_json() -> None:
    class Pair(BaseModel):
        ends: Annotated[tuple[str, ...], Field(min_length=2, max_length=2)]

    for value, sentence in (({"ends": ["a"]}, "must have at least 2 items"), ({"ends": ["a", "b", "c"]}, "must have at most 2 items")):
        with pytest.raises(ValidationError) as refused:
            Pair.model_validate(value)
        assert problems.field_errors(refused.value, value) == [problems.FieldError("/ends", sentence)]
