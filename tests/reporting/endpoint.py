"""A marketing platform's endpoint: a real HTTP server that answers as it is told and remembers what it was sent."""

import asyncio
import json
from collections import deque
from dataclasses import dataclass, field
from typing import Any, Self

from standardwebhooks import Webhook


@dataclass(frozen=True, slots=True)
class Received:
    """One request."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def webhook_id(self) -> str:
        return self.headers["webhook-id"]

    @property
    def data(self) -> dict[str, Any]:
        return dict(json.loads(self.body)["data"])

    def verified(self, secret: str) -> dict[str, Any]:
        """The body, if the signature is right; raises otherwise."""
        return dict(Webhook(secret).verify(self.body, self.headers))


@dataclass(slots=True)
class Endpoint:
    """Answers are raw; when there are none left it says 204. An answer of None hangs until the endpoint hangs up or is closed."""

    answers: deque[bytes | None] = field(default_factory=deque)
    received: list[Received] = field(default_factory=list)
    port: int = 0
    _server: asyncio.Server | None = None
    _hung_up: "asyncio.Future[bytes | None]" = field(default_factory=lambda: asyncio.get_running_loop().create_future())

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook"

    def will_answer(self, *answers: int | bytes | None) -> None:
        """What to answer next: a status, raw bytes, or None to hang."""
        self.answers.extend(status(one) if isinstance(one, int) else one for one in answers)

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self.hang_up()
        self._server.close()

    def hang_up(self, answer: int | None = None) -> None:
        """Ends what hangs, with a status or without any."""
        self._hung_up.set_result(None if answer is None else status(answer))
        self._hung_up = asyncio.get_running_loop().create_future()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
                headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in head[1:] if line)}
                body = await reader.readexactly(int(headers["content-length"]))
                self.received.append(Received(head[0].split()[1], headers, body))
                answer = self.answers.popleft() if self.answers else status(204)
                if answer is None:
                    answer = await asyncio.shield(self._hung_up)
                if answer is None:
                    return
                writer.write(answer)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            return
        finally:
            writer.close()


def status(code: int, **headers: str) -> bytes:
    """An answer without a body."""
    lines = [f"HTTP/1.1 {code} Something", "content-length: 0", *(f"{name.replace('_', '-')}: {value}" for name, value in headers.items())]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()
