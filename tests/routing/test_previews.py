"""What would be decided about one contact or one lead if some facts were other: the same record, and nothing written or locked."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from tests.routing.what_if import draft, rows_of_everything
from tests.routing.world import BRAND, SALES_OPS, World, account, contact, engagement, outcome, rep, target, territory
from tests.tokens import authorization


async def ask(world: World, *, status: int = 200, headers: dict[str, str] = SALES_OPS, **body: Any) -> dict[str, Any]:
    subject = {} if "lead_id" in body else {"contact_id": "hcp-1", "brand_id": BRAND}
    answer = await world.client.post("/v1/preview", json=subject | body, headers=headers)
    assert answer.status_code == status, answer.text
    previewed: dict[str, Any] = answer.json()
    return previewed


@pytest.fixture
async def known(world: World) -> World:
    """One contact who clicked once, which isn't enough."""
    await world.hear(contact("hcp-1"), engagement("hcp-1", "email_clicked", engagement_id="e-click"))
    return world


async def test_what_is_missing_is_told_line_by_line_and_whose_it_would_be(known: World) -> None:
    previewed = await ask(known)
    assert previewed["qualifies"] is False
    verdict = previewed["qualification"]
    assert (verdict["verdict"], verdict["missing"]) == ("not_yet", {"fit": 0, "engagement": 10})
    assert [(line["kind"], line["rule"], line["points"]) for line in verdict["ledger"]] == [
        ("fit", "specialty", 30),
        ("engagement", "click", 10),
    ]
    assert (previewed["kind"], previewed["rule"], previewed["rep_id"]) == ("assigned", "territory", previewed["candidates"][0]["rep_id"])


async def test_with_one_more_engagement_the_record_is_the_one_the_lead_then_gets(known: World) -> None:
    at = datetime.now(UTC) - timedelta(seconds=1)
    attended = {"kind": "webinar_attended", "id": "e-webinar", "occurred_at": at.isoformat()}
    previewed = await ask(known, engagements=[attended])
    assert (previewed["qualifies"], previewed["qualification"]["verdict"]) == (True, "qualified")
    await known.hear(engagement("hcp-1", engagement_id="e-webinar", occurred_at=at))
    lead = await known.lead()
    kinds = [record["kind"] for record in previewed["history"]]
    history = [record for record in await known.get(f"leads/{lead['id']}/history") if record["kind"] in kinds]
    assert [{**record, "at": None} for record in previewed["history"]] == [{**record, "at": None} for record in history]
    assert {name: previewed[name] for name in previewed["history"][-1]} == previewed["history"][-1]
    assert previewed["rep_id"] == lead["rep_id"]
    [on_paper_clock], [real_clock] = previewed["clocks"], lead["clocks"]
    assert on_paper_clock.keys() == real_clock.keys()
    elapsed = [
        datetime.fromisoformat(clock["due_at"]) - datetime.fromisoformat(clock["started_at"]) for clock in (on_paper_clock, real_clock)
    ]
    assert elapsed[0] == elapsed[1]


async def test_facts_can_be_supposed_otherwise(known: World) -> None:
    await known.put("territories", territory("boston", "021*"))
    await known.put("reps", rep("rep-9", "boston"))
    oncologist = await ask(known, contact={"specialty": "oncology"})
    assert oncologist["qualification"]["score"]["fit"] == 0
    moved = await ask(known, contact={"postal_code": "02115"})
    assert (moved["territory_id"], moved["rep_id"]) == ("boston", "rep-9")
    owned = await ask(known, account={"priority": "A", "owner_rep_id": "rep-9"})
    assert (owned["rule"], owned["rep_id"], owned["qualification"]["score"]["fit"]) == ("account_owner", "rep-9", 40)
    denied = await ask(known, contact={"consents": [{"channel": "any", "purpose": "promotion", "state": "denied"}]})
    assert (denied["rep_id"], denied["reason"], denied["to"]) == (None, "consent", "disqualified")
    without = await ask(known, without_engagements=["e-click"])
    assert without["qualification"]["missing"]["engagement"] == 20


async def test_what_is_known_can_be_supposed_away(known: World) -> None:
    await known.put("accounts", account("mercy", owner_rep_id="rep-2"))
    await known.put("targets", target("t-1", contact_id="hcp-1", rep_id="rep-1"))
    await known.hear(contact("hcp-1", version=2, account_id="mercy"))
    planned = await ask(known)
    assert (planned["lead_kind"], planned["rule"], planned["rep_id"]) == ("on_plan", "on_plan", "rep-1")
    off_plan = await ask(known, target=None)
    assert (off_plan["lead_kind"], off_plan["rule"], off_plan["rep_id"]) == ("off_plan", "account_owner", "rep-2")
    alone = await ask(known, target=None, account=None)
    assert (alone["rule"], alone["qualification"]["score"]["fit"]) == ("territory", 30)


async def test_reps_can_be_supposed_away(known: World) -> None:
    away = await ask(known, absences=[{"rep_id": "rep-1"}])
    assert (away["rep_id"], [each["why_not"] for each in away["candidates"] if each["rep_id"] == "rep-1"]) == ("rep-2", ["absent"])
    nobody = await ask(known, absences=[{"rep_id": "rep-1"}, {"rep_id": "rep-2"}])
    assert (nobody["kind"], nobody["reason"], nobody["rep_id"]) == ("waiting", "all_absent", None)
    await known.put("accounts", account("mercy", owner_rep_id="rep-2"))
    await known.hear(contact("hcp-1", version=2, account_id="mercy"))
    stood_in = await ask(known, absences=[{"rep_id": "rep-2", "delegate_rep_id": "rep-1"}])
    assert (stood_in["rule"], stood_in["rep_id"]) == ("account_owner", "rep-1")


async def test_another_version_and_another_moment_can_be_asked(known: World) -> None:
    version = await draft(known, thresholds={"fit": 30, "engagement": 10})
    previewed = await ask(known, policy_version=version)
    assert (previewed["qualifies"], previewed["policy_version"]) == (True, version)
    faded = await ask(known, policy_version=version, now=(datetime.now(UTC) + timedelta(days=14)).isoformat())
    assert (faded["qualifies"], faded["qualification"]["missing"]["engagement"]) == (False, 5)
    before = await ask(known, now=(datetime.now(UTC) - timedelta(days=1)).isoformat())
    assert before["qualification"]["score"]["engagement"] == 0


async def test_a_lead_is_decided_as_if_nobody_had_it(known: World) -> None:
    await known.hear(engagement("hcp-1"))
    lead = await known.lead()
    await known.put("reps", rep("rep-1", "chicago", max_open_leads=1), rep("rep-2", "chicago", max_open_leads=1))
    again = await ask(known, lead_id=lead["id"])
    assert (again["lead_id"], again["contact_id"], again["qualifies"]) == (lead["id"], "hcp-1", True)
    assert all(each["eligible"] for each in again["candidates"])  # its own owner has room for it
    other = await ask(known, lead_id=lead["id"], absences=[{"rep_id": lead["rep_id"]}])
    assert other["rep_id"] != lead["rep_id"]
    of_contact = await ask(known)
    assert of_contact["open_lead_id"] == lead["id"]


async def test_after_a_lead_that_ended_only_what_came_later_counts(known: World) -> None:
    await known.hear(engagement("hcp-1"))
    lead = await known.lead()
    await known.hear(outcome(lead, "no_need", after=timedelta(seconds=1)))
    ended = await ask(known)
    assert (ended["qualifies"], ended["qualification"]["score"]["engagement"]) == (False, 0)
    later = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    again = await ask(known, now=later, engagements=[{"kind": "webinar_attended", "occurred_at": later}])
    assert (again["qualifies"], again["rule"], again["rep_id"]) == (True, "sticky", lead["rep_id"])


async def test_nothing_is_written_and_nothing_waits(known: World) -> None:
    await known.hear(engagement("hcp-1"))
    lead = await known.lead()
    before = await rows_of_everything(known)
    async with known.service.database.transaction() as session:
        for held in ("contacts", "reps", "rotations", "leads", "queue_rounds", "ledgers"):
            await session.execute(text(f"SELECT FROM {held} FOR UPDATE"))
        await session.execute(text("SET LOCAL lock_timeout = '1s'"))
        # All of it is held by somebody else, and the preview waits for none of it.
        await ask(known, engagements=[{"kind": "webinar_attended"}])
        await ask(known, lead_id=lead["id"])
    assert await rows_of_everything(known) == before


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"contact_id": "nobody"}, 404),
        ({"brand_id": "unheard-of"}, 422),
        ({"policy_version": "999"}, 422),
        ({"lead_id": "01998f7e-5a10-7c3e-9a51-6a1d0c9be001", "contact_id": "hcp-1"}, 422),
        ({"contact_id": None}, 422),
        ({"contact": {"speciality": "cardiology"}}, 422),
        ({"target": {"decile": 11}}, 422),
        ({"engagements": [{"kind": "telepathy"}]}, 422),
    ],
)
async def test_what_cannot_be_meant_is_refused(known: World, body: dict[str, Any], status: int) -> None:
    subject = {"contact_id": "hcp-1", "brand_id": BRAND}
    answer = await known.client.post("/v1/preview", json={**subject, **body}, headers=SALES_OPS)
    assert answer.status_code == status, answer.text


async def test_a_manager_asks_about_their_own_territories(known: World) -> None:
    await known.put("reps", rep("boss-1", "chicago", role="manager"), rep("boss-2", "boston", role="manager"))
    await known.hear(engagement("hcp-1"))
    lead = await known.lead()
    for boss, status in (("boss-1", 200), ("boss-2", 404)):
        headers = authorization("manager", rep=boss)
        await ask(known, status=status, headers=headers)
        await ask(known, status=status, headers=headers, contact={"postal_code": "02115"})
        await ask(known, status=status, headers=headers, lead_id=lead["id"])
    await ask(known, status=403, headers=authorization("rep", rep="rep-1"))
