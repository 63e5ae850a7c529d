"""A licence ends by itself: on the day after its last one its contact is decided anew."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from routing.decisions.effective import ends_at
from routing.operations.briefs.noticing import SETTLES
from routing.operations.briefs.revising import revise_outdated_briefs
from routing.operations.reference import ended_licences
from routing.operations.reference.ended_licences import take_ended_licences
from shared.events.contacts import Licence
from tests.routing.test_erasing import order
from tests.routing.test_sets import counting
from tests.routing.world import World, contact, engagement, rep

TODAY = datetime.now(UTC).date()
# Whoever is licensed in Wisconsin is somebody else's.
NOT_WISCONSIN = {"gates": [{"id": "theirs", "field": "licensed_in", "op": "eq", "value": "WI", "reason": "theirs"}]}


def licence(state: str = "IL", *, days_on: int) -> Licence:
    """One that is valid through a day from now on."""
    return Licence(authority="medical board", state=state, valid_until=TODAY + timedelta(days=days_on))


def over(days_on: int) -> datetime:
    """The first moment after that day."""
    return ends_at(TODAY + timedelta(days=days_on))


async def look(world: World, *, at: datetime) -> int:
    return await take_ended_licences(world.service.database, now=at)


async def is_next(world: World, contact_id: str = "hcp-1") -> Any:
    """In how many days a licence of the contact ends; None if none does."""
    async with world.service.database.reading() as session:
        day = await session.scalar(text("SELECT licence_ends_on FROM contacts WHERE contact_id = :contact_id"), {"contact_id": contact_id})
        return None if day is None else (day - TODAY).days


async def test_who_is_kept_out_by_a_licence_qualifies_on_the_day_after_its_last(world: World) -> None:
    await world.activate(**NOT_WISCONSIN)
    await world.hear(contact("hcp-1", licences=[licence("WI", days_on=2), licence("IL", days_on=30)]), engagement("hcp-1"))
    assert await look(world, at=over(2) - timedelta(microseconds=1)) == 0
    assert await world.leads() == []
    assert await look(world, at=over(2)) == 1
    assert (await world.lead())["contact_id"] == "hcp-1"
    assert await look(world, at=over(2) + timedelta(hours=1)) == 0
    assert await is_next(world) == 30


async def test_a_waiting_lead_waits_for_a_licence_once_the_last_one_ended(world: World) -> None:
    full = [rep("rep-1", "chicago", max_open_leads=0), rep("rep-2", "chicago", max_open_leads=0)]
    await world.put("reps", *full)
    await world.hear(contact("hcp-1", licences=[licence(days_on=0), licence("WI", days_on=9)]), engagement("hcp-1"))
    reasons = []
    for at in (over(0), over(9)):
        assert await look(world, at=at) == 1
        [waiting] = (await world.get("queue"))["items"]
        reasons.append(waiting["reason"])
    assert reasons == ["all_full", "no_licence"]
    assert (await world.history(await world.lead(), "waiting"))[-1]["reason"] == "no_licence"


async def test_an_open_lead_stays_with_its_rep_and_its_brief_is_looked_at(world: World) -> None:
    await world.activate(gates=[{"id": "licence", "licence": {"states": ["IL"]}, "reason": "unlicensed"}])
    await world.hear(contact("hcp-1", region="IL", licences=[licence(days_on=1)]), engagement("hcp-1"))
    lead = await world.lead()
    assert await look(world, at=over(1)) == 1
    after = await world.reread(lead)
    assert (after["stage"], after["rep_id"]) == ("assigned", lead["rep_id"])
    assert await revise_outdated_briefs(world.service.database, now=over(1) + SETTLES) == 1


async def test_a_closed_gate_lets_nobody_back_in(world: World) -> None:
    """What they did while the licence was valid was too little; the gate is closed when it would have been enough."""
    await world.activate(gates=[{"id": "licence", "licence": {"states": ["IL"]}, "reason": "unlicensed"}])
    await world.hear(contact("hcp-1", region="IL", licences=[licence(days_on=-1)]), engagement("hcp-1"))
    assert await world.leads() == []
    await world.hear(contact("hcp-1", version=2, region="IL", licences=[licence(days_on=0)]))
    assert (await world.lead())["contact_id"] == "hcp-1"


async def test_a_licence_that_was_renewed_or_forgotten_has_no_day(world: World) -> None:
    await world.hear(*(contact(f"hcp-{number}", licences=[licence(days_on=1)]) for number in range(3)))
    await world.hear(contact("hcp-0", version=2, licences=[licence(days_on=400)]), contact("hcp-1", version=2), order("hcp-2"))
    assert await look(world, at=over(1)) == 0
    assert [await is_next(world, f"hcp-{number}") for number in range(3)] == [400, None, None]


async def test_time_nobody_looked_in_is_caught_up_at_once(world: World) -> None:
    await world.hear(contact("hcp-1", licences=[licence("WI", days_on=1), licence("IL", days_on=5), licence("MN", days_on=50)]))
    assert await look(world, at=over(20)) == 1
    assert await is_next(world) == 50


async def test_what_is_told_of_a_day_that_is_over_needs_no_look(world: World) -> None:
    await world.hear(contact("hcp-1", licences=[licence(days_on=-3)]))
    assert await is_next(world) is None


async def test_many_that_end_on_one_day_are_taken_some_at_a_time(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ended_licences, "CONTACTS_AT_ONCE", 2)
    await world.hear(*(contact(f"hcp-{number}", licences=[licence(days_on=number % 2)]) for number in range(5)))
    assert [await look(world, at=over(1)) for _ in range(4)] == [2, 2, 1, 0]


async def test_a_contact_somebody_else_decides_about_is_taken_when_they_are_free(world: World) -> None:
    await world.hear(contact("hcp-1", licences=[licence(days_on=0)]), contact("hcp-2", licences=[licence(days_on=0)]))
    async with world.service.database.transaction() as session:
        await session.execute(text("SELECT FROM contacts WHERE contact_id = 'hcp-1' FOR UPDATE"))
        assert await look(world, at=over(0)) == 1
        assert await look(world, at=over(0)) == 0
    assert await look(world, at=over(0)) == 1


async def test_a_look_costs_the_same_for_one_and_for_a_hundred_and_one_statement_for_none(world: World) -> None:
    await world.activate(**NOT_WISCONSIN)
    ends = [0, *[1] * 100]
    await world.hear(*(contact(f"hcp-{number}", licences=[licence("WI", days_on=days_on)]) for number, days_on in enumerate(ends)))
    await world.hear(*(engagement(f"hcp-{number}") for number in range(len(ends))))
    sent = []
    for at, taken in ((over(-1), 0), (over(0), 1), (over(1), 100)):
        with counting() as statements:
            assert await look(world, at=at) == taken
        sent.append(len(statements))
    assert sent[1] == sent[2]
    assert sent[0] == 1
    assert len(await world.leads()) == 101


async def test_what_ended_is_found_by_an_index(world: World) -> None:
    async with world.service.database.transaction() as session:
        await session.execute(text("SET LOCAL enable_seqscan = off"))
        plan = await session.scalars(text(f"EXPLAIN {ended_licences.ENDED.text}"), {"day": TODAY, "at_once": 1})
        assert "ix_contacts_licence_ends_on_licensed" in "\n".join(plan)
