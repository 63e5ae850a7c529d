"""Where contacts stand with a brand by what they took in, over the real database: whatever comes first, and whatever is told anew."""

import random
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from routing.operations.assignment.waiting import decide_stale_ledgers
from routing.operations.ledgers.content import reconsider_content
from shared.events import Event
from shared.events.catalog import Approval, AssetSnapshot
from shared.events.engagements import EngagementRecorded
from tests.routing.test_restating import restated
from tests.routing.world import BRAND, POLICY, World, contact, engagement, event, outcome

NOW = datetime.now(UTC)
BY_STAGE: dict[str, Any] = {
    "fit": [],
    "engagement": [
        {"id": "deep", "kinds": ["page_viewed"], "stages": ["consideration"], "points": 4, "half_life_days": 9, "max_per_day": 2}
    ],
    "readiness": [{"id": "asked", "kinds": ["rep_requested"]}],
    "thresholds": {"fit": 0, "engagement": 1_000},
    "grades": {"engagement": [5]},
}


def asset(asset_id: str, stage: str, *, version: str = "1", at: datetime = NOW, **changes: Any) -> Event:
    facts: dict[str, Any] = {
        "asset_id": asset_id,
        "version": version,
        "brand_id": BRAND,
        "title": asset_id,
        "kind": "page",
        "topics": [],
        "journey_stage": stage,
        "intent": "promotional",
        "claims": [],
        "answers": [],
        "approval": Approval(status="approved", code="X-1", regions=["US"], expires_on=date(2099, 1, 1)),
        "keys": [],
    }
    return event(AssetSnapshot(**facts | changes), at=at)


def visit(minutes: int, asset_id: str | None = "guide", **changes: Any) -> Event:
    return engagement("hcp-1", "page_viewed", age=timedelta(minutes=minutes), asset_id=asset_id, **changes)


def id_of(act: Event) -> str:
    assert isinstance(act.fact, EngagementRecorded)
    return act.fact.engagement_id


async def settle(world: World) -> None:
    """All background work that what was heard asks for."""
    while await reconsider_content(world.service.database, now=NOW) or await decide_stale_ledgers(world.service.database, now=NOW):
        pass


async def ledger(world: World) -> tuple[Any, ...]:
    """Everything routing keeps of what hcp-1 did."""
    async with world.service.database.reading() as session:
        rows = await session.execute(text("SELECT engagement_id, rule_id, points, occurred_at FROM ledger_rows ORDER BY 1, 2"))
        known = ("journey_stage", "journey_since", "journey_engagement_id", "asked_at", "asked_engagement_id", "confirmed")
        heads = await session.execute(text(f"SELECT contact_id, brand_id, {', '.join(known)} FROM ledgers ORDER BY 1, 2"))
        return rows.all(), [tuple(map(str, row)) for row in heads]


@pytest.mark.parametrize("seed", range(6))
async def test_late_repeated_reordered_and_restated_engagements_end_as_the_tidy_history(world: World, seed: int) -> None:
    chance = random.Random(seed)
    await world.activate(**BY_STAGE)
    first, second, third, machine = (visit(minutes) for minutes in (50, 40, 30, 20))
    asked = engagement("hcp-1", "rep_requested", age=timedelta(minutes=10))
    tidy = [
        contact("hcp-1"), asset("guide", "consideration"), asset("flyer", "awareness"),
        visit(60, "flyer"), first, second, third, asked,
    ]  # fmt: skip
    told = [*tidy, machine, restated(machine), first, asked]
    chance.shuffle(told)
    while told:
        size = chance.randint(1, 4)
        await world.hear(*told[:size])
        told = told[size:]
        if chance.random() < 0.3:
            await settle(world)
    await settle(world)
    rows, heads = await ledger(world)
    assert [row.engagement_id for row in rows] == sorted(map(id_of, (first, second, third)))
    assert heads == [
        ("hcp-1", BRAND, "sales_engagement", str(asked.occurred_at), id_of(asked), str(asked.occurred_at), id_of(asked), heads[0][7])
    ]
    assert id_of(asked) in heads[0][7]


async def test_content_stated_after_it_was_taken_in_counts_as_if_it_had_been_known(world: World) -> None:
    await world.activate(**BY_STAGE)
    act = visit(5)
    await world.hear(contact("hcp-1"), act)
    assert (await ledger(world))[1][0][2] == "awareness"
    await world.hear(asset("guide", "consideration"))
    await settle(world)
    rows, heads = await ledger(world)
    assert ([row.engagement_id for row in rows], heads[0][2]) == ([id_of(act)], "consideration")
    await world.hear(asset("guide", "awareness", version="2", at=NOW + timedelta(seconds=1)))
    await settle(world)
    rows, heads = await ledger(world)
    assert (rows, heads[0][2]) == ([], "awareness"), "it was stated for the wrong stage"


async def test_what_is_restated_as_a_machines_takes_its_stage_away(world: World) -> None:
    await world.hear(contact("hcp-1"), asset("guide", "consideration"), asset("flyer", "awareness"))
    read, flew = visit(5), visit(10, "flyer")
    await world.hear(flew, read)
    assert (await ledger(world))[1][0][2:5] == ("consideration", str(read.occurred_at), id_of(read))
    await world.hear(restated(read))
    assert (await ledger(world))[1][0][2:5] == ("awareness", str(flew.occurred_at), id_of(flew))


async def test_medical_content_shows_no_stage(world: World) -> None:
    await world.hear(contact("hcp-1"), asset("guide", "consideration", intent="medical"), visit(5, context="medical"))
    assert (await ledger(world))[1][0][2] == "None"


async def test_a_lead_shows_its_journey_and_its_events_name_it(world: World) -> None:
    act = engagement("hcp-1", asset_id="talk")
    await world.hear(contact("hcp-1"), asset("talk", "consideration"), act)
    lead = await world.lead()
    since = act.occurred_at.isoformat().replace("+00:00", "Z")
    assert lead["journey_stage"] == {"stage": "consideration", "since": since, "engagement_id": id_of(act)}
    assert [said.get("journey_stage") for said in await world.said("lead.qualified", "lead.stage_changed")] == ["consideration"] * 3


async def test_who_asks_becomes_an_sql_candidate_and_history_says_by_what(world: World) -> None:
    assert POLICY["readiness"] == [{"id": "asked", "kinds": ["rep_requested"]}]
    await world.hear(contact("hcp-1"), engagement("hcp-1"))
    lead = await world.lead()
    assert lead["sql_candidate"] is None
    asked = engagement("hcp-1", "rep_requested")
    await world.hear(asked, asked)
    lead = await world.lead()
    assert (lead["sql_candidate"]["readiness"], lead["sql_candidate"]["engagement_id"]) == ("asked", id_of(asked))
    told = [(record["kind"], record["reason"]) for record in await world.get(f"leads/{lead['id']}/history")]
    assert told.count(("sql_candidate", "asked")) == 1
    await world.hear(restated(asked))
    lead = await world.lead()
    assert lead["sql_candidate"] is None
    assert [(record["kind"], record["reason"]) for record in await world.get(f"leads/{lead['id']}/history")][-1] == (
        "no_sql_candidate",
        "restated",
    )


async def test_a_lead_may_begin_as_an_sql_candidate_and_the_next_cycle_needs_another_act(world: World) -> None:
    await world.hear(contact("hcp-1"), engagement("hcp-1", "rep_requested"), engagement("hcp-1"))
    lead = await world.lead()
    assert lead["sql_candidate"]["readiness"] == "asked"
    assert [said["sql_candidate"] for said in await world.said("lead.qualified")] == [True]
    await world.hear(outcome(lead, "not_interested", after=timedelta(minutes=1)))
    later = timedelta(minutes=-3)
    await world.hear(engagement("hcp-1", age=later))
    second = (await world.leads())[-1]
    assert (second["previous_lead_id"], second["sql_candidate"]) == (lead["id"], None)
