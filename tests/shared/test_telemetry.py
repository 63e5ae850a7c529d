"""What operators see, and what they must not."""

import asyncio
import io
import json
import logging
from collections.abc import Iterator
from typing import Annotated, Any
from uuid import UUID, uuid4

import psycopg
import pytest
import structlog
from fastapi import Header
from prometheus_client import REGISTRY
from sqlalchemy.exc import IntegrityError, OperationalError

from shared import telemetry
from shared.auth import Identity, anyone, require
from shared.bodies import Body, Id, Int
from shared.service import _run
from tests import logs, tokens
from tests.shared.small_app import router, serving

CANARY = "Canary-Jane-Doe"
api = router()


class Named(Body):
    name: Id
    weight: Int = 1


@api.post("/contacts/{contact_id}")
async def post_contact(contact_id: Id, body: Named, identity: Annotated[Identity, require("rep")], fail: str = "") -> dict[str, str]:
    match fail:
        case "bug":
            raise ValueError(f"{body.name} {contact_id} {identity.sub}")
        case "constraint":
            raise IntegrityError("insert", {"name": body.name}, psycopg.errors.UniqueViolation(f"Key (name)=({body.name})"))
        case "weather":
            raise OperationalError(f"select '{body.name}'", {}, psycopg.OperationalError(body.name))
    logging.getLogger("some.library").warning("a library speaks")
    return {"journey": str(telemetry.correlation_id())}


@api.get("/quiet", dependencies=[anyone()])
async def get_quiet(x_note: Annotated[str, Header()] = "") -> dict[str, str]:
    return {}


@pytest.fixture
def lines() -> Iterator[io.BytesIO]:
    """What the process logs, from now on."""
    with logs.logged() as stream:
        yield stream


def logged(stream: io.BytesIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


async def test_a_request_is_one_line_of_json_with_its_template_and_correlation_id(lines: io.BytesIO) -> None:
    journey = uuid4()
    async with serving(api) as client:
        headers = tokens.authorization("rep") | {"X-Correlation-ID": str(journey)}
        response = await client.post("/v1/contacts/c-1?x=1", json={"name": "n"}, headers=headers)
    assert response.json() == {"journey": str(journey)}
    assert response.headers["x-correlation-id"] == str(journey)
    library, request = logged(lines)
    assert (library["event"], library["logger"], library["level"]) == ("a library speaks", "some.library", "warning")
    assert request["event"] == "request"
    assert (request["method"], request["route"], request["status"]) == ("POST", "/v1/contacts/{contact_id}", 200)
    assert request["duration_ms"] >= 0
    for line in (library, request):
        assert line["service"] == "tests"
        assert line["correlation_id"] == str(journey)
        assert line["at"].endswith("Z")


@pytest.mark.parametrize("given", ["", "7", CANARY, "g" * 36, "{0198c0de-0000-7000-8000-000000000001}"])
async def test_a_correlation_id_that_is_no_uuid_is_replaced(lines: io.BytesIO, given: str) -> None:
    async with serving(api) as client:
        response = await client.get("/v1/quiet", headers={"X-Correlation-ID": given})
    assert UUID(response.headers["x-correlation-id"]).version == 7
    assert CANARY not in lines.getvalue().decode()


async def test_no_name_or_secret_of_a_request_reaches_the_logs_or_metrics(lines: io.BytesIO) -> None:
    secret_token = tokens.authorization("rep", sub=CANARY)
    async with serving(api) as client:
        for fail in ("", "bug", "constraint", "weather"):
            await client.post(f"/v1/contacts/{CANARY}?fail={fail}&q={CANARY}", json={"name": CANARY}, headers=secret_token)
        await client.post("/v1/contacts/c", json={"name": CANARY, CANARY: 1, "weight": CANARY}, headers=secret_token)
        await client.post("/v1/contacts/c", content=f'"{CANARY}'.encode(), headers=secret_token | {"content-type": "application/json"})
        await client.post("/v1/contacts/c", json={}, headers={"authorization": f"Bearer {CANARY}", "cookie": CANARY, "x-note": CANARY})
        await client.get(f"/{CANARY}?{CANARY}")
        await client.request(f"X{CANARY}", f"/v1/{CANARY}")
        metrics = await client.get("/metrics")
    assert len(logged(lines)) >= 9
    assert CANARY not in lines.getvalue().decode()
    assert secret_token["Authorization"][7:40] not in lines.getvalue().decode()
    assert metrics.status_code == 200
    assert CANARY not in metrics.text


async def test_an_unexpected_error_is_told_by_its_types_place_and_constraint(lines: io.BytesIO) -> None:
    async with serving(api) as client:
        await client.post("/v1/contacts/c?fail=constraint", json={"name": "n"}, headers=tokens.authorization("rep"))
    error = next(line for line in logged(lines) if line["event"] == "unexpected_error")
    assert error["level"] == "error"
    assert error["exception"]["types"] == ["sqlalchemy.exc.IntegrityError"]
    assert error["exception"]["sqlstate"] == "23505"
    assert any(frame.startswith("shared/test_telemetry.py:") and frame.endswith(" post_contact") for frame in error["exception"]["frames"])


async def test_what_other_libraries_say_of_exceptions_is_told_without_their_values(lines: io.BytesIO) -> None:
    async def failing() -> None:
        try:
            json.loads(CANARY)
        except json.JSONDecodeError as error:
            raise RuntimeError(CANARY) from error

    task = asyncio.create_task(failing())
    await asyncio.wait({task})
    context = {"message": "Task exception was never retrieved", "exception": task.exception(), "future": task}
    asyncio.get_running_loop().default_exception_handler(context)
    (line,) = logged(lines)
    assert line["event"] == "Task exception was never retrieved"
    assert line["exception"]["types"] == ["builtins.RuntimeError", "json.decoder.JSONDecodeError"]
    assert CANARY not in lines.getvalue().decode()


def test_the_last_words_of_a_process_repeat_no_value_an_error_is_about(lines: io.BytesIO) -> None:
    class Broken:
        name = "small"

        async def run(self, _: str) -> None:
            wrong = IntegrityError("insert", {"name": CANARY}, psycopg.errors.UniqueViolation(f"Key (name)=({CANARY})"))
            raise ExceptionGroup("parts", [ExceptionGroup("of parts", [wrong])])

    with pytest.raises(SystemExit, match="1"):
        _run(Broken(), "all")  # type: ignore[arg-type]  # all that is asked of a service here
    (line,) = logged(lines)
    assert (line["level"], line["event"]) == ("critical", "the process ends: a part of it failed")
    assert line["exception"]["types"][-1] == "sqlalchemy.exc.IntegrityError"
    assert line["exception"]["sqlstate"] == "23505"
    assert CANARY not in lines.getvalue().decode()


def test_line_breaks_and_escape_sequences_stay_inside_their_line(lines: io.BytesIO) -> None:
    structlog.get_logger().info("one\ntwo \x1b[31m\x9b31m \u202e \ud800", thing=object())
    raw = lines.getvalue()
    assert raw.count(b"\n") == 1
    assert raw.isascii()
    assert b"\x1b" not in raw
    assert logged(lines)[0]["thing"] == "<object>"


def test_a_journey_is_bound_inside_and_gone_outside(lines: io.BytesIO) -> None:
    journey = uuid4()
    with telemetry.correlating(journey):
        assert telemetry.correlation_id() == journey
        structlog.get_logger().info("inside")
    structlog.get_logger().info("outside")
    assert telemetry.correlation_id() != journey
    inside, outside = logged(lines)
    assert inside["correlation_id"] == str(journey)
    assert "correlation_id" not in outside


async def test_requests_are_counted_by_template_and_invented_methods_are_one(lines: io.BytesIO) -> None:
    def count(method: str, route: str, status: str) -> float:
        return REGISTRY.get_sample_value("fullcircle_http_requests_total", {"method": method, "route": route, "status": status}) or 0

    before = count("GET", "/v1/quiet", "200"), count("other", "unknown", "404"), count("other", "/v1/quiet", "405")
    async with serving(api) as client:
        await client.get("/v1/quiet")
        await client.request("BREW", "/v1/pot")
        await client.request("BREW", "/v1/quiet")
    after = count("GET", "/v1/quiet", "200"), count("other", "unknown", "404"), count("other", "/v1/quiet", "405")
    assert [new - old for old, new in zip(before, after, strict=True)] == [1, 1, 1]


def test_talkative_libraries_are_heard_from_warnings_on(lines: io.BytesIO) -> None:
    for name in ("httpx", "aiokafka", "faststream", "uvicorn.access"):
        logging.getLogger(name).info("GET https://example.com/%s", CANARY)
        logging.getLogger(name).warning("trouble")
    assert [line["event"] for line in logged(lines)] == ["trouble"] * 4


def test_what_a_library_says_over_and_over_is_said_a_few_times_and_counted(lines: io.BytesIO) -> None:
    now = 0.0
    [handler] = [each for each in logging.getLogger().handlers if isinstance(each, telemetry._ForeignLines)]
    handler._clock = lambda: now
    for node in range(1_000):
        logging.getLogger("aiokafka").error("no way to node %s", node)
    logging.getLogger("aiokafka").error("something else")
    now = 60.0
    logging.getLogger("aiokafka").error("no way to node %s", 7)
    told = [(line["event"], line.get("repeated")) for line in logged(lines)]
    assert told == [*((f"no way to node {node}", None) for node in range(5)), ("something else", None), ("no way to node 7", 995)]


def test_lines_of_which_none_is_like_another_fill_no_memory(lines: io.BytesIO) -> None:
    for number in range(2_000):
        logging.getLogger("formatting").warning(f"line {number}")
    [handler] = [each for each in logging.getLogger().handlers if isinstance(each, telemetry._ForeignLines)]
    assert len(handler._said) < 1_000
    assert len(logged(lines)) == 2_000
