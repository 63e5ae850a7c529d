"""How much one caller may send, ask and hold open; and what is not for callers at all."""

import asyncio
from collections import Counter
from pathlib import Path

import httpx
import pytest

from shared.limits import MAX_BODY_BYTES
from tests.gateway.callers import WEBHOOKS, Door
from tests.gateway.nginx import gateway

pytestmark = pytest.mark.gateway

_MEGABYTE = 1024 * 1024
_JSON = {"Content-Type": "application/json"}


def half(path: str, *, length: int = 1000) -> bytes:
    return f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n{{".encode()


async def test_a_body_over_the_cap_is_refused_when_it_is_announced_or_when_it_has_grown_so_far(door: Door) -> None:
    announced = await door.hear(half(WEBHOOKS, length=MAX_BODY_BYTES + 1))
    assert announced.status == 413
    assert b"application/problem+json" in announced.answer
    chunks = [b"%x\r\n" % _MEGABYTE + b"x" * _MEGABYTE + b"\r\n"] * 100
    head = half(WEBHOOKS).replace(b"Content-Length: 1000", b"Transfer-Encoding: chunked")[:-1]
    grown = await door.hear(head, *chunks)
    assert grown.status in (0, 413), "it may not listen while it sends"
    assert await door.is_serving()


async def test_a_body_of_the_largest_size_gets_through(door: Door) -> None:
    async with httpx.AsyncClient(timeout=20) as client:
        answer = await client.post(f"{door.address}{WEBHOOKS}", content=b"x" * MAX_BODY_BYTES, headers=_JSON)
    assert answer.status_code == 401, "intake read it, and it was not signed"


async def test_of_large_webhooks_few_are_read_at_a_time_and_small_ones_go_past_them(door: Door) -> None:
    large = [asyncio.create_task(door.hear(half(WEBHOOKS, length=5_000_000))) for _ in range(30)]
    await asyncio.wait(large, timeout=2)
    refused = [task.result() for task in large if task.done()]
    assert Counter(one.status for one in refused) == {429: 26}
    assert all(b"retry-after: 1\r\n" in one.answer.lower() for one in refused)
    assert await door.is_serving()
    assert Counter(one.status for one in await asyncio.gather(*large)) == {429: 26, 408: 4}


async def test_one_caller_holds_so_many_requests_open_and_no_more(door: Door) -> None:
    waiting = [asyncio.create_task(door.hear(half(WEBHOOKS))) for _ in range(300)]
    statuses = Counter(one.status for one in await asyncio.gather(*waiting))
    assert (statuses[429], statuses[408] + statuses[0]) == (44, 256), "held until their time was up: told so, or cut by nginx itself"
    assert await door.is_serving()


async def test_who_asks_too_often_is_told_when_to_come_back_and_platforms_have_a_limit_of_their_own(tmp_path: Path, intake: int) -> None:
    async with gateway(tmp_path, instances=[intake]) as port, httpx.AsyncClient() as client:
        door, question = Door(port), b"GET /reporting/livez HTTP/1.1\r\nHost: x\r\n"
        heard = await door.hear((question + b"\r\n") * 799 + question + b"Connection: close\r\n\r\n")
        statuses = Counter(heard.statuses)
        assert statuses[503] >= 300, "a burst has room; 503: reporting is away here"
        assert statuses[429] == 800 - statuses[503] > 0
        assert heard.answer.lower().count(b"\r\nretry-after: 1\r\n") == statuses[429]
        assert heard.answer.count(b"urn:fullcircle:problem:too-many-requests") == statuses[429]
        assert (await door.webhook(client)).status_code == 202


@pytest.mark.parametrize(
    "path", ["/metrics", "/intake/metrics", "/intake//metrics", "/intake/%6detrics", "/intake/x/../metrics", "/./metrics"]
)
async def test_figures_are_not_for_callers(door: Door, path: str) -> None:
    heard = await door.ask(f"GET {path} HTTP/1.1\nHost: x\nConnection: close")
    assert heard.status == 404
    assert b"fullcircle_" not in heard.answer


@pytest.mark.parametrize(("mode", "status"), [("production", 404), ("development", 503)])
async def test_only_in_development_is_there_a_way_to_the_issuer(tmp_path: Path, intake: int, mode: str, status: int) -> None:
    async with gateway(tmp_path, instances=[intake], mode=mode) as port, httpx.AsyncClient() as client:
        answer = await client.post(f"http://127.0.0.1:{port}/issuer/token", json={})
        assert answer.status_code == status, "503: the issuer itself is away here"


async def test_what_is_asked_and_sent_is_in_no_log(tmp_path: Path, intake: int) -> None:
    async with gateway(tmp_path, instances=[intake]) as port:
        door = Door(port)
        heard = await door.ask(
            "GET /intake/v1/receipts/secret-id?token=secret-query HTTP/1.1\nHost: x\nConnection: close\nX-A: secret-header"
        )
        assert heard.status == 401
        await door.ask("GET /secret path HTTP/1.1\nHost: x")
    logs = (tmp_path / "access.log").read_text()
    assert '"asked":"/intake"' in logs
    assert "secret" not in logs
