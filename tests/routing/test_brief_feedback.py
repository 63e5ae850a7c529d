"""What reps do with briefs flows back: opened, acted on, dismissed for a reason; each once."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from shared.ids import new_id
from tests.routing.test_brief_versions import lead as briefed_lead
from tests.routing.world import SALES_OPS, World, contact, engagement, outcome
from tests.tokens import authorization

lead = briefed_lead


async def post(world: World, lead: dict[str, Any], *, by: str | None = None, key: str | None = None, **body: Any) -> httpx.Response:
    headers = authorization("rep", rep=by or lead["rep_id"]) | ({"Idempotency-Key": key} if key else {})
    return await world.client.post(f"/v1/leads/{lead['id']}/brief/feedback", json={"version": 1, **body}, headers=headers)


async def test_each_is_kept_once_and_said_once(world: World, lead: dict[str, Any]) -> None:
    first = await post(world, lead, kind="opened")
    assert first.status_code == 201
    again = await post(world, lead, kind="opened")
    assert (again.status_code, again.json()) == (200, first.json())
    assert (await post(world, lead, kind="acted")).status_code == 201
    assert (await post(world, lead, kind="dismissed", reason_code="no_time")).status_code == 201
    assert (await post(world, lead, kind="dismissed", reason_code="no_time")).status_code == 200
    assert (await post(world, lead, kind="dismissed", reason_code="another")).status_code == 409
    said = await world.said("brief.answered")
    assert [(each["kind"], each["version"], each["reason_code"], each["rep_id"]) for each in said] == [
        ("opened", 1, None, lead["rep_id"]),
        ("acted", 1, None, lead["rep_id"]),
        ("dismissed", 1, "no_time", lead["rep_id"]),
    ]
    assert "Ada" not in str(said)


async def test_a_client_may_name_what_it_posts_and_post_it_again(world: World, lead: dict[str, Any]) -> None:
    named = {"id": str(new_id()), "kind": "opened"}
    assert [(await post(world, lead, **named)).status_code for _ in range(2)] == [201, 200]
    assert (await post(world, lead, **named | {"kind": "acted"})).status_code == 409
    assert [(await post(world, lead, kind="acted", key="k-1")).status_code for _ in range(2)] == [201, 200]
    assert (await post(world, lead, kind="opened", key="k-1")).status_code == 409


async def test_a_device_says_when_it_happened_but_never_later_than_now(world: World, lead: dict[str, Any]) -> None:
    an_hour_ago = datetime.now(UTC) - timedelta(hours=1)
    earlier = (await post(world, lead, kind="opened", occurred_at=an_hour_ago.isoformat())).json()
    assert datetime.fromisoformat(earlier["occurred_at"]) == an_hour_ago
    ahead = (await post(world, lead, kind="acted", occurred_at=(an_hour_ago + timedelta(days=9)).isoformat())).json()
    assert ahead["occurred_at"] == ahead["answered_at"]


@pytest.mark.parametrize(
    "body",
    [
        {"kind": "dismissed"},
        {"kind": "ignored"},
        {"kind": "opened", "version": 0},
        {"kind": "opened", "version": 2},
        {"kind": "opened", "version": "1"},
        {"kind": "dismissed", "reason_code": "No time!"},
        {"kind": "opened", "note": "she felt unwell"},
        {},
    ],
    ids=str,
)
async def test_what_cannot_be_is_refused_and_keeps_nothing(world: World, lead: dict[str, Any], body: dict[str, Any]) -> None:
    answer = await post(world, lead, **body)
    assert answer.status_code == 422
    assert answer.json()["errors"]
    assert await world.said("brief.answered") == []


async def test_only_the_lead_s_rep_answers(world: World, lead: dict[str, Any]) -> None:
    assert (await post(world, lead, by="rep-9", kind="opened")).status_code == 404
    await world.hear(outcome(lead, "rejected", reason_code="absent"))
    assert (await post(world, lead, kind="opened")).status_code == 404
    now_theirs = await world.reread(lead)
    assert (await post(world, now_theirs, kind="opened", version=2)).status_code == 201


async def test_sales_operations_see_what_was_dismissed_and_why(world: World, lead: dict[str, Any]) -> None:
    await world.hear(contact("hcp-2"), engagement("hcp-2"))
    other = (await world.leads())[-1]
    await post(world, lead, kind="opened")
    await post(world, other, kind="dismissed", reason_code="off_target")
    [dismissed] = (await world.get("briefs/feedback", kind="dismissed"))["items"]
    assert (dismissed["lead_id"], dismissed["reason_code"], dismissed["rep_id"]) == (other["id"], "off_target", other["rep_id"])
    newest, _ = (await world.get("briefs/feedback"))["items"]
    assert newest == dismissed
    page = await world.get("briefs/feedback", limit=1)
    [older] = (await world.get("briefs/feedback", limit=1, cursor=page["next_cursor"]))["items"]
    assert older["kind"] == "opened"
    assert (await world.get("briefs/feedback", brand_id="another"))["items"] == []
    stranger = await world.client.get("/v1/briefs/feedback", headers=authorization("manager", rep="boss-nowhere"))
    assert stranger.json()["items"] == []
    assert (await world.client.get("/v1/briefs/feedback", headers=SALES_OPS)).status_code == 200
