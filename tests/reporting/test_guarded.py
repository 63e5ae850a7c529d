"""The way out: names are resolved once, every address is checked, and the checked one is connected to."""

import asyncio
import socket
import threading
from typing import Any

import httpx
import pytest

from reporting.decisions.addresses import RefusedAddress
from reporting.guarded import AddressRefused, NoAddress, check_endpoint, guarded_client
from tests.reporting.endpoint import Endpoint


class Resolver:
    """The operating system's resolver, knowing what a test tells it. Each answer in turn; the last one stays."""

    def __init__(self) -> None:
        self.answers: list[list[str]] = []
        self.asked: list[str] = []

    def getaddrinfo(self, host: str, port: int, *_: Any, **__: Any) -> list[tuple[Any, ...]]:
        self.asked.append(host)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if not answer:
            raise socket.gaierror(socket.EAI_NONAME, "unknown name")
        return [(socket.AF_INET6 if ":" in one else socket.AF_INET, socket.SOCK_STREAM, 6, "", (one, port)) for one in answer]


@pytest.fixture
def resolver(monkeypatch: pytest.MonkeyPatch) -> Resolver:
    resolver = Resolver()
    monkeypatch.setattr(socket, "getaddrinfo", resolver.getaddrinfo)
    return resolver


async def post(url: str, *listed: str) -> httpx.Response:
    async with guarded_client(frozenset(listed), timeout_seconds=2) as client:
        return await client.post(url, content=b"{}")


@pytest.mark.parametrize("addresses", [["10.0.0.7"], ["8.8.8.8", "10.0.0.7"], ["::1"], ["::ffff:127.0.0.1"], ["64:ff9b::7f00:1"]])
async def test_a_public_name_with_any_private_address_is_refused_when_saved_and_when_sending(
    resolver: Resolver, addresses: list[str]
) -> None:
    resolver.answers = [addresses]
    assert isinstance(await check_endpoint("https://hooks.example.com/", frozenset()), RefusedAddress)
    with pytest.raises(AddressRefused):
        await post("https://hooks.example.com/")


async def test_a_name_that_turns_private_after_it_was_saved_is_refused_when_sending(resolver: Resolver) -> None:
    resolver.answers = [["8.8.8.8"], ["127.0.0.1"]]
    assert await check_endpoint("https://hooks.example.com/", frozenset()) is None
    with pytest.raises(AddressRefused):
        await post("https://hooks.example.com/")


async def test_a_name_that_leads_nowhere_can_be_saved_but_not_sent_to(resolver: Resolver) -> None:
    resolver.answers = [[]]
    assert await check_endpoint("https://hooks.example.com/", frozenset()) is None
    with pytest.raises(NoAddress):
        await post("https://hooks.example.com/")


async def test_a_listed_name_is_resolved_once_connected_to_and_told_its_own_name(resolver: Resolver) -> None:
    resolver.answers = [["127.0.0.1"], ["10.0.0.7"]]
    async with Endpoint() as endpoint:
        answer = await post(f"http://hooks.internal:{endpoint.port}/hook", "hooks.internal")
        assert (answer.status_code, resolver.asked) == (204, ["hooks.internal"])
        assert endpoint.received[0].headers["host"] == f"hooks.internal:{endpoint.port}"


async def test_the_next_address_is_tried_when_nobody_listens_at_the_first(resolver: Resolver) -> None:
    resolver.answers = [["127.0.0.2", "127.0.0.1"]]
    async with Endpoint() as endpoint:
        assert (await post(f"http://hooks.internal:{endpoint.port}/hook", "hooks.internal")).status_code == 204


async def test_proxies_of_the_environment_are_not_used(resolver: Resolver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    resolver.answers = [["10.0.0.7"]]
    with pytest.raises(AddressRefused):
        await post("https://hooks.example.com/")


async def test_a_name_whose_look_up_hangs_is_looked_up_once_and_holds_up_no_other_name(
    resolver: Resolver, monkeypatch: pytest.MonkeyPatch
) -> None:
    resolver.answers = [["127.0.0.1"]]
    ended = threading.Event()
    look_up = resolver.getaddrinfo

    def hanging(host: str, port: int, *more: Any, **named: Any) -> list[tuple[Any, ...]]:
        found = look_up(host, port, *more, **named)
        if host == "hangs.internal":
            ended.wait(20)
        return found

    monkeypatch.setattr(socket, "getaddrinfo", hanging)
    async with Endpoint() as endpoint, guarded_client(frozenset({"hangs.internal", "hooks.internal"}), timeout_seconds=2) as client:
        try:
            hung = [asyncio.create_task(client.post(f"http://hangs.internal:{endpoint.port}/", content=b"{}")) for _ in range(40)]
            answer = await asyncio.wait_for(client.post(f"http://hooks.internal:{endpoint.port}/", content=b"{}"), 10)
            assert answer.status_code == 204
            assert all(isinstance(error, NoAddress) for error in await asyncio.gather(*hung, return_exceptions=True))
            assert resolver.asked.count("hangs.internal") == 1
        finally:
            ended.set()
