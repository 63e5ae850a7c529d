"""Several instances of intake behind the gateway: one that is away, dies or is on its way out costs no webhook."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from deploy.launcher.ports import unused_port
from tests.gateway.callers import WEBHOOKS, Door
from tests.gateway.nginx import gateway
from tests.intake.platforms import email_opened, mautic_headers, raw

pytestmark = pytest.mark.gateway

_POSTS = 30


@dataclass(slots=True)
class Dying:
    """An instance that reads what it is sent and dies of it."""

    port: int = 0
    deaths: int = 0

    async def die(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(65536)
        self.deaths += 1
        writer.transport.abort()


@pytest.fixture
async def dying() -> AsyncIterator[Dying]:
    instance = Dying()
    async with await asyncio.start_server(instance.die, "127.0.0.1", 0) as server:
        instance.port = server.sockets[0].getsockname()[1]
        yield instance


async def test_an_instance_that_cannot_be_reached_is_passed_over(tmp_path: Path, intake: int) -> None:
    async with gateway(tmp_path, instances=[unused_port(), intake]) as port, httpx.AsyncClient() as client:
        door = Door(port)
        assert Counter([(await door.webhook(client)).status_code for _ in range(_POSTS)]) == {202: _POSTS}
        asked = [(await client.get(f"{door.address}/intake/livez")).status_code for _ in range(_POSTS)]
        assert Counter(asked) == {200: _POSTS}


async def test_a_webhook_that_an_instance_dies_of_is_tried_at_the_next_when_it_came_in_one_piece(
    tmp_path: Path, intake: int, dying: Dying
) -> None:
    async with gateway(tmp_path, instances=[dying.port, intake]) as port:
        for number in range(_POSTS):
            body = raw({"mautic.email_on_open": [email_opened(id=f"one piece {number}")]})
            headers = "\n".join(f"{name}: {value}" for name, value in mautic_headers(body).items())
            head = f"POST {WEBHOOKS} HTTP/1.1\nHost: x\nContent-Length: {len(body)}\nConnection: close\n{headers}"
            assert (await Door(port).ask(head, body)).status == 202
    assert dying.deaths > 0


async def test_another_post_is_never_begun_twice(tmp_path: Path, intake: int, dying: Dying) -> None:
    async with gateway(tmp_path, instances=[dying.port, intake]) as port, httpx.AsyncClient() as client:
        answers = [await client.post(f"http://127.0.0.1:{port}/intake/v1/engagements", json=[]) for _ in range(_POSTS)]
    assert dying.deaths > 0
    assert Counter(answer.status_code for answer in answers) == {401: _POSTS - dying.deaths, 503: dying.deaths}


async def test_when_nobody_is_there_platforms_are_told_when_to_come_back(tmp_path: Path) -> None:
    async with gateway(tmp_path, instances=[unused_port(), unused_port()]) as port, httpx.AsyncClient() as client:
        answer = await Door(port).webhook(client)
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    assert answer.json()["type"] == "urn:fullcircle:problem:unavailable"
