"""Funnel, objections and trace through the API."""

from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from shared.ids import new_id
from shared.service import Service
from tests.conftest import ClientOf
from tests.reporting import happened
from tests.reporting.conftest import Tell

Token = Callable[..., dict[str, str]]
START = datetime(2026, 10, 5, 6, tzinfo=UTC)


@pytest.fixture
async def client(reporting: Service, client_of: ClientOf, token: Token) -> AsyncIterator[httpx.AsyncClient]:
    """Somebody of marketing."""
    async with client_of(reporting) as client:
        client.headers.update(token("marketing"))
        yield client


async def groups(client: httpx.AsyncClient, path: str) -> list[dict[str, Any]]:
    answer = await client.get(path)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["groups"]
    return found


def stage(group: dict[str, Any], name: str) -> tuple[int, int, float | None, float | None]:
    [one] = [one for one in group["stages"] if one["stage"] == name]
    return (one["entered"], one["converted"], one["rate"], one["median_seconds"])


class TestFunnel:
    async def test_counts_every_stage_with_what_went_on_and_how_long_it_took(self, client: httpx.AsyncClient, tell: Tell) -> None:
        for number, hours in enumerate((1, 2, 9)):
            await tell(
                happened.qualified(f"l{number}", f"c{number}", START),
                happened.assigned(f"l{number}", f"c{number}", START + timedelta(hours=hours)),
            )
        await tell(
            happened.qualified("l3", "c3", START), happened.entered("l0", "c0", "accepted", START + timedelta(hours=2), implied=True)
        )
        [group] = await groups(client, "/v1/funnel")
        assert group["key"] == "all"
        assert [one["stage"] for one in group["stages"]] == [
            "mql", "assigned", "accepted", "contacted", "sql", "meeting_booked", "meeting_held", "opportunity",
        ]  # fmt: skip
        assert stage(group, "mql") == (4, 3, 0.75, 7_200)
        assert stage(group, "assigned") == (3, 1, 1 / 3, 3_600)
        assert stage(group, "accepted") == (1, 0, 0, None)
        assert stage(group, "opportunity") == (0, 0, None, None)

    async def test_is_all_zeros_before_anything_happened(self, client: httpx.AsyncClient) -> None:
        [group] = await groups(client, "/v1/funnel")
        assert {stage(group, one["stage"]) for one in group["stages"]} == {(0, 0, None, None)}
        assert await groups(client, "/v1/funnel?group_by=region") == []

    @pytest.mark.parametrize(
        ("query", "entered"),
        [
            ("", 24 * 3),
            ("from=2026-10-06", 24 * 2 + 6),
            ("until=2026-10-05", 18),
            ("from=2026-10-05T07:00:00Z&until=2026-10-05T09:00:00Z", 2),
            ("from=2026-10-05T07:00:00Z&until=2026-10-07T03:00:00%2B02:00", 17 + 24 + 1),
            ("from=2026-10-06T00:00:00Z&until=2026-10-07T00:00:00Z", 24),
            ("from=2026-10-09", 0),
            ("brand_id=oncora", 0),
            ("campaign_id=launch", 72),
            ("campaign_id=relaunch", 0),
            ("from=1970-01-01&until=2100-12-31", 72),
        ],
    )
    async def test_is_a_cohort_by_entry_to_the_second(self, client: httpx.AsyncClient, tell: Tell, query: str, entered: int) -> None:
        await tell(*(happened.qualified(f"l{hour}", f"c{hour}", START + timedelta(hours=hour)) for hour in range(72)))
        [group] = await groups(client, f"/v1/funnel?{query}")
        assert stage(group, "mql")[0] == entered

    async def test_groups_by_campaign_specialty_and_region_and_says_what_nobody_stated(self, client: httpx.AsyncClient, tell: Tell) -> None:
        await tell(happened.qualified("l1", "c1", START), happened.qualified("l2", "c2", START, campaign_id=None, region="south"))
        await tell(happened.contact("c2", specialty="oncology"))
        for dimension, keys in (("campaign", {None, "launch"}), ("specialty", {None, "oncology"}), ("region", {"north", "south"})):
            found = await groups(client, f"/v1/funnel?group_by={dimension}")
            assert {group["key"]: stage(group, "mql")[0] for group in found} == dict.fromkeys(keys, 1)

    @pytest.mark.parametrize("grouping", ["segment", "territory", "rep", "asset"])
    async def test_says_what_is_not_built_yet(self, client: httpx.AsyncClient, grouping: str) -> None:
        answer = await client.get(f"/v1/funnel?group_by={grouping}")
        assert answer.status_code == 422
        assert f"{grouping} is not built yet" in answer.json()["errors"][0]["detail"]


class TestObjections:
    async def test_are_counted_beside_the_time_before(self, client: httpx.AsyncClient, tell: Tell, now: datetime) -> None:
        ages = {"r1": 1, "r2": 27.9, "r3": 28.1, "r4": 55.9, "r5": 57}
        await tell(*(happened.objection(report_id, "c1", now - timedelta(days=age)) for report_id, age in ages.items()))
        [group] = await groups(client, "/v1/objections")
        assert (group["key"], group["count"], group["previous"]) == ({"topic": "dosing_administration"}, 2, 2)
        assert datetime.fromisoformat(group["first_seen"]) == now - timedelta(days=57)

    async def test_group_by_any_mix_of_dimensions(self, client: httpx.AsyncClient, tell: Tell, now: datetime) -> None:
        await tell(happened.qualified("l1", "c1", now), happened.contact("c1"))
        await tell(happened.objection("r1", "c1", now, lead_id="l1"), happened.objection("r2", "c2", now, topic="efficacy"))
        found = await groups(client, "/v1/objections?group_by=topic,specialty,campaign,region")
        assert sorted(found, key=str) == sorted(
            [
                group
                for key in (
                    {"topic": "dosing_administration", "specialty": "cardiology", "campaign": "launch", "region": "north"},
                    {"topic": "efficacy", "specialty": None, "campaign": None, "region": None},
                )
                for group in found
                if (group["key"], group["count"], group["previous"]) == (key, 1, 0)
            ],
            key=str,
        )
        assert len(found) == 2
        assert [group["count"] for group in await groups(client, "/v1/objections?group_by=region&brand_id=oncora")] == []

    async def test_a_range_of_one_day_is_compared_with_the_day_before(self, client: httpx.AsyncClient, tell: Tell) -> None:
        await tell(*(happened.objection(f"r{hour}", "c1", START + timedelta(hours=hour)) for hour in range(48)))
        [group] = await groups(client, "/v1/objections?from=2026-10-06&until=2026-10-06")
        assert (group["count"], group["previous"]) == (24, 18)


class TestBadQuestions:
    @pytest.mark.parametrize(
        "path",
        [
            "/v1/funnel?from=yesterday",
            "/v1/funnel?from=2026-02-30",
            "/v1/funnel?from=2026-10-05T07:00:00",
            "/v1/funnel?until=1066-10-14",
            "/v1/funnel?from=2026-10-06&until=2026-10-05",
            "/v1/funnel?group_by=mood",
            "/v1/funnel?brand_id=",
            f"/v1/funnel?brand_id={'b' * 201}",
            "/v1/objections?group_by=",
            "/v1/objections?group_by=topic,topic",
            "/v1/objections?group_by=topic,segment",
            "/v1/objections?group_by=topic;drop table leads",
            f"/v1/objections?group_by={'topic,' * 100}",
            "/v1/objections?until=2026-13-01",
            f"/v1/trace/{'x' * 201}",
        ],
    )
    async def test_are_answered_with_what_to_fix(self, client: httpx.AsyncClient, path: str) -> None:
        answer = await client.get(path)
        assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")
        assert answer.json()["errors"]

    @pytest.mark.parametrize("path", ["/v1/funnel", "/v1/objections", "/v1/trace/l1"])
    async def test_are_for_those_who_may_read(self, client: httpx.AsyncClient, token: Token, path: str) -> None:
        for role, status_code in (("rep", 403), ("integration", 403), ("admin", 403), ("safety", 403)):
            assert (await client.get(path, headers=token(role))).status_code == status_code
        for role in ("sales_ops", "manager", "auditor", "marketing"):
            assert (await client.get(path, headers=token(role))).status_code in (200, 404)
        assert (await client.get(path, headers={"Authorization": ""})).status_code == 401


class TestTrace:
    async def test_walks_from_click_to_the_rep_being_told_and_shows_cases_to_the_auditor_alone(
        self, client: httpx.AsyncClient, tell: Tell, token: Token, now: datetime
    ) -> None:
        receipt, at = new_id(), now - timedelta(hours=1)
        [click] = await tell(happened.engagement("e1", "c0", at), journey=receipt, at=at)
        await tell(happened.qualified("l0", "c0", at, engagement_ids=["e1"]), journey=receipt, at=at + timedelta(minutes=1))
        await tell(happened.assigned("l0", "c0", at), journey=receipt, at=at + timedelta(minutes=2))
        await tell(*(happened.contact(f"c{number}") for number in range(5)), at=at)
        await tell(*(happened.objection(f"r{one}", f"c{one}", at, rep_id=f"rep-{one}", lead_id=f"l{one}") for one in range(1, 5)), at=at)
        await tell(happened.objection("r0", "c0", at, lead_id="l0"), journey=receipt, at=at + timedelta(minutes=3))
        await tell(happened.case("k1", "r0", at), journey=receipt, at=at + timedelta(minutes=4))
        [decision] = (await client.get("/v1/decisions")).json()["items"]
        body = {"decision_id": decision["id"], "kind": "asset_updated", "published_at": now.isoformat()}
        change = (await client.post("/v1/changes", json=body)).json()
        for number in (0, 1):
            fact = happened.told(change["id"], [f"r{number}"], now, rep_id=f"rep-{number}", decision_id=decision["id"])
            told = await tell(fact, at=datetime.now(UTC))
        entries = (await client.get("/v1/trace/l0")).json()["entries"]
        assert [entry["type"] for entry in entries] == [
            "engagement.recorded", "lead.qualified", "lead.assigned", "objection.recorded",
            "theme.emerged", "decision.opened", "change.published", "rep.told",
        ]  # fmt: skip
        assert (entries[0]["id"], entries[0]["service"], entries[0]["caused_by"]) == (str(click.id), "intake", None)
        assert entries[5]["caused_by"] == entries[4]["id"]
        assert entries[6]["caused_by"] == entries[5]["id"]
        assert all(entry["summary"] for entry in entries)
        audited = (await client.get("/v1/trace/l0", headers=token("auditor"))).json()["entries"]
        assert [entry["type"] for entry in audited if entry not in entries] == ["case.opened"]
        for sought, last in ((decision["id"], told[-1]), (change["id"], told[-1]), (decision["theme_id"], told[-1])):
            whole = (await client.get(f"/v1/trace/{sought}")).json()["entries"]
            assert {entry["id"] for entry in entries} <= {entry["id"] for entry in whole}
            assert whole[-1]["id"] == str(last.id)
        for sought in (str(receipt), "r0"):
            assert (await client.get(f"/v1/trace/{sought}")).json()["entries"] == entries

    async def test_a_report_that_made_only_a_case_is_unknown_to_all_but_the_auditor(
        self, client: httpx.AsyncClient, tell: Tell, token: Token, now: datetime
    ) -> None:
        await tell(happened.case("k1", "r1", now))
        for sought in ("k1", "r1"):
            assert (await client.get(f"/v1/trace/{sought}")).status_code == 404
            assert (await client.get(f"/v1/trace/{sought}", headers=token("auditor"))).status_code == 200

    @pytest.mark.parametrize("sought", ["nobody", "%25", "0199aa00-0000-7000-8000-000000000000", "'; drop table journal"])
    async def test_of_nothing_is_not_found(self, client: httpx.AsyncClient, sought: str) -> None:
        assert (await client.get(f"/v1/trace/{sought}")).status_code == 404
