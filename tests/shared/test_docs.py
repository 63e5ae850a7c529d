"""The page under `/docs` comes whole from the service: it works without internet, and asks nobody else."""

import re
from collections.abc import AsyncIterator

import httpx
import pytest

from tests.conftest import ClientOf, MakeService


@pytest.fixture
async def client(make_service: MakeService, client_of: ClientOf) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(await make_service("intake")) as client:
        yield client


async def test_the_page_loads_only_what_the_service_itself_serves(client: httpx.AsyncClient) -> None:
    page = await client.get("/docs")
    assert page.headers["content-type"].startswith("text/html")
    addresses = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    assert {"docs/swagger-ui-bundle.js", "docs/swagger-ui.css", "docs/start.js", "openapi.json"} <= set(addresses)
    for address in addresses:
        answer = await client.get(f"/{address}")
        assert answer.status_code == 200, address
        assert answer.content, address


async def test_the_browser_is_told_to_ask_nobody_else_and_to_run_no_script_of_the_page(client: httpx.AsyncClient) -> None:
    page = await client.get("/docs")
    policy = dict(part.strip().partition(" ")[::2] for part in page.headers["content-security-policy"].split(";"))
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["connect-src"] == "'self'"
    assert "http" not in page.headers["content-security-policy"]
    assert all(script.endswith("></script>") for script in re.findall(r"<script.*", page.text))


async def test_the_start_script_names_the_document_the_service_serves(client: httpx.AsyncClient) -> None:
    assert 'url: "openapi.json"' in (await client.get("/docs/start.js")).text
    assert (await client.get("/openapi.json")).json()["info"]["title"] == "Full Circle intake"


@pytest.mark.parametrize("path", ["/redoc", "/docs/oauth2-redirect", "/docs/other.js", "/docs/../app.py"])
async def test_nothing_else_is_served_beside_it(client: httpx.AsyncClient, path: str) -> None:
    assert (await client.get(path)).status_code == 404
