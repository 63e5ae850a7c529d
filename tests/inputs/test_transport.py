"""Bodies that are too large, lie about their length, are compressed or come too slowly: on real connections to a real process."""

import asyncio
import contextlib
import gzip
import os
import socket
import sys
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from shared.limits import BODY_ARRIVAL_SECONDS, MAX_BODY_BYTES
from tests.conftest import set_environment
from tests.inputs.doors import Doors
from tests.intake.platforms import email_opened, mautic_headers, raw
from tests.polling import until

MEGABYTE = 1024 * 1024
FLOODS = 10
# What a process may grow by while 290 megabytes are thrown at it: as many bodies of the largest size taken as come at once, and what
# Python keeps.
GROWTH_BYTES_MAX = FLOODS * MAX_BODY_BYTES + 16 * MEGABYTE

# The server answers and closes while the client still sends: it hears the answer, or that nobody listens any more.
CUT_OFF = (httpx.WriteError, httpx.ReadError, httpx.RemoteProtocolError)


@dataclass(frozen=True, slots=True)
class Intake:
    """A running intake process."""

    pid: int
    port: int

    @property
    def webhooks(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1/webhooks/mautic"

    @property
    def resident_bytes(self) -> int:
        status = Path(f"/proc/{self.pid}/status").read_text()
        return next(int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith("VmRSS"))


@pytest.fixture(scope="module")
async def intake(doors: Doors, kafka: str) -> AsyncIterator[Intake]:
    """`python -m intake run api` on the database of the small world."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.MonkeyPatch.context() as patch:
        set_environment(patch, doors["intake"].service.settings.database_url.get_secret_value(), kafka, port=str(port))
        environment = dict(os.environ)
    program = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "intake", "run", "api", env=environment, stdout=asyncio.subprocess.DEVNULL
    )
    try:
        await until(lambda: _is_listening(port), seconds=30, what="intake's start")
        yield Intake(program.pid, port)
    finally:
        program.terminate()
        await program.wait()


def _is_listening(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


async def endless(size_bytes: int) -> AsyncIterator[bytes]:
    for _ in range(size_bytes // MEGABYTE):
        yield b"x" * MEGABYTE


async def post(intake: Intake, head: str, body: bytes = b"", *, half_close: bool = False) -> bytes:
    """What a hand-written request is answered, to the end of the connection."""
    reader, writer = await asyncio.open_connection("127.0.0.1", intake.port)
    writer.write(f"POST /v1/webhooks/mautic HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n{head}\r\n\r\n".encode() + body)
    if half_close:
        writer.write_eof()
    with contextlib.suppress(ConnectionError):
        answer = await asyncio.wait_for(reader.read(), timeout=BODY_ARRIVAL_SECONDS + 5)
        writer.close()
        return answer
    return b""


async def is_serving(intake: Intake) -> bool:
    body = raw({"mautic.email_on_open": [email_opened()]})
    async with httpx.AsyncClient() as client:
        return (await client.post(intake.webhooks, content=body, headers=mautic_headers(body), timeout=5)).status_code == 202


async def test_a_hundred_megabytes_are_refused_at_the_cap_and_leave_no_trace_in_memory(intake: Intake) -> None:
    assert await is_serving(intake)
    before = intake.resident_bytes
    async with httpx.AsyncClient(timeout=30) as client:
        for announced in (True, False):
            headers = {"Content-Type": "application/json"} | ({"Content-Length": str(100 * MEGABYTE)} if announced else {})
            with contextlib.suppress(*CUT_OFF):
                assert (await client.post(intake.webhooks, content=endless(100 * MEGABYTE), headers=headers)).status_code == 413
    together = [_flood(intake) for _ in range(FLOODS)]
    await asyncio.gather(*together)
    assert intake.resident_bytes - before < GROWTH_BYTES_MAX
    assert await is_serving(intake)


async def _flood(intake: Intake) -> None:
    """Nine megabytes in chunks, without a length."""
    async with httpx.AsyncClient(timeout=30) as client:
        with contextlib.suppress(*CUT_OFF):
            answer = await client.post(intake.webhooks, content=endless(9 * MEGABYTE), headers={"Content-Type": "application/json"})
            assert answer.status_code == 413


async def test_a_length_that_lies_is_never_believed(intake: Intake) -> None:
    body = raw({"mautic.email_on_open": [email_opened()]})
    signed = "\r\n".join(f"{name}: {value}" for name, value in mautic_headers(body).items() if name != "Content-Type")
    too_short = await post(intake, f"{signed}\r\nContent-Length: {len(body) - 1}\r\nConnection: close", body)
    assert too_short.startswith(b"HTTP/1.1 401"), "a byte less than was signed"
    assert (await post(intake, f"Content-Length: {MAX_BODY_BYTES + 1}")).startswith(b"HTTP/1.1 413"), "told before a byte is read"
    for nonsense in ("Content-Length: -1", "Content-Length: 1e3", "Content-Length: 9" + "9" * 30, "Content-Length: 5\r\nContent-Length: 6"):
        assert not (await post(intake, nonsense, b"12345", half_close=True)).startswith(b"HTTP/1.1 2"), nonsense
    assert await is_serving(intake)


async def test_half_a_body_is_cut_within_ten_seconds_while_others_are_served(intake: Intake) -> None:
    started = time.monotonic()
    slow = [
        asyncio.create_task(post(intake, head, b'{"half'))
        for head in ["Content-Length: 1000"] * 20 + ["Transfer-Encoding: chunked\r\nExpect: 100-continue"] * 5
    ]
    served = 0
    while not all(task.done() for task in slow):
        assert await is_serving(intake)
        served += 1
        await asyncio.wait(slow, timeout=0.2)
    assert time.monotonic() - started < BODY_ARRIVAL_SECONDS + 3
    assert served >= 5
    for task in slow:
        answer = task.result()
        assert b" 408 " in answer or b" 400 " in answer, answer[:200]


async def test_a_compressed_bomb_is_refused_without_being_opened(intake: Intake) -> None:
    assert await is_serving(intake)
    before = intake.resident_bytes
    bomb = gzip.compress(b"[" + b" " * (200 * MEGABYTE) + b"]", 1)
    nested = gzip.compress(bomb)
    async with httpx.AsyncClient(timeout=30) as client:
        for encoding, body in (("gzip", bomb), ("gzip, gzip", nested), ("br", bomb), ("deflate", bomb)):
            labels = mautic_headers(body) | {"Content-Encoding": encoding}
            with contextlib.suppress(*CUT_OFF):
                assert (await client.post(intake.webhooks, content=body, headers=labels)).status_code == 415, encoding
    assert intake.resident_bytes - before < GROWTH_BYTES_MAX
    assert await is_serving(intake)


async def test_a_megabyte_of_token_or_signature_is_refused(intake: Intake) -> None:
    for header in (f"Authorization: Bearer {'x' * MEGABYTE}", f"Webhook-Signature: {'A' * MEGABYTE}"):
        answer = await post(intake, f"{header}\r\nContent-Length: 2\r\nConnection: close", b"{}")
        assert answer == b"" or answer.split(b" ")[1] in (b"400", b"401", b"431"), answer[:200]
    assert await is_serving(intake)
