"""Contacts with more behind them than is read at every engagement: decided as if all of it had been."""

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import text

from routing.queries.facts import NEWEST_ROWS_MAX
from shared.events import Event
from tests.routing.test_restating import restated
from tests.routing.test_sets import statements_for
from tests.routing.world import World, contact, engagement, outcome

MANY = NEWEST_ROWS_MAX + 30
CAPPED: dict[str, Any] = {
    "fit": [],
    "engagement": [
        {"id": "page", "kinds": ["page_viewed"], "points": 1, "half_life_days": 30, "cap": 15},
        {"id": "click", "kinds": ["email_clicked"], "points": 6, "half_life_days": 30},
    ],
    "thresholds": {"fit": 0, "engagement": 20},
}


def visits(number: int, *, days: float = 0) -> list[Event]:
    return [engagement("hcp-1", "page_viewed", age=timedelta(days=days, minutes=minutes)) for minutes in range(number)]


async def counts(world: World) -> tuple[dict[str, int] | None, dict[str, int]]:
    """What the ledger says of its rows, and what there are."""
    async with world.service.database.reading() as session:
        said = await session.scalar(text("SELECT row_counts FROM ledgers WHERE contact_id = 'hcp-1'"))
        rows = await session.execute(text("SELECT rule_id, count(*) AS number FROM ledger_rows GROUP BY rule_id"))
        return said, {row.rule_id: row.number for row in rows}


async def test_a_cap_and_one_act_more_is_an_mql_as_by_the_whole_ledger(world: World) -> None:
    await world.activate(**CAPPED)
    await world.hear(contact("hcp-1"), *visits(MANY))
    assert await world.leads() == []
    assert await counts(world) == ({"page": MANY}, {"page": MANY})
    await world.hear(engagement("hcp-1", "email_clicked"))
    lead = await world.lead()
    assert lead["score"] == {"fit": 0, "engagement": 21, "grade": "C2"}
    assert len(lead["ledger"]) == MANY + 2, "every row, and what is over the cap"


async def test_what_older_rows_add_is_not_lost(world: World) -> None:
    await world.activate(**CAPPED)
    clicks = [engagement("hcp-1", "email_clicked", age=timedelta(days=20, minutes=number)) for number in range(4)]
    await world.hear(contact("hcp-1"), *clicks)
    await world.hear(*visits(MANY))
    lead = await world.lead()
    assert lead["score"]["engagement"] > 20, "15 by pages, and what is left of the clicks, none of which is among the newest rows"


async def test_what_came_while_a_lead_was_open_counts_afterwards(world: World) -> None:
    await world.activate(**CAPPED)
    await world.hear(contact("hcp-1"), *(engagement("hcp-1", "email_clicked") for _ in range(4)))
    lead = await world.lead()
    await world.hear(*visits(MANY, days=1), *visits(MANY))
    await world.hear(outcome(lead, "no_need", after=timedelta(minutes=1)))
    ended_at = datetime.fromisoformat((await world.reread(lead))["ended_at"])
    after = (ended_at - datetime.now(UTC)) - timedelta(minutes=1)
    await world.hear(*(engagement("hcp-1", "email_clicked", age=-(after + timedelta(minutes=2 + number))) for number in range(3)))
    assert len(await world.leads()) == 1, "18 points since the end"
    await world.hear(engagement("hcp-1", "email_clicked", age=-(after + timedelta(minutes=9))))
    assert [each["previous_lead_id"] for each in await world.leads()] == [None, lead["id"]]


async def test_a_restated_act_is_taken_out_of_the_count(world: World) -> None:
    await world.activate(**CAPPED)
    acts = visits(MANY)
    await world.hear(contact("hcp-1"), *acts)
    await world.hear(restated(acts[-1]), *visits(2, days=3))
    assert await counts(world) == ({"page": MANY + 1}, {"page": MANY + 1})


async def test_an_engagement_costs_as_many_statements_whatever_lies_behind_it(world: World) -> None:
    await world.activate(**CAPPED)
    await world.hear(contact("hcp-1"), contact("hcp-2"), *visits(1), engagement("hcp-2", "page_viewed"))
    few = await statements_for(world, engagement("hcp-2", "page_viewed"))
    await world.hear(*visits(4 * NEWEST_ROWS_MAX, days=1))
    many = await statements_for(world, *visits(1))
    assert len(many) == len(few)
