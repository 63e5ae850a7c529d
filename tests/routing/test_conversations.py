"""While a rep is in conversation with somebody, promotional automation is told to hold; once, and until it is over."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from routing.decisions.lifecycle.conversation import GuardedLead, HandOn, Hold, Resume, conversation_of, decide_guard
from routing.decisions.lifecycle.stages import FORWARD_STAGES, LeadPosition
from tests.routing.world import World, contact, engagement, outcome

ONE, OTHER = UUID(int=1), UUID(int=2)


def guarded(stage: Any, *, lead_id: UUID = ONE, contact_id: str = "hcp-1", **changes: Any) -> GuardedLead:
    held_from = changes.pop("held_from", None)
    return GuardedLead(lead_id, contact_id, LeadPosition(stage, "ann", held_from=held_from), changes.pop("attempted", False), **changes)


@pytest.mark.parametrize("stage", FORWARD_STAGES)
def test_a_conversation_begins_with_contact_or_with_trying_after_accepting(stage: Any) -> None:
    reached = FORWARD_STAGES.index(stage) >= FORWARD_STAGES.index("contacted")
    assert conversation_of(guarded(stage)) == ("rep_in_conversation" if reached else None)
    tried = "rep_in_conversation" if reached else "outreach_begun" if stage == "accepted" else None
    assert conversation_of(guarded(stage, attempted=True)) == tried
    assert conversation_of(guarded("on_hold", held_from=stage)) == conversation_of(guarded(stage)), "a hold does not end it"


def test_automation_holds_once_whichever_lead_began_it() -> None:
    first, second = guarded("contacted", held_for=["hcp-1"]), guarded("sql", lead_id=OTHER)
    assert decide_guard([guarded("contacted")], person_id="hcp-1") == [Hold(ONE, "hcp-1", "rep_in_conversation")]
    assert decide_guard([first], person_id="hcp-1") == []
    assert decide_guard([first, second], person_id="hcp-1") == []


def test_a_person_known_by_two_ids_is_held_under_both() -> None:
    lead = guarded("contacted", contact_id="old", held_for=["old"])
    assert decide_guard([lead], person_id="hcp-1") == [Hold(ONE, "hcp-1", "rep_in_conversation")]
    closed = guarded("disqualified", lead_id=OTHER, held_for=["hcp-1"], is_merged=True)
    assert decide_guard([lead, closed], person_id="hcp-1") == [HandOn(OTHER, ONE, "hcp-1")]


def test_a_contact_that_is_somebody_else_again_is_let_go() -> None:
    lead = guarded("contacted", contact_id="old", held_for=["old", "hcp-1"])
    assert decide_guard([lead], person_id="old") == [Resume(ONE, "hcp-1", "contact_parted")]


@pytest.mark.parametrize(
    ("stage", "changes", "reason"),
    [
        ("recycled", {}, "lead_recycled"),
        ("disqualified", {}, "lead_disqualified"),
        ("disqualified", {"is_merged": True}, "lead_merged"),
        ("assigned", {}, "outreach_anew"),
    ],
)
def test_automation_may_go_on_when_it_is_over(stage: Any, changes: dict[str, Any], reason: Any) -> None:
    assert decide_guard([guarded(stage, held_for=["hcp-1"], **changes)], person_id="hcp-1") == [Resume(ONE, "hcp-1", reason)]


@pytest.fixture
async def lead(world: World) -> dict[str, Any]:
    await world.hear(contact("hcp-1"), engagement("hcp-1"))
    return await world.lead()


async def told(world: World) -> list[tuple[str, str, str]]:
    return [(said["type"], said["contact_id"], said["reason"]) for said in await world.said("nurture.held", "nurture.resumed")]


async def test_automation_is_told_once_and_again_when_the_lead_has_ended(world: World, lead: dict[str, Any]) -> None:
    await world.hear(outcome(lead, "no_answer"))
    assert await told(world) == [], "a rep who only tries has not taken the lead on"
    await world.hear(outcome(lead, "accepted", after=timedelta(microseconds=1)))
    assert await told(world) == [("nurture.held", "hcp-1", "outreach_begun")]
    await world.hear(outcome(lead, "contacted"), outcome(lead, "qualified"), outcome(lead, "meeting_held"))
    assert len(await told(world)) == 1
    await world.hear(outcome(lead, "not_interested", after=timedelta(seconds=1)))
    assert (await told(world))[1:] == [("nurture.resumed", "hcp-1", "lead_disqualified")]
    [held] = await world.said("nurture.held")
    assert (held["lead_id"], held["scope"], held["campaign_id"]) == (lead["id"], "promotional", "launch")


async def test_after_recycling_automation_goes_on_with_its_track(world: World, lead: dict[str, Any]) -> None:
    await world.hear(outcome(lead, "contacted"))
    answer = await world.client.post(f"/v1/leads/{lead['id']}/recycle", json={"reason_code": "budget_cycle"}, headers=world.headers)
    assert answer.status_code == 200, answer.text
    [resumed] = await world.said("nurture.resumed")
    assert (resumed["reason"], resumed["track"], resumed["lead_id"]) == ("lead_recycled", "stay_in_touch", lead["id"])


async def test_a_rejection_from_before_contact_holds_and_lets_go_of_nothing(world: World, lead: dict[str, Any]) -> None:
    await world.hear(outcome(lead, "rejected", reason_code="bad_data"))
    assert await told(world) == []


async def test_a_lead_that_goes_on_after_all_holds_again(world: World, lead: dict[str, Any]) -> None:
    await world.hear(outcome(lead, "accepted"), outcome(lead, "no_answer"), outcome(lead, "rejected", after=timedelta(seconds=1)))
    await world.hear(outcome(lead, "contacted"))
    assert [kind for kind, _, _ in await told(world)] == ["nurture.held", "nurture.resumed", "nurture.held"]


async def test_two_who_turn_out_to_be_one_are_held_while_either_lead_is_a_conversation(world: World) -> None:
    await world.hear(contact("old"), engagement("old"), contact("hcp-1"), engagement("hcp-1"))
    old, hcp_1 = await world.leads()
    await world.hear(outcome(old, "qualified"), outcome(hcp_1, "contacted"))
    assert [contact_id for _, contact_id, _ in await told(world)] == ["old", "hcp-1"]
    await world.hear(contact("old", version=2, merged_into="hcp-1"))
    assert len(await told(world)) == 2, "the lead that goes on holds for both"
    await world.hear(contact("old", version=3))
    assert (await told(world))[2:] == [("nurture.resumed", "hcp-1", "contact_parted")]
    await world.hear(outcome(old, "no_need", after=timedelta(seconds=1)))
    assert (await told(world))[3:] == [("nurture.resumed", "old", "lead_disqualified")]
