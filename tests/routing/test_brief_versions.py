"""Briefs follow the facts: what changes gives a new version, soon and once, and nothing invalid is recommended meanwhile."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from routing.decisions.briefs.at_a_glance import WORDS_MAX
from routing.operations.briefs.following import AFTER_MIDNIGHT, follow_approvals
from routing.operations.briefs.noticing import BETWEEN_VERSIONS, SETTLES
from routing.operations.briefs.revising import revise_outdated_briefs
from shared.events.catalog import Approval
from shared.events.contacts import Consent
from shared.events.engagements import EngagementRestated
from shared.events.feedback import ObjectionRecorded
from shared.ids import new_id
from tests.routing.test_leads_api import asset
from tests.routing.test_sets import counting
from tests.routing.world import BRAND, SALES_OPS, World, account, contact, engagement, event, opt_out, outcome, rep

TODAY = datetime.now(UTC).date()


def approval(status: str = "approved", *, days: int = 9, regions: tuple[str, ...] = ("US",)) -> Approval:
    return Approval(status=status, code="MLR-1", regions=list(regions), expires_on=TODAY + timedelta(days=days))


@pytest.fixture
async def lead(world: World) -> dict[str, Any]:
    """Of somebody who read the guide, handed over with what answers their likely objection."""
    await world.put("accounts", account("mercy"))
    await world.hear(asset("guide"), contact("hcp-1", account_id="mercy"), engagement("hcp-1", asset_id="guide"))
    return await world.lead()


async def brief(world: World, lead: dict[str, Any], **query: Any) -> dict[str, Any]:
    answer: dict[str, Any] = await world.get(f"leads/{lead['id']}/brief", **query)
    return answer


async def settle(world: World, *, after: timedelta = SETTLES) -> int:
    """Lets the background do what it would have done by then."""
    return await revise_outdated_briefs(world.service.database, now=datetime.now(UTC) + after + timedelta(seconds=1))


def codes(of: dict[str, Any]) -> list[str]:
    return [change["code"] for change in of["changes"]]


def shown(of: dict[str, Any]) -> list[str]:
    return [each["asset_id"] for likely in of["likely_objections"] for each in likely["assets"]]


async def test_the_first_version_tells_of_no_change_and_is_due_for_none(world: World, lead: dict[str, Any]) -> None:
    first = await brief(world, lead)
    assert (first["version"], first["superseded"], first["changes"], first["stage"]) == (1, False, [], "assigned")
    assert await settle(world) == 0


@pytest.mark.parametrize(
    ("becomes", "code", "reason"),
    [
        ({"approval": approval("withdrawn")}, "asset_withdrawn", "withdrawn"),
        ({"approval": approval(days=-1)}, "asset_expired", "expired"),
        ({"approval": approval(regions=("DE",))}, "asset_not_allowed_here", "not_allowed_here"),
        ({"intent": "medical"}, "asset_withdrawn", "withdrawn"),
    ],
    ids=["withdrawn", "expired", "not for this country any more", "medical now"],
)
async def test_what_may_not_be_shown_is_gone_at_once_and_soon_told_in_a_new_version(
    world: World, lead: dict[str, Any], becomes: dict[str, Any], code: str, reason: str
) -> None:
    assert shown(await brief(world, lead)) == ["guide"]
    await world.hear(asset("guide", **becomes))
    read = await brief(world, lead)
    assert (read["version"], shown(read)) == (1, [])
    assert [(each["asset_id"], each["reason"]) for each in read["withdrawn_assets"]] == [("guide", reason)]
    assert "Dosing made simple" not in read["text"].partition("Expect")[2]

    assert await settle(world) == 1
    second = await brief(world, lead)
    assert (second["version"], shown(second), second["withdrawn_assets"]) == (2, [], [])
    assert code in codes(second)
    [_, said] = await world.said("brief.issued")
    assert (said["version"], said["rep_id"]) == (2, lead["rep_id"])
    assert code in said["changes"]
    old = await brief(world, lead, version=1)
    assert (old["version"], old["superseded"], shown(old), len(old["withdrawn_assets"])) == (1, True, [], 1)


async def test_a_new_version_of_an_asset_is_shown_at_once_and_told(world: World, lead: dict[str, Any]) -> None:
    await world.hear(asset("guide", version="4", title="Dosing made simpler"))
    read = (await brief(world, lead))["likely_objections"][0]["assets"]
    assert [(each["version"], each["title"]) for each in read] == [("4", "Dosing made simpler")]
    await settle(world)
    assert codes(await brief(world, lead)) == ["asset_replaced"]


async def test_the_same_said_again_changes_nothing(world: World, lead: dict[str, Any]) -> None:
    await world.hear(asset("guide"))
    assert await settle(world) == 0
    await world.hear(contact("hcp-1", version=2, account_id="mercy"))
    assert await settle(world) == 1  # it was looked at, and nothing was found
    assert (await brief(world, lead))["version"] == 1


async def test_what_expires_by_its_date_is_looked_for_once_a_day(world: World, lead: dict[str, Any]) -> None:
    database = world.service.database
    last_day = datetime.combine(TODAY + timedelta(days=9), datetime.min.time(), UTC)
    assert await follow_approvals(database, now=last_day + timedelta(hours=23)) == 0
    next_day = last_day + timedelta(days=1) + AFTER_MIDNIGHT
    assert await follow_approvals(database, now=next_day) == 1
    assert await follow_approvals(database, now=next_day) == 0
    assert await revise_outdated_briefs(database, now=next_day + SETTLES) == 1
    [_, told] = await world.history(lead, "brief_issued")
    assert "asset_expired" in [change["code"] for change in told["details"]["changes"]]
    assert "its approval expired" in told["sentence"]


async def test_a_burst_of_acts_gives_one_version(world: World, lead: dict[str, Any]) -> None:
    await world.hear(*(engagement("hcp-1", "page_viewed", age=timedelta(seconds=number)) for number in range(5)))
    await world.hear(engagement("hcp-1", "content_downloaded", age=timedelta()))
    assert await settle(world) == 0  # one more version so soon after the first is noise
    assert await settle(world, after=BETWEEN_VERSIONS) == 1
    second = await brief(world, lead)
    assert (second["version"], codes(second)) == (2, ["engaged"])
    assert second["changes"][0]["text"].startswith("New: they downloaded material on ")
    assert second["changes"][0]["text"].endswith(", and 5 more.")
    assert await settle(world, after=2 * BETWEEN_VERSIONS) == 0


async def test_acts_that_are_no_rep_s_business_write_nothing_anew(world: World, lead: dict[str, Any]) -> None:
    await world.hear(asset("trial", intent="medical"))
    await world.hear(
        engagement("hcp-1", "email_delivered"),
        engagement("hcp-1", "page_viewed", context="medical"),
        engagement("hcp-1", "page_viewed", asset_id="trial"),
        engagement("hcp-1", "email_clicked", machine=True),
    )
    assert await settle(world, after=BETWEEN_VERSIONS) == 0
    assert (await world.reread(lead))["reason"] == "assigned"


async def test_a_stage_a_channel_and_another_description_are_told_together(world: World, lead: dict[str, Any]) -> None:
    await world.hear(outcome(lead, "contacted"))
    denied = Consent(channel="email", purpose="promotion", state="denied", at=datetime.now(UTC))
    await world.hear(contact("hcp-1", version=2, account_id="mercy", family_name="Other", consents=[denied]))
    read = await brief(world, lead)
    assert (read["version"], read["allowed_channels"]) == (1, ["in_person", "phone", "video"])  # consent doesn't wait for a version
    assert await settle(world) == 1
    second = await brief(world, lead)
    assert codes(second) == ["stage_changed", "contact_changed", "channels_changed", "next_step_changed"]
    assert second["contact"]["family_name"] == "Other"
    assert second["next_step"] == "Follow up on what you agreed."


async def test_another_owner_gets_a_version_that_says_so(world: World, lead: dict[str, Any]) -> None:
    await world.hear(outcome(lead, "rejected", reason_code="absent"))
    second = await brief(world, lead)
    assert (second["version"], codes(second)) == (2, ["owner_changed"])
    versions = await world.get(f"leads/{lead['id']}/brief/versions")
    assert [(each["version"], each["rep_id"] == lead["rep_id"]) for each in versions["items"]] == [(2, False), (1, True)]


async def test_what_was_told_anew_is_told(world: World, lead: dict[str, Any]) -> None:
    await world.hear(outcome(lead, "contacted"))
    [first] = (await brief(world, lead))["engagements"]
    carried_by = (await world.said("lead.qualified"))[0]["engagement_ids"][0]
    facts = engagement("hcp-1", engagement_id=carried_by, machine=True).fact.model_dump()
    await world.hear(
        event(
            EngagementRestated(
                **facts | {"version": 2, "cause": "evidence", "machine_evidence": ["agent"], "restated_at": datetime.now(UTC)}
            )
        )
    )
    second = await brief(world, lead)
    assert first["asset_id"] == "guide"
    assert (second["engagements"], "restated" in codes(second)) == ([], True)
    [told] = await world.history(lead, "restated")
    assert (told["details"]["score_before"]["engagement"], told["details"]["score_after"]["engagement"]) == (30, 0)
    assert told["sentence"].endswith("Engagement 30 became 0.")


async def test_nobody_is_briefed_on_a_lead_that_ended_or_that_nobody_owns(world: World, lead: dict[str, Any]) -> None:
    await world.hear(contact("hcp-1", version=2, family_name="Other"))
    await world.hear(opt_out("hcp-1", version=3))
    assert (await world.reread(lead))["stage"] == "disqualified"
    assert await settle(world) == 1
    assert (await brief(world, lead))["version"] == 1


async def test_it_is_readable_in_twenty_seconds_as_text_too(world: World, lead: dict[str, Any]) -> None:
    path = f"/v1/leads/{lead['id']}/brief"
    plain = await world.client.get(path, headers=SALES_OPS | {"Accept": "text/plain"})
    assert plain.headers["content-type"].startswith("text/plain")
    assert plain.text == (await brief(world, lead))["text"]
    assert plain.text.startswith("Ada Example, cardiology at mercy: attended the webinar")
    assert len(plain.text.split()) <= WORDS_MAX
    assert re.search(r"Reach out by \w{3} \d+ \w{3} \d\d:\d\d C[DS]T\.", plain.text), "in Chicago's time"
    both = await world.client.get(path, headers=SALES_OPS | {"Accept": "application/json, text/plain;q=0.5"})
    assert both.json()["version"] == 1
    missing = await world.client.get(path, params={"version": 2}, headers=SALES_OPS)
    assert missing.status_code == 404


async def test_the_account_is_told_with_counts_of_who_else_is_active_there(world: World) -> None:
    await world.put("accounts", account("mercy", institution_type="academic_hospital"))
    others = {"kidney-1": "nephrology", "heart-1": "cardiology", "heart-2": "cardiology", "asleep": "cardiology", "denies": "cardiology"}
    await world.hear(*(contact(name, account_id="mercy", specialty=specialty) for name, specialty in others.items()))
    await world.hear(
        *(engagement(name, "page_viewed") for name in ("kidney-1", "heart-1", "heart-2", "denies")),
        engagement("asleep", "page_viewed", age=timedelta(days=40)),
        engagement("heart-1", "page_viewed", context="medical"),
        opt_out("denies", account_id="mercy"),
        contact("hcp-1", account_id="mercy"),
        engagement("hcp-1"),
    )
    [lead] = await world.leads()
    told = (await brief(world, lead))["account"]
    assert told == {
        "account_id": "mercy",
        "name": "mercy",
        "institution_type": "academic_hospital",
        "priority": "A",
        "others": [{"specialty": "cardiology", "contacts": 2}, {"specialty": "nephrology", "contacts": 1}],
    }


async def test_medical_acts_of_others_of_the_account_are_not_counted(world: World) -> None:
    await world.put("accounts", account("mercy"))
    await world.hear(asset("trial", intent="medical"), contact("other", account_id="mercy"), contact("hcp-1", account_id="mercy"))
    await world.hear(engagement("other", "page_viewed", context="medical"), engagement("other", "page_viewed", asset_id="trial"))
    await world.hear(engagement("hcp-1"))
    assert (await brief(world, await world.lead()))["account"]["others"] == []


async def test_an_earlier_lead_is_told_with_how_it_ended(world: World, lead: dict[str, Any]) -> None:
    await world.hear(outcome(lead, "contacted"), outcome(lead, "no_need", after=timedelta(seconds=1)))
    await world.hear(engagement("hcp-1", "rep_requested", age=-timedelta(hours=1)))
    newest = (await world.leads())[-1]
    [earlier] = (await brief(world, newest))["earlier_leads"]
    assert (newest["previous_lead_id"], earlier["stage"], earlier["reason"]) == (lead["id"], "disqualified", "no_need")


async def test_what_their_specialty_objects_on_at_this_stage_is_likely(world: World, lead: dict[str, Any]) -> None:
    def heard(topic: str, contact_id: str = "hcp-1") -> Any:
        at = datetime.now(UTC)
        facts: dict[str, Any] = {"report_id": str(new_id()), "contact_id": contact_id, "brand_id": BRAND, "rep_id": "rep-1", "topic": topic}
        return event(ObjectionRecorded(**facts, nature="concern", reaction="neutral", occurred_at=at, received_at=at))

    await world.hear(heard("switching"), heard("switching"), heard("supply"))
    await world.hear(asset("guide"), contact("hcp-2"), engagement("hcp-2", asset_id="guide"))
    await world.hear(contact("hcp-3", specialty="nephrology"), contact("hcp-4"), engagement("hcp-4"))
    at_the_same_stage, earlier = (await world.leads())[1:]
    likely = (await brief(world, at_the_same_stage))["likely_objections"]
    assert [(each["topic"], each["because"]) for each in likely] == [
        ("switching", "heard 2 times in cardiology at consideration"),
        ("dosing_administration", "they read about it"),
    ]
    assert (await brief(world, earlier))["likely_objections"] == []


async def test_many_briefs_cost_as_many_statements_as_one(world: World) -> None:
    await world.hear(asset("guide"))
    await world.put("reps", rep("rep-1", "chicago"), rep("rep-2", "chicago"))
    for number in range(40):
        await world.hear(contact(f"hcp-{number}"), engagement(f"hcp-{number}", asset_id="guide"))
    await world.hear(contact("hcp-0", version=2, family_name="Other"))
    with counting() as one:
        assert await settle(world) == 1
    await world.hear(asset("guide", approval=approval("withdrawn")))
    with counting() as forty:
        assert await settle(world) == 40
    assert len(forty) == len(one)
    assert {lead["brief_version"] for lead in await world.leads()} == {2, 3}


async def test_erasing_somebody_leaves_no_brief_to_be_written_anew(world: World, lead: dict[str, Any]) -> None:
    await world.hear(outcome(lead, "contacted"))
    async with world.service.database.transaction() as session:
        await session.execute(text("DELETE FROM briefs"))
    await world.hear(contact("hcp-1", version=2, given_name=None, family_name=None))
    await settle(world)
    assert (await world.client.get(f"/v1/leads/{lead['id']}/brief", headers=SALES_OPS)).status_code == 404
