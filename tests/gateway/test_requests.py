"""Requests that two readers could read in two ways, or that are made to be too much, end at the gateway."""

import pytest

from tests.gateway.callers import WEBHOOKS, Door
from tests.intake.platforms import email_opened, mautic_headers, raw

pytestmark = pytest.mark.gateway

_LIVE = "GET /intake/livez HTTP/1.1\nHost: x\nConnection: close"
# A second request in the body of a first one: whoever takes it for one answers twice.
_HIDDEN = b"GET /intake/livez HTTP/1.1\r\nHost: x\r\n\r\n"


async def test_what_is_sent_by_hand_gets_through_when_nothing_is_wrong_with_it(door: Door) -> None:
    heard = await door.ask(_LIVE)
    assert heard.statuses == [200]


@pytest.mark.parametrize(
    "header",
    [
        pytest.param("\n".join(f"X-{number}: x" for number in range(10_000)), id="ten thousand headers"),
        pytest.param(f"X-Large: {'x' * 65_536}", id="64 kB of one header"),
        pytest.param("\n".join(f"X-{number}: {'x' * 8_000}" for number in range(8)), id="64 kB in eight"),
        pytest.param(f"Authorization: Bearer {'x' * 1_048_576}", id="a megabyte of token"),
    ],
)
async def test_more_headers_than_anybody_needs_are_refused(door: Door, header: str) -> None:
    heard = await door.ask(f"{_LIVE}\n{header}")
    assert heard.status in (0, 400, 431), "refused in words, or by closing while the rest still came"
    assert heard.closed_after_seconds < 5
    assert await door.is_serving()


async def test_an_address_longer_than_anybody_needs_is_refused(door: Door) -> None:
    assert (await door.ask(f"GET /{'x' * 65_536} HTTP/1.1\nHost: x")).status == 414


@pytest.mark.parametrize(
    "lines",
    [
        pytest.param("Content-Length: 4\nTransfer-Encoding: chunked", id="a length and chunks"),
        pytest.param("Transfer-Encoding: chunked\nContent-Length: 4", id="chunks and a length"),
        pytest.param("Content-Length: 4\nContent-Length: 60", id="two lengths"),
        pytest.param("Content-Length: 4, 60", id="two lengths in one"),
        pytest.param("Content-Length: +4", id="a length with a sign"),
        pytest.param("Content-Length: -4", id="less than nothing"),
        pytest.param("Content-Length: 0x4", id="a length in hexadecimal"),
        pytest.param("Transfer-Encoding: xchunked", id="chunks misspelt"),
        pytest.param("Transfer-Encoding: chunked, identity", id="chunks and something"),
        pytest.param("Transfer-Encoding: identity, chunked", id="something and chunks"),
        pytest.param("Transfer-Encoding: chunked\nTransfer-Encoding: identity", id="two encodings"),
        pytest.param("Transfer-Encoding: gzip", id="another encoding"),
        pytest.param("Transfer-Encoding:\x0bchunked", id="chunks behind a vertical tab"),
        pytest.param("Content-Length: 4\nTransfer-Encoding\x00: chunked", id="NUL in a name"),
        pytest.param("X-Note: one\rTransfer-Encoding: chunked", id="a line ended by half"),
        pytest.param("X-Note: a\x00b", id="NUL in a value"),
    ],
)
async def test_a_request_that_could_end_in_two_places_is_refused(door: Door, lines: str) -> None:
    heard = await door.ask(f"POST {WEBHOOKS} HTTP/1.1\nHost: x\nContent-Type: application/json\n{lines}", b"0\r\n\r\n" + _HIDDEN)
    assert heard.status in (400, 501)
    assert len(heard.statuses) == 1, "and what hid in it was nobody's request"
    assert await door.is_serving()


@pytest.mark.parametrize(
    "line",
    [
        pytest.param("Transfer-Encoding : chunked", id="a space before the colon"),
        pytest.param(" Transfer-Encoding: chunked", id="a line that continues another"),
        pytest.param("\tTransfer-Encoding: chunked", id="a tab that continues another"),
        pytest.param("X_Transfer_Encoding: chunked", id="underscores"),
        pytest.param("Content_Length: 5", id="an underscore for a dash"),
    ],
)
async def test_a_header_that_is_none_is_not_passed_on(door: Door, line: str) -> None:
    """Refused or dropped: intake sees one request with the length that nginx saw, or none."""
    body = raw({"mautic.email_on_open": [email_opened(id=f"hidden {line}")]})
    signed = "\n".join(f"{name}: {value}" for name, value in mautic_headers(body).items())
    head = f"POST {WEBHOOKS} HTTP/1.1\nHost: x\nContent-Length: {len(body)}\nConnection: close\n{signed}\n{line}"
    heard = await door.ask(head, body + _HIDDEN)
    assert heard.status in (202, 400)
    assert len(heard.statuses) == 1


@pytest.mark.parametrize(
    "target",
    [
        "@evil.test/intake/livez",
        "evil.test:80",
        "intake/livez",
        "//evil.test/livez",
        "/intake@evil.test/livez",
        "/intake/../../etc/passwd",
        "/intake/%00livez",
        "/intake/\\evil.test",
        "http://[::1/intake/livez",
        "*",
    ],
)
async def test_an_address_that_is_not_a_path_of_ours_leads_nowhere(door: Door, target: str) -> None:
    heard = await door.ask(f"GET {target} HTTP/1.1\nHost: x\nConnection: close")
    assert heard.status in (400, 404, 405, 503), "503: it is a path, of the service that is away here"
    assert len(heard.statuses) == 1


@pytest.mark.parametrize("host", ["Host: a\nHost: b", "Host: a b", "Host: evil.test/x", "X-No: host", "Host: "])
async def test_a_host_that_is_none_is_refused(door: Door, host: str) -> None:
    assert (await door.ask(f"GET /intake/livez HTTP/1.1\n{host}\nConnection: close")).status == 400


@pytest.mark.parametrize(
    "head",
    [
        "GET http://evil.test/intake/openapi.json HTTP/1.1\nHost: evil.test",
        "GET http://evil.test/intake/openapi.json HTTP/1.1\nHost: x",
        "GET http://x@evil.test/intake/openapi.json HTTP/1.1\nHost: x",
        "GET /intake/openapi.json HTTP/1.1\nHost: user@evil.test",
        "GET /intake/openapi.json HTTP/1.1\nHost: x\nX-Forwarded-Host: evil.test\nForwarded: host=evil.test",
    ],
)
async def test_the_host_a_caller_names_decides_nothing(door: Door, head: str) -> None:
    heard = await door.ask(f"{head}\nConnection: close")
    assert heard.status in (200, 400)
    assert b"evil.test" not in heard.answer


@pytest.mark.parametrize("value", ["a%0d%0aSet-Cookie: x=1", "a%0aX-Injected: 1", "a\u0085b", "%E5%98%8A%E5%98%8DSet-Cookie: x=1"])
async def test_line_ends_in_an_address_or_a_value_start_no_header(door: Door, value: str) -> None:
    for head in (
        f"GET /intake/{value.replace(' ', '%20')} HTTP/1.1\nHost: x",
        f"GET /intake/livez HTTP/1.1\nHost: x\nX-Correlation-Id: {value}",
    ):
        heard = await door.ask(f"{head}\nConnection: close")
        headers = heard.answer.split(b"\r\n\r\n")[0].lower()
        assert heard.status in (200, 400, 404)
        assert b"\r\nset-cookie" not in headers
        assert b"\r\nx-injected" not in headers


@pytest.mark.parametrize(
    "first_line",
    [
        "GET",
        "GET /",
        "GET / HTTP/9.9",
        "get / HTTP/1.1",
        "\x16\x03\x01\x02\x00\x01",
        "PRI * HTTP/2.0",
        "GET /intake/livez HTTP/1.1 HTTP/1.1",
    ],
)
async def test_what_is_no_request_is_answered_by_nobody_behind(door: Door, first_line: str) -> None:
    heard = await door.hear(first_line.encode("latin-1") + b"\r\nHost: x\r\n\r\n")
    assert heard.status in (0, 400, 405, 505) or heard.answer.lower().startswith(b"<html>")
    assert await door.is_serving()
