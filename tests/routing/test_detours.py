"""Leads that are recycled by hand or by their reason come back on their day, or when something new carries them, never at once."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from routing.operations.leads.detours import open_returning_leads
from tests.routing.world import SALES_OPS, World, contact, engagement, opt_out, outcome
from tests.tokens import authorization

TODAY = datetime.now(UTC).date()


@pytest.fixture
async def lead(world: World) -> dict[str, Any]:
    """A lead that was just given to one of the two reps."""
    await world.hear(contact("hcp-1"), engagement("hcp-1"))
    return await world.lead()


async def recycle(
    world: World, lead: dict[str, Any], *, status: int = 200, headers: dict[str, str] = SALES_OPS, **body: Any
) -> dict[str, Any]:
    answer = await world.client.post(f"/v1/leads/{lead['id']}/recycle", json={"reason_code": "wrong_timing"} | body, headers=headers)
    assert answer.status_code == status, answer.text
    shown: dict[str, Any] = answer.json()
    return shown


async def day_comes(world: World, *, in_days: int) -> int:
    return await open_returning_leads(world.service.database, now=datetime.now(UTC) + timedelta(days=in_days))


async def test_a_lead_is_recycled_by_hand_with_the_track_and_the_day_its_reason_says(world: World, lead: dict[str, Any]) -> None:
    shown = await recycle(world, lead)
    return_on = (TODAY + timedelta(days=90)).isoformat()
    assert (shown["stage"], shown["stage_type"], shown["track"], shown["return_on"]) == (
        "recycled",
        "inventory",
        "stay_in_touch",
        return_on,
    )
    [told] = await world.said("lead.recycled")
    assert (told["reason"], told["track"], told["return_on"], told["rep_id"]) == (
        "wrong_timing",
        "stay_in_touch",
        return_on,
        lead["rep_id"],
    )
    *_, record = await world.get(f"leads/{lead['id']}/history")
    assert (record["from"], record["to"], record["by"]) == ("assigned", "recycled", "olga")
    assert record["details"] == {"track": "stay_in_touch", "return_on": return_on}
    assert await recycle(world, lead) == shown, "the same again changes nothing"
    assert len(await world.said("lead.recycled")) == 1
    await recycle(world, lead, status=409, track="other")


async def test_what_is_said_goes_before_what_the_reason_says(world: World, lead: dict[str, Any]) -> None:
    day = (TODAY + timedelta(days=3)).isoformat()
    shown = await recycle(world, lead, track="congress", return_on=day, reason_code="never_heard_of")
    assert (shown["track"], shown["return_on"]) == ("congress", day)


async def test_a_rejection_recycles_to_the_track_of_its_reason(world: World, lead: dict[str, Any]) -> None:
    await world.hear(outcome(lead, "rejected", reason_code="too_early"))
    [told] = await world.said("lead.recycled")
    assert (told["reason"], told["track"], told["return_on"]) == ("too_early", "education", None)
    assert (await world.reread(lead))["track"] == "education"


async def test_who_may_see_a_lead_may_recycle_it_and_nobody_else(world: World, lead: dict[str, Any]) -> None:
    owner = lead["rep_id"]
    other = {"rep-1": "rep-2", "rep-2": "rep-1"}[owner]
    await recycle(world, lead, status=404, headers=authorization("rep", sub="bob", rep=other))
    await recycle(world, lead, status=403, headers=authorization("marketing", sub="max"))
    await recycle(world, lead, headers=authorization("rep", sub="ann", rep=owner))
    *_, record = await world.get(f"leads/{lead['id']}/history")
    assert record["by"] == "ann"


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"return_on": TODAY.isoformat()}, "/return_on"),
        ({"track": "Nowhere"}, "/track"),
        ({"reason_code": "x1"}, "/reason_code"),
        ({"surprise": 1}, "/surprise"),
    ],
)
async def test_a_recycling_that_cannot_be_meant_is_refused(world: World, lead: dict[str, Any], body: dict[str, Any], pointer: str) -> None:
    problem = await recycle(world, lead, status=422, **body)
    assert [error["pointer"] for error in problem["errors"]] == [pointer]


async def test_nothing_opens_at_once_because_the_old_score_is_still_high(world: World, lead: dict[str, Any]) -> None:
    await recycle(world, lead)
    await world.hear(contact("hcp-1", version=2), engagement("hcp-1", age=timedelta(minutes=1)))
    assert len(await world.leads()) == 1
    await world.hear(engagement("hcp-1", age=timedelta()))
    _, following = await world.leads()
    assert following["previous_lead_id"] == lead["id"]
    assert (await world.reread(following))["score"]["engagement"] == 30
    assert await day_comes(world, in_days=90) == 1
    assert len(await world.leads()) == 2, "who has a lead again does not come back a second time"
    assert (await world.get(f"leads/{lead['id']}/history"))[-1]["reason"] == "lead_open"


async def test_asking_for_a_rep_opens_a_new_lead_whatever_the_score(world: World, lead: dict[str, Any]) -> None:
    await recycle(world, lead)
    await world.hear(engagement("hcp-1", "rep_requested", age=timedelta()))
    _, following = await world.leads()
    assert (following["previous_lead_id"], following["stage"]) == (lead["id"], "assigned")


async def test_on_its_day_a_new_lead_opens_once_linked_to_the_old(world: World, lead: dict[str, Any]) -> None:
    await recycle(world, lead)
    assert await day_comes(world, in_days=89) == 0
    assert await day_comes(world, in_days=90) == 1
    assert await day_comes(world, in_days=91) == 0
    old, following = await world.leads()
    assert (following["previous_lead_id"], following["stage"], old["return_on"]) == (lead["id"], "assigned", None)
    first, *_ = await world.get(f"leads/{following['id']}/history")
    assert (first["kind"], first["reason"]) == ("qualified", "returned")
    *_, record = await world.get(f"leads/{lead['id']}/history")
    assert (record["kind"], record["details"]) == ("returned", {"lead_id": following["id"]})
    [told] = [said for said in await world.said("lead.qualified") if said["lead_id"] == following["id"]]
    assert (told["previous_lead_id"], told["engagement_ids"]) == (lead["id"], [])


async def test_whoever_opted_out_meanwhile_does_not_come_back(world: World, lead: dict[str, Any]) -> None:
    await recycle(world, lead)
    await world.hear(opt_out("hcp-1"))
    assert await day_comes(world, in_days=90) == 1
    assert len(await world.leads()) == 1
    *_, record = await world.get(f"leads/{lead['id']}/history")
    assert (record["kind"], record["reason"]) == ("return_passed", "consent")


async def test_a_backlog_of_days_is_caught_up_with_in_sets(world: World) -> None:
    for number in range(4):
        await world.hear(contact(f"hcp-{number}"), engagement(f"hcp-{number}"))
    for each in await world.leads():
        await recycle(world, each, return_on=(TODAY + timedelta(days=2)).isoformat())
    assert await day_comes(world, in_days=30) == 4
    assert len(await world.leads()) == 8


async def test_the_lifecycle_tells_itself(world: World) -> None:
    told = await world.get("lifecycle")
    types = {each["stage"]: each["type"] for each in told["stages"]}
    assert (types["mql"], types["assigned"], types["recycled"]) == ("gate", "sla", "inventory")
    assert {each["code"]: each["stage"] for each in told["outcomes"]}["qualified"] == "sql"
    by_reason = {(each["kind"], each["code"]): each for each in told["reasons"]}
    assert by_reason["rejection", "wrong_territory"]["effect"] == "another_rep"
    assert by_reason["rejection", "wrong_timing"]["return_after_days"] == 90
    assert by_reason["hold", "asked_to_wait"]["effect"] == "on_hold"
