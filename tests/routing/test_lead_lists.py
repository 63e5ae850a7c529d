"""A rep's list: one query, the newest reason first, and not sent again while nothing changed."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from routing.operations.assignment.waiting import decide_stale_ledgers
from routing.queries import lead_changes
from shared.database import Statement, together
from tests.routing.test_sets import counting
from tests.routing.world import SALES_OPS, World, account, contact, engagement, outcome, rep
from tests.tokens import authorization

REP = authorization("rep", rep="rep-1")


@pytest.fixture
async def listed(world: World) -> World:
    """Three leads of rep-1, the newest one last; rep-2 is away."""
    await world.put("reps", rep("rep-2", "chicago", active=False))
    for number in range(3):
        await world.hear(contact(f"hcp-{number}"), engagement(f"hcp-{number}"))
    return world


async def ask(world: World, *, tag: str | None = None, headers: dict[str, str] = REP, **query: Any) -> httpx.Response:
    return await world.client.get("/v1/leads", params=query, headers=headers | ({"If-None-Match": tag} if tag else {}))


async def order(world: World, *, headers: dict[str, str] = REP, **query: Any) -> list[str]:
    answer = await ask(world, headers=headers, **query)
    assert answer.status_code == 200, answer.text
    return [lead["contact_id"] for lead in answer.json()["items"]]


async def test_the_lead_with_the_newest_reason_comes_first(listed: World) -> None:
    oldest, middle, _ = await listed.leads()
    assert await order(listed) == ["hcp-2", "hcp-1", "hcp-0"]
    await listed.hear(engagement("hcp-0", "page_viewed", age=timedelta()))
    assert await order(listed) == ["hcp-0", "hcp-2", "hcp-1"]
    assert (await listed.reread(oldest))["reason"] == "page_viewed"
    at = datetime.now(UTC) - datetime.fromisoformat(middle["qualified_at"])
    await listed.hear(outcome(middle, "contacted", after=at))
    assert await order(listed) == ["hcp-1", "hcp-0", "hcp-2"]
    assert (await listed.reread(middle))["reason"] == "contacted"


async def test_what_is_told_late_or_says_nothing_is_no_new_reason(listed: World) -> None:
    await listed.hear(engagement("hcp-0", "page_viewed", age=timedelta(days=2)), engagement("hcp-1", "email_delivered", age=timedelta()))
    assert await order(listed) == ["hcp-2", "hcp-1", "hcp-0"]


async def test_sales_operations_list_by_qualification_unless_they_ask_otherwise(listed: World) -> None:
    await listed.hear(engagement("hcp-0", "page_viewed", age=timedelta()))
    assert await order(listed, headers=SALES_OPS) == ["hcp-2", "hcp-1", "hcp-0"]
    assert await order(listed, headers=SALES_OPS, rep_id="rep-1") == ["hcp-0", "hcp-2", "hcp-1"]
    assert await order(listed, headers=SALES_OPS, order="newest_reason") == ["hcp-0", "hcp-2", "hcp-1"]
    assert await order(listed, order="newest_lead") == ["hcp-2", "hcp-1", "hcp-0"]


async def test_it_comes_in_pages_and_a_cursor_of_another_order_is_refused(listed: World) -> None:
    await listed.hear(engagement("hcp-0", "page_viewed", age=timedelta()))
    first = (await ask(listed, limit=2)).json()
    rest = (await ask(listed, limit=2, cursor=first["next_cursor"])).json()
    assert [lead["contact_id"] for lead in [*first["items"], *rest["items"]]] == ["hcp-0", "hcp-2", "hcp-1"]
    assert (await ask(listed, cursor=first["next_cursor"], order="newest_lead")).status_code == 422


async def _another_act(world: World) -> None:
    await world.hear(engagement("hcp-0", "email_clicked"))


async def _an_outcome(world: World) -> None:
    await world.hear(outcome((await world.leads())[0], "no_answer"))


async def _another_description(world: World) -> None:
    await world.hear(contact("hcp-1", version=2, specialty="nephrology"))


async def _a_lead_more(world: World) -> None:
    await world.hear(contact("hcp-9"), engagement("hcp-9"))


async def _a_lead_fewer(world: World) -> None:
    await world.put("reps", rep("rep-2", "chicago"))
    await world.hear(outcome((await world.leads())[0], "rejected", reason_code="absent"))


@pytest.mark.parametrize(
    "happens",
    [_another_act, _an_outcome, _another_description, _a_lead_more, _a_lead_fewer],
    ids=["an act", "an outcome that meets the clock", "another description", "a lead more", "a lead fewer"],
)
async def test_a_list_is_sent_again_only_when_it_changed(listed: World, happens: Callable[[World], Awaitable[None]]) -> None:
    first = await ask(listed)
    tag = first.headers["etag"]
    unchanged = await ask(listed, tag=tag)
    assert (unchanged.status_code, unchanged.content, unchanged.headers["etag"]) == (304, b"", tag)
    await happens(listed)
    changed = await ask(listed, tag=tag)
    assert changed.status_code == 200
    assert changed.json() != first.json()
    assert (await ask(listed, tag=f'"x", {changed.headers["etag"]}')).status_code == 304


async def test_what_changes_for_others_changes_nothing_here(listed: World) -> None:
    tag = (await ask(listed)).headers["etag"]
    await listed.put("reps", rep("rep-1", "chicago", max_open_leads=3), rep("rep-2", "chicago"))
    await listed.hear(contact("hcp-9"), engagement("hcp-9"))
    assert (await listed.leads())[-1]["rep_id"] == "rep-2"
    assert (await ask(listed, tag=tag)).status_code == 304


async def test_a_tag_holds_for_what_was_asked_and_no_longer_than_scores_do(listed: World) -> None:
    tag = (await ask(listed)).headers["etag"]
    assert (await ask(listed, tag=tag, stage="assigned")).status_code == 200
    assert (await ask(listed, tag='W/"made-up"')).status_code == 200
    assert "etag" not in (await ask(listed, overdue=False)).headers
    assert "etag" not in (await ask(listed, headers=authorization("manager", rep="rep-1"), rep_id="rep-1")).headers
    assert "etag" in (await ask(listed, headers=SALES_OPS, rep_id="rep-1")).headers


async def test_an_account_that_counts_more_changes_the_list_once_it_is_decided(listed: World) -> None:
    await listed.put("accounts", account("mercy", priority="B"))
    await listed.hear(contact("hcp-0", version=2, account_id="mercy"))
    tag = (await ask(listed)).headers["etag"]
    await listed.put("accounts", account("mercy", priority="A"))
    await decide_stale_ledgers(listed.service.database, now=datetime.now(UTC))
    assert (await ask(listed, tag=tag)).status_code == 200


async def test_a_list_that_has_not_changed_costs_next_to_nothing(listed: World) -> None:
    with counting() as read:
        tag = (await ask(listed)).headers["etag"]
    with counting() as unchanged:
        assert (await ask(listed, tag=tag)).status_code == 304
    assert len(unchanged) < len(read)
    assert not any("ledger_rows" in statement or "FROM leads" in statement for statement in unchanged)


async def test_what_is_asked_all_day_is_found_by_an_index(world: World) -> None:
    now, rep_id = datetime.now(UTC), "rep-1"
    asked: dict[str, tuple[str, dict[str, Any]]] = {
        "ix_leads_rep_id_reason_at_id": (
            "SELECT * FROM leads WHERE rep_id = %(rep_id)s ORDER BY reason_at DESC, id DESC LIMIT 50",
            {"rep_id": rep_id},
        ),
        "ix_lead_changes_rep_id_changed_in_lead_id": (lead_changes._CHANGED, {"rep_id": rep_id, "floor": 1, "since": "1:1:"}),
        "ix_brief_revisions_due_at": (
            "SELECT lead_id FROM brief_revisions WHERE due_at <= %(now)s ORDER BY due_at LIMIT 100",
            {"now": now},
        ),
    }
    async with world.service.database.transaction() as session:
        await session.execute(text("SET LOCAL enable_seqscan = off"))
        for index, (statement, parameters) in asked.items():
            [plan] = await together(session, Statement(f"EXPLAIN {statement}", parameters, lambda rows: "\n".join(row[0] for row in rows)))
            assert index in plan
