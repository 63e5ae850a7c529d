"""Briefs follow what they rest on: answers that come, go and change, campaigns, policies, accounts, and what confirmed intent."""

from datetime import UTC, datetime, time, timedelta
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from routing.operations.assignment.waiting import decide_stale_ledgers
from routing.operations.briefs import following
from routing.operations.briefs.following import AFTER_MIDNIGHT, follow_approvals
from routing.operations.briefs.noticing import BETWEEN_VERSIONS, SETTLES
from routing.operations.briefs.revising import revise_outdated_briefs
from shared.database import Statement, together
from shared.events import Event
from shared.events.engagements import EngagementRestated
from shared.events.feedback import ObjectionRecorded
from shared.ids import new_id
from tests.routing.test_brief_versions import TODAY, approval, brief, codes, settle, shown
from tests.routing.test_leads_api import asset, campaign
from tests.routing.test_sets import counting
from tests.routing.world import BRAND, POLICY, World, account, contact, engagement, event

PATIENTLY = BETWEEN_VERSIONS
MIGRATION = Path(__file__).parents[2] / "services/routing/migrations/versions/0014_what_briefs_rest_on.py"


@pytest.fixture
async def lead(world: World) -> dict[str, Any]:
    """Of somebody who read the guide, and whose likely objection nothing answers."""
    await world.put("accounts", account("mercy"))
    await world.hear(asset("guide", answers=[]), contact("hcp-1", account_id="mercy"), engagement("hcp-1", asset_id="guide"))
    return await world.lead()


async def test_the_first_answer_to_a_likely_objection_gives_a_version_that_says_so(world: World, lead: dict[str, Any]) -> None:
    assert "no approved answer" in (await brief(world, lead))["text"]
    await world.hear(asset("answer", title="Dosing by weight"))
    assert await settle(world) == 0  # the rep has a version that is new already
    assert await settle(world, after=PATIENTLY) == 1
    second = await brief(world, lead)
    assert (second["version"], shown(second)) == (2, ["answer"])
    assert second["changes"] == [{"code": "asset_added", "text": 'A new answer to dosing administration: "Dosing by weight".'}]
    assert 'show "Dosing by weight"' in second["text"]
    assert (await world.said("brief.issued"))[-1]["changes"] == ["asset_added"]
    await world.hear(asset("answer", title="Dosing by weight"))
    assert await settle(world, after=3 * PATIENTLY) == 0, "the same said again concerns nobody"


@pytest.mark.parametrize(
    ("becomes", "change"),
    [
        ({"title": "Simple"}, {"code": "asset_retitled", "text": '"Dosing made simple" is called "Simple" now.'}),
        ({"approval": approval(days=40)}, "asset_dates_changed"),
        ({"answers": []}, {"code": "asset_no_answer", "text": '"Dosing made simple" is no answer to dosing administration any more.'}),
        ({"version": "4", "title": "Simple"}, {"code": "asset_replaced", "text": 'Show "Simple" in its new version 4.'}),
    ],
    ids=["another title", "valid longer", "no answer any more", "another version"],
)
async def test_what_changes_of_what_it_shows_is_told(world: World, lead: dict[str, Any], becomes: dict[str, Any], change: Any) -> None:
    await world.hear(asset("answer"))
    await settle(world, after=PATIENTLY)
    await world.hear(asset("answer", **becomes))
    assert await settle(world) == 1
    third = await brief(world, lead)
    assert third["version"] == 3
    assert third["changes"] == [change] if isinstance(change, dict) else codes(third) == [change]


@pytest.mark.parametrize(
    "stated",
    [
        pytest.param({"answers": ["supply"]}, id="an answer to what nobody expects"),
        pytest.param({"brand_id": "other"}, id="another brand's"),
        pytest.param({"intent": "medical"}, id="medical"),
        pytest.param({"approval": approval("in_review")}, id="not approved"),
        pytest.param({"approval": approval(days=-1)}, id="expired"),
    ],
)
async def test_what_no_brief_could_show_has_none_looked_at(world: World, lead: dict[str, Any], stated: dict[str, Any]) -> None:
    await world.hear(asset("answer", **stated))
    assert await settle(world, after=PATIENTLY) == 0
    assert (await brief(world, lead))["version"] == 1


async def test_what_is_approved_elsewhere_gives_no_version_until_it_is_here(world: World, lead: dict[str, Any]) -> None:
    await world.hear(asset("answer", approval=approval(regions=("DE",))))
    assert await settle(world, after=PATIENTLY) == 1  # it was looked at, and nothing was found
    assert (await brief(world, lead))["version"] == 1
    await world.hear(asset("answer", approval=approval(regions=("DE", "US"))))
    assert await settle(world, after=PATIENTLY) == 1
    assert codes(await brief(world, lead)) == ["asset_added"]


async def test_what_was_read_is_told_by_its_name_as_soon_as_that_is_known(world: World, lead: dict[str, Any]) -> None:
    await world.hear(engagement("hcp-1", "content_downloaded", asset_id="flyer"))
    assert await settle(world, after=PATIENTLY) == 1
    await world.hear(asset("flyer", title="Flyer", answers=[], topics=[]))
    assert await settle(world, after=2 * PATIENTLY) == 1
    third = await brief(world, lead)
    assert third["engagements"][0]["title"] == "Flyer"
    assert third["changes"] == [{"code": "asset_retitled", "text": 'What they took in is known now: "Flyer".'}]


async def test_an_end_by_date_concerns_those_who_show_the_asset_alone(world: World, lead: dict[str, Any]) -> None:
    await world.hear(asset("guide", answers=[], approval=approval(days=1)), asset("answer", approval=approval(days=2)))
    await settle(world, after=PATIENTLY)
    assert shown(await brief(world, lead)) == ["answer"]
    for days, ended, looked_at in ((2, 1, 0), (3, 1, 1)):
        morning = datetime.combine(TODAY + timedelta(days=days), time(), UTC) + AFTER_MIDNIGHT
        assert await follow_approvals(world.service.database, now=morning) == ended
        assert await revise_outdated_briefs(world.service.database, now=morning + SETTLES) == looked_at
    [*_, told] = await world.history(lead, "brief_issued")
    assert [change["code"] for change in told["details"]["changes"]] == ["asset_expired"]


async def test_many_assets_at_once_cost_as_many_statements_as_one_and_give_each_brief_one_version(world: World) -> None:
    await world.hear(asset("guide", answers=[]), *(contact(f"hcp-{number}") for number in range(30)))
    await world.hear(*(engagement(f"hcp-{number}", asset_id="guide") for number in range(30)))
    with counting() as one:
        await world.hear(asset("answer"))
    with counting() as many:
        await world.hear(*(asset(f"answer-{number}", approval=approval(days=number)) for number in range(300)))
    assert len(many) == len(one) < 20
    for number in range(300, 330):  # and so if they come one by one
        await world.hear(asset(f"answer-{number}", approval=approval(days=number)))
    assert await settle(world) == 0
    with counting() as revising:
        assert await settle(world, after=PATIENTLY) == 30
    assert len(revising) < 30
    leads = await world.leads()
    assert {each["brief_version"] for each in leads} == {2}
    assert shown(await brief(world, leads[0])) == ["answer-329", "answer-328", "answer-327"]
    assert await settle(world, after=3 * PATIENTLY) == 0


async def test_whom_a_change_concerns_is_found_by_an_index(world: World, lead: dict[str, Any]) -> None:
    wanted = {"soon": [], "keys": ["expects cardiolex supply"], "due_at": datetime.now(UTC), "between_versions": BETWEEN_VERSIONS}
    explained = Statement(f"EXPLAIN {following._OUTDATE}", wanted, lambda rows: "\n".join(row[0] for row in rows))
    async with world.service.database.transaction() as session:
        await session.execute(
            text(
                """
                INSERT INTO leads SELECT filled.* FROM leads CROSS JOIN generate_series(1, 5000) AS number CROSS JOIN LATERAL
                    jsonb_populate_record(leads, jsonb_build_object('id', gen_random_uuid(), 'contact_id', 'other-' || number)) AS filled
                """
            )
        )
        await session.execute(text("SELECT gin_clean_pending_list('ix_leads_brief_rests_on_owned')"))
        await session.execute(text("ANALYZE leads"))
        [plan] = await together(session, explained)
    assert "ix_leads_brief_rests_on_owned" in plan


async def test_briefs_from_before_know_what_they_rest_on(world: World, lead: dict[str, Any]) -> None:
    """The migration reads it out of the newest version as it is stored."""
    spec = spec_from_file_location("migration", MIGRATION)
    assert spec is not None
    assert spec.loader is not None
    migration = module_from_spec(spec)
    spec.loader.exec_module(migration)
    await world.hear(asset("answer"))
    await settle(world, after=PATIENTLY)
    async with world.service.database.transaction() as session:
        written = list(await session.scalars(text("SELECT unnest(brief_rests_on) FROM leads")))
        await session.execute(text("UPDATE leads SET brief_rests_on = '{}'"))
        await session.execute(text(migration.OF_BRIEFS_FROM_BEFORE))
        read = list(await session.scalars(text("SELECT unnest(brief_rests_on) FROM leads")))
    assert sorted(read) == sorted(written)
    assert len(read) == 4, "shows, tells of, expects, follows"


async def test_a_brief_tells_what_its_campaign_asks_for_and_follows_it(world: World, lead: dict[str, Any]) -> None:
    assert (await brief(world, lead))["campaign"] is None
    await world.hear(campaign())
    assert await settle(world, after=PATIENTLY) == 1
    second = await brief(world, lead)
    asked = {"campaign_id": "launch", "name": "Launch", "call_guide": "guide 7", "meeting_ask": "a short visit"}
    assert (second["campaign"], codes(second)) == (asked, ["campaign_changed", "next_step_changed"])
    assert second["next_step"].endswith("Use the call guide: guide 7. Ask for the meeting: a short visit.")
    await world.hear(campaign())
    assert await settle(world, after=2 * PATIENTLY) == 0
    await world.hear(campaign(name="Relaunch", activation={"call_guide": "guide 8"}))
    assert await settle(world, after=2 * PATIENTLY) == 1
    third = await brief(world, lead)
    assert third["campaign"] == {**asked, "name": "Relaunch", "call_guide": "guide 8", "meeting_ask": None}
    assert third["changes"][0] == {"code": "campaign_changed", "text": 'The campaign "Relaunch" asks for: call guide guide 8.'}


async def test_another_campaign_s_change_concerns_nobody_else(world: World, lead: dict[str, Any]) -> None:
    await world.hear(campaign(campaign_id="spring"))
    assert await settle(world, after=PATIENTLY) == 0
    assert (await brief(world, lead))["version"] == 1


async def test_who_confirms_intent_is_told_soon_as_an_sql_candidate_with_the_reason(world: World, lead: dict[str, Any]) -> None:
    first = await brief(world, lead)
    assert (first["sql_candidate"], first["readiness"]) == (False, None)
    asked = engagement("hcp-1", "rep_requested", age=timedelta())
    await world.hear(asked)
    assert await settle(world) == 1
    second = await brief(world, lead)
    assert (second["sql_candidate"], second["readiness"]) == (True, "asked")
    assert second["text"].splitlines()[1].startswith("Why them: SQL candidate (asked), ")
    assert {"code": "sql_candidate", "text": "They are an SQL candidate now: asked."} in second["changes"]
    said = (await world.said("brief.issued"))[-1]
    assert (said["sql_candidate"], said["readiness"]) == (True, "asked")
    facts = asked.fact.model_dump() | {"version": 2, "machine": True, "cause": "evidence", "machine_evidence": ["agent"]}
    await world.hear(event(EngagementRestated(**facts, restated_at=datetime.now(UTC))))
    await settle(world, after=PATIENTLY)
    third = await brief(world, lead)
    assert (third["sql_candidate"], third["readiness"], "no_sql_candidate" in codes(third)) == (False, None, True)


async def test_another_policy_or_account_is_told_by_the_background_that_decides_anew(world: World, lead: dict[str, Any]) -> None:
    await world.put("accounts", account("mercy", name="Mercy West"))
    await decide_stale_ledgers(world.service.database, now=datetime.now(UTC))
    assert await settle(world, after=PATIENTLY) == 1
    assert codes(await brief(world, lead)) == ["account_changed"]
    await world.activate(fit=[POLICY["fit"][0] | {"points": 31}])
    await decide_stale_ledgers(world.service.database, now=datetime.now(UTC))
    assert await settle(world, after=2 * PATIENTLY) == 1
    assert codes(await brief(world, lead)) == ["fit_changed"]
    assert await settle(world, after=3 * PATIENTLY) == 0


async def test_an_objection_counts_for_the_stage_they_were_at_when_it_was_heard(world: World) -> None:
    def heard(topic: str) -> Event:
        at = datetime.now(UTC)
        facts: dict[str, Any] = {"report_id": str(new_id()), "contact_id": "hcp-1", "brand_id": BRAND, "rep_id": "rep-1", "topic": topic}
        return event(ObjectionRecorded(**facts, nature="concern", reaction="neutral", occurred_at=at, received_at=at))

    await world.hear(asset("guide", topics=[], answers=[]), contact("hcp-1"), engagement("hcp-1"))
    assert (await brief(world, await world.lead()))["journey_stage"] == "awareness"
    await world.hear(engagement("hcp-1", "page_viewed", asset_id="guide"))  # no new version tells of it yet
    await world.hear(heard("switching"), heard("switching"))
    await world.hear(contact("hcp-2"), engagement("hcp-2", asset_id="guide"), contact("hcp-3"), engagement("hcp-3"))
    _, at_the_same_stage, earlier = await world.leads()
    likely = (await brief(world, at_the_same_stage))["likely_objections"]
    assert [each["because"] for each in likely] == ["heard 2 times in cardiology at consideration"]
    assert (await brief(world, earlier))["likely_objections"] == []
