"""What the API shows of leads, to whom."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from routing.operations.clocks.ticking import tick_clocks
from shared.events import Event
from shared.events.catalog import Approval, AssetSnapshot, CampaignSnapshot
from shared.ids import new_id
from tests.polling import until
from tests.routing.world import BRAND, SALES_OPS, World, account, contact, engagement, event, outcome, rep, territory
from tests.tokens import authorization

CLOCK_FIELDS = {
    "kind", "state", "started_at", "due_at", "warned_at", "breached_at", "escalated_at", "met_at", "late_seconds", "paused_at",
    "paused_until", "ended_at", "reason", "reroutes", "holidays",
}  # fmt: skip
RECORD_FIELDS = {
    "at", "kind", "from", "to", "reason", "policy_version", "rule", "candidates", "passed_steps", "pointer_before", "pointer_after",
    "sentence", "details", "by",
}  # fmt: skip


def asset(asset_id: str, **changes: Any) -> Event:
    facts: dict[str, Any] = {
        "asset_id": asset_id,
        "version": "3",
        "brand_id": BRAND,
        "title": "Dosing made simple",
        "kind": "guide",
        "topics": ["dosing_administration"],
        "journey_stage": "consideration",
        "intent": "promotional",
        "answers": ["dosing_administration"],
        "approval": Approval(status="approved", code="MLR-1", regions=["US"], expires_on=datetime.now(UTC).date() + timedelta(days=9)),
    }
    return event(AssetSnapshot(**facts | changes))


def campaign(**changes: Any) -> Event:
    day = datetime.now(UTC).date()
    facts: dict[str, Any] = {
        "campaign_id": "launch",
        "brand_id": BRAND,
        "indication": "hypertension",
        "name": "Launch",
        "stage_goal": "sales_engagement",
        "activation": {"call_guide": "guide 7", "meeting_ask": "a short visit"},
        "starts_on": day,
        "ends_on": day,
        "owner": "maria",
    }
    return event(CampaignSnapshot(**facts | changes))


async def test_a_lead_is_shown_whole(world: World) -> None:
    await world.hear(contact("hcp-1"), engagement("hcp-1"))
    lead = await world.lead()
    assert set(lead) == {
        "id", "contact_id", "brand_id", "kind", "stage", "score", "rep_id", "territory_id", "region", "campaign_id", "policy_version",
        "qualified_at", "assigned_at", "ended_at", "waiting_since", "waiting_reason", "previous_lead_id", "clocks", "ledger", "reason",
        "reason_at", "brief_version", "stage_type", "held_from", "held_until", "track", "return_on", "merged_into_lead_id", "meeting_at",
        "journey_stage", "sql_candidate",
    }  # fmt: skip
    assert UUID(lead["id"]).version == 7
    assert lead["kind"] == "off_plan"
    assert [set(clock) for clock in lead["clocks"]] == [CLOCK_FIELDS]
    assert lead["qualified_at"].endswith("Z")


async def test_a_brief_says_why_this_person_why_now_and_what_to_show(world: World) -> None:
    await world.put("accounts", account("mercy"))
    await world.hear(asset("guide"), asset("expired", approval=Approval(status="expired", code="x", expires_on="2020-01-01")), campaign())
    await world.hear(contact("hcp-1", account_id="mercy"), engagement("hcp-1", asset_id="guide"))
    lead = await world.lead()

    brief = await world.get(f"leads/{lead['id']}/brief")
    assert set(brief) == {
        "version", "contact", "why_this_person", "why_now", "engagements", "journey_stage", "topics", "likely_objections", "next_step",
        "allowed_channels", "clock", "superseded", "issued_at", "headline", "text", "stage", "fit", "urgency", "urgency_figures", "account",
        "earlier_leads", "withdrawn_assets", "changes", "kind", "sql_candidate",
        "readiness", "campaign", "meeting_at",
    }  # fmt: skip
    assert brief["contact"]["family_name"] == "Example"
    assert brief["contact"]["account_name"] == "mercy"
    assert [(act["kind"], act["asset_id"], act["title"]) for act in brief["engagements"]] == [
        ("webinar_attended", "guide", "Dosing made simple")
    ]
    assert brief["journey_stage"] == "consideration"
    [objection] = brief["likely_objections"]
    assert (objection["topic"], objection["because"]) == ("dosing_administration", "they read about it")
    assert [(shown["asset_id"], shown["version"], shown["title"]) for shown in objection["assets"]] == [
        ("guide", "3", "Dosing made simple")
    ]
    assert "guide 7" in brief["next_step"]
    assert brief["clock"] == lead["clocks"][0]


async def test_a_brief_shows_its_clock_as_it_stands_now(world: World) -> None:
    await world.hear(contact("hcp-1"), engagement("hcp-1"))
    lead = await world.lead()
    await world.hear(outcome(lead, "no_answer"))
    brief = await world.get(f"leads/{lead['id']}/brief")
    assert (brief["version"], brief["clock"]["state"]) == (1, "met")


async def test_older_news_about_an_asset_is_no_news(world: World) -> None:
    first, second = asset("guide", title="Old"), asset("guide", title="New")
    await world.hear(second)
    await world.hear(first)
    await world.hear(contact("hcp-1"), engagement("hcp-1", asset_id="guide"))
    brief = await world.get(f"leads/{(await world.lead())['id']}/brief")
    assert brief["engagements"][0]["title"] == "New"


async def test_a_lead_nobody_ever_owned_has_no_brief(world: World) -> None:
    await world.hear(contact("hcp-1", postal_code="99999"), engagement("hcp-1"))
    answer = await world.client.get(f"/v1/leads/{(await world.lead())['id']}/brief", headers=SALES_OPS)
    assert answer.status_code == 404


async def test_the_history_tells_every_decision_with_who_else_was_considered(world: World) -> None:
    await world.hear(contact("hcp-1"), engagement("hcp-1"))
    lead = await world.lead()
    history = await world.decided(lead)
    assert [set(record) for record in history] == [RECORD_FIELDS] * 2
    qualified, assigned = history
    assert (qualified["kind"], qualified["from"], qualified["to"], qualified["reason"]) == ("qualified", None, "mql", "thresholds_reached")
    assert (assigned["kind"], assigned["from"], assigned["to"], assigned["rule"]) == ("assigned", "mql", "assigned", "territory")
    assert (assigned["pointer_before"], assigned["pointer_after"], assigned["policy_version"]) == (0, 1, "1")
    loser = next(name for name in ("rep-1", "rep-2") if name != lead["rep_id"])
    assert sorted(assigned["candidates"], key=lambda each: each["rep_id"]) == sorted(
        [
            {"rep_id": lead["rep_id"], "eligible": True, "why_not": None},
            {"rep_id": loser, "eligible": True, "why_not": "not_their_turn"},
        ],
        key=lambda each: str(each["rep_id"]),
    )


@pytest.fixture
async def two_regions(world: World) -> World:
    """Chicago with rep-1 and rep-2, Boston with rep-3, and a lead each; a fourth waits in Boston."""
    await world.put("territories", territory("boston", "021*"))
    await world.put(
        "reps",
        rep("rep-1", "chicago", manager_id="boss-chicago"),
        rep("rep-2", "chicago"),
        rep("rep-3", "boston", manager_id="boss-abroad", max_open_leads=1),
        rep("boss-chicago", role="manager"),
        rep("boss-boston", "boston", role="manager"),
        rep("boss-abroad", role="manager"),
    )
    for number, postal_code in enumerate(("60601", "60602", "02115", "02116")):
        await world.hear(contact(f"hcp-{number}", postal_code=postal_code), engagement(f"hcp-{number}"))
    return world


SEEN = {
    ("sales_ops", None): {"hcp-0", "hcp-1", "hcp-2", "hcp-3"},
    ("auditor", None): {"hcp-0", "hcp-1", "hcp-2", "hcp-3"},
    ("rep", "rep-3"): {"hcp-2"},
    ("rep", "rep-9"): set(),
    ("rep", None): set(),
    ("manager", "boss-boston"): {"hcp-2", "hcp-3"},
    ("manager", "boss-abroad"): {"hcp-2"},
    ("manager", "boss-nowhere"): set(),
    ("manager", None): set(),
}


@pytest.mark.parametrize(("role", "rep_id"), SEEN, ids=str)
async def test_everybody_sees_the_leads_of_their_scope_and_nothing_of_the_others(two_regions: World, role: str, rep_id: str | None) -> None:
    headers = authorization(role, rep=rep_id)
    expected = SEEN[role, rep_id]
    listed = await two_regions.get("leads", headers=headers)
    assert {lead["contact_id"] for lead in listed["items"]} == expected
    for lead in await two_regions.leads():
        for path in ("", "/history", "/brief"):
            answer = await two_regions.client.get(f"/v1/leads/{lead['id']}{path}", headers=headers)
            may_see = lead["contact_id"] in expected and not (path == "/brief" and lead["rep_id"] is None)
            assert answer.status_code == (200 if may_see else 404), (path, answer.text)


async def test_a_manager_sees_the_leads_of_reps_they_manage_and_of_their_territories(two_regions: World) -> None:
    chief = authorization("manager", rep="boss-chicago")
    [lead] = (await two_regions.get("leads", headers=chief))["items"]
    assert lead["rep_id"] == "rep-1"
    queue = await two_regions.get("queue", headers=authorization("manager", rep="boss-boston"))
    assert [item["reason"] for item in queue["items"]] == ["all_full"]
    assert (await two_regions.get("queue", headers=chief))["items"] == []


@pytest.mark.parametrize(
    ("role", "rep_id", "asked_for", "status"),
    [
        ("sales_ops", None, "rep-3", 200),
        ("sales_ops", None, "nobody", 200),
        ("rep", "rep-3", "rep-3", 200),
        ("rep", "rep-3", "rep-1", 404),
        ("manager", "boss-boston", "rep-3", 200),
        ("manager", "boss-abroad", "rep-3", 200),
        ("manager", "boss-chicago", "rep-3", 404),
        ("manager", "boss-chicago", "nobody", 404),
    ],
)
async def test_asking_for_a_rep_outside_ones_scope_is_a_404(
    two_regions: World, role: str, rep_id: str | None, asked_for: str, status: int
) -> None:
    answer = await two_regions.client.get("/v1/leads", params={"rep_id": asked_for}, headers=authorization(role, rep=rep_id))
    assert answer.status_code == status


@pytest.mark.parametrize("role", ["marketing", "integration", "medical", "safety", "privacy", "admin", ""])
async def test_other_roles_see_no_leads(world: World, role: str) -> None:
    for path in ("leads", f"leads/{new_id()}", f"leads/{new_id()}/brief", f"leads/{new_id()}/history", "queue"):
        assert (await world.client.get(f"/v1/{path}", headers=authorization(role))).status_code == 403
        assert (await world.client.get(f"/v1/{path}")).status_code == 401


async def test_a_list_is_narrowed_by_each_filter(two_regions: World) -> None:
    async def asked(**query: Any) -> list[str]:
        return sorted(lead["contact_id"] for lead in await two_regions.leads(**query))

    assert await asked(territory_id="boston") == ["hcp-2", "hcp-3"]
    assert await asked(stage="mql") == ["hcp-3"]
    assert await asked(rep_id="rep-3", stage="assigned") == ["hcp-2"]
    assert await asked(brand_id="other") == []
    assert await asked(overdue=True) == []
    assert len(await asked(overdue=False)) == 4


async def test_overdue_leads_are_those_past_their_time_without_outreach(world: World) -> None:
    await world.activate(clocks={"first_outreach_seconds": 1})
    for number in range(2):
        await world.hear(contact(f"hcp-{number}"), engagement(f"hcp-{number}"))
    called, neglected = await world.leads()
    await world.hear(outcome(called, "no_answer"))
    await tick_clocks(world.service.database, now=datetime.now(UTC) + timedelta(hours=1))
    due_at = datetime.fromisoformat(neglected["clocks"][0]["due_at"])

    await until(lambda: datetime.now(UTC) > due_at, seconds=5)
    assert [lead["id"] for lead in await world.leads(overdue=True)] == [neglected["id"]]


async def test_a_list_comes_in_pages_newest_first(world: World) -> None:
    for number in range(5):
        await world.hear(contact(f"hcp-{number}"), engagement(f"hcp-{number}"))
    seen: list[str] = []
    page = await world.get("leads", limit=2)
    while True:
        seen += [lead["contact_id"] for lead in page["items"]]
        if page["next_cursor"] is None:
            break
        page = await world.get("leads", limit=2, cursor=page["next_cursor"])
    assert seen == [f"hcp-{number}" for number in reversed(range(5))]


async def test_the_queue_comes_in_pages_oldest_first(world: World) -> None:
    for number in range(3):
        await world.hear(contact(f"hcp-{number}", postal_code="99999"), engagement(f"hcp-{number}"))
    first = await world.get("queue", limit=2)
    rest = await world.get("queue", limit=2, cursor=first["next_cursor"])
    assert [set(item) for item in first["items"]] == [{"lead_id", "since", "reason"}] * 2
    assert [item["lead_id"] for item in [*first["items"], *rest["items"]]] == [lead["id"] for lead in await world.leads()]


@pytest.mark.parametrize(
    "query",
    [
        "stage=hot",
        "limit=0",
        "limit=-1",
        "limit=100000",
        "cursor=zzz",
        "rep_id=",
        "overdue=perhaps",
        "territory_id=%01",
        f"rep_id={'x' * 201}",
    ],
)
async def test_a_query_that_cannot_be_is_refused(world: World, query: str) -> None:
    answer = await world.client.get(f"/v1/leads?{query}", headers=SALES_OPS)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["errors"]


async def test_strange_ids_find_nothing_and_break_nothing(world: World) -> None:
    for path, status in (
        ("leads/not-a-uuid", 422),
        (f"leads/{new_id()}", 404),
        ("leads?rep_id=';drop table leads", 200),
        ("leads?brand_id=%25", 200),
    ):
        answer = await world.client.get(f"/v1/{path}", headers=SALES_OPS)
        assert answer.status_code == status, answer.text
    assert (await world.client.get("/v1/leads?rep_id=%00", headers=SALES_OPS)).status_code == 400
