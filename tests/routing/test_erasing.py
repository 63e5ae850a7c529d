"""Forgetting a contact here: the description and the briefs go, leads keep their codes, and nobody is sent there any more."""

from datetime import UTC, datetime

from shared.events import Event
from shared.events.erasures import ErasureOrdered
from tests.plaintext import places_of
from tests.routing.world import World, alignment, contact, engagement, event, target
from tests.tokens import authorization

WORDS = ["Zenobia", "Quillfeather", "60614"]


def described(contact_id: str, version: int = 1) -> Event:
    return contact(contact_id, version=version, given_name="Zenobia", family_name="Quillfeather")


def order(contact_id: str) -> Event:
    return event(
        ErasureOrdered(
            erasure_id="01998f80-0000-7000-8000-0000000000f1", contact_id=contact_id, ordered_at=datetime.now(UTC), seal="0" * 64
        )
    )


async def test_what_names_them_goes_and_the_lead_is_withdrawn(world: World) -> None:
    await world.put("targets", target("theirs", "hcp-1"), target("anothers", "hcp-2"))
    await world.hear(described("hcp-1"), engagement("hcp-1"))
    lead = await world.lead()
    await world.hear(order("hcp-1"))
    after = await world.reread(lead)
    assert (after["stage"], after["contact_id"], after["qualified_at"]) == ("disqualified", "hcp-1", lead["qualified_at"])
    assert await places_of(world.service.database.engine, WORDS) == set()
    brief = await world.client.get(f"/v1/leads/{lead['id']}/brief", headers=world.headers)
    assert brief.status_code == 404
    [said] = await world.said("contact.erased")
    assert (said["service"], said["contact_id"], said["erased"], said["kept"]) == (
        "routing", "hcp-1", {"contacts": 1, "briefs": 1, "targets": 1, "simulated_decisions": 0, "quarantined": 0},
        {"leads": 1, "engagements": 1},
    )  # fmt: skip


async def test_a_snapshot_that_comes_late_or_was_waiting_changes_nothing(world: World) -> None:
    await world.hear(order("hcp-1"), described("hcp-1"), described("hcp-1", version=40), engagement("hcp-1"))
    assert await places_of(world.service.database.engine, WORDS) == set()
    assert await world.leads() == [], "whoever was forgotten qualifies for nothing"


async def test_others_are_left_as_they_are_and_an_order_heard_twice_is_obeyed_once(world: World) -> None:
    await world.hear(contact("hcp-2", given_name="Bo"), engagement("hcp-2"))
    again = order("hcp-1")
    await world.hear(again, again)
    assert len(await world.said("contact.erased")) == 1
    assert (await world.lead())["stage"] == "assigned"


async def test_a_person_may_be_told_all_that_is_held_of_them(world: World) -> None:
    await world.put("targets", target("theirs", "hcp-1"), target("anothers", "hcp-2"))
    await world.put("alignments", alignment("named", include={"contact_ids": ["hcp-1"]}), alignment("other"))
    await world.hear(described("hcp-1"), engagement("hcp-1"))
    answer = await world.client.get("/v1/people/hcp-1", headers=authorization("privacy"))
    held = answer.json()["held"]
    assert held["contact"][0]["family_name"] == "Quillfeather"
    assert held["briefs"][0]["document"]["contact"]["family_name"] == "Quillfeather"
    assert [row["id"] for row in held["targets"]] == ["theirs"]
    assert [row["id"] for row in held["alignments"]] == ["named"]
    assert (len(held["leads"]), len(held["engagements"]), len(held["clocks"])) == (1, 1, 1)
