"""Policies: drafted by one, activated by another, one active per brand and country."""

import asyncio
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from shared.events.catalog import Approval
from shared.ids import new_id
from tests.routing.test_journeys import asset
from tests.routing.what_if import ask
from tests.routing.world import OTHER_SALES_OPS, POLICY, SALES_OPS, World, contact, engagement, rep
from tests.tokens import authorization

WITHDRAWN = Approval(status="withdrawn", code="X-1", regions=["US"], expires_on=date(2099, 1, 1))


async def drafted(world: World, **changes: Any) -> str:
    answer = await world.client.post("/v1/policies", json=POLICY | changes, headers=SALES_OPS)
    assert answer.status_code == 201, answer.text
    version: str = answer.json()["version"]
    return version


async def test_a_draft_gets_the_next_version_and_reads_back_as_it_was_written(empty_world: World) -> None:
    answer = await empty_world.client.post("/v1/policies", json=POLICY, headers=SALES_OPS)
    assert answer.status_code == 201
    assert (answer.json()["version"], answer.json()["state"], answer.json()["author"]) == ("1", "draft", "olga")
    read = await empty_world.get("policies/1")
    assert {name: read[name] for name in POLICY} == POLICY
    assert (read["version"], read["state"], read["activated_at"]) == ("1", "draft", None)
    assert await drafted(empty_world) == "2"
    assert [policy["version"] for policy in (await empty_world.get("policies"))["items"]] == ["2", "1"]


async def test_the_author_cannot_activate_their_own_policy(empty_world: World) -> None:
    version = await drafted(empty_world)
    answer = await empty_world.client.post(f"/v1/policies/{version}/activate", headers=SALES_OPS)
    assert answer.status_code == 403
    assert (await empty_world.get(f"policies/{version}"))["state"] == "draft"
    assert await empty_world.said("policy.activated") == []


async def test_an_activation_supersedes_the_version_before_and_is_said_once(empty_world: World) -> None:
    first, second = await drafted(empty_world), await drafted(empty_world)
    for version in (first, second):
        answer = await empty_world.client.post(f"/v1/policies/{version}/activate", json={}, headers=OTHER_SALES_OPS)
        assert (answer.status_code, answer.json()["state"], answer.json()["activated_by"]) == (200, "active", "piotr")
    states = {policy["version"]: policy["state"] for policy in (await empty_world.get("policies"))["items"]}
    assert states == {first: "superseded", second: "active"}
    assert [said["policy_version"] for said in await empty_world.said("policy.activated")] == [first, second]
    for version in (first, second):
        answer = await empty_world.client.post(f"/v1/policies/{version}/activate", headers=OTHER_SALES_OPS)
        assert answer.status_code == 409


async def test_of_drafts_activated_at_the_same_time_one_ends_active(empty_world: World) -> None:
    versions = [await drafted(empty_world) for _ in range(4)]
    calls = (empty_world.client.post(f"/v1/policies/{version}/activate", headers=OTHER_SALES_OPS) for version in versions)
    assert [answer.status_code for answer in await asyncio.gather(*calls)] == [200] * 4
    states = sorted(policy["state"] for policy in (await empty_world.get("policies"))["items"])
    assert states == ["active", "superseded", "superseded", "superseded"]


async def test_warnings_are_told_and_only_strict_makes_them_a_refusal(empty_world: World) -> None:
    version = await drafted(empty_world)
    assert [warning["code"] for warning in (await empty_world.get(f"policies/{version}"))["warnings"]] == ["nobody_eligible"]
    strict = await empty_world.client.post(f"/v1/policies/{version}/activate", json={"strict": True}, headers=OTHER_SALES_OPS)
    assert strict.status_code == 409
    assert [warning["code"] for warning in strict.json()["warnings"]] == ["nobody_eligible"]
    await empty_world.put("reps", rep("rep-1", "chicago"))
    calm = await empty_world.client.post(f"/v1/policies/{version}/activate", json={"strict": True}, headers=OTHER_SALES_OPS)
    assert (calm.status_code, calm.json()["warnings"]) == (200, [])


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"assignment": []}, "no_assignment_steps"),
        ({"thresholds": {"fit": 41, "engagement": 20}}, "fit_out_of_reach"),
        ({"engagement": [POLICY["engagement"][0]], "thresholds": {"fit": 0, "engagement": 26}, "grades": {}}, "engagement_out_of_reach"),
        ({"groups": [{"id": "all", "rule_ids": ["click", "webinar"], "cap": 10}], "grades": {}}, "engagement_out_of_reach"),
        ({"grades": {"fit": [50]}}, "grades_out_of_reach"),
        ({"readiness": []}, "no_readiness"),
    ],
)
async def test_what_keeps_anybody_from_becoming_a_lead_is_a_warning(empty_world: World, changes: dict[str, Any], code: str) -> None:
    await empty_world.put("reps", rep("rep-1", "chicago"))
    version = await drafted(empty_world, **changes)
    answer = await empty_world.client.post(f"/v1/policies/{version}/activate", headers=OTHER_SALES_OPS)
    assert [warning["code"] for warning in answer.json()["warnings"]] == [code]


async def test_activating_in_the_past_means_now_and_further_ahead_than_two_years_is_refused(empty_world: World) -> None:
    version = await drafted(empty_world)
    ages = (datetime.now(UTC) + timedelta(days=1_000)).isoformat()
    answer = await empty_world.client.post(f"/v1/policies/{version}/activate", json={"at": ages}, headers=OTHER_SALES_OPS)
    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == ["/at"]
    past = await empty_world.client.post(f"/v1/policies/{version}/activate", json={"at": "2020-01-01T00:00:00Z"}, headers=OTHER_SALES_OPS)
    assert past.status_code == 200


async def test_drafting_twice_is_safe(empty_world: World) -> None:
    body = POLICY | {"id": str(new_id())}
    first = await empty_world.client.post("/v1/policies", json=body, headers=SALES_OPS)
    again = await empty_world.client.post("/v1/policies", json=body, headers=SALES_OPS)
    other = await empty_world.client.post("/v1/policies", json=body | {"title": "Other"}, headers=SALES_OPS)
    assert (first.status_code, again.status_code, other.status_code) == (201, 200, 409)
    assert again.json() == first.json()
    key = SALES_OPS | {"Idempotency-Key": "once"}
    assert [(await empty_world.client.post("/v1/policies", json=POLICY, headers=key)).status_code for _ in range(2)] == [201, 200]
    assert len((await empty_world.get("policies"))["items"]) == 2


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"expression": "fit > 3"}, "/expression"),
        ({"brand_id": "a\nb"}, "/brand_id"),
        ({"brand_id": ""}, "/brand_id"),
        ({"thresholds": {"fit": "30", "engagement": 20}}, "/thresholds/fit"),
        ({"fit": [POLICY["fit"][0] | {"expression": "x"}]}, "/fit/0/expression"),
        ({"fit": [POLICY["fit"][0] | {"op": "like"}]}, "/fit/0/op"),
        ({"engagement": [POLICY["engagement"][0] | {"half_life_days": 0}]}, "/engagement/0/half_life_days"),
        ({"assignment": ["anybody"]}, "/assignment/0"),
        ({"clocks": {}}, "/clocks"),
        ({"groups": [{"id": "all", "rule_ids": ["click", "ghost"], "cap": 1}]}, "/groups/0/rule_ids/1"),
        ({"gates": [{"id": "gate", "reason": "no", "expression": "specialty.matches('a*')"}]}, "/gates/0/expression"),
        ({"gates": [{"id": "gate", "reason": "no", "licence": {"states": "IL"}}]}, "/gates/0/licence/states"),
        ({"country": "USA"}, "/country"),
        ({"id": "not-a-uuid"}, "/id"),
    ],
)
async def test_a_policy_that_cannot_be_is_refused_where_it_is_wrong(empty_world: World, changes: dict[str, Any], pointer: str) -> None:
    answer = await empty_world.client.post("/v1/policies", json=POLICY | changes, headers=SALES_OPS)
    assert answer.status_code == 422
    assert pointer in [error["pointer"] for error in answer.json()["errors"]], answer.text


@pytest.mark.parametrize("raw", [b"{", b"", b'{"title": NaN}', b'{"title": "\\u0000"}', b"[" * 40 + b"]" * 40, b'{"a": 1, "a": 2}'])
async def test_json_that_is_none_is_refused(empty_world: World, raw: bytes) -> None:
    headers = SALES_OPS | {"content-type": "application/json"}
    assert (await empty_world.client.post("/v1/policies", content=raw, headers=headers)).status_code == 400


@pytest.mark.parametrize("version", ["2", "0", "x", "-1", "1.0", "99999999999999999999", "%27"])
async def test_a_version_that_is_not_there_is_not_found(empty_world: World, version: str) -> None:
    await drafted(empty_world)
    assert (await empty_world.client.get(f"/v1/policies/{version}", headers=SALES_OPS)).status_code == 404
    assert (await empty_world.client.post(f"/v1/policies/{version}/activate", headers=SALES_OPS)).status_code == 404


@pytest.mark.parametrize("role", ["marketing", "rep", "manager", "admin", "auditor"])
async def test_only_sales_operations_writes_policies_and_the_auditor_reads_them(empty_world: World, role: str) -> None:
    headers = authorization(role)
    assert (await empty_world.client.post("/v1/policies", json=POLICY, headers=headers)).status_code == 403
    assert (await empty_world.client.post("/v1/policies/1/activate", headers=headers)).status_code == 403
    assert (await empty_world.client.get("/v1/policies", headers=headers)).status_code == (200 if role == "auditor" else 403)


async def test_reading_needs_a_page_that_can_be(empty_world: World) -> None:
    for _ in range(3):
        await drafted(empty_world)
    page = await empty_world.get("policies", limit=2)
    rest = await empty_world.get("policies", limit=2, cursor=page["next_cursor"])
    assert [policy["version"] for policy in [*page["items"], *rest["items"]]] == ["3", "2", "1"]
    assert (await empty_world.client.get("/v1/policies?cursor=x", headers=SALES_OPS)).status_code == 422


@pytest.mark.parametrize(
    ("changes", "code", "figures"),
    [
        (
            {"gates": [{"id": "payers", "field": "kind", "op": "eq", "value": "prescriber", "reason": "no"}]},
            "gates_close_to_all",
            {"people": 2, "passing": 0, "payers": 2},
        ),
        (
            {"fit": [{"id": "nurse", "field": "kind", "op": "eq", "value": "nurse", "points": 30}]},
            "nobody_fits",
            {"people": 2, "fitting": 0, "best_fit": 0},
        ),
        ({"thresholds": {"fit": 41, "engagement": 20}}, "fit_out_of_reach", {"reachable": 40, "threshold": 41}),
        ({"grades": {"fit": [20, 50]}}, "grades_out_of_reach", {"reachable": 40, "A": 50}),
    ],
)
async def test_warnings_tell_the_numbers_of_who_is_known(
    world: World, changes: dict[str, Any], code: str, figures: dict[str, float]
) -> None:
    for contact_id in ("hcp-1", "hcp-2"):
        await world.hear(contact(contact_id), engagement(contact_id, "email_clicked"))
    read = await world.get(f"policies/{await drafted(world, **changes)}")
    assert figures in [warning["figures"] for warning in read["warnings"] if warning["code"] == code]
    assert (await world.get("policies/1"))["warnings"] == []


async def test_a_stage_no_content_leads_to_is_told_in_the_draft_the_simulation_and_the_activation(history: World) -> None:
    await history.hear(asset("leaflet", "awareness"), asset("outcomes", "consideration", approval=WITHDRAWN))
    version = await drafted(
        history, engagement=[*POLICY["engagement"], {**POLICY["engagement"][1], "id": "deep", "stages": ["consideration"]}]
    )
    expected = [("stage_out_of_reach", {"assets": 1, "for_the_stage": 0}), ("rule_out_of_reach", {"assets": 1, "points": 30})]

    def told(answer: dict[str, Any]) -> list[tuple[str, dict[str, float]]]:
        return [(warning["code"], warning["figures"]) for warning in answer["warnings"]]

    assert told(await history.get(f"policies/{version}")) == expected
    assert told((await ask(history, version))["result"]) == expected
    path = f"/v1/policies/{version}/activate"
    strict = await history.client.post(path, json={"strict": True}, headers=OTHER_SALES_OPS)
    assert (strict.status_code, told(strict.json())) == (409, expected)
    await history.hear(asset("outcomes", "consideration", version="2", at=datetime.now(UTC)))
    calm = await history.client.post(path, json={"strict": True}, headers=OTHER_SALES_OPS)
    assert (calm.status_code, calm.json()["warnings"]) == (200, [])
