"""Contacts that are merged and parted: what they did follows, whatever the order in which routing hears of it."""

from datetime import UTC, datetime, timedelta
from itertools import permutations
from typing import Any

import pytest
from sqlalchemy import text

from routing.operations.assignment.waiting import decide_stale_ledgers
from shared.events import Event
from shared.events.feedback import ObjectionRecorded
from tests.routing.world import BRAND, World, contact, engagement, event, opt_out, outcome


async def settle(world: World) -> None:
    """Everything the background has to do is done."""
    while await decide_stale_ledgers(world.service.database, now=datetime.now(UTC)):
        pass


async def rows(world: World, query: str) -> list[tuple[Any, ...]]:
    async with world.service.database.reading() as session:
        return [tuple(row) for row in await session.execute(text(query))]


async def test_whom_a_directory_names_is_scored_with_fit_on_what_they_did_before(world: World) -> None:
    nobody_yet: dict[str, Any] = {"provisional": True, "kind": None, "specialty": None, "postal_code": None, "country": None}
    await world.hear(contact("c-1", **nobody_yet), engagement("c-1"))
    assert await world.leads() == []
    await world.hear(contact("c-1", version=2))
    lead = await world.lead()
    assert (lead["contact_id"], lead["stage"], lead["score"]["fit"], lead["score"]["engagement"]) == ("c-1", "assigned", 30, 30)


CLICKS = [engagement("old", "email_clicked"), engagement("hcp-1", "email_clicked")]
HEARD: list[Event] = [contact("hcp-1"), contact("old", version=2, merged_into="hcp-1"), *CLICKS]


@pytest.mark.parametrize("order", list(permutations(range(4))), ids=lambda order: "".join(map(str, order)))
async def test_what_a_merged_contact_did_counts_for_who_stands_for_them(world: World, order: tuple[int, ...]) -> None:
    await world.hear(*(HEARD[place] for place in order))
    await settle(world)
    lead = await world.lead()
    assert (lead["contact_id"], lead["score"]["engagement"]) == ("hcp-1", 20)
    assert await rows(world, "SELECT DISTINCT contact_id FROM ledger_rows") == [("hcp-1",)]


async def test_an_act_told_for_the_survivor_goes_back_when_they_are_parted(world: World) -> None:
    await world.hear(contact("hcp-1"), contact("old"), contact("old", version=2, merged_into="hcp-1"))
    await world.hear(engagement("hcp-1", "email_clicked", original_contact_id="old"), engagement("old", "email_clicked"))
    await settle(world)
    assert [lead["contact_id"] for lead in await world.leads()] == ["hcp-1"]
    await world.hear(contact("old", version=3))
    await settle(world)
    assert await rows(world, "SELECT contact_id, count(*) FROM ledger_rows GROUP BY contact_id") == [("old", 2)]
    assert await rows(world, "SELECT count(original_contact_id) FROM engagements") == [(0,)]
    assert {lead["contact_id"] for lead in await world.leads()} == {"hcp-1", "old"}, "parted, each stands for what they did themselves"


async def test_nothing_begins_with_a_merged_contact(world: World) -> None:
    await world.hear(contact("hcp-1", specialty="dentistry"), contact("old", merged_into="hcp-1"), engagement("old"))
    await settle(world)
    assert await world.leads() == []


async def test_a_lead_of_a_merged_contact_goes_on_and_keeps_a_second_one_from_beginning(world: World) -> None:
    await world.hear(contact("old"), engagement("old"))
    lead = await world.lead()
    await world.hear(contact("hcp-1"), contact("old", version=2, merged_into="hcp-1"), engagement("hcp-1"))
    await settle(world)
    [still] = await world.leads()
    assert (still["id"], still["rep_id"], still["score"]["engagement"]) == (lead["id"], lead["rep_id"], 60)
    await world.hear(outcome(lead, "contacted"))
    assert (await world.lead())["stage"] == "contacted"
    await world.hear(outcome(lead, "not_interested"))
    await world.hear(engagement("hcp-1"))
    await settle(world)
    assert len(await world.leads()) == 1, "what they did before the end counts no more"
    await world.hear(engagement("hcp-1", age=timedelta()))
    assert sorted((each["contact_id"], each["stage"]) for each in await world.leads()) == [("hcp-1", "assigned"), ("old", "disqualified")]


async def test_an_opt_out_told_for_both_ids_withdraws_the_leads_of_both(world: World) -> None:
    await world.hear(contact("old"), engagement("old"), contact("hcp-1"))
    await world.hear(opt_out("hcp-1"), opt_out("old", merged_into="hcp-1"))
    assert [lead["stage"] for lead in await world.leads()] == ["disqualified"]


async def test_merges_of_merges_end_with_who_stands_for_all(world: World) -> None:
    await world.hear(*(contact(one) for one in ("a", "b", "c")), engagement("a", "email_clicked"), engagement("b", "email_clicked"))
    await world.hear(contact("a", version=2, merged_into="b"))
    await world.hear(contact("b", version=2, merged_into="c"))
    await world.hear(contact("a", version=3, merged_into="c"))
    await settle(world)
    assert await rows(world, "SELECT contact_id, original_contact_id FROM engagements ORDER BY 2") == [("c", "a"), ("c", "b")]
    await world.hear(contact("b", version=3), contact("a", version=4, merged_into="b"))
    await settle(world)
    assert await rows(world, "SELECT contact_id, original_contact_id FROM engagements ORDER BY 2") == [("b", "a"), ("b", None)]
    assert await rows(world, "SELECT contact_id, count(*) FROM ledger_rows GROUP BY contact_id") == [("b", 2)]


async def two_with_a_lead_each(world: World) -> tuple[dict[str, Any], dict[str, Any]]:
    """The leads of `old`, who came first, and of `hcp-1`."""
    await world.hear(contact("old"), engagement("old"), contact("hcp-1"), engagement("hcp-1"))
    old, hcp_1 = await world.leads()
    return old, hcp_1


@pytest.mark.parametrize("told_first", ["old", "hcp-1"])
async def test_of_two_leads_of_one_person_the_one_furthest_along_goes_on(world: World, told_first: str) -> None:
    old, hcp_1 = await two_with_a_lead_each(world)
    await world.hear(outcome(hcp_1, "qualified"), outcome(old, "accepted"))
    merged = [contact("old", version=2, merged_into="hcp-1"), contact("hcp-1", version=2)]
    await world.hear(*(merged if told_first == "old" else reversed(merged)))
    kept, closed = await world.reread(hcp_1), await world.reread(old)
    assert (kept["stage"], kept["rep_id"], kept["ended_at"]) == ("sql", hcp_1["rep_id"], None)
    assert (closed["stage"], closed["merged_into_lead_id"], closed["clocks"][0]["state"]) == ("disqualified", hcp_1["id"], "ended")
    [told] = [said for said in await world.said("lead.stage_changed") if said["reason"] == "merged"]
    assert (told["lead_id"], told["rep_id"], told["merged_into_lead_id"]) == (old["id"], old["rep_id"], hcp_1["id"])
    assert (await world.get(f"leads/{old['id']}/history"))[-1]["details"] == {"lead_id": hcp_1["id"]}
    joined = (await world.get(f"leads/{hcp_1['id']}/history"))[-1]
    assert (joined["kind"], joined["details"]) == ("joined", {"lead_id": old["id"]})


async def test_of_two_leads_equally_far_the_oldest_goes_on_and_a_parting_opens_nothing_again(world: World) -> None:
    old, hcp_1 = await two_with_a_lead_each(world)
    await world.hear(contact("old", version=2, merged_into="hcp-1"))
    await settle(world)
    assert [(lead["id"], lead["stage"]) for lead in await world.leads()] == [(old["id"], "assigned"), (hcp_1["id"], "disqualified")]
    kept = await world.reread(old)
    assert kept["score"]["engagement"] == 60, "the ledgers are joined"
    await world.hear(contact("old", version=3))
    await settle(world)
    assert [(lead["id"], lead["stage"]) for lead in await world.leads()] == [(old["id"], "assigned"), (hcp_1["id"], "disqualified")]
    assert (await world.reread(old))["score"]["engagement"] == 30, "and split"


async def test_the_lead_of_a_merged_contact_is_read_and_briefed_on_all_the_person_did_and_said(world: World) -> None:
    await world.hear(contact("old"), engagement("old"), contact("hcp-1"), engagement("hcp-1", "email_clicked"))
    lead = await world.lead()
    at = datetime.now(UTC)
    for contact_id, topic in (("old", "cost_copay"), ("hcp-1", "evidence_quality")):
        heard = ObjectionRecorded(
            report_id=f"r-{contact_id}", contact_id=contact_id, brand_id=BRAND, rep_id=lead["rep_id"], topic=topic, nature="concern",
            reaction="neutral", occurred_at=at, received_at=at,
        )  # fmt: skip
        await world.hear(event(heard))
    await world.hear(contact("old", version=2, merged_into="hcp-1"))
    await world.hear(outcome(lead, "rejected", reason_code="absent"))
    brief = await world.get(f"leads/{lead['id']}/brief")
    assert {each["topic"] for each in brief["likely_objections"]} >= {"cost_copay", "evidence_quality"}
    assert sorted(each["kind"] for each in brief["engagements"]) == ["email_clicked", "webinar_attended"]
