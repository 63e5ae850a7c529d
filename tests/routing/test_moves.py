"""Leads that somebody holds, resumes or gives to a rep by hand."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from routing.operations.leads.detours import resume_held_leads
from tests.routing.world import SALES_OPS, World, contact, engagement, opt_out, outcome, rep, territory
from tests.tokens import authorization


@pytest.fixture
async def lead(world: World) -> dict[str, Any]:
    """A lead that was just given to one of the two reps."""
    await world.hear(contact("hcp-1"), engagement("hcp-1"))
    return await world.lead()


def other_than(rep_id: str) -> str:
    return {"rep-1": "rep-2", "rep-2": "rep-1"}[rep_id]


async def ask(
    world: World, lead: dict[str, Any], verb: str, *, status: int = 200, headers: dict[str, str] = SALES_OPS, **body: Any
) -> dict[str, Any]:
    answer = await world.client.post(f"/v1/leads/{lead['id']}/{verb}", json={"reason_code": "asked_to_wait"} | body, headers=headers)
    assert answer.status_code == status, answer.text
    shown: dict[str, Any] = answer.json()
    return shown


async def newest_record(world: World, lead: dict[str, Any], kind: str) -> dict[str, Any]:
    history = await world.get(f"leads/{lead['id']}/history")
    found: dict[str, Any] = [record for record in history if record["kind"] == kind][-1]
    return found


def of_kind(lead: dict[str, Any], kind: str = "first_outreach") -> dict[str, Any]:
    found: dict[str, Any] = next(clock for clock in lead["clocks"] if clock["kind"] == kind)
    return found


async def test_a_held_lead_rests_with_its_clock_and_goes_on_where_it_stood(world: World, lead: dict[str, Any]) -> None:
    await world.hear(outcome(lead, "accepted"))
    until = datetime.now(UTC) + timedelta(days=5)
    shown = await ask(world, lead, "hold", until=until.isoformat())
    assert (shown["stage"], shown["stage_type"], shown["held_from"], shown["rep_id"]) == (
        "on_hold",
        "inventory",
        "accepted",
        lead["rep_id"],
    )
    assert of_kind(shown)["state"] == "paused"
    record = await newest_record(world, lead, "stage_changed")
    assert (record["from"], record["to"], record["reason"], record["by"]) == ("accepted", "on_hold", "asked_to_wait", "olga")
    assert datetime.fromisoformat(record["details"]["until"]) == until
    assert await ask(world, lead, "hold", until=until.isoformat()) == shown, "the same again changes nothing"
    await ask(world, lead, "hold", status=409)

    shown = await ask(world, lead, "resume", reason_code="called_back")
    assert (shown["stage"], shown["held_from"], shown["held_until"]) == ("accepted", None, None)
    assert of_kind(shown)["state"] == "running"
    assert of_kind(shown)["due_at"] > of_kind(lead)["due_at"]
    await ask(world, lead, "resume", status=409)


async def test_a_hold_ends_by_itself_at_its_time_even_if_nobody_was_there_then(world: World, lead: dict[str, Any]) -> None:
    await world.hear(contact("hcp-2"), engagement("hcp-2"))
    _, forever = await world.leads()
    until = datetime.now(UTC) + timedelta(hours=2)
    await ask(world, lead, "hold", until=until.isoformat())
    await ask(world, forever, "hold")
    database = world.service.database
    assert await resume_held_leads(database, now=until - timedelta(seconds=1)) == 0
    assert await resume_held_leads(database, now=until + timedelta(days=2)) == 1
    assert await resume_held_leads(database, now=until + timedelta(days=3)) == 0
    resumed = await world.reread(lead)
    assert (resumed["stage"], resumed["id"], resumed["rep_id"]) == ("assigned", lead["id"], lead["rep_id"])
    assert (await newest_record(world, lead, "stage_changed"))["reason"] == "hold_over"
    # An hour was left of it, and the hold was over two days ago.
    due_at = datetime.fromisoformat(of_kind(resumed)["due_at"])
    assert until < due_at < until + timedelta(hours=1)
    assert (await world.reread(forever))["stage"] == "on_hold"


async def test_a_report_takes_a_lead_off_its_hold(world: World, lead: dict[str, Any]) -> None:
    await ask(world, lead, "hold")
    await world.hear(outcome(lead, "no_answer"))
    assert (await world.reread(lead))["stage"] == "on_hold"
    await world.hear(outcome(lead, "qualified", after=timedelta(seconds=1)))
    now = await world.reread(lead)
    assert (now["stage"], now["held_from"]) == ("sql", None)


async def test_a_held_lead_of_somebody_who_opts_out_is_withdrawn(world: World, lead: dict[str, Any]) -> None:
    await ask(world, lead, "hold", until=(datetime.now(UTC) + timedelta(days=1)).isoformat())
    await world.hear(opt_out("hcp-1"))
    now = await world.reread(lead)
    assert (now["stage"], now["held_until"], of_kind(now)["state"]) == ("disqualified", None, "ended")
    await ask(world, lead, "hold", status=409)


async def test_a_lead_that_waited_in_the_queue_is_held_and_waits_again(empty_world: World) -> None:
    world = empty_world
    await world.put("territories", territory("chicago", "606*"))
    await world.activate()
    await world.hear(contact("hcp-1"), engagement("hcp-1"))
    lead = await world.lead()
    assert (await ask(world, lead, "hold"))["waiting_since"] is None
    assert (await world.get("queue"))["items"] == []
    await world.put("reps", rep("rep-1", "chicago"))
    shown = await ask(world, lead, "resume")
    assert (shown["stage"], shown["rep_id"]) == ("assigned", "rep-1")


@pytest.mark.parametrize("until", ["2020-01-01T00:00:00Z", "soon"])
async def test_a_hold_until_what_has_passed_is_refused(world: World, lead: dict[str, Any], until: str) -> None:
    problem = await ask(world, lead, "hold", status=422, until=until)
    assert [error["pointer"] for error in problem["errors"]] == ["/until"]


async def test_a_lead_is_given_to_another_rep_with_a_fresh_clock_a_brief_and_no_turn(world: World, lead: dict[str, Any]) -> None:
    before, after = lead["rep_id"], other_than(lead["rep_id"])
    await world.hear(outcome(lead, "accepted"))
    shown = await ask(world, lead, "reassign", rep_id=after, reason_code="knows_them_well")
    assert (shown["stage"], shown["rep_id"], shown["qualified_at"]) == ("assigned", after, lead["qualified_at"])
    assert of_kind(shown)["started_at"] == shown["assigned_at"] > lead["assigned_at"]
    record = await newest_record(world, lead, "reassigned")
    assert (record["rule"], record["reason"], record["by"], record["pointer_after"]) == ("by_hand", "knows_them_well", "olga", None)
    assert record["candidates"] == [{"rep_id": after, "eligible": True, "why_not": None}]
    said = (await world.said("lead.assigned"))[-1]
    assert (said["rep_id"], said["previous_rep_id"], said["step"]) == (after, before, "by_hand")
    assert (await world.get(f"leads/{lead['id']}/brief"))["version"] == 2
    assert (await world.said("brief.issued"))[-1]["rep_id"] == after

    await world.hear(outcome(lead, "contacted"))
    [refused] = await world.said("outcome.refused")
    assert (refused["rep_id"], refused["reason"]) == (before, "lead_of_another_rep")
    await world.hear(outcome(shown, "contacted"))
    assert (await world.reread(lead))["stage"] == "contacted"
    assert await ask(world, lead, "reassign", rep_id=after) == await world_lead(world, lead), "the same again changes nothing"


async def world_lead(world: World, lead: dict[str, Any]) -> dict[str, Any]:
    """As lists show it: without its ledger."""
    return next(each for each in await world.leads() if each["id"] == lead["id"])


async def test_a_conversation_keeps_its_stage_and_what_was_reported_before_counts_no_more(world: World, lead: dict[str, Any]) -> None:
    await world.hear(outcome(lead, "qualified"))
    shown = await ask(world, lead, "reassign", rep_id=other_than(lead["rep_id"]))
    assert shown["stage"] == "sql"
    await world.hear(outcome(shown, "rejected", reason_code="bad_data"))
    [refused] = await world.said("outcome.refused")
    assert refused["reason"] == "rejected_after_contact"
    assert len(await world.said("nurture.held")) == 1


async def test_it_is_nobodys_turn(world: World, lead: dict[str, Any]) -> None:
    await ask(world, lead, "reassign", rep_id=other_than(lead["rep_id"]))
    for number in range(2, 6):
        await world.hear(contact(f"hcp-{number}"), engagement(f"hcp-{number}"))
    owners = [each["rep_id"] for each in (await world.leads())[1:]]
    assert owners == [other_than(lead["rep_id"]), lead["rep_id"]] * 2


async def test_capacity_is_theirs_to_overrule(world: World, lead: dict[str, Any]) -> None:
    await world.put("reps", rep("rep-full", "chicago", max_open_leads=0))
    assert (await ask(world, lead, "reassign", rep_id="rep-full"))["rep_id"] == "rep-full"


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"active": False}, "they are not active"),
        ({"brand_ids": ["other"]}, "they don't work for the lead's brand"),
        (None, "there is no such rep"),
    ],
)
async def test_a_rep_who_cannot_have_it_is_refused_with_why(
    world: World, lead: dict[str, Any], changes: dict[str, Any] | None, why: str
) -> None:
    if changes is not None:
        await world.put("reps", rep("rep-3", "chicago", **changes))
    problem = await ask(world, lead, "reassign", status=422, rep_id="rep-3")
    assert [(error["pointer"], error["detail"]) for error in problem["errors"]] == [("/rep_id", why)]
    assert (await world.reread(lead))["rep_id"] == lead["rep_id"]


async def test_a_manager_gives_leads_among_their_reps_only(world: World, lead: dict[str, Any]) -> None:
    await world.put("territories", territory("boston", "021*"))
    await world.put("reps", rep("boss", "chicago", role="manager"), rep("far", "boston"), rep("far-boss", "boston", role="manager"))
    boss, far_boss = (authorization("manager", sub=name, rep=name) for name in ("boss", "far-boss"))
    await ask(world, lead, "reassign", status=404, headers=boss, rep_id="far")
    await ask(world, lead, "reassign", status=404, headers=boss, rep_id="nobody")
    await ask(world, lead, "reassign", status=404, headers=far_boss, rep_id="far")
    await ask(world, lead, "reassign", status=403, headers=authorization("rep", sub="ann", rep=lead["rep_id"]), rep_id="rep-2")
    await ask(world, lead, "reassign", headers=boss, rep_id=other_than(lead["rep_id"]))
    assert (await newest_record(world, lead, "reassigned"))["by"] == "boss"


async def test_a_lead_in_the_queue_is_given_to_somebody_and_leaves_it(world: World, lead: dict[str, Any]) -> None:
    await world.hear(outcome(lead, "rejected", reason_code="no_capacity"))
    await world.hear(outcome(await world.reread(lead), "rejected", reason_code="no_capacity"))
    assert len((await world.get("queue"))["items"]) == 1
    shown = await ask(world, lead, "reassign", rep_id=lead["rep_id"])
    assert (shown["stage"], shown["rep_id"], shown["waiting_since"]) == ("assigned", lead["rep_id"], None)


async def test_a_lead_that_ended_is_given_to_nobody(world: World, lead: dict[str, Any]) -> None:
    await world.hear(outcome(lead, "no_need"))
    await ask(world, lead, "reassign", status=409, rep_id=other_than(lead["rep_id"]))
