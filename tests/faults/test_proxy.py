"""The fault proxy on its own, between a client and a server that says everything back."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass

import pytest

from tests.faults.proxy import LOOPBACK, FaultProxy, fault_proxy
from tests.polling import until

SHORT_SECONDS = 0.2


@dataclass
class Echo:
    """A server that says back what it hears, and keeps it."""

    port: int
    heard: bytearray
    open_connections: int = 0


@pytest.fixture
async def echo() -> AsyncIterator[Echo]:
    echo = Echo(0, bytearray())

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        echo.open_connections += 1
        try:
            while piece := await reader.read(1_000):
                echo.heard += piece
                writer.write(piece)
                await writer.drain()
        except ConnectionError:
            pass
        finally:
            echo.open_connections -= 1
            writer.close()

    async with await asyncio.start_server(answer, LOOPBACK, 0) as server:
        echo.port = server.sockets[0].getsockname()[1]
        yield echo


@pytest.fixture
def proxy(echo: Echo) -> Iterator[FaultProxy]:
    with fault_proxy(echo.port) as proxy:
        yield proxy


@dataclass
class Client:
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def say(self, words: bytes) -> None:
        self.writer.write(words)
        await self.writer.drain()

    async def hear(self, length: int) -> bytes:
        return await self.reader.readexactly(length)

    async def hears_nothing(self) -> bool:
        try:
            await asyncio.wait_for(self.reader.read(1), SHORT_SECONDS)
        except TimeoutError:
            return True
        return False


@pytest.fixture
async def client(proxy: FaultProxy) -> AsyncIterator[Client]:
    client = Client(*await asyncio.open_connection(LOOPBACK, proxy.port))
    await client.say(b"hello")
    assert await client.hear(5) == b"hello"
    yield client
    client.writer.close()


async def test_the_end_of_one_side_is_the_end_of_the_other(proxy: FaultProxy, client: Client, echo: Echo) -> None:
    assert proxy.connections == 1
    client.writer.close()
    await until(lambda: echo.open_connections == 0 and proxy.connections == 0)


async def test_delay_holds_data_in_either_direction(proxy: FaultProxy, client: Client) -> None:
    proxy.delay(SHORT_SECONDS)
    loop = asyncio.get_running_loop()
    began = loop.time()
    await client.say(b"slow")
    assert await client.hear(4) == b"slow"
    assert loop.time() - began >= 2 * SHORT_SECONDS
    proxy.behave()
    began = loop.time()
    await client.say(b"fast")
    assert await client.hear(4) == b"fast"
    assert loop.time() - began < SHORT_SECONDS


async def test_reset_breaks_what_is_open_and_lets_new_ones_pass(proxy: FaultProxy, client: Client, echo: Echo) -> None:
    assert proxy.reset() == 1
    with pytest.raises(ConnectionResetError):
        await client.hear(1)
    await until(lambda: echo.open_connections == 0)
    again = Client(*await asyncio.open_connection(LOOPBACK, proxy.port))
    await again.say(b"again")
    assert await again.hear(5) == b"again"
    again.writer.close()


async def test_abandoned_connections_end_for_the_server_alone(proxy: FaultProxy, client: Client, echo: Echo) -> None:
    assert proxy.abandon() == 1
    await until(lambda: echo.open_connections == 0)
    await client.say(b"anybody?")
    assert await client.hears_nothing()
    assert bytes(echo.heard) == b"hello"
    assert not client.reader.at_eof()


async def test_swallowing_one_way_lets_the_other_way_pass(proxy: FaultProxy, client: Client, echo: Echo) -> None:
    proxy.swallow("to_client")
    await client.say(b"lost answer")
    await until(lambda: bytes(echo.heard).endswith(b"lost answer"))
    assert await client.hears_nothing()
    proxy.swallow("to_server")
    await client.say(b"lost question")
    assert await client.hears_nothing()
    assert b"lost question" not in echo.heard
    proxy.behave()
    await client.say(b"found")
    assert await client.hear(5) == b"found"


async def test_new_connections_are_accepted_and_swallowed_too(proxy: FaultProxy, echo: Echo) -> None:
    proxy.swallow()
    client = Client(*await asyncio.open_connection(LOOPBACK, proxy.port))
    await client.say(b"into nothing")
    assert await client.hears_nothing()
    assert echo.heard == bytearray()
    client.writer.close()


async def test_nobody_behind_it_is_a_connection_that_breaks(echo: Echo) -> None:
    with fault_proxy(1) as proxy:
        reader, writer = await asyncio.open_connection(LOOPBACK, proxy.port)
        with pytest.raises((ConnectionResetError, asyncio.IncompleteReadError)):
            await reader.readexactly(1)
        writer.close()
