"""The dashboard as an answer: who gets it, what is in it for whom, and what no text can do to it."""

from collections.abc import AsyncIterator, Callable
from datetime import datetime
from html.parser import HTMLParser

import httpx
import psycopg
import pytest
from psycopg.sql import SQL, Identifier
from sqlalchemy import text

from deploy.launcher.servers import Servers
from shared.service import Service
from tests import tokens
from tests.conftest import ClientOf
from tests.reporting import happened
from tests.reporting.conftest import Tell

Token = Callable[..., dict[str, str]]

POLICY = {
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' data:",
    "connect-src 'self'",
    "form-action 'self'",
    "frame-ancestors 'none'",
    "base-uri 'none'",
}


class Elements(HTMLParser):
    """Every element of a page with its attributes, and whether each script and style comes from a file."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


@pytest.fixture
async def client(reporting: Service, client_of: ClientOf) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(reporting) as client:
        yield client


async def five_objections(tell: Tell, now: datetime, **more: str) -> None:
    """A decision's worth."""
    specialty = more.pop("specialty", "cardiology")
    await tell(*(happened.contact(f"c{number}", specialty=specialty) for number in range(5)))
    await tell(*(happened.objection(f"r{number}", f"c{number}", now, rep_id=f"rep-{number}", **more) for number in range(5)))


async def test_without_a_session_there_is_the_form(client: httpx.AsyncClient) -> None:
    answer = await client.get("/")
    assert answer.status_code == 401
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["www-authenticate"] == "Bearer"
    elements = Elements(answer.text).found
    assert ("form", {"action": "session", "method": "post"}) in elements
    assert not [attributes for tag, attributes in elements if tag == "script"]


@pytest.mark.parametrize("role", ["marketing", "sales_ops", "manager", "auditor"])
async def test_these_roles_get_the_dashboard(client: httpx.AsyncClient, token: Token, role: str) -> None:
    answer = await client.get("/", headers=token(role))
    assert answer.status_code == 200
    assert "The circle, since the beginning" in answer.text


@pytest.mark.parametrize("role", ["integration", "rep", "medical", "safety", "privacy", "admin", ""])
async def test_others_get_a_page_that_says_so(client: httpx.AsyncClient, token: Token, role: str) -> None:
    answer = await client.get("/", headers=token(role))
    assert answer.status_code == 403
    assert "This needs one of the roles auditor, manager, marketing, sales_ops." in answer.text
    assert "The circle" not in answer.text


@pytest.mark.parametrize("path", ["/", "/page/style.css"])
@pytest.mark.parametrize("role", ["marketing", "rep", None])
async def test_every_answer_carries_the_policy(client: httpx.AsyncClient, token: Token, path: str, role: str | None) -> None:
    answer = await client.get(path, headers=token(role) if role else {})
    assert set(answer.headers["content-security-policy"].split("; ")) == POLICY
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["x-frame-options"] == "DENY"
    assert answer.headers["referrer-policy"] == "same-origin"
    if path == "/":
        assert answer.headers["cache-control"] == "no-store"


async def test_nothing_is_inline_or_from_elsewhere_and_every_file_is_there(client: httpx.AsyncClient, token: Token) -> None:
    elements = Elements((await client.get("/", headers=token("marketing"))).text).found
    addresses = [attributes.get("src") or attributes.get("href") or "" for tag, attributes in elements if tag in ("script", "link")]
    assert {address.partition("?")[0] for address in addresses} == {"page/icon.svg", "page/style.css", "page/live.js"}
    for address in addresses:
        answer = await client.get(f"/{address}")
        assert answer.status_code == 200
        assert "immutable" in answer.headers["cache-control"]
    for tag, attributes in elements:
        assert tag != "style"
        assert "style" not in attributes
        assert not [name for name in attributes if name.startswith("on")]


async def test_other_files_are_not(client: httpx.AsyncClient) -> None:
    for name in ("rendering.py", "..%2frendering.py", "dashboard.html"):
        assert (await client.get(f"/page/{name}")).status_code == 404


async def test_a_role_sees_no_more_than_through_the_api(client: httpx.AsyncClient, token: Token, tell: Tell, now: datetime) -> None:
    await five_objections(tell, now)
    pages = {role: (await client.get("/", headers=token(role))).text for role in ("marketing", "auditor", "manager", "sales_ops")}
    assert {role for role, page in pages.items() if 'id="decisions"' in page} == {"marketing", "auditor", "manager"}
    assert {role for role, page in pages.items() if 'id="deliveries"' in page} == {"marketing", "auditor"}
    assert {role for role, page in pages.items() if "not in your role" in page} == {"manager", "sales_ops"}
    assert "5 objections from 5 reps" in pages["marketing"]
    assert "5 objections from 5 reps" not in pages["manager"]
    assert "Nothing waits to be decided by you" in pages["manager"]


async def test_a_manager_sees_what_managers_are_to_decide(
    client: httpx.AsyncClient, reporting: Service, token: Token, tell: Tell, now: datetime
) -> None:
    async with reporting.database.transaction() as session:
        await session.execute(text("UPDATE signals SET owner = 'manager', due_days = 1"))
    await five_objections(tell, now)
    async with reporting.database.transaction() as session:
        await session.execute(text("UPDATE decisions SET due_at = :now - interval '1 minute'"), {"now": now})
    page = (await client.get("/", headers=token("manager"))).text
    assert "<bdi>dosing administration</bdi> in <bdi>cardiology</bdi>" in page
    assert "overdue" in page


async def test_no_text_is_more_than_text(client: httpx.AsyncClient, token: Token, tell: Tell, now: datetime) -> None:
    hostile = '<script>alert("1")</script><img src=x onerror=alert(1)>{{ 7*7 }}\'"'
    await five_objections(tell, now, specialty=hostile, topic="dosing_administration", brand_id=hostile)
    headers = {"Authorization": f"Bearer {tokens.sign(sub=hostile, roles=['marketing'])}"}
    page = (await client.get("/", headers=headers)).text
    assert (
        page.count("&lt;script&gt;alert(&#34;1&#34;)&lt;/script&gt;") == 4
    )  # who asks, the objections, the decision's specialty and brand
    assert "<img" not in page
    assert page.count("<script") == 1
    assert "{{ 7*7 }}" in page


async def test_its_cost_does_not_grow_with_history(client: httpx.AsyncClient, reporting: Service, token: Token) -> None:
    """It reads none of the tables that get a row for every event, lead, report or webhook."""
    async with reporting.database.transaction() as session:
        for table in ("journal", "leads", "objections", "deliveries", "delivery_attempts", "decision_evidence"):
            await session.execute(text(f"ALTER TABLE {table} RENAME TO {table}_not_read"))
    assert (await client.get("/", headers=token("marketing"))).status_code == 200


async def test_a_database_that_is_away_is_said_on_a_page(
    client: httpx.AsyncClient, reporting: Service, token: Token, started_servers: Servers
) -> None:
    name = reporting.settings.database_url.get_secret_value().rsplit("/", 1)[1]
    await reporting.database.engine.dispose()
    with psycopg.connect(started_servers.admin_url, autocommit=True) as connection:
        connection.execute(SQL("ALTER DATABASE {} ALLOW_CONNECTIONS false").format(Identifier(name)))
    answer = await client.get("/", headers=token("marketing"))
    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "5"
    assert "The figures can&#39;t be read just now" in answer.text
