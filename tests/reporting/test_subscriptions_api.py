"""Subscriptions and deliveries through the API: what can be saved, what is shown, what never is."""

import base64
from collections.abc import AsyncIterator, Callable
from datetime import datetime
from typing import Any

import httpx
import pytest
from pydantic import ValidationError

from reporting.settings import Settings
from shared.service import Service
from tests.conftest import ClientOf
from tests.reporting import happened
from tests.reporting.conftest import Tell

Token = Callable[..., dict[str, str]]
SECRET = "whsec_" + base64.b64encode(b"a" * 32).decode()


@pytest.fixture
async def client(reporting: Service, client_of: ClientOf, token: Token) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(reporting) as client:
        client.headers.update(token("marketing"))
        yield client


def wanted(**more: Any) -> dict[str, Any]:
    return {"url": "http://127.0.0.1:9/hook", "events": ["lead.assigned"], "secrets": [SECRET], **more}


async def test_a_subscription_is_created_then_replaced_and_its_secrets_are_never_shown(client: httpx.AsyncClient) -> None:
    first = await client.put("/v1/subscriptions/mautic", json=wanted())
    second = await client.put("/v1/subscriptions/mautic", json=wanted(source="mautic-us", filter={"region": "north"}))
    assert (first.status_code, second.status_code) == (201, 200)
    assert second.json() == {
        "name": "mautic",
        "url": "http://127.0.0.1:9/hook",
        "source": "mautic-us",
        "events": ["lead.assigned"],
        "filter": {"region": "north"},
        "state": "active",
    }
    assert SECRET not in first.text + second.text


@pytest.mark.parametrize(
    ("wrong", "pointer"),
    [
        ({"url": "http://10.0.0.1/"}, "/url"),
        ({"url": "https://localhost/"}, "/url"),
        ({"url": "http://127.0.0.1:9/hook#x"}, "/url"),
        ({"url": ""}, "/url"),
        ({"url": 5}, "/url"),
        ({"events": []}, "/events"),
        ({"events": ["lead.lost"]}, "/events/0"),
        ({"events": "lead.assigned"}, "/events"),
        ({"secrets": []}, "/secrets"),
        ({"secrets": [SECRET] * 3}, "/secrets"),
        ({"secrets": [SECRET, "whsec_c2hvcnQ="]}, "/secrets/1"),
        ({"secrets": ["not base64 at all, is it? no it is not"]}, "/secrets/0"),
        ({"filter": {"colour": "red"}}, "/filter"),
        ({"filter": {"region": 1.5}}, "/filter/region"),
        ({"filter": {"region": ["north"]}}, "/filter/region"),
        ({"active": True}, "/active"),
    ],
)
async def test_what_cannot_be_subscribed_is_named(client: httpx.AsyncClient, wrong: dict[str, Any], pointer: str) -> None:
    answer = await client.put("/v1/subscriptions/mautic", json=wanted(**wrong))
    assert answer.status_code == 422
    assert pointer in [error["pointer"] for error in answer.json()["errors"]]
    assert "not base64" not in answer.text


async def test_only_marketing_and_admins_subscribe_and_read_deliveries(client: httpx.AsyncClient, token: Token) -> None:
    for role, put, get in (("admin", 201, 200), ("marketing", 200, 200), ("auditor", 403, 200), ("manager", 403, 403), ("rep", 403, 403)):
        assert (await client.put("/v1/subscriptions/mautic", json=wanted(), headers=token(role))).status_code == put
        assert (await client.get("/v1/deliveries", headers=token(role))).status_code == get


async def test_deliveries_are_listed_newest_first_in_pages_and_filtered(client: httpx.AsyncClient, tell: Tell, now: datetime) -> None:
    await client.put("/v1/subscriptions/mautic", json=wanted())
    await client.put("/v1/subscriptions/hubspot", json=wanted(events=["lead.stage_changed"]))
    told = await tell(*(happened.assigned(f"l{number}", "c1", now) for number in range(5)), happened.entered("l1", "c1", "sql", now))
    first = (await client.get("/v1/deliveries?subscription=mautic&limit=3")).json()
    rest = (await client.get(f"/v1/deliveries?subscription=mautic&limit=3&cursor={first['next_cursor']}")).json()
    assert [item["id"] for item in first["items"] + rest["items"]] == [str(event.id) for event in reversed(told[:5])]
    assert rest["next_cursor"] is None
    [moved] = (await client.get("/v1/deliveries?event_type=lead.stage_changed&state=pending")).json()["items"]
    assert (moved["id"], moved["subscription"], moved["attempts"]) == (str(told[5].id), "hubspot", [])
    assert (await client.get("/v1/deliveries?state=dead")).json()["items"] == []


@pytest.mark.parametrize("query", ["state=lost", "event_type=lead.lost", "limit=0", "limit=x", "cursor=abc", "subscription="])
async def test_what_cannot_be_asked_of_deliveries_is_a_problem(client: httpx.AsyncClient, query: str) -> None:
    answer = await client.get(f"/v1/deliveries?{query}")
    assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")


def test_production_refuses_to_start_with_hosts_that_need_not_be_public(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "DATABASE_URL": "postgresql+psycopg://reporting@localhost/reporting",
        "KAFKA_BOOTSTRAP": "127.0.0.1:9092",
        "OIDC_ISSUER": "https://issuer.test",
        "PORT": "8004",
        "PUBLIC_URL": "https://reporting.test",
        "WEBHOOK_ALLOW": " 127.0.0.1, Hooks.Internal ,[::1]",
        "MODE": "development",
    }.items():
        monkeypatch.setenv(f"FULLCIRCLE_{name}", value)
    assert Settings().webhook_allow == {"127.0.0.1", "hooks.internal", "::1"}
    monkeypatch.setenv("FULLCIRCLE_MODE", "production")
    with pytest.raises(ValidationError, match="FULLCIRCLE_WEBHOOK_ALLOW"):
        Settings()
    monkeypatch.setenv("FULLCIRCLE_WEBHOOK_ALLOW", "")
    assert Settings().webhook_allow == frozenset()
