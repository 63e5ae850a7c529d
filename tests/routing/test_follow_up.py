"""The clocks that attempts start: the next step, and how soon what happened is told."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from routing.operations.clocks.ticking import tick_clocks
from tests.routing.every_clock import lead_of_yesterday, qualified_at
from tests.routing.test_moves import ask
from tests.routing.test_ticking import clock_of, history, moment, tick
from tests.routing.world import World, contact, engagement, outcome

HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)


@pytest.fixture
async def lead(world: World) -> dict[str, Any]:
    return await lead_of_yesterday(world)


def kinds(lead: dict[str, Any]) -> list[tuple[str, str]]:
    return [(clock["kind"], clock["state"]) for clock in lead["clocks"]]


async def test_an_attempt_makes_a_follow_up_due_and_the_next_one_meets_it_and_starts_another(world: World, lead: dict[str, Any]) -> None:
    assert kinds(lead) == [("first_outreach", "running")]
    await world.hear(outcome(lead, "no_answer", after=30 * MINUTE))
    first = await world.reread(lead)
    assert kinds(first) == [("first_outreach", "met"), ("follow_up", "running"), ("report", "met")]
    assert moment(clock_of(first, "follow_up")) == qualified_at(lead) + 30 * MINUTE + 2 * HOUR

    await world.hear(outcome(lead, "contacted", after=4 * HOUR))
    second = await world.reread(lead)
    assert moment(clock_of(second, "follow_up"), "started_at") == qualified_at(lead) + 4 * HOUR
    met = [each for each in await world.said("clock.met") if each["kind"] == "follow_up"]
    assert [(each["late"], each["late_seconds"]) for each in met] == [(True, 90 * 60)]
    assert clock_of(second)["met_at"] == clock_of(first)["met_at"]
    brief = await world.get(f"leads/{lead['id']}/brief")
    assert brief["clock"]["kind"] == "follow_up"


async def test_attempts_in_any_order_leave_the_same_follow_up(world: World, lead: dict[str, Any]) -> None:
    await world.hear(outcome(lead, "contacted", after=4 * HOUR), outcome(lead, "no_answer", after=HOUR))
    assert moment(clock_of(await world.reread(lead), "follow_up"), "started_at") == qualified_at(lead) + 4 * HOUR
    assert moment(clock_of(await world.reread(lead), "report"), "started_at") == qualified_at(lead) + 4 * HOUR


@pytest.mark.parametrize(("code", "state"), [("meeting_booked", "met"), ("opportunity_created", "met"), ("not_interested", "met")])
async def test_what_settles_the_next_step_leaves_nothing_to_follow_up(world: World, lead: dict[str, Any], code: str, state: str) -> None:
    await world.hear(outcome(lead, "contacted", after=HOUR), outcome(lead, code, after=2 * HOUR))
    assert clock_of(await world.reread(lead), "follow_up")["state"] == state


async def test_a_meeting_that_was_booked_before_the_last_attempt_ends_its_follow_up(world: World, lead: dict[str, Any]) -> None:
    await world.hear(outcome(lead, "contacted", after=2 * HOUR), outcome(lead, "meeting_booked", after=HOUR))
    follow_up = clock_of(await world.reread(lead), "follow_up")
    assert (follow_up["state"], follow_up["reason"]) == ("ended", "meeting_booked")
    assert [each["kind"] for each in await world.said("clock.ended")] == ["follow_up"]


async def test_after_a_meeting_was_held_the_next_step_is_the_reps_again(world: World, lead: dict[str, Any]) -> None:
    await world.hear(outcome(lead, "meeting_booked", after=HOUR), outcome(lead, "meeting_held", after=5 * HOUR))
    assert moment(clock_of(await world.reread(lead), "follow_up")) == qualified_at(lead) + 7 * HOUR


async def test_a_follow_up_nobody_makes_is_told_to_the_manager_and_takes_the_lead_from_nobody(world: World, lead: dict[str, Any]) -> None:
    await world.hear(outcome(lead, "contacted", after=HOUR))
    due_at = moment(clock_of(await world.reread(lead), "follow_up"))
    assert await tick(world, due_at + 2 * HOUR) == 2
    now = await world.reread(lead)
    assert (now["rep_id"], now["stage"]) == (lead["rep_id"], "contacted")
    [said] = await world.said("clock.escalated")
    assert (said["kind"], said["to"], said["manager_rep_id"]) == ("follow_up", "owner", "boss-1")
    assert [each["reason"] for each in await history(world, lead) if each["kind"] == "clock_escalated"] == ["in_conversation"]
    assert await tick(world, due_at + timedelta(days=9)) == 0


async def test_a_conversation_that_rests_is_taken_from_nobody_though_its_clock_was_resumed(world: World, lead: dict[str, Any]) -> None:
    await world.hear(outcome(lead, "contacted", after=HOUR))
    await ask(world, lead, "hold")
    resumed = await world.client.post(f"/v1/leads/{lead['id']}/clocks/follow_up/resume", headers=world.headers)
    assert resumed.json()["state"] == "breached", "it had run out before the hold"
    await tick(world, datetime.now(UTC) + timedelta(days=1))
    now = await world.reread(lead)
    assert (now["rep_id"], now["stage"]) == (lead["rep_id"], "on_hold")
    assert [each["to"] for each in await world.said("clock.escalated")] == ["owner"]


async def test_a_report_is_measured_from_what_happened_to_its_receipt(world: World, lead: dict[str, Any]) -> None:
    happened = qualified_at(lead) + HOUR
    await world.hear(outcome(lead, "contacted", after=HOUR, received_at=happened + 20 * MINUTE))
    in_time = clock_of(await world.reread(lead), "report")
    assert (moment(in_time, "started_at"), moment(in_time, "met_at"), in_time["late_seconds"]) == (happened, happened + 20 * MINUTE, None)

    await world.hear(outcome(lead, "qualified", after=2 * HOUR, received_at=happened + 3 * HOUR))
    assert clock_of(await world.reread(lead), "report")["late_seconds"] == 90 * 60
    measured = [each for each in await world.said("clock.met") if each["kind"] == "report"]
    assert [each["late"] for each in measured] == [False, True]
    assert await tick_clocks(world.service.database, now=qualified_at(lead) + timedelta(days=30)) > 0  # the follow-up's
    assert clock_of(await world.reread(lead), "report")["state"] == "met"


async def test_who_gets_the_lead_next_has_a_fresh_first_outreach_and_nothing_to_follow_up(world: World, lead: dict[str, Any]) -> None:
    await world.hear(outcome(lead, "no_answer", after=HOUR), outcome(lead, "rejected", after=2 * HOUR, reason_code="absent"))
    now = await world.reread(lead)
    assert now["rep_id"] != lead["rep_id"]
    assert kinds(now) == [("first_outreach", "running"), ("follow_up", "ended"), ("report", "met")]
    *_, assigned = await history(world, lead)
    assert [(each["kind"], each["effect"], each["state"]) for each in assigned["details"]["clocks"]] == [
        ("first_outreach", "restarted", "met"),
        ("follow_up", "ended", "running"),
    ]


async def test_an_end_that_no_attempt_told_of_ends_the_follow_up_with_the_lead(world: World, lead: dict[str, Any]) -> None:
    await world.hear(outcome(lead, "no_answer", after=HOUR), outcome(lead, "rejected", after=2 * HOUR, reason_code="bad_data"))
    now = await world.reread(lead)
    assert (now["stage"], kinds(now)) == ("recycled", [("first_outreach", "met"), ("follow_up", "ended"), ("report", "met")])
    assert clock_of(now, "follow_up")["reason"] == "lead_ended"


async def test_a_policy_without_the_other_clocks_has_none(world: World) -> None:
    await world.hear(contact("hcp-1"), engagement("hcp-1"))
    lead = await world.lead()
    await world.hear(outcome(lead, "contacted"))
    assert kinds(await world.reread(lead)) == [("first_outreach", "met")]
