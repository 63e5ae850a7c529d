"""Engagements told anew: the same ledger whatever comes first, and leads that rested on a machine."""

import random
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import text

from shared.events import Event
from shared.events.engagements import EngagementRecorded, EngagementRestated
from tests.routing.world import World, contact, engagement, event, outcome


def restated(act: Event, *, version: int = 2, machine: bool = True, **changes: Any) -> Event:
    """The engagement an event told of, told anew: a machine's, unless somebody's word says otherwise."""
    assert isinstance(act.fact, EngagementRecorded)
    fact = EngagementRestated(
        **{**act.fact.model_dump(), "machine": machine, "machine_evidence": ["every_link_burst"], **changes},
        version=version,
        restated_at=datetime.now(UTC),
        cause="evidence" if machine else "word",
    )
    return event(fact, at=act.occurred_at, correlation_id=act.correlation_id)


async def ledger(world: World) -> dict[str, Decimal]:
    async with world.service.database.reading() as session:
        rows = await session.execute(text("SELECT engagement_id, points FROM ledger_rows ORDER BY engagement_id"))
        return {row.engagement_id: row.points for row in rows}


def id_of(act: Event) -> str:
    assert isinstance(act.fact, EngagementRecorded)
    return act.fact.engagement_id


async def test_what_turns_out_to_be_a_machines_loses_its_points_and_somebodys_word_brings_them_back(world: World) -> None:
    click, other = engagement("hcp-1", "email_clicked"), engagement("hcp-1", "email_clicked")
    await world.hear(contact("hcp-1", specialty="oncology"), click, other)
    await world.hear(restated(click))
    assert await ledger(world) == {id_of(other): 10}
    await world.hear(restated(click, version=3, machine=False))
    assert await ledger(world) == {id_of(click): 10, id_of(other): 10}
    await world.hear(restated(click))
    assert len(await ledger(world)) == 2, "an earlier version told late changes nothing"


@pytest.mark.parametrize("seed", range(6))
async def test_any_order_and_any_batches_end_in_the_same_ledger(world: World, seed: int) -> None:
    chance = random.Random(seed)
    acts = [engagement("hcp-1", "email_clicked") for _ in range(4)]
    told = [
        contact("hcp-1", specialty="oncology"),
        *acts,
        restated(acts[0]),
        restated(acts[1]),
        restated(acts[1], version=3, machine=False),
        restated(acts[2], brand_id="another"),
    ]
    chance.shuffle(told)
    while told:
        size = chance.randint(1, 4)
        await world.hear(*told[:size])
        told = told[size:]
    assert await ledger(world) == {id_of(acts[1]): 10, id_of(acts[3]): 10}


async def test_a_restated_act_of_another_brand_leaves_the_ledger_it_was_in(world: World) -> None:
    click = engagement("hcp-1", "email_clicked")
    await world.hear(contact("hcp-1"), click)
    await world.hear(restated(click, machine=False, brand_id="another"))
    assert await ledger(world) == {}


async def test_a_lead_that_rested_on_a_machine_is_withdrawn_while_nobody_has_reached_out(world: World) -> None:
    act = engagement("hcp-1")
    await world.hear(contact("hcp-1"), act)
    lead = await world.lead()
    assert lead["stage"] == "assigned"

    told_anew = restated(act)
    await world.hear(told_anew)
    lead = await world.lead()
    assert lead["stage"] == "disqualified"
    history = await world.decided(lead)
    assert (history[-1]["to"], history[-1]["reason"]) == ("disqualified", "restated")
    [*_, said] = await world.said("lead.stage_changed")
    assert (said["to_stage"], said["reason"]) == ("disqualified", "restated")
    causes = [headers["ce_causationid"] for headers in await world.envelopes() if headers["ce_type"] == "lead.stage_changed"]
    assert causes[-1] == str(told_anew.id)


async def test_a_lead_somebody_works_on_keeps_its_stage_says_so_and_has_a_new_brief(world: World) -> None:
    act = engagement("hcp-1")
    await world.hear(contact("hcp-1"), act)
    lead = await world.lead()
    await world.hear(outcome(lead, "contacted"))
    await world.hear(restated(act))

    lead = await world.reread(lead)
    assert lead["stage"] == "contacted"
    history = await world.decided(lead)
    assert (history[-1]["kind"], history[-1]["reason"]) == ("restated", "outreach_began")
    brief = await world.get(f"leads/{lead['id']}/brief")
    assert (brief["version"], brief["engagements"]) == (2, [])


async def test_a_lead_that_would_have_qualified_anyhow_keeps_its_stage(world: World) -> None:
    webinar, click = engagement("hcp-1"), engagement("hcp-1", "email_clicked", age=timedelta(minutes=10))
    await world.hear(contact("hcp-1"), click, webinar)
    lead = await world.lead()
    await world.hear(restated(click))
    lead = await world.reread(lead)
    assert (lead["stage"], lead["score"]["engagement"]) == ("assigned", 30)
    history = await world.decided(lead)
    assert (history[-1]["kind"], history[-1]["reason"]) == ("restated", "still_qualified")


async def test_what_earned_nothing_before_and_after_leaves_the_lead_alone(world: World) -> None:
    opened = engagement("hcp-1", "email_opened")
    await world.hear(contact("hcp-1"), opened, engagement("hcp-1"))
    lead = await world.lead()
    before = await world.decided(lead)
    await world.hear(restated(opened))
    assert await world.decided(lead) == before
