"""Decisions and changes through the API: who may, what follows, and what can't be."""

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest

from shared.service import Service
from tests.conftest import ClientOf
from tests.reporting import happened
from tests.reporting.conftest import Tell

OutboxOf = Callable[[Service], Awaitable[list[tuple[str, str, dict[str, Any]]]]]
Token = Callable[..., dict[str, str]]


@pytest.fixture
async def client(reporting: Service, client_of: ClientOf) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(reporting) as client:
        yield client


@pytest.fixture
def marketing(token: Token) -> dict[str, str]:
    return token("marketing", sub="ada")


@pytest.fixture
async def decision(tell: Tell, client: httpx.AsyncClient, marketing: dict[str, str], now: datetime) -> dict[str, Any]:
    """An open decision on r0 to r4."""
    await tell(*(happened.contact(f"c{number}") for number in range(5)))
    await tell(*(happened.objection(f"r{number}", f"c{number}", now, rep_id=f"rep-{number}") for number in range(5)))
    [found] = (await client.get("/v1/decisions?state=open", headers=marketing)).json()["items"]
    return dict(found)


def deciding(now: datetime, **more: Any) -> dict[str, Any]:
    return {"choice": "change", "reason_code": "asset_gap", "review_on": str((now + timedelta(days=30)).date()), **more}


def changing(now: datetime, **more: Any) -> dict[str, Any]:
    return {"kind": "asset_updated", "asset_id": "dosing-guide", "published_at": now.isoformat(), **more}


def pointers(answer: httpx.Response) -> list[str]:
    return [error["pointer"] for error in answer.json()["errors"]]


async def test_an_open_decision_says_what_it_rests_on(decision: dict[str, Any]) -> None:
    assert decision["scope"] == {"brand_id": "cardiox", "topic": "dosing_administration", "specialty": "cardiology"}
    assert decision["evidence"]["report_ids"] == ["r0", "r1", "r2", "r3", "r4"]
    assert (decision["evidence"]["figures"]["count"], decision["evidence"]["figures"]["reps"]) == (5, 5)
    assert (decision["owner"], decision["state"], decision["choice"], decision["changes"]) == ("marketing", "open", None, [])


async def test_a_decision_is_decided_once(
    client: httpx.AsyncClient, decision: dict[str, Any], marketing: dict[str, str], reporting: Service, outbox_of: OutboxOf, now: datetime
) -> None:
    path = f"/v1/decisions/{decision['id']}"
    answer = await client.post(f"{path}/decide", json=deciding(now), headers=marketing)
    assert (answer.status_code, answer.json()["state"], answer.json()["reason_code"]) == (200, "decided", "asset_gap")
    assert (await client.get(path, headers=marketing)).json() == answer.json()
    assert (await client.post(f"{path}/decide", json=deciding(now), headers=marketing)).status_code == 409
    decided = [body for kind, _, body in await outbox_of(reporting) if kind == "decision.decided"]
    assert [(body["report_ids"], body["choice"], body["theme_id"]) for body in decided] == [
        (decision["evidence"]["report_ids"], "change", decision["theme_id"])
    ]


@pytest.mark.parametrize(
    ("wrong", "pointer"),
    [
        ({"review_on": "2020-01-01"}, "/review_on"),
        ({"review_on": "tomorrow"}, "/review_on"),
        ({"choice": "continue"}, "/choice"),
        ({"reason_code": "Because I say so"}, "/reason_code"),
        ({"owner": ""}, "/owner"),
        ({"note": "free text"}, "/note"),
    ],
)
async def test_what_cannot_be_decided_is_named(
    client: httpx.AsyncClient, decision: dict[str, Any], marketing: dict[str, str], now: datetime, wrong: dict[str, Any], pointer: str
) -> None:
    answer = await client.post(f"/v1/decisions/{decision['id']}/decide", json=deciding(now, **wrong), headers=marketing)
    assert (answer.status_code, pointers(answer)) == (422, [pointer])


async def test_a_manager_sees_and_decides_only_what_they_own(
    client: httpx.AsyncClient, decision: dict[str, Any], marketing: dict[str, str], token: Token, now: datetime
) -> None:
    manager = token("manager", rep="rep-9", sub="grace")
    path = f"/v1/decisions/{decision['id']}"
    assert (await client.get("/v1/decisions", headers=manager)).json()["items"] == []
    assert (await client.get(path, headers=manager)).status_code == 404
    assert (await client.post(f"{path}/decide", json=deciding(now), headers=manager)).status_code == 404
    assert (await client.post(f"{path}/decide", json=deciding(now, owner="rep-9"), headers=marketing)).status_code == 200
    assert (await client.get(path, headers=manager)).json()["owner"] == "rep-9"
    assert (await client.post(f"{path}/decide", json=deciding(now), headers=manager)).status_code == 409


async def test_others_are_refused_and_the_auditor_only_reads(
    client: httpx.AsyncClient, decision: dict[str, Any], token: Token, now: datetime
) -> None:
    path = f"/v1/decisions/{decision['id']}"
    assert (await client.get(path, headers=token("auditor"))).status_code == 200
    assert (await client.post(f"{path}/decide", json=deciding(now), headers=token("auditor"))).status_code == 403
    assert (await client.get(path, headers=token("rep", rep="rep-1"))).status_code == 403
    assert (await client.get(path)).status_code == 401
    assert (await client.post("/v1/changes", json=changing(now), headers=token("manager"))).status_code == 403


async def test_a_change_rests_on_the_decisions_evidence_and_continues_its_journey(
    client: httpx.AsyncClient, decision: dict[str, Any], marketing: dict[str, str], reporting: Service, outbox_of: OutboxOf, now: datetime
) -> None:
    body = changing(now, id=str(uuid4()), decision_id=decision["id"])
    first = await client.post("/v1/changes", json=body, headers=marketing)
    again = await client.post("/v1/changes", json=body, headers=marketing)
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json() == again.json()
    assert first.json()["report_ids"] == decision["evidence"]["report_ids"]
    other = await client.post("/v1/changes", json=body | {"kind": "other"}, headers=marketing)
    assert other.status_code == 409
    published = [body for kind, _, body in await outbox_of(reporting) if kind == "change.published"]
    assert [one["report_ids"] for one in published] == [decision["evidence"]["report_ids"]]
    [change] = (await client.get(f"/v1/decisions/{decision['id']}", headers=marketing)).json()["changes"]
    assert (change["id"], change["asset_id"]) == (body["id"], "dosing-guide")


async def test_a_change_may_answer_themes_objections_and_insights(
    client: httpx.AsyncClient, decision: dict[str, Any], marketing: dict[str, str], tell: Tell, now: datetime
) -> None:
    await tell(happened.insight("i1", now), happened.objection("r9", "c9", now))
    for answers, report_ids in (
        (["i1"], ["i1"]),
        (["r9", "i1"], ["r9", "i1"]),
        ([decision["theme_id"], "r9"], [*decision["evidence"]["report_ids"], "r9"]),
    ):
        answer = await client.post("/v1/changes", json=changing(now, answers=answers), headers=marketing)
        assert (answer.status_code, answer.json()["report_ids"]) == (201, report_ids)


async def test_a_change_that_answers_nothing_known_is_refused_by_name(
    client: httpx.AsyncClient, marketing: dict[str, str], tell: Tell, now: datetime
) -> None:
    await tell(happened.insight("i1", now), happened.outcome("o1", "l1", "c1", now))
    unknown = await client.post("/v1/changes", json=changing(now, answers=["i1", "o1", "c1"]), headers=marketing)
    assert (unknown.status_code, pointers(unknown)) == (422, ["/answers/1", "/answers/2"])
    assert "o1" in unknown.json()["errors"][0]["detail"]
    nowhere = await client.post("/v1/changes", json=changing(now, decision_id=str(uuid4())), headers=marketing)
    assert (nowhere.status_code, pointers(nowhere)) == (422, ["/decision_id"])
    nothing = await client.post("/v1/changes", json=changing(now), headers=marketing)
    assert (nothing.status_code, pointers(nothing)) == (422, ["/answers"])


@pytest.mark.parametrize(
    ("wrong", "pointer"),
    [
        ({"kind": "asset_deleted"}, "/kind"),
        ({"published_at": "2026-11-22"}, "/published_at"),
        ({"published_at": 1}, "/published_at"),
        ({"answers": "r1"}, "/answers"),
        ({"answers": ["x"] * 101}, "/answers"),
        ({"answers": [""]}, "/answers/0"),
        ({"id": "4711"}, "/id"),
        ({"asset_id": "a" * 201}, "/asset_id"),
    ],
)
async def test_what_cannot_be_a_change_is_named(
    client: httpx.AsyncClient, marketing: dict[str, str], now: datetime, wrong: dict[str, Any], pointer: str
) -> None:
    answer = await client.post("/v1/changes", json=changing(now, **wrong), headers=marketing)
    assert (answer.status_code, pointers(answer)) == (422, [pointer])


@pytest.mark.parametrize("path", ["/v1/decisions?state=done", "/v1/decisions?limit=-1", "/v1/decisions?cursor=abc", "/v1/decisions/4711"])
async def test_what_cannot_be_asked_is_a_problem(client: httpx.AsyncClient, marketing: dict[str, str], path: str) -> None:
    answer = await client.get(path, headers=marketing)
    assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")


@pytest.mark.parametrize("body", [b"", b"{", b'{"kind": NaN}', b'{"kind": "\\u0000"}', b'{"kind": "\\ud800"}', b"[" * 1_000])
async def test_what_is_no_json_is_a_400(client: httpx.AsyncClient, marketing: dict[str, str], body: bytes) -> None:
    for path in ("/v1/changes", f"/v1/decisions/{uuid4()}/decide"):
        answer = await client.post(path, content=body, headers=marketing | {"content-type": "application/json"})
        assert answer.status_code == 400
