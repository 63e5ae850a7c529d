"""The catalogue as it stands and as it was, and what was found to be used outside of its approval."""

from datetime import UTC, datetime, timedelta
from typing import Any

from prometheus_client import REGISTRY
from sqlalchemy import text

from intake.figures.findings import SAMPLERS
from shared.gauges import sample
from tests.intake.conftest import Intake, asset, campaign, contact, counts, engagement

APPROVED = {"status": "approved", "code": "MLR-1", "regions": ["US"], "expires_on": "2030-12-31"}
WITHDRAWN = {**APPROVED, "status": "withdrawn", "code": "MLR-2"}


async def put(intake: Intake, collection: str, *rows: Any) -> None:
    answer = await intake.put(collection, list(rows))
    assert answer.status_code == 200, answer.text
    assert answer.json()["rejected"] == []


async def test_an_asset_is_read_with_every_version_it_had(intake: Intake) -> None:
    await put(intake, "assets", asset(approval=APPROVED))
    await put(intake, "assets", asset(approval=APPROVED))
    await put(intake, "assets", asset(version="4", approval=WITHDRAWN))
    shown = (await intake.get("assets/guide", role="marketing")).json()
    assert (shown["version"], shown["approval"]) == ("4", WITHDRAWN)
    assert [(one["number"], one["asset"]["version"], one["asset"]["approval"]["status"]) for one in shown["versions"]] == [
        (1, "3", "approved"),
        (2, "4", "withdrawn"),
    ]
    assert shown["withdrawn_at"] == shown["versions"][1]["stated_at"] == shown["updated_at"]
    keys = [{"source": None, "kind": "form", "value": "dosingguide"}, {"source": "mautic", "kind": "email", "value": "5"}]
    assert shown["versions"][0]["asset"] == asset(approval=APPROVED, keys=keys)
    assert (await intake.get("assets/unheard-of", role="marketing")).status_code == 404

    await put(intake, "assets", asset(version="5", approval=APPROVED))
    assert (await intake.get("assets/guide", role="auditor")).json()["withdrawn_at"] is None


async def test_assets_and_campaigns_are_listed_by_id_and_brand(intake: Intake) -> None:
    await put(intake, "assets", asset("b", keys=[]), asset("a", keys=[]), asset("c", brand_id="other", keys=[]))
    await put(intake, "campaigns", campaign(), campaign("autumn", brand_id="other", keys=[]))
    first = (await intake.get("assets?limit=1&brand_id=cardiozan", role="marketing")).json()
    rest = (await intake.get(f"assets?brand_id=cardiozan&cursor={first['next_cursor']}", role="marketing")).json()
    assert [row["id"] for row in (*first["items"], *rest["items"])] == ["a", "b"]
    assert [row["id"] for row in (await intake.get("campaigns", role="integration")).json()["items"]] == ["autumn", "launch"]
    shown = (await intake.get("campaigns/launch", role="marketing")).json()
    whole = campaign(
        channels=[{"channel": "email", "role": "lead", "goal": None}],
        keys=[{"source": None, "kind": "utm_campaign", "value": "spring-launch"}],
    )
    assert shown == {**whole, "segment": None, "informed_by": [], "updated_at": shown["updated_at"]}
    assert (await intake.get("campaigns/unheard-of", role="marketing")).status_code == 404


async def test_an_act_is_held_against_the_approval_that_stood_when_it_happened(intake: Intake) -> None:
    await put(intake, "contacts", contact())
    before = datetime.now(UTC)
    await put(intake, "assets", asset(approval=APPROVED))
    while_approved = datetime.now(UTC)
    await put(intake, "assets", asset(approval=WITHDRAWN))
    after = datetime.now(UTC)

    def act(name: str, at: datetime, **changes: Any) -> dict[str, Any]:
        return engagement(name, asset_id="guide", occurred_at=at.isoformat(), **changes)

    early = before - timedelta(days=400)
    acts = [act("before", early), act("approved", while_approved), act("after", after, campaign_id="launch")]
    assert counts(await intake.post_engagements(acts)) == {"accepted": 3}
    flags = {fact["source_event_id"]: fact["flags"] for fact in await intake.published("engagement.recorded")}
    assert flags == {"before": [], "approved": [], "after": ["asset_unapproved"]}


async def used_wrongly(intake: Intake) -> None:
    """Two assets, one withdrawn and expired, one not approved in the contact's country; four acts on them, and one on neither."""
    await put(intake, "contacts", contact())
    outdated = {**WITHDRAWN, "expires_on": "2020-01-01"}
    await put(
        intake, "assets", asset("old", approval=outdated, keys=[]), asset("german", approval={**APPROVED, "regions": ["DE"]}, keys=[])
    )
    days = [("old", "2026-03-01"), ("old", "2026-03-02"), ("german", "2026-03-03"), ("german", "2026-03-04"), (None, "2026-03-05")]
    acts = [
        engagement(f"e-{number}", asset_id=asset_id, campaign_id="launch" if number == 0 else None, occurred_at=f"{day}T10:00:00Z")
        for number, (asset_id, day) in enumerate(days)
    ]
    assert counts(await intake.post_engagements(acts)) == {"accepted": 5}


async def test_findings_are_listed_latest_first_page_by_page(intake: Intake) -> None:
    await used_wrongly(intake)
    first = (await intake.get("findings?limit=3", role="marketing")).json()
    rest = (await intake.get(f"findings?limit=3&cursor={first['next_cursor']}", role="auditor")).json()
    found = [*first["items"], *rest["items"]]
    assert [(one["asset_id"], one["occurred_at"][:10], one["flags"]) for one in found] == [
        ("german", "2026-03-04", ["asset_unapproved"]),
        ("german", "2026-03-03", ["asset_unapproved"]),
        ("old", "2026-03-02", ["asset_unapproved", "asset_expired"]),
        ("old", "2026-03-01", ["asset_unapproved", "asset_expired"]),
    ]
    assert rest["next_cursor"] is None
    for query, number in (
        ("flag=asset_expired", 2),
        ("asset_id=german", 2),
        ("campaign_id=launch", 1),
        ("brand_id=other", 0),
        ("from=2026-03-02T00:00:00Z&until=2026-03-04T00:00:00Z", 2),
    ):
        assert len((await intake.get(f"findings?{query}", role="marketing")).json()["items"]) == number, query
    assert (await intake.get("findings?flag=test", role="marketing")).status_code == 422


async def test_findings_are_counted_by_asset_campaign_and_flag(intake: Intake) -> None:
    await used_wrongly(intake)
    groups = (await intake.get("findings/counts", role="marketing")).json()["groups"]
    assert [(one["asset_id"], one["campaign_id"], one["flag"], one["count"]) for one in groups] == [
        ("german", None, "asset_unapproved", 2),
        ("old", "launch", "asset_expired", 1),
        ("old", "launch", "asset_unapproved", 1),
        ("old", None, "asset_expired", 1),
        ("old", None, "asset_unapproved", 1),
    ]
    assert (groups[0]["first_at"], groups[0]["last_at"]) == ("2026-03-03T10:00:00Z", "2026-03-04T10:00:00Z")
    [only] = (await intake.get("findings/counts?flag=asset_expired&from=2026-03-02T00:00:00Z", role="auditor")).json()["groups"]
    assert (only["asset_id"], only["count"]) == ("old", 1)


async def test_operators_see_how_many_findings_there_were_lately(intake: Intake) -> None:
    await used_wrongly(intake)

    async def figures(now: datetime) -> tuple[float | None, float | None]:
        for sampler in SAMPLERS:
            await sample(intake.service.database, sampler, now=now)
        name = "fullcircle_findings_last_day"
        return REGISTRY.get_sample_value(name, {"flag": "asset_unapproved"}), REGISTRY.get_sample_value(name, {"flag": "asset_expired"})

    assert await figures(datetime(2026, 3, 2, 18, tzinfo=UTC)) == (3, 1)
    assert await figures(datetime(2026, 3, 4, 18, tzinfo=UTC)) == (1, 0)
    assert await figures(datetime(2026, 6, 1, tzinfo=UTC)) == (0, 0)


async def test_findings_are_found_by_their_index(intake: Intake) -> None:
    async with intake.service.database.reading() as session:
        await session.execute(text("SET LOCAL enable_seqscan = off"))
        wanted = "flags ?| ARRAY['asset_unapproved', 'asset_expired'] AND occurred_at > now() - interval '1 day'"
        plan = await session.scalars(text(f"EXPLAIN SELECT flags FROM engagements WHERE {wanted}"))
        assert "ix_engagements_findings" in "\n".join(plan)
