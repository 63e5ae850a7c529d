"""Clocks whose time has come: what follows a breach, in which order, whoever ticks."""

import asyncio
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from routing.operations.assignment.waiting import try_waiting_leads
from routing.operations.clocks import ticking as clocks
from routing.operations.clocks.ticking import tick_clocks
from tests.routing.world import World, contact, engagement, outcome, rep, territory

HOUR = timedelta(hours=1)
SECOND = timedelta(seconds=1)


@pytest.fixture
async def lead(world: World) -> dict[str, Any]:
    """A lead that was just given to one of the two reps, who both report to a manager of Chicago."""
    await world.put("reps", rep("boss-1", "chicago", role="manager"))
    await world.put("reps", *(rep(rep_id, "chicago", manager_id="boss-1") for rep_id in ("rep-1", "rep-2")))
    await world.hear(contact("hcp-1"), engagement("hcp-1"))
    return await world.lead()


def clock_of(lead: dict[str, Any], kind: str = "first_outreach") -> dict[str, Any]:
    [found] = [clock for clock in lead["clocks"] if clock["kind"] == kind]
    return dict(found)


def moment(clock: dict[str, Any], name: str = "due_at") -> datetime:
    return datetime.fromisoformat(clock[name])


async def tick(world: World, at: datetime) -> int:
    """Ticks until nothing is left to do at that moment, and returns how much there was."""
    done = 0
    while acted := await tick_clocks(world.service.database, now=at):
        done += acted
    return done


async def history(world: World, lead: dict[str, Any]) -> list[dict[str, Any]]:
    """What was decided about the lead itself."""
    told = await world.get(f"leads/{lead['id']}/history")
    return [each for each in told if not each["kind"].startswith("brief_")]


async def test_a_clock_that_ran_out_twice_gives_the_lead_to_another_rep_once_then_to_the_manager(
    world: World, lead: dict[str, Any]
) -> None:
    first, due_at = lead["rep_id"], moment(clock_of(lead))
    assert await tick(world, due_at) == 1
    assert await tick(world, due_at + HOUR - SECOND) == 0
    assert (await world.reread(lead))["rep_id"] == first

    assert await tick(world, due_at + HOUR) == 1
    rerouted = await world.reread(lead)
    second = {"rep-1": "rep-2", "rep-2": "rep-1"}[first]
    assert (rerouted["stage"], rerouted["rep_id"], rerouted["qualified_at"]) == ("assigned", second, lead["qualified_at"])
    fresh = clock_of(rerouted)
    assert (fresh["state"], moment(fresh, "started_at"), fresh["reroutes"]) == ("running", due_at + HOUR, 1)
    [said] = [each for each in await world.said("lead.assigned") if each["previous_rep_id"]]
    assert (said["previous_rep_id"], said["rep_id"]) == (first, second)
    *_, escalated, assigned = await history(world, lead)
    assert (escalated["kind"], escalated["reason"]) == ("clock_escalated", "clock_breached")
    assert (assigned["kind"], assigned["reason"], assigned["rule"]) == ("assigned", "clock_breached", "territory")
    assert {"rep_id": first, "eligible": False, "why_not": "excluded"} in assigned["candidates"]
    [effect] = assigned["details"]["clocks"]
    assert (effect["effect"], effect["state"], moment(effect)) == ("restarted", "breached", due_at)
    assert effect["elapsed_seconds"] == pytest.approx(7200)

    assert await tick(world, moment(fresh) + HOUR) == 2  # breached, and at once escalated: nobody looked in between
    now = await world.reread(lead)
    assert (now["rep_id"], now["stage"], clock_of(now)["state"]) == ("boss-1", "assigned", "running")
    assert [each["to"] for each in await world.said("clock.escalated")] == ["another_rep", "manager"]
    *_, assigned = await history(world, lead)
    assert (assigned["rule"], assigned["reason"]) == ("manager", "clock_breached")
    assert (await world.get(f"leads/{lead['id']}/brief"))["version"] == 3

    # The manager lets it run out too, and reports to nobody: it stays theirs, and is flagged.
    assert await tick(world, moment(clock_of(now)) + HOUR) == 2
    flagged = await world.reread(lead)
    assert (flagged["rep_id"], clock_of(flagged)["state"], clock_of(flagged)["escalated_at"] is not None) == ("boss-1", "breached", True)
    assert (await world.said("clock.escalated"))[-1]["to"] == "owner"
    assert (await history(world, lead))[-1]["reason"] == "no_manager"
    assert await tick(world, moment(clock_of(flagged)) + timedelta(days=99)) == 0


async def test_a_late_attempt_meets_a_breached_clock_and_says_by_how_much(world: World, lead: dict[str, Any]) -> None:
    due_at = moment(clock_of(lead))
    await tick(world, due_at)
    await world.hear(outcome(lead, "contacted", after=timedelta(minutes=90)))
    met = clock_of(await world.reread(lead))
    assert (met["state"], met["late_seconds"], met["breached_at"] is not None) == ("met", 1800, True)
    [said] = await world.said("clock.met")
    assert (said["late"], said["late_seconds"]) == (True, 1800)
    assert await tick(world, due_at + timedelta(days=9)) == 0


async def test_nobody_else_is_eligible_so_the_lead_waits_where_everybody_sees_it(world: World, lead: dict[str, Any]) -> None:
    other = {"rep-1": "rep-2", "rep-2": "rep-1"}[lead["rep_id"]]
    await world.put("reps", rep(other, "chicago", active=False))
    due_at = moment(clock_of(lead))
    await tick(world, due_at + HOUR)
    waiting = await world.reread(lead)
    assert (waiting["stage"], waiting["rep_id"], waiting["waiting_reason"]) == ("mql", None, "all_excluded")
    assert await tick(world, due_at + timedelta(days=9)) == 0

    await world.put("reps", rep(other, "chicago", manager_id="boss-1"))
    later = due_at + timedelta(days=10)
    await try_waiting_leads(world.service.database, now=later)
    now = await world.reread(lead)
    assert (now["rep_id"], moment(clock_of(now), "started_at"), clock_of(now)["reroutes"]) == (other, later, 1)
    await tick(world, later + 2 * HOUR)
    assert (await world.reread(lead))["rep_id"] == "boss-1"


async def test_in_the_queue_a_clock_warns_and_is_breached_and_whoever_comes_has_one_more_period(world: World) -> None:
    await world.hear(contact("hcp-1", postal_code="99999"), engagement("hcp-1"))
    await world.put("territories", territory("alaska", "999*"))
    lead = await world.lead()
    due_at = moment(clock_of(lead))
    assert await tick(world, due_at - SECOND) == 1
    assert await tick(world, due_at) == 1
    assert await tick(world, due_at + timedelta(days=9)) == 0
    assert [said["type"] for said in await world.said("clock.warned", "clock.breached", "clock.escalated")] == [
        "clock.warned",
        "clock.breached",
    ]

    await world.put("reps", rep("rep-8", "alaska"), rep("rep-9", "alaska"))
    found_at = due_at + timedelta(days=10)
    await try_waiting_leads(world.service.database, now=found_at)
    owned = await world.reread(lead)
    assert (clock_of(owned)["state"], clock_of(owned)["due_at"]) == ("breached", clock_of(lead)["due_at"])
    assert (await history(world, lead))[-1]["details"]["clocks"][0]["effect"] == "extended"
    assert await tick(world, found_at + HOUR - SECOND) == 0
    assert await tick(world, found_at + HOUR) == 1
    assert (await world.reread(lead))["rep_id"] not in (None, owned["rep_id"])


async def test_after_downtime_clocks_catch_up_in_the_order_in_which_they_were_due(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clocks, "CLOCKS_AT_ONCE", 2)
    for number in range(5):
        await world.hear(contact(f"hcp-{number}"), engagement(f"hcp-{number}"))
    leads = await world.leads()
    after = moment(clock_of(leads[-1])) + SECOND
    assert [await tick_clocks(world.service.database, now=after) for _ in range(4)] == [2, 2, 1, 0]
    assert [said["lead_id"] for said in await world.said("clock.breached")] == [lead["id"] for lead in leads]


async def test_many_who_tick_at_once_reroute_every_lead_once(world: World) -> None:
    await world.put("reps", *(rep(f"rep-{number}", "chicago") for number in range(3, 7)))
    for number in range(12):
        await world.hear(contact(f"hcp-{number}"), engagement(f"hcp-{number}"))
    before = {lead["id"]: lead["rep_id"] for lead in await world.leads()}
    later = max(moment(clock_of(lead)) for lead in await world.leads()) + HOUR
    for _ in range(3):
        await asyncio.gather(*(tick_clocks(world.service.database, now=later) for _ in range(4)))
    await tick(world, later)

    assert Counter(said["lead_id"] for said in await world.said("clock.breached")) == Counter(list(before))
    assert Counter(said["lead_id"] for said in await world.said("clock.escalated")) == Counter(list(before))
    for lead in await world.leads():
        assert lead["rep_id"] not in (None, before[lead["id"]])
    assert await tick(world, later) == 0


async def test_a_round_looks_at_no_clock_that_is_not_due(world: World) -> None:
    async with world.service.database.transaction() as session:
        await session.execute(text("SET LOCAL enable_seqscan = off"))
        plan = await session.scalars(
            text("EXPLAIN SELECT lead_id FROM clocks WHERE next_at <= :now ORDER BY next_at LIMIT 200"), {"now": datetime.now(UTC)}
        )
        assert "ix_clocks_next_at" in "\n".join(plan)
