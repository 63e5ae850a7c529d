"""Contacts that are merged and parted: what they did follows, whatever the order in which routing hears of it."""

from datetime import UTC, datetime
from itertools import permutations
from typing import Any

import pytest
from sqlalchemy import text

from routing.operations.waiting import decide_stale_ledgers
from shared.events import Event
from tests.routing.world import World, contact, engagement, opt_out, outcome


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
