"""The load's HTTP client, against a server that answers as it is told to."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest

from tests.faults.load.http import Http, NoAnswer
from tests.polling import until

WHOLE = b'HTTP/1.1 202 Accepted\r\nContent-Type: application/json\r\nContent-Length: 8\r\nRetry-After: 5\r\n\r\n{"a": 1}'


@dataclass
class Server:
    address: str
    answer: bytes = WHOLE
    hangs_up: bool = False
    connections: int = 0
    heard: list[bytes] = field(default_factory=list)


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    server = Server("")

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        server.connections += 1
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0])
                server.heard.append(head + await reader.readexactly(length))
                writer.write(server.answer)
                await writer.drain()
                if server.hangs_up:
                    break
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as listening:
        server.address = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}/path?a=b"
        yield server


@pytest.fixture
async def http() -> AsyncIterator[Http]:
    http = Http()
    yield http
    http.close()


async def test_an_answer_comes_whole_and_its_connection_is_used_again(http: Http, server: Server) -> None:
    for _ in range(2):
        answer = await http.post(server.address, {"X-One": "1"}, b"body", seconds=5)
        assert (answer.status, answer.content, answer.headers["retry-after"]) == (202, {"a": 1}, "5")
    assert server.connections == 1
    assert server.heard[0].startswith(b"POST /path?a=b HTTP/1.1\r\n")
    assert b"X-One: 1" in server.heard[0]
    assert server.heard[0].endswith(b"\r\n\r\nbody")


async def test_requests_at_once_have_a_connection_each(http: Http, server: Server) -> None:
    answers = await asyncio.gather(*(http.get(server.address, {}, seconds=5) for _ in range(20)))
    assert {answer.status for answer in answers} == {202}
    assert 1 < server.connections <= 20


@pytest.mark.parametrize(("answer", "status"), [(WHOLE[:-3], 202), (WHOLE[:10], None), (b"", None), (b"no http\r\n\r\n", None)])
async def test_a_connection_that_breaks_tells_what_had_come(http: Http, server: Server, answer: bytes, status: int | None) -> None:
    server.answer, server.hangs_up = answer, True
    with pytest.raises(NoAnswer) as broken:
        await http.get(server.address, {}, seconds=5)
    assert broken.value.status == status


async def test_silence_and_nobody_are_no_answer(http: Http, server: Server) -> None:
    server.answer = b""
    with pytest.raises(NoAnswer):
        await http.get(server.address, {}, seconds=0.1)
    with pytest.raises(NoAnswer):
        await http.get("http://127.0.0.1:1/", {}, seconds=5)


async def test_a_connection_that_the_server_closed_meanwhile_is_not_used(http: Http, server: Server) -> None:
    server.hangs_up = True
    for _ in range(3):
        assert (await http.get(server.address, {}, seconds=5)).status == 202
        await until(lambda: http.usable == 0, what="the client sees the end of its connection")
    assert server.connections == 3
