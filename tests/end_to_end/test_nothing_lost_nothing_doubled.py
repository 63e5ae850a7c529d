"""Processes are killed at the moments that hurt most; the counts must not show it."""

from collections import Counter

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from deploy.launcher.world import World
from tests.end_to_end.circle import Circle
from tests.polling import until
from tests.records import times_told


async def _rows(world: World, service: str, query: str) -> list[tuple[object, ...]]:
    engine = create_async_engine(world.database_url(service))
    try:
        async with engine.connect() as connection:
            return [tuple(row) for row in await connection.execute(text(query))]
    finally:
        await engine.dispose()


async def _settled(circle: Circle, contacts: list[str]) -> None:
    """Every contact has a lead with an owner, and reporting has counted each."""

    async def all_assigned() -> bool:
        leads = [lead for lead in await circle.leads() if lead["contact_id"] in contacts]
        return len(leads) >= len(contacts) and all(lead["rep_id"] for lead in leads)

    await until(all_assigned, seconds=40, what="every contact has an assigned lead")


async def test_a_click_becomes_a_lead_with_an_owner_a_reason_and_a_clock(circle: Circle) -> None:
    await circle.put_contacts(["click-1"])
    counts = await circle.submit_forms(["click-1"])
    assert (counts["accepted"], counts["duplicate"], counts["ignored"], counts["rejected"]) == (1, 0, 0, 0)
    await _settled(circle, ["click-1"])
    lead = await circle.lead_of("click-1")
    assert lead["stage"] == "assigned"
    assert lead["rep_id"] in {"rep-1", "rep-2"}
    assert [(clock["kind"], clock["state"]) for clock in lead["clocks"]] == [("first_outreach", "running")]
    brief = await circle.call("routing", "GET", f"/v1/leads/{lead['id']}/brief", role="rep", rep=lead["rep_id"])
    assert brief["why_this_person"]
    assert brief["why_now"]


async def test_relay_killed_between_kafkas_acknowledgement_and_its_own_commit_sends_again_and_nothing_doubles(
    world: World, circle: Circle
) -> None:
    contacts = [f"relay-{number}" for number in range(20)]
    await circle.put_contacts(contacts)

    async def contacts_left() -> bool:
        return not await _rows(world, "intake", "SELECT 1 FROM outbox LIMIT 1")

    await until(contacts_left, what="intake's outbox is empty")
    before = await circle.entered("mql")
    world.restart("intake", environment={"FULLCIRCLE_FAILPOINT": "relay.acknowledged"})
    assert (await circle.submit_forms(contacts))["accepted"] == len(contacts)
    await until(lambda: not world.is_running("intake"), what="intake is killed by its failpoint")
    assert len(await _rows(world, "intake", "SELECT 1 FROM outbox WHERE topic = 'engagements'")) == len(contacts)

    world.restart("intake")
    await _settled(circle, contacts)
    await until(contacts_left, what="intake's outbox is empty again")

    times = await times_told(world.kafka_bootstrap, "engagements", keys=set(contacts))
    assert len(times) == len(contacts)
    assert max(times.values()) == 2, "the batch was not sent again: the failpoint did not hit its moment"
    await _each_counted_once(world, circle, contacts, before)


@pytest.mark.parametrize("moment", ["consumer.applying", "consumer.applied"])
async def test_routing_killed_in_mid_batch_goes_on_with_nothing_lost_or_doubled(world: World, circle: Circle, moment: str) -> None:
    """Before its commit (the effect is rolled back) and after it but before the offset is committed (the effect is redelivered)."""
    contacts = [f"{moment.replace('.', '-')}-{number}" for number in range(20)]
    await circle.put_contacts(contacts)

    async def routing_knows_them() -> bool:
        page = await _rows(world, "routing", f"SELECT count(*) FROM contacts WHERE contact_id LIKE '{moment.replace('.', '-')}-%'")
        return page == [(len(contacts),)]

    await until(routing_knows_them, what="routing has heard of the contacts")
    before = await circle.entered("mql")
    world.restart("routing", environment={"FULLCIRCLE_FAILPOINT": moment})
    assert (await circle.submit_forms(contacts))["accepted"] == len(contacts)
    await until(lambda: not world.is_running("routing"), what="routing is killed by its failpoint")

    world.restart("routing")
    await _settled(circle, contacts)
    await _each_counted_once(world, circle, contacts, before)


async def _each_counted_once(world: World, circle: Circle, contacts: list[str], before: int) -> None:
    owners = Counter(lead["contact_id"] for lead in await circle.leads() if lead["contact_id"] in contacts)
    assert owners == Counter(contacts)
    turns = Counter(lead["rep_id"] for lead in await circle.leads() if lead["contact_id"] in contacts)
    assert max(turns.values()) - min(turns.values()) <= 1

    async def all_counted() -> bool:
        return await circle.entered("mql") >= before + len(contacts)

    await until(all_counted, what="reporting has counted every lead")
    assert await circle.entered("mql") == before + len(contacts)


async def test_webhooks_are_taken_while_kafka_is_away_and_nothing_is_lost_when_it_returns(world: World, circle: Circle) -> None:
    contacts = [f"broker-{number}" for number in range(10)]
    await circle.put_contacts(contacts)
    world.stop_kafka()
    try:
        for contact in contacts:
            assert (await circle.submit_forms([contact]))["accepted"] == 1
    finally:
        world.start_kafka()
    await _settled(circle, contacts)
    assert Counter(lead["contact_id"] for lead in await circle.leads() if lead["contact_id"] in contacts) == Counter(contacts)


async def test_a_body_posted_twice_at_once_is_counted_once(circle: Circle) -> None:
    await circle.put_contacts(["twice-1"])
    body = circle.form_body(["twice-1"])
    first, second = [(await circle.post_webhook(body)).json() for _ in range(2)]
    assert (first["accepted"], second["accepted"], second["duplicate"]) == (1, 0, 1)
    await _settled(circle, ["twice-1"])
    assert (await circle.lead_of("twice-1"))["stage"] == "assigned"
