"""Around every request: its journey, its line in the log, its count and its time, and its span where tracing is on. All pure ASGI."""

import logging
import time
from functools import lru_cache
from typing import Final
from uuid import UUID

from prometheus_client import Counter, Histogram
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared import telemetry, tracing
from shared.ids import new_id

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})  # clients may invent others; labels can't
_PROBES = frozenset({"/livez", "/readyz", "/metrics"})  # asked every few seconds by machines: logged at debug
_CORRELATION_HEADER: Final = b"x-correlation-id"
_UUID_CHARS = 36


class RequestLog:
    """Binds the correlation id, counts and times each request, and logs one line of it.

    The line names the route's template, never the address that was asked for.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        journey = _journey_of(scope)
        shown = str(journey)
        status = 500  # of an app that ended without answering
        started = time.perf_counter()

        async def noting_status(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message.get("headers", ()), (_CORRELATION_HEADER, shown.encode())]
            await send(message)

        token = telemetry.begin_journey(journey)
        try:
            await self.app(scope, receive, noting_status)
        finally:
            _note_request(scope, status=status, seconds=time.perf_counter() - started, journey=shown)
            telemetry.end_journey(token)


def _journey_of(scope: Scope) -> UUID:
    given = next((value for name, value in scope["headers"] if name == _CORRELATION_HEADER), b"")
    try:
        return UUID(given.decode()) if len(given) == _UUID_CHARS else new_id()
    except ValueError:
        return new_id()


def _note_request(scope: Scope, *, status: int, seconds: float, journey: str) -> None:
    method = scope["method"] if scope["method"] in _METHODS else "other"
    route = getattr(scope.get("route"), "path", "unknown")
    count, duration = _meters(method, route, str(status))
    count.inc()
    duration.observe(seconds)
    if route not in _PROBES:
        tracing.note_answer(method=method, route=route, status=status, correlation_id=journey)
    level = logging.DEBUG if route in _PROBES and status < 400 else logging.INFO
    duration_ms = round(seconds * 1000, 1)
    telemetry.say(level, "request", method=method, route=route, status=status, duration_ms=duration_ms, correlation_id=journey)


@lru_cache(maxsize=4_096)
def _meters(method: str, route: str, status: str) -> tuple[Counter, Histogram]:
    """The counter and the histogram with these labels; finding them anew for each request costs more than using them."""
    return telemetry.HTTP_REQUESTS.labels(method, route, status), telemetry.HTTP_DURATION_SECONDS.labels(method, route, status)


class RequestSpans:
    """Outermost, and only where tracing is on: a span per request, in its sender's trace. Probes are nobody's trace."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] in _PROBES:
            await self.app(scope, receive, send)
            return
        with tracing.arriving(Headers(scope=scope), "request"):
            await self.app(scope, receive, send)
