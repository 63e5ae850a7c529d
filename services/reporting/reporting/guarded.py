"""The way out: an HTTP client that connects only where webhooks may go, however a name resolves at that moment."""

import asyncio
import contextlib
import socket
from collections.abc import Collection, Iterable
from functools import partial
from ipaddress import ip_address
from typing import Any

import httpcore
import httpx

from reporting.decisions.addresses import Endpoint, IpAddress, RefusedAddress, decide_endpoint, refused_ip

_RESOLVE_TIMEOUT_SECONDS = 3
# Fewer, and every other delivery would begin with a handshake; they close by themselves after seconds.
_IDLE_CONNECTIONS_MAX = 200


_Found = list[tuple[Any, ...]]


class AddressRefused(httpx.ConnectError):
    """The host leads where webhooks may not go."""


class NoAddress(httpx.ConnectError):
    """The host's name leads nowhere just now."""


async def check_endpoint(url: str, listed: Collection[str]) -> RefusedAddress | None:
    """Why webhooks may not go to this URL as it resolves now; None when they may, or when its name leads nowhere yet.

    A name that can't be resolved is let pass here: sending checks again, and fails closed.
    """
    decision = decide_endpoint(url, listed)
    match decision:
        case RefusedAddress():
            return decision
        case Endpoint(is_listed=True):
            return None
        case Endpoint():
            try:
                addresses = await _Resolver().resolve(decision.host, decision.port)
            except NoAddress:
                return None
            return next((RefusedAddress(reason) for one in addresses if (reason := refused_ip(one))), None)


def guarded_client(listed: Collection[str], *, timeout_seconds: float) -> httpx.AsyncClient:
    """A client that follows no redirects, knows no proxies, and connects to checked addresses alone.

    `timeout_seconds` bounds each step of a request, the whole is the caller's to bound. Connections are not limited in number, so
    that none waits for a hanging other.
    """
    transport = httpx.AsyncHTTPTransport(trust_env=False)
    # httpx offers no way to give its pool a network: this is the pool it would make, with ours.
    transport._pool = httpcore.AsyncConnectionPool(
        ssl_context=httpx.create_ssl_context(trust_env=False),
        max_connections=None,
        max_keepalive_connections=_IDLE_CONNECTIONS_MAX,
        keepalive_expiry=5,
        network_backend=_GuardedNetwork(frozenset(listed)),
    )
    return httpx.AsyncClient(transport=transport, follow_redirects=False, trust_env=False, timeout=timeout_seconds)


class _GuardedNetwork(httpcore.AsyncNetworkBackend):
    """Resolves once, checks every address, and connects to the checked one. TLS goes on verifying the host's name."""

    def __init__(self, listed: frozenset[str]) -> None:
        self._listed = listed
        self._network = httpcore.AnyIOBackend()
        self._resolver = _Resolver()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109  the interface of httpcore
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        addresses = await self._resolver.resolve(host, port)
        if host not in self._listed and any(refused_ip(one) is not None for one in addresses):
            raise AddressRefused("the host does not lead to public addresses alone")
        *first, last = addresses
        for address in first:
            with contextlib.suppress(httpcore.ConnectError):
                return await self._network.connect_tcp(str(address), port, timeout, local_address, socket_options)
        return await self._network.connect_tcp(str(last), port, timeout, local_address, socket_options)

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


class _Resolver:
    """Looks each name up once at a time, whoever asks: one whose name server hangs then holds one of the system's few threads, not all."""

    def __init__(self) -> None:
        self._under_way: dict[str, asyncio.Future[_Found]] = {}

    async def resolve(self, host: str, port: int) -> list[IpAddress]:
        """The addresses of a name. Raises `NoAddress`."""
        found = self._under_way.get(host)
        if found is None:
            look_up = asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
            found = self._under_way[host] = asyncio.ensure_future(look_up)
            found.add_done_callback(partial(self._forget, host))
        try:
            async with asyncio.timeout(_RESOLVE_TIMEOUT_SECONDS):
                return [ip_address(address[0]) for *_, address in await asyncio.shield(found)]
        except (OSError, UnicodeError, TimeoutError):
            raise NoAddress("the host's name leads nowhere") from None

    def _forget(self, host: str, found: "asyncio.Future[_Found]") -> None:
        del self._under_way[host]
        if not found.cancelled():
            found.exception()  # whoever asked may have gone by now
