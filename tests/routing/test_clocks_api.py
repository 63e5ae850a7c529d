"""Pausing and resuming a clock: by whom, with what reason, and what is left of it afterwards."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from routing.operations.clocks.ticking import tick_clocks
from tests.routing.test_ticking import clock_of, history, moment
from tests.routing.world import SALES_OPS, World, contact, engagement, outcome, rep, territory
from tests.tokens import authorization

HOUR = timedelta(hours=1)


@pytest.fixture
async def lead(world: World) -> dict[str, Any]:
    """A lead that was just given to the only rep of Chicago, who reports to a manager elsewhere."""
    await world.put("territories", territory("boston", "021*"))
    await world.put("reps", rep("rep-1", "chicago", manager_id="boss-1"), rep("rep-2", "boston"))
    await world.put("reps", rep("boss-1", role="manager"), rep("boss-2", "boston", role="manager"))
    await world.hear(contact("hcp-1"), engagement("hcp-1"))
    return await world.lead()


async def ask(
    world: World, lead: dict[str, Any], verb: str, *, kind: str = "first_outreach", headers: dict[str, str] = SALES_OPS, **body: Any
) -> tuple[int, dict[str, Any]]:
    answer = await world.client.post(f"/v1/leads/{lead['id']}/clocks/{kind}/{verb}", json=body, headers=headers)
    return answer.status_code, answer.json()


async def test_a_paused_clock_is_not_breached_and_goes_on_with_what_was_left(world: World, lead: dict[str, Any]) -> None:
    before = clock_of(lead)
    status, paused = await ask(world, lead, "pause", reason_code="asked_to_wait")
    assert (status, paused["state"], paused["reason"], paused["paused_until"]) == (200, "paused", "asked_to_wait", None)
    assert clock_of(await world.reread(lead)) == paused
    assert await world.leads(overdue=True) == []
    assert await tick_clocks(world.service.database, now=moment(before) + timedelta(days=9)) == 0

    status, resumed = await ask(world, lead, "resume", reason_code="called_back")
    assert (status, resumed["state"], resumed["reason"]) == (200, "running", None)
    stood_still = moment(resumed) - moment(before)
    [said_paused], [said_resumed] = await world.said("clock.paused"), await world.said("clock.resumed")
    assert stood_still == datetime.fromisoformat(said_resumed["resumed_at"]) - datetime.fromisoformat(said_paused["paused_at"])
    assert (said_paused["reason"], said_resumed["reason"], said_resumed["due_at"]) == ("asked_to_wait", "called_back", resumed["due_at"])
    *_, first, second = await history(world, lead)
    assert [(each["kind"], each["reason"]) for each in (first, second)] == [
        ("clock_paused", "asked_to_wait"),
        ("clock_resumed", "called_back"),
    ]
    assert [(each["kind"], each["effect"], each["state"], each["by"]) for each in second["details"]["clocks"]] == [
        ("first_outreach", "resumed", "paused", "sales_ops")
    ]


async def test_a_pause_with_a_date_ends_by_itself_whenever_somebody_looks(world: World, lead: dict[str, Any]) -> None:
    due_at = moment(clock_of(lead))
    until = datetime.now(UTC).replace(microsecond=0) + timedelta(days=2)
    status, paused = await ask(world, lead, "pause", reason_code="on_leave", until=until.isoformat())
    assert (status, datetime.fromisoformat(paused["paused_until"])) == (200, until)
    assert await tick_clocks(world.service.database, now=until - timedelta(seconds=1)) == 0

    # Nobody looked for a while: it went on at its date all the same, and its due time has passed since.
    assert await tick_clocks(world.service.database, now=until + timedelta(days=1)) == 2
    now = clock_of(await world.reread(lead))
    assert now["state"] == "breached"
    assert moment(now) == due_at + (until - datetime.fromisoformat(paused["paused_at"]))
    [resumed] = await world.said("clock.resumed")
    assert (datetime.fromisoformat(resumed["resumed_at"]), resumed["reason"]) == (until, "pause_over")


async def test_asking_twice_is_asking_once(world: World, lead: dict[str, Any]) -> None:
    first = await ask(world, lead, "pause", reason_code="on_leave")
    assert await ask(world, lead, "pause", reason_code="on_leave") == first
    assert len(await world.said("clock.paused")) == 1
    resumed = await ask(world, lead, "resume")
    assert await ask(world, lead, "resume") == resumed
    assert len(await world.said("clock.resumed")) == 1


async def test_a_breach_is_not_paused_away(world: World, lead: dict[str, Any]) -> None:
    async with world.service.database.transaction() as session:
        await session.execute(text("UPDATE clocks SET due_at = now() - interval '1 minute', warn_at = now() - interval '1 hour'"))
    status, paused = await ask(world, lead, "pause", reason_code="on_leave")
    assert (status, paused["state"], paused["breached_at"] is not None) == (200, "paused", True)
    assert len(await world.said("clock.breached")) == 1
    _, resumed = await ask(world, lead, "resume")
    assert resumed["state"] == "breached"


async def test_a_clock_that_is_over_is_a_conflict_and_one_that_is_not_there_is_not_found(world: World, lead: dict[str, Any]) -> None:
    assert (await ask(world, lead, "pause", kind="follow_up", reason_code="on_leave"))[0] == 404
    await world.hear(outcome(lead, "contacted"))
    for verb in ("pause", "resume"):
        status, problem = await ask(world, lead, verb, reason_code="on_leave")
        assert (status, problem["detail"]) == (409, "The clock is over: it was met.")


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, "/reason_code"),
        ({"reason_code": "On leave!"}, "/reason_code"),
        ({"reason_code": "on_leave", "until": "2020-01-01T00:00:00Z"}, "/until"),
        ({"reason_code": "on_leave", "until": "2099-01-01T00:00:00Z"}, "/until"),
        ({"reason_code": "on_leave", "note": "hello"}, "/note"),
    ],
)
async def test_what_cannot_be_asked_is_refused_by_its_field(world: World, lead: dict[str, Any], body: dict[str, Any], pointer: str) -> None:
    status, problem = await ask(world, lead, "pause", **body)
    assert (status, [error["pointer"] for error in problem["errors"]]) == (422, [pointer])
    assert clock_of(await world.reread(lead))["state"] == "running"


async def test_a_kind_there_is_not_is_refused(world: World, lead: dict[str, Any]) -> None:
    assert (await ask(world, lead, "pause", kind="egg_timer", reason_code="on_leave"))[0] in (404, 422)


@pytest.mark.parametrize(
    ("who", "status"),
    [
        (authorization("rep", rep="rep-1", sub="ada"), 200),
        (authorization("rep", rep="rep-2", sub="bob"), 404),
        (authorization("manager", rep="boss-1", sub="cyd"), 200),
        (authorization("manager", rep="boss-2", sub="dan"), 404),
        (authorization("auditor", sub="eve"), 403),
        (authorization("marketing", sub="fay"), 403),
    ],
)
async def test_a_clock_is_paused_by_whom_the_lead_is_in_scope_of(
    world: World, lead: dict[str, Any], who: dict[str, str], status: int
) -> None:
    for verb in ("pause", "resume"):
        assert (await ask(world, lead, verb, headers=who, reason_code="on_leave"))[0] == status
