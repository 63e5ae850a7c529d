"""Who gets a lead by the call plan, alignments, pools, absences and hours, as sales operations keeps them."""

import asyncio
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from routing.operations.assignment.waiting import try_waiting_leads
from routing.queries.field_force import standing
from shared.database import together
from tests.routing.test_sets import counting
from tests.routing.world import (
    ALWAYS_OPEN,
    BRAND,
    World,
    absence,
    account,
    alignment,
    contact,
    engagement,
    outcome,
    pool,
    rep,
    target,
    territory,
)

TODAY = datetime.now(UTC).date()


async def assigned_to(world: World, contact_id: str, **changes: Any) -> str | None:
    """Whom a new lead of this contact goes to."""
    await world.hear(contact(contact_id, **changes), engagement(contact_id))
    lead = next(lead for lead in await world.leads() if lead["contact_id"] == contact_id)
    rep_id: str | None = lead["rep_id"]
    return rep_id


async def last_record(world: World, contact_id: str) -> dict[str, Any]:
    lead = next(lead for lead in await world.leads() if lead["contact_id"] == contact_id)
    record: dict[str, Any] = (await world.decided(lead))[-1]
    return record


async def test_a_lead_of_a_target_is_on_plan_and_goes_to_the_targets_rep_whatever_room_they_have(world: World) -> None:
    await world.put("accounts", account("mercy", owner_rep_id="rep-2"))
    await world.put("reps", rep("rep-1", "chicago", name="Rita Reyes", max_open_leads=0))
    await world.put("targets", target("t-1", rep_id="rep-1"), target("t-2", "hcp-2", rep_id="rep-1"))
    await world.hear(*(contact(f"hcp-{number}", account_id="mercy") for number in (1, 2, 3)))
    await world.hear(*(engagement(f"hcp-{number}") for number in (1, 2, 3)))
    leads = {lead["contact_id"]: (lead["kind"], lead["rep_id"]) for lead in await world.leads()}
    assert leads == {"hcp-1": ("on_plan", "rep-1"), "hcp-2": ("on_plan", "rep-1"), "hcp-3": ("off_plan", "rep-2")}
    assert [said["kind"] for said in await world.said("lead.qualified")] == ["on_plan", "on_plan", "off_plan"]
    record = await last_record(world, "hcp-1")
    assert (record["rule"], record["pointer_before"], record["pointer_after"]) == ("on_plan", 0, 0)
    assert record["sentence"] == "You have this lead because this contact is on your call plan (6 calls are planned in this)."


async def test_a_planned_call_of_who_is_away_goes_to_the_delegate_else_it_waits_until_they_are_back(world: World) -> None:
    await world.put("targets", target("t-1", rep_id="rep-1"), target("t-2", "hcp-2", rep_id="rep-2"))
    await world.put("absences", absence("a-1", "rep-1", delegate_rep_id="rep-3"), absence("a-2", "rep-2"))
    await world.put("reps", rep("rep-3", max_open_leads=0))
    assert await assigned_to(world, "hcp-1") == "rep-3"
    assert await assigned_to(world, "hcp-2") is None
    assert [item["reason"] for item in (await world.get("queue"))["items"]] == ["all_absent"]

    await world.put("absences", absence("a-2", "rep-2", until=str(TODAY - timedelta(days=1))))
    assert await try_waiting_leads(world.service.database, now=datetime.now(UTC)) == 1
    assert Counter(lead["rep_id"] for lead in await world.leads()) == {"rep-3": 1, "rep-2": 1}


async def test_alignments_by_list_account_code_brand_and_team_decide_before_a_territorys_own_codes(world: World) -> None:
    await world.put("territories", territory("key"), territory("north"), territory("cardio"))
    await world.put("accounts", account("mercy", postal_code="60614"))
    await world.put(
        "reps", rep("kay", "key"), rep("ned", "north"), rep("cora", "cardio", team="cardio"), rep("dia", "cardio", team="diabetes")
    )
    await world.put(
        "alignments",
        alignment("key", "key", include={"contact_ids": ["hcp-key"], "account_ids": ["mercy"]}, exclude={"contact_ids": ["hcp-not"]}),
        alignment("north", "north", include={"postal_codes": ["6062*"]}, brand_id=BRAND, priority=2),
        alignment("cardio", "cardio", include={"postal_codes": ["606*"]}, team="cardio", priority=3),
        alignment("diabetes", "key", include={"postal_codes": ["606*"]}, team="nobodys", priority=0),
        alignment("later", "key", include={"postal_codes": ["606*"]}, priority=0, valid_from=str(TODAY + timedelta(days=1))),
    )
    owners = [
        await assigned_to(world, "hcp-key", postal_code="99999"),
        await assigned_to(world, "hcp-mercy", account_id="mercy"),
        await assigned_to(world, "hcp-not", account_id="mercy"),
        await assigned_to(world, "hcp-north", postal_code="60625"),
        await assigned_to(world, "hcp-rest"),
    ]
    assert owners == ["kay", "kay", "cora", "ned", "cora"]
    by_contact = {lead["contact_id"]: lead["territory_id"] for lead in await world.leads()}
    assert by_contact == {"hcp-key": "key", "hcp-mercy": "key", "hcp-not": "cardio", "hcp-north": "north", "hcp-rest": "cardio"}
    assert await assigned_to(world, "hcp-chicago", postal_code="60625", country="CA") is None


async def test_a_pool_takes_turns_of_its_own_kept_from_one_lead_to_the_next_and_under_concurrency(world: World) -> None:
    await world.activate(assignment=["territory", "pool"])
    await world.put("reps", rep("pam"), rep("paul", weight=2.0))
    await world.put("pools", pool("reserve", "pam", "paul"))
    contact_ids = [f"hcp-{number}" for number in range(12)]
    await world.hear(*(contact(contact_id, postal_code="99999") for contact_id in contact_ids))
    await asyncio.gather(*(world.hear(engagement(contact_id)) for contact_id in contact_ids[:6]))
    await world.hear(*(engagement(contact_id) for contact_id in contact_ids[6:]))
    assert Counter(lead["rep_id"] for lead in await world.leads()) == {"pam": 4, "paul": 8}
    pointers = [await last_record(world, contact_id) for contact_id in contact_ids]
    assert {each["rule"] for each in pointers} == {"pool"}
    assert sorted((each["pointer_before"], each["pointer_after"]) for each in pointers) == [(n, n + 1) for n in range(12)]


async def test_who_is_away_takes_no_turn_and_hands_down_only_what_comes_by_name(world: World) -> None:
    await world.put("accounts", account("mercy", owner_rep_id="rep-1", name="Mercy Hospital"))
    await world.put("reps", rep("rep-1", "chicago", name="Rita Reyes"), rep("rep-3", "chicago"))
    await world.put("absences", absence("a-1", "rep-1", delegate_rep_id="rep-2"))
    await world.hear(*(contact(f"hcp-{number}", account_id="mercy" if number == 8 else None) for number in range(9)))
    await world.hear(*(engagement(f"hcp-{number}") for number in range(9)))
    owners = {lead["contact_id"]: lead["rep_id"] for lead in await world.leads()}
    assert owners.pop("hcp-8") == "rep-2"
    assert Counter(owners.values()) == {"rep-2": 4, "rep-3": 4}
    sentence = (await last_record(world, "hcp-8"))["sentence"]
    assert sentence.startswith("You have this lead because you stand in for Rita Reyes, who is away until ")
    assert sentence.endswith(": Mercy Hospital is their account.")


async def test_a_rep_without_working_time_before_the_clock_runs_out_takes_no_turn(world: World) -> None:
    in_two_days = {f"{datetime.now(UTC) + timedelta(days=2):%a}".lower(): [["00:00", "24:00"]]}
    await world.put("reps", rep("rep-1", "chicago", hours=in_two_days, timezone="UTC"))
    assert await assigned_to(world, "hcp-1") == "rep-2"
    record = await last_record(world, "hcp-1")
    assert {"rep_id": "rep-1", "eligible": False, "why_not": "not_at_work"} in record["candidates"]
    await world.put("reps", rep("rep-1", "chicago", hours=ALWAYS_OPEN, timezone="UTC"))
    assert {await assigned_to(world, f"hcp-{number}") for number in (2, 3)} == {"rep-1", "rep-2"}


async def test_a_new_cycle_of_who_is_away_goes_to_their_delegate(world: World) -> None:
    await world.hear(contact("hcp-1"), engagement("hcp-1"))
    before = await world.lead()
    other = "rep-2" if before["rep_id"] == "rep-1" else "rep-1"
    await world.put("reps", rep(other, active=False), rep("rep-3"))
    await world.put("absences", absence("a-1", before["rep_id"], delegate_rep_id="rep-3"))
    await world.hear(outcome(before, "no_need"), engagement("hcp-1", age=timedelta(seconds=-1)))
    assert (await world.leads())[-1]["rep_id"] == "rep-3"


async def test_the_field_force_is_read_again_only_when_it_changed(world: World) -> None:
    async def rows_read() -> bool:
        async with world.service.database.reading() as session:
            statement = standing()
            version = await session.scalar(text("SELECT field_force FROM queue_rounds"))
            await together(session, statement)
            return version not in statement.parameters["known"]

    assert [await rows_read(), await rows_read()] == [True, False]
    await world.put("reps", rep("rep-1", "chicago"))  # as it was
    assert await rows_read() is False
    await world.put("absences", absence("a-1"))
    assert [await rows_read(), await rows_read()] == [True, False]


@pytest.mark.parametrize("steps", [["territory"], ["named_account", "account_owner", "sticky", "territory", "pool"]], ids=["few", "all"])
async def test_every_kind_of_assignment_costs_the_same_whether_one_lead_comes_or_a_hundred(world: World, steps: list[str]) -> None:
    await world.activate(assignment=steps)
    await world.put("accounts", account("mercy", owner_rep_id="rep-1"))
    await world.put("pools", pool("reserve", "rep-1", "rep-2"))
    await world.put("targets", *(target(f"t-{number}", f"hcp-{number}", rep_id="rep-2") for number in range(0, 104, 3)))
    await world.put("absences", absence("a-1", "rep-1", delegate_rep_id="rep-2"))
    await world.hear(*(contact(f"hcp-{number}", account_id="mercy" if number % 2 else None) for number in range(104)))
    await world.hear(
        engagement("hcp-0"), engagement("hcp-1", "email_clicked"), *(engagement(f"hcp-{n}", "email_clicked") for n in range(2, 104))
    )
    with counting() as one:
        await world.hear(engagement("hcp-1"))
    with counting() as hundred:
        await world.hear(*(engagement(f"hcp-{number}") for number in range(2, 102)))
    assert len(await world.leads()) == 102
    assert len(hundred) == len(one)
