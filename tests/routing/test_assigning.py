"""Who gets a lead: turns, capacity and the queue, through the database and under concurrency."""

import asyncio
from collections import Counter
from datetime import UTC, datetime, timedelta

from routing.operations.assignment.waiting import try_waiting_leads
from tests.routing.world import World, account, contact, engagement, opt_out, outcome, rep, territory


async def test_a_bulk_of_leads_takes_the_same_turns_as_single_ones(world: World) -> None:
    await world.put("territories", territory("boston", "021*"))
    await world.put(
        "reps", rep("rep-3", "chicago", weight=2.0), *(rep(f"east-{n}", "boston", weight=w) for n, w in enumerate((1.0, 1.0, 2.0)))
    )
    for number in range(8):
        await world.hear(contact(f"west-{number}"), engagement(f"west-{number}"))
    bulk = [f"east-{number}" for number in range(8)]
    await world.hear(*(contact(contact_id, postal_code="02115") for contact_id in bulk), *(engagement(contact_id) for contact_id in bulk))

    owners = Counter(lead["rep_id"] for lead in await world.leads())
    assert (owners["rep-1"], owners["rep-2"], owners["rep-3"]) == (2, 2, 4)
    assert (owners["east-0"], owners["east-1"], owners["east-2"]) == (2, 2, 4)


async def test_reps_take_turns_whoever_hears_of_a_contact_first(world: World) -> None:
    contact_ids = [f"hcp-{number}" for number in range(12)]
    await world.hear(*(contact(contact_id) for contact_id in contact_ids))
    await asyncio.gather(*(world.hear(engagement(contact_id)) for contact_id in contact_ids))

    assert Counter(lead["rep_id"] for lead in await world.leads()) == {"rep-1": 6, "rep-2": 6}
    pointers = [(await world.decided(lead))[-1] for lead in await world.leads()]
    assert sorted((each["pointer_before"], each["pointer_after"]) for each in pointers) == [(n, n + 1) for n in range(12)]


async def test_capacity_is_never_exceeded_by_transactions_at_the_same_time(world: World) -> None:
    await world.put("accounts", account("mercy", owner_rep_id="rep-1"))
    await world.put("reps", rep("rep-1", "chicago", max_open_leads=3), rep("rep-2", "chicago", max_open_leads=2))
    contact_ids = [f"hcp-{number}" for number in range(12)]
    half = len(contact_ids) // 2
    await world.hear(*(contact(contact_id, account_id="mercy" if contact_id < "hcp-5" else None) for contact_id in contact_ids))
    await asyncio.gather(
        *(world.hear(engagement(contact_id)) for contact_id in contact_ids[:half]),
        world.hear(*(engagement(contact_id) for contact_id in contact_ids[half:])),
    )

    leads = await world.leads()
    assert len(leads) == 12
    assert Counter(lead["rep_id"] for lead in leads) == {"rep-1": 3, "rep-2": 2, None: 7}
    assert {lead["waiting_reason"] for lead in leads if lead["rep_id"] is None} == {"all_full"}


async def test_a_rep_of_several_territories_is_never_given_too_many_by_all_of_them_at_once(world: World) -> None:
    codes = ["011", "012", "013", "014", "015", "016"]
    await world.put("territories", *(territory(f"ter-{code}", f"{code}*") for code in codes))
    await world.put("reps", rep("rep-9", *(f"ter-{code}" for code in codes), max_open_leads=2))
    await world.hear(*(contact(f"hcp-{code}", postal_code=f"{code}01") for code in codes))
    await asyncio.gather(*(world.hear(engagement(f"hcp-{code}")) for code in codes))

    assert Counter(lead["rep_id"] for lead in await world.leads()) == {"rep-9": 2, None: 4}


async def test_the_account_owner_comes_before_the_territory_and_takes_no_turn(world: World) -> None:
    await world.put("accounts", account("mercy", owner_rep_id="rep-2", named_rep_ids=[]))
    for number in range(4):
        await world.hear(contact(f"hcp-{number}", account_id="mercy"), engagement(f"hcp-{number}"))

    assert {lead["rep_id"] for lead in await world.leads()} == {"rep-2"}
    assert {said["step"] for said in await world.said("lead.assigned")} == {"account_owner"}
    history = await world.decided((await world.leads())[-1])
    assert (history[-1]["pointer_before"], history[-1]["pointer_after"]) == (0, 0)


async def test_an_owner_who_is_full_loses_to_the_territory_with_the_reason_kept(world: World) -> None:
    await world.put("accounts", account("mercy", owner_rep_id="rep-2"))
    await world.put("reps", rep("rep-2", "chicago", max_open_leads=0))
    await world.hear(contact("hcp-1", account_id="mercy"), engagement("hcp-1"))

    lead = await world.lead()
    assert lead["rep_id"] == "rep-1"
    *_, assigned = await world.decided(lead)
    assert assigned["rule"] == "territory"
    assert assigned["candidates"] == [
        {"rep_id": "rep-2", "eligible": False, "why_not": "full"},
        {"rep_id": "rep-1", "eligible": True, "why_not": None},
    ]
    assert assigned["passed_steps"] == [
        {"step": "named_account", "reason": "no_named_rep"},
        {"step": "account_owner", "reason": "all_full"},
        {"step": "sticky", "reason": "no_earlier_rep"},
    ]


async def test_a_lead_nobody_is_eligible_for_waits_in_the_queue_and_is_given_away_oldest_first(world: World) -> None:
    for number in range(3):
        await world.hear(contact(f"hcp-{number}", postal_code="99999"), engagement(f"hcp-{number}"))
    waiting = await world.leads()
    queue = await world.get("queue")
    assert [item["lead_id"] for item in queue["items"]] == [lead["id"] for lead in waiting]
    assert {item["reason"] for item in queue["items"]} == {"no_territory"}
    assert [item["since"] for item in queue["items"]] == [lead["waiting_since"] for lead in waiting]
    assert len(await world.said("lead.waiting")) == len(await world.said("clock.started")) == 3

    await world.put("territories", territory("alaska", "999*"))
    await world.put("reps", rep("rep-9", "alaska", max_open_leads=2))
    assert await tried(world) == 3
    assert [lead["rep_id"] for lead in await world.leads()] == ["rep-9", "rep-9", None]
    assert [item["reason"] for item in (await world.get("queue"))["items"]] == ["all_full"]
    first = await world.reread(waiting[0])
    assert (first["stage"], first["waiting_reason"], first["territory_id"]) == ("assigned", None, "alaska")
    assert first["clocks"] == waiting[0]["clocks"]  # it runs in the queue too


async def test_a_waiting_lead_is_tried_once_until_something_changes(world: World) -> None:
    await world.put("reps", rep("rep-1", "chicago", max_open_leads=1), rep("rep-2", active=False))
    await world.hear(contact("hcp-1"), contact("hcp-2"), engagement("hcp-1"), engagement("hcp-2"))
    assert await tried(world) == 0

    await world.put("accounts", account("elsewhere"))
    assert await tried(world) == 1
    assert await tried(world) == 0
    assert len(await world.said("lead.waiting")) == 1  # it waits on for the same reason: nothing new to say


async def test_capacity_that_comes_free_goes_to_the_lead_that_waits(world: World) -> None:
    await world.put("reps", rep("rep-1", "chicago", max_open_leads=1), rep("rep-2", active=False))
    await world.hear(contact("hcp-1"), contact("hcp-2"), engagement("hcp-1"), engagement("hcp-2"))
    owned = next(lead for lead in await world.leads() if lead["rep_id"])

    await world.hear(outcome(owned, "not_interested"))
    assert await tried(world) == 1
    assert [lead["rep_id"] for lead in await world.leads()] == ["rep-1", "rep-1"]


async def test_a_waiting_lead_whose_contact_moved_is_tried_at_once(world: World) -> None:
    await world.hear(contact("hcp-1", postal_code="99999"), engagement("hcp-1"))
    assert (await world.lead())["stage"] == "mql"
    await world.hear(contact("hcp-1", version=2))
    assert (await world.lead())["stage"] == "assigned"


async def test_a_waiting_lead_is_withdrawn_by_an_opt_out(world: World) -> None:
    await world.hear(contact("hcp-1", postal_code="99999"), engagement("hcp-1"), opt_out("hcp-1", postal_code="99999"))
    lead = await world.lead()
    assert (lead["stage"], lead["waiting_since"]) == ("disqualified", None)
    assert (await world.get("queue"))["items"] == []


async def test_two_who_drain_the_queue_at_once_give_each_lead_to_one_rep(world: World) -> None:
    for number in range(6):
        await world.hear(contact(f"hcp-{number}", postal_code="99999"), engagement(f"hcp-{number}"))
    await world.put("territories", territory("alaska", "999*"))
    await world.put("reps", rep("rep-9", "alaska", max_open_leads=4))
    await asyncio.gather(*(try_waiting_leads(world.service.database, now=datetime.now(UTC)) for _ in range(4)))
    await tried(world)

    assert Counter(lead["rep_id"] for lead in await world.leads()) == {"rep-9": 4, None: 2}
    assert len(await world.said("lead.assigned")) == 4


async def test_a_new_cycle_goes_to_who_had_the_contact_before(world: World) -> None:
    for number in range(3):
        await world.hear(contact(f"hcp-{number}"), engagement(f"hcp-{number}"))
    before = (await world.leads())[0]
    await world.hear(outcome(before, "no_need"), engagement("hcp-0", age=timedelta(seconds=-1)))
    again = (await world.leads())[-1]
    assert (again["previous_lead_id"], again["rep_id"]) == (before["id"], before["rep_id"])
    assert (await world.said("lead.assigned"))[-1]["step"] == "sticky"


async def tried(world: World) -> int:
    return await try_waiting_leads(world.service.database, now=datetime.now(UTC))
