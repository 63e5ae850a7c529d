"""A zoo of webhook endpoints: one well, one that fails, one that hangs, one that sends elsewhere; and one nobody may ever reach."""

import asyncio
import base64
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from standardwebhooks import Webhook, WebhookVerificationError

from deploy.auditor.testimony import Arrival, Witness

Temper = Literal["well", "failing", "hanging", "elsewhere", "forbidden"]
TEMPERS: tuple[Temper, ...] = ("well", "failing", "hanging", "elsewhere")

LISTED_HOST = "127.0.0.1"
FORBIDDEN_HOST = "127.0.0.2"
"""An address of this machine that the services' list of allowed ones does not name."""

_STATUSES: Mapping[Temper, int] = {"well": 204, "failing": 500, "elsewhere": 307, "forbidden": 204}
_HEAD_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Zoo:
    """Where the endpoints are, and what all of them verify signatures with."""

    port: int
    secret: str

    def url(self, temper: Temper) -> str:
        """The address of the endpoint of that temper."""
        host = FORBIDDEN_HOST if temper == "forbidden" else LISTED_HOST
        return f"http://{host}:{self.port}/{temper}"


class _Keeper:
    """Answers each request as its endpoint does, and tells the witness."""

    def __init__(self, witness: Witness, secret: str) -> None:
        self._witness = witness
        self._verifier = Webhook(secret)
        self.zoo: Zoo | None = None
        self._closing = asyncio.Event()
        self._conversations: set[asyncio.Task[None]] = set()

    async def receive(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        answering = asyncio.create_task(self._answer_all(reader, writer))
        self._conversations.add(answering)
        closing = asyncio.create_task(self._closing.wait())
        with suppress(asyncio.CancelledError):  # the run is over: nobody is to be told
            await asyncio.wait({answering, closing}, return_when=asyncio.FIRST_COMPLETED)
        answering.cancel()
        closing.cancel()
        writer.close()
        self._conversations.discard(answering)

    async def close(self) -> None:
        """Hangs up on everybody."""
        self._closing.set()
        await asyncio.gather(*self._conversations, return_exceptions=True)

    async def _answer_all(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError, ConnectionError, TimeoutError):
            while await self._answer_one(reader, writer):
                pass

    async def _answer_one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        at_head = await reader.readuntil(b"\r\n\r\n")
        request_line, *lines = at_head.decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines if line)}
        async with asyncio.timeout(_HEAD_SECONDS):
            body = await reader.readexactly(int(headers.get("content-length", "0")))
        temper: Temper = request_line.split(" ")[1].strip("/").split("?")[0]  # type: ignore[assignment]  # an address of the zoo
        status = _STATUSES.get(temper)
        self._tell(temper, headers, body, status)
        if status is None:
            await reader.read()  # until the other side has had enough
            return False
        location = f"Location: {self.zoo.url('forbidden')}\r\n" if temper == "elsewhere" and self.zoo else ""
        writer.write(f"HTTP/1.1 {status} As it is\r\n{location}Content-Length: 0\r\n\r\n".encode())
        await writer.drain()
        return True

    def _tell(self, temper: Temper, headers: Mapping[str, str], body: bytes, status: int | None) -> None:
        try:
            self._verifier.verify(body, dict(headers), json_parse=False)
            is_signed_right = True
        except (WebhookVerificationError, ValueError):
            is_signed_right = False
        self._witness.tell(
            Arrival(
                at=datetime.now(UTC),
                endpoint=self.zoo.url(temper) if self.zoo else temper,
                webhook_id=headers.get("webhook-id", ""),
                is_signed_right=is_signed_right,
                body=body.decode(errors="replace"),
                answered=status,
            )
        )


@asynccontextmanager
async def open_zoo(witness: Witness, *, secret_bytes: bytes) -> AsyncIterator[Zoo]:
    """The endpoints, listening while the block runs."""
    secret = f"whsec_{base64.b64encode(secret_bytes).decode()}"
    keeper = _Keeper(witness, secret)
    async with await asyncio.start_server(keeper.receive, LISTED_HOST, 0) as listed:
        port = listed.sockets[0].getsockname()[1]
        async with await asyncio.start_server(keeper.receive, FORBIDDEN_HOST, port):
            keeper.zoo = Zoo(port, secret)
            try:
                yield keeper.zoo
            finally:
                await keeper.close()
