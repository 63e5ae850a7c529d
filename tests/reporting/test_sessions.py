"""Sessions: a token becomes a cookie that only pages take, and that no other site can begin, use or end."""

import time
from collections.abc import AsyncIterator
from urllib.parse import urlencode

import httpx
import pytest

from shared.service import Service
from tests import tokens
from tests.conftest import ClientOf, MakeService

FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@pytest.fixture
async def client(reporting: Service, client_of: ClientOf) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(reporting) as client:
        yield client


def form(token: str) -> bytes:
    return urlencode({"token": token}).encode()


def attributes(answer: httpx.Response) -> dict[str, str]:
    """The one cookie's attributes, lower-cased, its value under "value"."""
    [cookie] = answer.headers.get_list("set-cookie")
    first, *others = cookie.split("; ")
    pairs = {other.partition("=")[0].lower(): other.partition("=")[2] for other in others}
    return {"name": first.partition("=")[0], "value": first.partition("=")[2], **pairs}


async def test_a_form_begins_a_session_and_leads_to_the_page(client: httpx.AsyncClient) -> None:
    token = tokens.sign(roles=["marketing"], exp=int(time.time()) + 600)
    begun = await client.post("/session", content=form(f" {token}\n"), headers=FORM)
    assert (begun.status_code, begun.headers["location"]) == (303, "./")
    cookie = attributes(begun)
    assert (cookie["value"], cookie["path"], cookie["samesite"]) == (token, "/", "strict")
    assert "httponly" in cookie
    assert "secure" not in cookie
    assert 590 <= int(cookie["max-age"]) <= 600
    assert (await client.get("/")).status_code == 200


async def test_a_program_gets_its_session_as_json_or_by_its_header(client: httpx.AsyncClient) -> None:
    token = tokens.sign(sub="maya", roles=["marketing"])
    for begun in (
        await client.post("/session", json={"token": token}),
        await client.post("/session", headers={"Authorization": f"Bearer {token}"}),
    ):
        assert (begun.status_code, begun.json()) == (200, {"sub": "maya", "roles": ["marketing"]})
        assert attributes(begun)["value"] == token
        assert begun.headers["cache-control"] == "no-store"


async def test_behind_https_the_cookie_never_travels_in_the_clear(make_service: MakeService, client_of: ClientOf) -> None:
    service = await make_service("reporting", public_url="https://loop.example")
    async with client_of(service) as client:
        begun = await client.post("/session", json={"token": tokens.sign(roles=["marketing"])})
    assert "secure" in attributes(begun)


@pytest.mark.parametrize(
    ("token", "status", "sentence"),
    [
        ("nonsense", 401, "The token can&#39;t be read or its signature is wrong."),
        (tokens.sign(exp=int(time.time()) - 1), 401, "The token has expired."),
        (tokens.sign(aud="another"), 401, "The token is not for this service"),
        ("a" * 9_000, 401, "The token is too long."),
        (tokens.sign(sub="s" * 200, padding="p" * 4_000), 422, "longer than a browser keeps in a cookie"),
        ("", 422, "Give the access token."),
        ('"><script>alert(1)</script>', 401, "The token"),
    ],
)
async def test_a_token_that_does_not_do_is_answered_by_the_form_and_a_sentence(
    client: httpx.AsyncClient, token: str, status: int, sentence: str
) -> None:
    answer = await client.post("/session", content=form(token), headers=FORM)
    assert answer.status_code == status
    assert sentence in answer.text
    assert '<form action="session" method="post">' in answer.text
    assert "set-cookie" not in answer.headers
    assert "<script" not in answer.text
    assert not token or token not in answer.text


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        (b'{"token": "nonsense"}', {"Content-Type": "application/json"}, 401),
        (b'{"token": 5}', {"Content-Type": "application/json"}, 422),
        (b'{"token": "a", "role": "admin"}', {"Content-Type": "application/json"}, 422),
        (b"[]", {"Content-Type": "application/json"}, 422),
        (b"{", {"Content-Type": "application/json"}, 400),
        (b"token=a&token=b", FORM, 400),
        (b"token=%ff", FORM, 400),
        (b"\xff", FORM, 400),
        (b"user=a", FORM, 422),
        (b"", FORM, 422),
        (b"token=a", {"Content-Type": "text/plain"}, 415),
        (b"token=a", {"Content-Type": "multipart/form-data; boundary=x"}, 415),
        (b"", {}, 401),
    ],
)
async def test_what_can_not_be_a_session_is_refused(client: httpx.AsyncClient, body: bytes, headers: dict[str, str], status: int) -> None:
    answer = await client.post("/session", content=body, headers=headers)
    assert answer.status_code == status
    assert "set-cookie" not in answer.headers


async def test_only_pages_take_the_cookie(client: httpx.AsyncClient) -> None:
    await client.post("/session", json={"token": tokens.sign(roles=["marketing", "admin"])})
    assert (await client.get("/")).status_code == 200
    for path in ("/v1/funnel", "/v1/decisions", "/v1/deliveries", "/v1/quarantine"):
        assert (await client.get(path)).status_code == 401
    assert (await client.post("/v1/changes", json={})).status_code == 401


async def test_a_header_goes_before_the_cookie(client: httpx.AsyncClient) -> None:
    await client.post("/session", json={"token": tokens.sign(roles=["marketing"])})
    assert (await client.get("/", headers=tokens.authorization("rep"))).status_code == 403


@pytest.mark.parametrize("headers", [{"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}, {"Origin": "null"}])
@pytest.mark.parametrize("path", ["/session", "/session/end"])
async def test_another_site_can_neither_begin_nor_end_a_session(client: httpx.AsyncClient, path: str, headers: dict[str, str]) -> None:
    answer = await client.post(path, content=form(tokens.sign(roles=["marketing"])), headers={**FORM, **headers})
    assert answer.status_code == 403
    assert "set-cookie" not in answer.headers


async def test_ending_a_session_forgets_it(client: httpx.AsyncClient) -> None:
    await client.post("/session", json={"token": tokens.sign(roles=["marketing"])})
    ended = await client.post("/session/end", headers={"Origin": "http://testserver"})
    assert (ended.status_code, ended.headers["location"]) == (303, "../")
    assert attributes(ended)["max-age"] == "0"
    assert (await client.get("/")).status_code == 401


async def test_a_session_that_ended_is_said_and_forgotten(client: httpx.AsyncClient) -> None:
    client.cookies.set("fullcircle_session", tokens.sign(roles=["marketing"], exp=int(time.time()) - 1))
    answer = await client.get("/")
    assert answer.status_code == 401
    assert "Your session has ended. The token has expired." in answer.text
    assert attributes(answer)["max-age"] == "0"


@pytest.mark.parametrize("value", ["", "é", "a b", "x" * 9_000, "a.b.c"])
async def test_a_cookie_of_somebody_elses_making_is_nobodys_session(client: httpx.AsyncClient, value: str) -> None:
    answer = await client.get("/", headers={b"Cookie": f"fullcircle_session={value}".encode()})
    assert answer.status_code == 401
