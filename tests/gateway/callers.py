"""Who comes to the gateway: platforms that behave, and strangers who write their requests by hand."""

import asyncio
import contextlib
import re
import time
from dataclasses import dataclass
from itertools import count

import httpx

from tests.intake.platforms import email_opened, mautic_headers, raw

WEBHOOKS = "/intake/v1/webhooks/mautic"
_PATIENCE_SECONDS = 20
_STATUS = re.compile(rb"HTTP/1\.1 (\d{3}) ")

_numbers = count(1)


@dataclass(frozen=True, slots=True)
class Heard:
    """What a stranger was told, and when. `status` is 0 where the connection closed without a word."""

    answer: bytes
    answered_after_seconds: float
    closed_after_seconds: float

    @property
    def statuses(self) -> list[int]:
        """Of every response that came; requests of one connection may be many."""
        return [int(status) for status in _STATUS.findall(self.answer)]

    @property
    def status(self) -> int:
        return self.statuses[0] if self.answer.startswith(b"HTTP/1.1 ") else 0


@dataclass(frozen=True, slots=True)
class Door:
    """The gateway, on that loopback port."""

    port: int

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def webhook(self, client: httpx.AsyncClient) -> httpx.Response:
        """A platform posts a signed webhook that nobody posted before."""
        body = raw({"mautic.email_on_open": [email_opened(id=next(_numbers))]})
        return await client.post(f"{self.address}{WEBHOOKS}", content=body, headers=mautic_headers(body))

    async def is_serving(self) -> bool:
        async with httpx.AsyncClient(timeout=5) as client:
            return (await self.webhook(client)).status_code == 202

    async def hear(self, *pieces: bytes, pause_seconds: float = 0.0) -> Heard:
        """Sends the pieces one after the other, listening between them and then to the end of the connection."""
        begun = time.monotonic()
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        listening = asyncio.create_task(_listen(reader, begun))
        with contextlib.suppress(ConnectionError):
            for piece in pieces:
                writer.write(piece)
                await writer.drain()
                await asyncio.wait({listening}, timeout=pause_seconds)
        try:
            answer, answered_after = await asyncio.wait_for(listening, _PATIENCE_SECONDS)
        finally:
            writer.close()
        return Heard(answer, answered_after, time.monotonic() - begun)

    async def ask(self, head: str, body: bytes = b"") -> Heard:
        """A request written by hand: the lines of its head, in one piece with its body."""
        return await self.hear(head.replace("\n", "\r\n").encode("latin-1") + b"\r\n\r\n" + body)


async def _listen(reader: asyncio.StreamReader, begun: float) -> tuple[bytes, float]:
    """Everything until the connection closes, and after how many seconds it began to come."""
    answer, after_seconds = b"", 0.0
    with contextlib.suppress(ConnectionError):
        while piece := await reader.read(65536):
            after_seconds = after_seconds or time.monotonic() - begun
            answer += piece
    return answer, after_seconds
