"""Who says only half, or says it slowly, is let go within ten seconds, and nobody else waits for it."""

import asyncio
from collections.abc import AsyncIterator, Mapping

import httpx
import pytest

from shared.limits import BODY_ARRIVAL_SECONDS
from tests.gateway.callers import WEBHOOKS, Door
from tests.tokens import authorization

pytestmark = pytest.mark.gateway

CUT_SECONDS = 10.0


def head(path: str, *, method: str = "POST", length: int = 1000, headers: Mapping[str, str] | None = None) -> bytes:
    lines = [f"{method} {path} HTTP/1.1", "Host: x", "Content-Type: application/json", f"Content-Length: {length}"]
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def dripping(message: bytes) -> list[bytes]:
    return [bytes([byte]) for byte in message]


async def test_halves_silence_and_drips_are_cut_within_ten_seconds_while_others_are_served(door: Door) -> None:
    whole_head, chunked = head(WEBHOOKS), head(WEBHOOKS).replace(b"Content-Length: 1000", b"Transfer-Encoding: chunked")
    contacts = head("/intake/v1/contacts", method="PUT", headers=authorization("integration"))
    strangers = {
        "silence": door.hear(),
        "silence after an answer": door.hear(b"GET /intake/livez HTTP/1.1\r\nHost: x\r\n\r\n"),
        "half a head": door.hear(whole_head[:40]),
        "a head that drips": door.hear(*dripping(b"GET / HTTP/1.1\r\nHost: x\r\nX-Slow: " + b"x" * 200), pause_seconds=0.2),
        "half a body": door.hear(whole_head + b'{"half'),
        "a body that drips": door.hear(whole_head, *dripping(b"x" * 200), pause_seconds=0.2),
        "a large body that drips": door.hear(head(WEBHOOKS, length=4_000_000), *[b"x" * 9_000] * 200, pause_seconds=0.2),
        "chunks that drip": door.hear(chunked, *[b"1\r\nx\r\n"] * 200, pause_seconds=0.2),
        "a body with a token that drips": door.hear(contacts, *dripping(b"x" * 200), pause_seconds=0.2),
    }
    waiting = {what: asyncio.create_task(stranger) for what, stranger in strangers.items()}
    served = 0
    while not all(task.done() for task in waiting.values()):
        assert await door.is_serving()
        served += 1
        await asyncio.wait(waiting.values(), timeout=0.2, return_when=asyncio.ALL_COMPLETED)
    assert served >= 10
    heard = {what: task.result() for what, task in waiting.items()}
    assert {what: one.closed_after_seconds for what, one in heard.items() if one.closed_after_seconds > CUT_SECONDS + 1} == {}
    assert {what: one.status for what, one in heard.items()} == {
        **dict.fromkeys(strangers, 408),
        "silence": 0,
        "silence after an answer": 200,
        "half a head": 0,
        "a head that drips": 0,
    }


async def test_who_may_not_is_told_before_the_body_has_come(door: Door) -> None:
    heard = await door.hear(head("/intake/v1/contacts", method="PUT"), *dripping(b"x" * 200), pause_seconds=0.2)
    assert heard.status == 401
    assert heard.answered_after_seconds < BODY_ARRIVAL_SECONDS / 2


async def test_a_body_in_chunks_without_a_length_gets_through(door: Door) -> None:
    async def in_chunks() -> AsyncIterator[bytes]:
        for piece in (b"{", b" " * 1000, b"}"):
            yield piece

    async with httpx.AsyncClient() as client:
        answer = await client.post(f"{door.address}{WEBHOOKS}", content=in_chunks(), headers={"Content-Type": "application/json"})
    assert answer.status_code == 401, "read to its end, and not signed"
