"""Bounds on what a client may send: how much, and how long it may take. Pure ASGI, since a wrapped one costs most of the throughput."""

import asyncio
from typing import Final

from starlette.datastructures import MutableHeaders
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared import problems

MAX_BODY_BYTES: Final = 5 * 1024 * 1024  # 10,000 ordinary rows of a bulk upsert fit
BODY_ARRIVAL_SECONDS: Final = 8.0  # the server has no deadline of its own: half a body would hold its connection for ever


async def whole_body(receive: Receive) -> bytes:
    """A request's body, as `Request.body()` gives it, without what that costs. Raises `ClientDisconnect`."""
    chunks: list[bytes] = []
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        chunks.append(message.get("body", b""))
        if not message.get("more_body", False):
            return chunks[0] if len(chunks) == 1 else b"".join(chunks)


class BodyLimits:
    """Refuses bodies that are too large (413, counted while they stream) or too slow (408) when the app reads them.

    Raised inside the app, so that its handlers answer, and only if the app reads: a caller without a token is told 401
    first. An answer given while the body is still coming closes the connection.
    """

    def __init__(self, app: ASGIApp, *, max_bytes: int = MAX_BODY_BYTES, arrival_seconds: float = BODY_ARRIVAL_SECONDS) -> None:
        self.app = app
        self.max_bytes = max_bytes
        self.arrival_seconds = arrival_seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        body = _ArrivingBody(scope, receive, max_bytes=self.max_bytes, arrival_seconds=self.arrival_seconds)
        if body.is_complete:
            await self.app(scope, receive, send)
            return

        async def closing_if_unfinished(message: Message) -> None:
            if not body.is_complete and message["type"] == "http.response.start":
                MutableHeaders(scope=message)["connection"] = "close"
            await send(message)

        await self.app(scope, body.receive, closing_if_unfinished)


class _ArrivingBody:
    def __init__(self, scope: Scope, receive: Receive, *, max_bytes: int, arrival_seconds: float) -> None:
        announced = [value for name, value in scope["headers"] if name == b"content-length"]
        streams = any(name == b"transfer-encoding" for name, _ in scope["headers"])
        self._receive = receive
        self._max_bytes = max_bytes
        self._arrival_seconds = arrival_seconds
        self._deadline = asyncio.get_running_loop().time() + arrival_seconds
        self._announced = announced[0] if announced else b"0"
        self._received = 0
        self._has_expired = False
        self.is_complete = self._announced == b"0" and not streams

    async def receive(self) -> Message:
        if self.is_complete:
            return await self._receive()
        if self._announced.isdigit() and int(self._announced[:20]) > self._max_bytes:
            raise self._too_large()
        message = await self._in_time()
        self._received += len(message.get("body", b""))
        if self._received > self._max_bytes:
            raise self._too_large()
        self.is_complete = not message.get("more_body", False)
        return message

    async def _in_time(self) -> Message:
        """As `asyncio.timeout_at` would have it, at a fifth of its cost: most bodies are there before anybody waits for them."""
        task = asyncio.current_task()
        assert task is not None  # noqa: S101  ASGI applications run in one
        timer = asyncio.get_running_loop().call_at(self._deadline, self._expire, task)
        try:
            return await self._receive()
        except asyncio.CancelledError:
            if not self._has_expired or task.uncancel():
                raise
            raise problems.request_timeout(f"The body had not come whole after {self._arrival_seconds:g} seconds.") from None
        finally:
            timer.cancel()

    def _expire(self, task: "asyncio.Task[object]") -> None:
        self._has_expired = True
        task.cancel()

    def _too_large(self) -> problems.Problem:
        return problems.too_large(f"The body is larger than {self._max_bytes} bytes.")
