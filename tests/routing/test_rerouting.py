"""Owned leads when a rep leaves or a territory moves: decided again by the same rules, without needless moves, in the background."""

import asyncio
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

from routing.operations.assignment.rerouting import LEADS_AT_ONCE, reroute_leads
from routing.operations.assignment.waiting import try_waiting_leads
from routing.operations.reference.dated_facts import take_dated_facts
from tests.routing.test_sets import counting
from tests.routing.world import World, account, alignment, contact, engagement, outcome, rep, target, territory


async def reroute(world: World, *, at: datetime | None = None) -> int:
    """Lets the background work until nothing is left to do, and returns how many leads it looked at."""
    looked = 0
    while done := await reroute_leads(world.service.database, now=at or datetime.now(UTC)):
        looked += done
    return looked


async def leads_of(world: World, count: int, **changes: Any) -> list[dict[str, Any]]:
    await world.hear(*(contact(f"hcp-{number}", **changes) for number in range(count)))
    await world.hear(*(engagement(f"hcp-{number}") for number in range(count)))
    return await world.leads()


async def owners(world: World) -> Counter[str | None]:
    return Counter(lead["rep_id"] for lead in await world.leads())


async def test_the_leads_of_a_rep_who_leaves_go_to_the_others_in_turn_with_a_fresh_clock(world: World) -> None:
    await world.put("reps", rep("rep-3", "chicago"))
    before = {lead["id"]: lead for lead in await leads_of(world, 6)}
    await world.put("reps", rep("rep-1", "chicago", name="Rita Reyes", active=False))
    assert await reroute(world) == 2

    assert await owners(world) == {"rep-2": 3, "rep-3": 3}
    moved = [lead for lead in await world.leads() if before[lead["id"]]["rep_id"] == "rep-1"]
    assert len(moved) == 2
    for lead in moved:
        former = before[lead["id"]]
        assert lead["stage"] == "assigned"
        assert lead["qualified_at"] == former["qualified_at"]
        assert lead["clocks"][0]["started_at"] > former["clocks"][0]["started_at"]
        *_, record = await world.decided(lead)
        assert (record["kind"], record["reason"], record["rule"]) == ("assigned", "rep_left", "territory")
        assert record["pointer_after"] == record["pointer_before"] + 1
        assert {"rep_id": "rep-1", "eligible": False, "why_not": "inactive"} in record["candidates"]
        assert "Rita Reyes had it before you" in record["sentence"]
        assert (await world.get(f"leads/{lead['id']}/brief"))["version"] == 2
    assert [said["previous_rep_id"] for said in await world.said("lead.assigned")] == [None] * 6 + ["rep-1"] * 2
    assert await reroute(world) == 0


async def test_a_lead_in_conversation_changes_hands_only_if_its_rep_left_and_keeps_its_stage(world: World) -> None:
    lead = (await leads_of(world, 1))[0]
    other = "rep-2" if lead["rep_id"] == "rep-1" else "rep-1"
    await world.hear(outcome(lead, "contacted"))
    await world.put("reps", rep(lead["rep_id"]))  # the territory is taken away
    await reroute(world)
    assert ((await world.lead())["rep_id"], (await world.lead())["stage"]) == (lead["rep_id"], "contacted")

    await world.put("reps", rep(lead["rep_id"], active=False))
    await reroute(world)
    after = await world.lead()
    assert (after["rep_id"], after["stage"]) == (other, "contacted")
    assert [said["to_stage"] for said in await world.said("lead.stage_changed")].count("assigned") == 1


async def test_a_lead_whose_rep_left_waits_visibly_when_nobody_is_there_and_keeps_its_stage(world: World) -> None:
    await world.put("reps", rep("rep-2", active=False))
    await leads_of(world, 2)
    assigned, contacted = await world.leads()
    await world.hear(outcome(contacted, "contacted"))
    await world.put("reps", rep("rep-1", "chicago", active=False))
    await reroute(world)
    assert {item["reason"] for item in (await world.get("queue"))["items"]} == {"nobody_active"}
    assert [(lead["stage"], lead["rep_id"]) for lead in await world.leads()] == [("mql", None), ("contacted", None)]
    assert (await world.reread(assigned))["clocks"][0]["started_at"] == assigned["clocks"][0]["started_at"]

    await world.put("reps", rep("rep-9", "chicago"))
    assert await try_waiting_leads(world.service.database, now=datetime.now(UTC)) == 2
    assert [(lead["stage"], lead["rep_id"]) for lead in await world.leads()] == [("assigned", "rep-9"), ("contacted", "rep-9")]
    assert [said["previous_rep_id"] for said in (await world.said("lead.assigned"))[-2:]] == ["rep-1", "rep-1"]


async def test_a_territory_that_moves_takes_its_leads_along_but_not_those_called_by_name_or_reached(world: World) -> None:
    await world.put("territories", territory("north"))
    await world.put("reps", rep("ned", "north"), rep("olga", "chicago"))
    await world.put("accounts", account("mercy", owner_rep_id="olga"))
    await world.hear(contact("owned", account_id="mercy"), contact("reached"), contact("moved"), contact("stays", postal_code="60601"))
    await world.hear(*(engagement(contact_id) for contact_id in ("owned", "reached", "moved", "stays")))
    before = {lead["contact_id"]: lead for lead in await world.leads()}
    await world.hear(outcome(before["reached"], "left_message"))

    await world.put("alignments", alignment("new", "north", "60614"))
    assert await reroute(world) == 4
    after = {lead["contact_id"]: lead for lead in await world.leads()}
    assert {contact_id: (lead["rep_id"], lead["territory_id"]) for contact_id, lead in after.items()} == {
        "owned": ("olga", "north"),
        "reached": (before["reached"]["rep_id"], "chicago"),
        "moved": ("ned", "north"),
        "stays": (before["stays"]["rep_id"], "chicago"),
    }
    assert (await world.decided(after["moved"]))[-1]["reason"] == "realigned"
    kept = (await world.decided(after["owned"]))[-1]
    assert (kept["kind"], kept["rule"], kept["reason"]) == ("kept", "account_owner", "realigned")


async def test_nothing_moves_that_the_same_rules_still_give_to_the_same_rep(world: World) -> None:
    await world.put("reps", rep("rep-3", "chicago"))
    before = {lead["id"]: lead["rep_id"] for lead in await leads_of(world, 9)}
    events = len(await world.envelopes())
    await world.put("reps", rep("rep-1", "chicago", weight=3.0, max_open_leads=1), rep("rep-4", "chicago"))
    await world.put("territories", territory("chicago", "606*", "607*"))
    await reroute(world)
    assert {lead["id"]: lead["rep_id"] for lead in await world.leads()} == before
    assert len(await world.envelopes()) == events + 3  # the snapshots of what was put


async def test_a_rep_whose_last_day_has_passed_has_left(world: World) -> None:
    today = datetime.now(UTC).date()
    await world.put("reps", rep("rep-1", "chicago", valid_until=str(today)))
    await leads_of(world, 4)
    assert (await owners(world))["rep-1"] == 2
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    await take_dated_facts(world.service.database, now=tomorrow)
    await reroute(world, at=tomorrow)
    assert await owners(world) == {"rep-2": 4}


async def test_a_planned_call_follows_its_target_when_the_rep_left(world: World) -> None:
    await world.put("targets", target("t-1", "hcp-0", rep_id="rep-1"))
    await leads_of(world, 1)
    await world.put("reps", rep("rep-1", "chicago", active=False), rep("rep-2", "chicago", max_open_leads=0))
    await reroute(world)
    assert (await world.lead())["rep_id"] == "rep-2"


async def test_a_lead_being_decided_while_the_field_force_changes_is_found_by_its_round(world: World) -> None:
    await leads_of(world, 2)
    await asyncio.gather(
        world.put("reps", rep("rep-1", "chicago", active=False)),
        *(world.hear(contact(f"other-{number}"), engagement(f"other-{number}")) for number in range(6)),
    )
    await reroute(world)
    assert await owners(world) == {"rep-2": 8}


async def test_many_leads_go_in_sets_of_as_many_statements_as_few(world: World) -> None:
    await leads_of(world, 2 * LEADS_AT_ONCE + 20)
    await world.put("reps", rep("rep-1", "chicago", active=False))
    with counting() as many:
        assert await reroute_leads(world.service.database, now=datetime.now(UTC)) == LEADS_AT_ONCE
    with counting() as few:
        assert await reroute_leads(world.service.database, now=datetime.now(UTC)) == 10
    assert len(many) == len(few)
    assert await owners(world) == {"rep-2": 2 * LEADS_AT_ONCE + 20}
    with counting() as none:
        assert await reroute_leads(world.service.database, now=datetime.now(UTC)) == 0
    assert len(none) < 7
