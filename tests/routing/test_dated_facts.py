"""What holds between dates: decisions see what holds now, and a date that is reached takes effect by itself."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from routing.decisions.effective import begins_at, ends_at, holds_on
from routing.operations.assignment.waiting import decide_stale_ledgers, try_waiting_leads
from routing.operations.reference.dated_facts import MARK_AGE_MAX, take_dated_facts
from routing.queries import facts
from shared.database import together
from shared.events.contacts import Licence
from tests.routing.test_sets import counting
from tests.routing.world import BRAND, World, absence, account, alignment, contact, engagement, rep, target

TODAY = datetime.now(UTC).date()
ON_PLAN = {"fit": [{"id": "decile", "field": "target.decile", "op": "gte", "value": 8, "points": 40}]}


def day(days_on: int) -> str:
    return str(TODAY + timedelta(days=days_on))


async def look(world: World, *, at: datetime) -> int:
    """Lets the background work until nothing is left to do, and returns how much took effect."""
    took = await take_dated_facts(world.service.database, now=at)
    while await decide_stale_ledgers(world.service.database, now=at) + await try_waiting_leads(world.service.database, now=at):
        pass
    return took


async def mark(world: World) -> datetime:
    async with world.service.database.reading() as session:
        looked_until: datetime = await session.scalar(text("SELECT looked_until FROM dated_facts_marks"))
        return looked_until


async def test_a_target_counts_as_soon_as_it_is_told(world: World) -> None:
    await world.activate(**ON_PLAN)
    await world.hear(contact("hcp-1"), contact("hcp-2"), engagement("hcp-1"), engagement("hcp-2"))
    assert await world.leads() == []
    await world.put("targets", target("t-1", "hcp-1"), target("t-2", "hcp-2", decile=7))
    await look(world, at=datetime.now(UTC))
    lead = await world.lead()
    assert (lead["contact_id"], lead["score"]["fit"]) == ("hcp-1", 40)


async def test_a_target_of_another_brand_or_cycle_does_not_count(world: World) -> None:
    await world.activate(**ON_PLAN)
    await world.put(
        "targets",
        target("other", brand_id="other"),
        target("past", cycle_from=day(-90), cycle_until=day(-1)),
        target("to-come", cycle_from=day(1), cycle_until=day(90)),
        target("over", valid_until=day(-1)),
        target("not-yet", valid_from=day(1)),
    )
    await world.hear(contact("hcp-1"), engagement("hcp-1"))
    assert await world.leads() == []


async def test_of_several_targets_the_one_that_began_last_stands(world: World) -> None:
    await world.put("targets", target("a", decile=1), target("b", decile=9, valid_from=day(-3)), target("c", decile=5, valid_from=day(-4)))
    async with world.service.database.reading() as session:
        [found] = await together(session, facts.targets(["hcp-1"], [BRAND], day=TODAY))
    assert found[("hcp-1", BRAND)].decile == 9


async def test_a_target_of_somebody_merged_counts_for_who_stands_for_them(world: World) -> None:
    await world.activate(**ON_PLAN)
    await world.hear(contact("hcp-1"), contact("old"), engagement("hcp-1"))
    await world.put("targets", target("t-1", "old"))
    await look(world, at=datetime.now(UTC))
    assert await world.leads() == []
    await world.hear(contact("old", version=2, merged_into="hcp-1"))
    await world.put("targets", target("t-1", "old", decile=10))
    await look(world, at=datetime.now(UTC))
    assert (await world.lead())["contact_id"] == "hcp-1"


async def test_a_cycle_that_begins_takes_effect_on_its_first_day_by_itself(world: World) -> None:
    await world.activate(**ON_PLAN)
    await world.hear(contact("hcp-1"), engagement("hcp-1"))
    await world.put("targets", target("next", cycle_from=day(3), cycle_until=day(90)))
    assert await look(world, at=datetime.now(UTC)) == 0
    assert await look(world, at=begins_at(TODAY + timedelta(days=3)) - timedelta(microseconds=1)) == 0
    assert await world.leads() == []
    assert await look(world, at=begins_at(TODAY + timedelta(days=3))) == 1
    assert (await world.lead())["contact_id"] == "hcp-1"
    assert await look(world, at=begins_at(TODAY + timedelta(days=3, hours=1))) == 0


async def test_an_account_counts_on_its_days_alone(world: World) -> None:
    await world.put("accounts", account("mercy", owner_rep_id="rep-1", valid_from=day(2)))
    await world.hear(contact("hcp-1", account_id="mercy"), engagement("hcp-1", "email_clicked"), engagement("hcp-1", "email_clicked"))
    lead = await world.lead()
    assert lead["score"]["fit"] == 30, "without the priority of the account"
    assert await look(world, at=begins_at(TODAY + timedelta(days=2))) == 1


async def test_a_rep_takes_no_leads_before_the_first_and_after_the_last_day(world: World) -> None:
    await world.put("reps", rep("rep-1", "chicago", valid_until=day(-1)), rep("rep-2", "chicago", valid_from=day(2)))
    await world.hear(contact("hcp-1"), engagement("hcp-1"))
    [waiting] = (await world.get("queue"))["items"]
    assert waiting["reason"] == "nobody_active"
    assert await look(world, at=begins_at(TODAY + timedelta(days=1))) == 0
    assert await look(world, at=begins_at(TODAY + timedelta(days=2))) == 1
    assert (await world.lead())["rep_id"] == "rep-2"


@pytest.mark.parametrize(
    ("collection", "row"),
    [
        ("reps", rep("rep-9", valid_from=day(5))),
        ("reps", rep("rep-9", valid_until=day(4))),
        ("alignments", alignment("heart", valid_from=day(5))),
        ("alignments", alignment("heart", valid_until=day(4))),
        ("absences", absence("leave", **{"from": day(5), "until": day(50)})),
        ("absences", absence("leave", **{"from": day(-50), "until": day(4)})),
        ("accounts", account("mercy", valid_until=day(4))),
    ],
)
async def test_what_begins_or_ends_has_waiting_leads_tried_once_more(world: World, collection: str, row: dict[str, Any]) -> None:
    async def round_number() -> int:
        async with world.service.database.reading() as session:
            return int(await session.scalar(text("SELECT round FROM queue_rounds")) or 0)

    await world.put(collection, row)
    before = await round_number()
    for hours, took in ((-1, 0), (0, 1), (1, 0)):
        assert await take_dated_facts(world.service.database, now=begins_at(TODAY + timedelta(days=5)) + timedelta(hours=hours)) == took
    assert await round_number() == before + 1


async def test_time_nobody_looked_in_is_caught_up(world: World) -> None:
    await world.put("reps", rep("rep-8", valid_from=day(3)), rep("rep-9", valid_from=day(30)))
    await world.put("absences", absence("leave", **{"from": day(8), "until": day(9)}))
    assert await take_dated_facts(world.service.database, now=begins_at(TODAY + timedelta(days=400))) == 3


async def test_what_is_told_while_its_date_is_reached_is_not_missed(world: World) -> None:
    """A row that is committed after others looked past its date, judged at the moment before."""
    ahead = datetime.now(UTC) + timedelta(hours=2)
    await take_dated_facts(world.service.database, now=ahead)
    begins = datetime.now(UTC) + timedelta(hours=1)
    away = {"from": begins.isoformat().replace("+00:00", "Z"), "until": (begins + timedelta(days=9)).isoformat().replace("+00:00", "Z")}
    await world.put("absences", absence("leave", **away))
    assert await take_dated_facts(world.service.database, now=ahead) == 1


async def test_looking_costs_the_same_however_much_is_kept_and_writes_nothing_while_nothing_happens(world: World) -> None:
    now = datetime.now(UTC)
    await take_dated_facts(world.service.database, now=now + MARK_AGE_MAX)
    marked = await mark(world)
    with counting() as few:
        assert await take_dated_facts(world.service.database, now=marked + timedelta(seconds=1)) == 0
    assert await mark(world) == marked
    await world.put("targets", *(target(f"t-{number}", f"hcp-{number}") for number in range(2_000)))
    await take_dated_facts(world.service.database, now=marked + timedelta(seconds=2))
    with counting() as many:
        assert await take_dated_facts(world.service.database, now=marked + timedelta(seconds=3)) == 0
    assert len(many) == len(few)


async def test_a_contacts_region_and_licences_are_kept(world: World) -> None:
    licence = Licence(authority="medical board", state="IL", valid_until=date(2030, 12, 31))
    await world.hear(contact("hcp-1", region="IL", licences=[licence]))
    async with world.service.database.reading() as session:
        row = (await session.execute(text("SELECT * FROM contacts"))).one()
    described = facts.contact_of(row)
    assert described.region == "IL"
    [kept] = described.licences
    assert (kept.authority, kept.state, kept.valid_until) == ("medical board", "IL", date(2030, 12, 31))


DAYS = st.none() | st.integers(-3, 3).map(lambda days_on: TODAY + timedelta(days=days_on))


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    periods=st.lists(st.tuples(DAYS, DAYS), min_size=1, max_size=6),
    looks=st.lists(st.integers(1, 24 * 6), min_size=1, max_size=5).map(sorted),
)
async def test_every_date_takes_effect_once_at_the_first_look_after_it(
    empty_world: World, periods: list[tuple[date | None, date | None]], looks: list[int]
) -> None:
    possible = [(first, last) for first, last in periods if first is None or last is None or first <= last]
    possible += [(None, None)] * (6 - len(possible))  # whatever another example left there
    told = datetime.now(UTC)
    rows = [
        alignment(f"a-{number}", f"t-{number}", valid_from=first and str(first), valid_until=last and str(last), priority=looks[0])
        for number, (first, last) in enumerate(possible)
    ]
    await empty_world.put("alignments", *(row | {"priority": 1_000} for row in rows))
    await empty_world.put("alignments", *rows)  # changed, so looked for from now on, whatever was looked at before
    since = told
    for hours in looks:
        now = begins_at(TODAY + timedelta(days=1)) + timedelta(hours=hours)
        boundaries = [{first and begins_at(first), last and ends_at(last)} for first, last in possible]
        reached = sum(any(moment is not None and since < moment <= now for moment in of_one) for of_one in boundaries)
        assert await take_dated_facts(empty_world.service.database, now=now) == reached
        since = max(since, now)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(periods=st.lists(st.tuples(DAYS, DAYS), min_size=1, max_size=8))
async def test_the_database_and_the_decisions_mean_the_same_by_a_date(
    empty_world: World, periods: list[tuple[date | None, date | None]]
) -> None:
    possible = [(first, last) for first, last in periods if first is None or last is None or first <= last]
    rows = [
        account(f"a-{number}", valid_from=first and str(first), valid_until=last and str(last))
        for number, (first, last) in enumerate(possible)
    ]
    await empty_world.put("accounts", *rows)
    async with empty_world.service.database.reading() as session:
        [found] = await together(session, facts.accounts([row["id"] for row in rows], day=TODAY))
    holding = {f"a-{number}" for number, (first, last) in enumerate(possible) if holds_on(TODAY, valid_from=first, valid_until=last)}
    assert set(found) == holding
