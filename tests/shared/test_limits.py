"""How much a client may send, and how long it may take."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
import uvicorn
from fastapi import FastAPI, Request

from shared import problems
from shared.auth import anyone, require
from shared.bodies import Body, Int
from shared.limits import BodyLimits
from tests import tokens
from tests.polling import until
from tests.shared.small_app import router, serving

api = router()
REP = tokens.authorization("rep")


class Weight(Body):
    weight: Int


@api.post("/weights", dependencies=[require("rep")])
async def post_weight(body: Weight) -> dict[str, int]:
    return {"weight": body.weight}


@api.post("/raw", dependencies=[anyone()])
async def post_raw(request: Request) -> dict[str, int]:
    return {"bytes": len(await request.body())}


async def chunks(count: int, size: int = 100) -> AsyncIterator[bytes]:
    for _ in range(count):
        yield b"x" * size


async def test_a_body_at_the_cap_is_taken_and_one_byte_more_is_413() -> None:
    async with serving(api) as client:
        assert (await client.post("/v1/raw", content=b"x" * 2_000)).json() == {"bytes": 2_000}
        refused = await client.post("/v1/raw", content=b"x" * 2_001)
    assert refused.status_code == 413
    assert refused.headers["content-type"] == "application/problem+json"
    assert refused.headers["connection"] == "close"


async def test_a_body_of_unknown_length_is_counted_while_it_streams() -> None:
    taken = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal taken
        while True:
            taken += 1
            yield b"x" * 100

    async with serving(api) as client:
        assert (await client.post("/v1/raw", content=chunks(20))).json() == {"bytes": 2_000}
        assert (await client.post("/v1/raw", content=endless())).status_code == 413
    assert taken <= 22


@pytest.mark.parametrize("length", ["1" * 30, "5000"])
async def test_an_announced_length_over_the_cap_is_413_before_a_byte_is_read(length: str) -> None:
    async with serving(api) as client:
        response = await client.post("/v1/raw", content=chunks(1), headers={"content-length": length})
    assert response.status_code == 413


async def test_a_json_body_is_capped_too_but_a_stranger_is_a_stranger_first() -> None:
    large = b'{"weight": ' + b" " * 3_000 + b"1}"
    headers = {"content-type": "application/json"}
    async with serving(api) as client:
        assert (await client.post("/v1/weights", content=large, headers=headers)).status_code == 401
        assert (await client.post("/v1/weights", content=large, headers=headers | REP)).status_code == 413


async def test_half_a_body_does_not_hold_its_connection() -> None:
    app = FastAPI()
    problems.install(app)
    app.include_router(api)
    app.add_middleware(BodyLimits, max_bytes=1_000, arrival_seconds=0.2)
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_config=None, lifespan="off"))
    serving_task = asyncio.create_task(server.serve())
    await until(lambda: server.started, what="the server listens")
    async with asyncio.timeout(10):
        port = server.servers[0].sockets[0].getsockname()[1]
        for path, status in (("/v1/raw", b"408"), ("/v1/weights", b"401"), ("/v1/nowhere", b"404")):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nhalf".encode())
            answer = await reader.read()  # to the end: the server closes
            writer.close()
            assert answer.split(b" ")[1] == status
            assert b"connection: close" in answer.lower()
        server.should_exit = True
        await serving_task


async def test_a_deadline_that_passed_does_not_refuse_a_body_that_is_there() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await asyncio.sleep(0)
        assert (await receive())["body"] == b"whole"

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"whole", "more_body": False}

    async def send(message: Any) -> None: ...

    scope = {"type": "http", "headers": [(b"content-length", b"5")]}
    await BodyLimits(app, arrival_seconds=-1)(scope, receive, send)
