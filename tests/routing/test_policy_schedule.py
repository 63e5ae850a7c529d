"""Policies that become active at a time, and what differs between two of them."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from routing.operations.assignment.waiting import decide_stale_ledgers
from routing.operations.policies import activate_scheduled
from routing.operations.reference.dated_facts import take_dated_facts
from tests.routing.world import OTHER_SALES_OPS, POLICY, SALES_OPS, World, account, contact, engagement, territory
from tests.tokens import authorization

TOMORROW = datetime.now(UTC) + timedelta(days=1)


async def scheduled(world: World, at: datetime = TOMORROW, **changes: Any) -> str:
    """A draft that somebody else approved for a time; its version."""
    drafted = await world.client.post("/v1/policies", json=POLICY | changes, headers=SALES_OPS)
    version: str = drafted.json()["version"]
    answer = await world.client.post(f"/v1/policies/{version}/activate", json={"at": at.isoformat()}, headers=OTHER_SALES_OPS)
    assert answer.status_code == 200, answer.text
    assert (answer.json()["state"], answer.json()["scheduled_by"], answer.json()["activated_at"]) == ("scheduled", "piotr", None)
    return version


async def states(world: World) -> dict[str, str]:
    return {policy["version"]: policy["state"] for policy in (await world.get("policies"))["items"]}


async def test_a_policy_waits_for_its_time_and_then_decides_what_was_decided_by_another(world: World) -> None:
    await world.hear(contact("hcp-1", specialty="oncology"), engagement("hcp-1"))
    version = await scheduled(world, thresholds={"fit": 0, "engagement": 20})
    assert await activate_scheduled(world.service.database, now=TOMORROW - timedelta(seconds=1)) == 0
    assert await states(world) == {"1": "active", version: "scheduled"}
    assert await world.leads() == []

    assert await activate_scheduled(world.service.database, now=TOMORROW) == 1
    assert await activate_scheduled(world.service.database, now=TOMORROW) == 0
    assert await states(world) == {"1": "superseded", version: "active"}
    shown = await world.get(f"policies/{version}")
    assert (shown["scheduled_for"], shown["activated_by"]) == (TOMORROW.isoformat().replace("+00:00", "Z"), "piotr")
    assert [said["policy_version"] for said in await world.said("policy.activated")] == ["1", version]
    assert await decide_stale_ledgers(world.service.database, now=TOMORROW) == 1
    assert [lead["policy_version"] for lead in await world.leads()] == [version]


async def test_of_two_that_wait_the_later_one_ends_active(world: World) -> None:
    late = await scheduled(world, TOMORROW + timedelta(hours=1))
    early = await scheduled(world)
    while await activate_scheduled(world.service.database, now=TOMORROW + timedelta(hours=2)):
        pass
    assert await states(world) == {"1": "superseded", late: "active", early: "superseded"}


async def test_what_waits_can_be_taken_back_and_is_a_draft_again(world: World) -> None:
    version = await scheduled(world)
    taken_back = await world.client.delete(f"/v1/policies/{version}/activation", headers=SALES_OPS)
    assert (taken_back.status_code, taken_back.json()["state"], taken_back.json()["scheduled_for"]) == (200, "draft", None)
    assert await activate_scheduled(world.service.database, now=TOMORROW) == 0
    for nothing_to_take_back in (version, "1"):
        answer = await world.client.delete(f"/v1/policies/{nothing_to_take_back}/activation", headers=SALES_OPS)
        assert answer.status_code == 409
    again = await world.client.post(f"/v1/policies/{version}/activate", headers=OTHER_SALES_OPS)
    assert again.json()["state"] == "active"


async def test_who_wrote_it_cannot_set_its_time_and_what_waits_is_approved_once(world: World) -> None:
    drafted = await world.client.post("/v1/policies", json=POLICY, headers=SALES_OPS)
    path = f"/v1/policies/{drafted.json()['version']}/activate"
    assert (await world.client.post(path, json={"at": TOMORROW.isoformat()}, headers=SALES_OPS)).status_code == 403
    version = await scheduled(world)
    again = await world.client.post(f"/v1/policies/{version}/activate", headers=OTHER_SALES_OPS)
    assert again.status_code == 409


async def test_two_versions_differ_in_sentences(world: World) -> None:
    changes = {"thresholds": {"fit": 30, "engagement": 25}, "engagement": POLICY["engagement"][::-1]}
    drafted = await world.client.post("/v1/policies", json=POLICY | changes, headers=SALES_OPS)
    version = drafted.json()["version"]
    assert await world.get(f"policies/1/diff/{version}") == {
        "before": "1",
        "after": version,
        "differences": [
            {"pointer": "/thresholds/engagement", "before": 20, "after": 25, "sentence": "An MQL needs an engagement of 25 instead of 20."}
        ],
    }
    assert (await world.get(f"policies/{version}/diff/{version}"))["differences"] == []
    for pair in (f"1/diff/{int(version) + 1}", "x/diff/1"):
        assert (await world.client.get(f"/v1/policies/{pair}", headers=SALES_OPS)).status_code == 404
    assert (await world.client.get(f"/v1/policies/1/diff/{version}", headers=authorization("rep"))).status_code == 403


async def test_a_policy_with_everything_in_it_reads_back_and_decides(world: World) -> None:
    whole = {
        "labels": [{"indication": "hypertension", "specialties": ["cardiology"]}],
        "fit": [*POLICY["fit"], {"id": "near", "expression": "postal_code.startsWith('606')", "points": 5}],
        "gates": [
            {"id": "label", "field": "indications", "op": "exists", "value": False, "reason": "outside_label"},
            {"id": "later", "licence": {"states": ["IL"]}, "reason": "unlicensed", "valid_from": "2099-01-01"},
        ],
        "value_position": "sell_it_for_more",
        "positions": [{"position": "sell_it_for_more", "fit": [{"rule_id": "near", "points": 15}]}],
    }
    version = await world.activate(**whole)
    read = await world.get(f"policies/{version}")
    assert {name: read[name] for name in whole} == whole
    await world.hear(contact("hcp-1"), engagement("hcp-1"), contact("hcp-2", specialty="oncology"), engagement("hcp-2"))
    lead = await world.lead()
    assert (lead["contact_id"], lead["score"]["fit"]) == ("hcp-1", 45)


async def test_a_gate_that_ends_by_its_date_lets_in_who_was_kept_out(world: World) -> None:
    today = datetime.now(UTC)
    gate = {"id": "pause", "field": "kind", "op": "exists", "reason": "paused", "valid_until": today.date().isoformat()}
    await world.activate(gates=[gate])
    await world.hear(contact("hcp-1"), engagement("hcp-1"))
    database = world.service.database
    await take_dated_facts(database, now=today)
    await decide_stale_ledgers(database, now=today)
    assert await world.leads() == []
    tomorrow = today + timedelta(days=1)
    assert await take_dated_facts(database, now=tomorrow) == 1
    assert await take_dated_facts(database, now=tomorrow + timedelta(seconds=1)) == 0
    assert await decide_stale_ledgers(database, now=tomorrow) == 1
    assert await decide_stale_ledgers(database, now=tomorrow) == 0
    assert [lead["contact_id"] for lead in await world.leads()] == ["hcp-1"]


@pytest.mark.parametrize("countrys_own", [False, True])
async def test_a_gate_that_begins_by_its_date_keeps_out_who_would_qualify_from_then_on(world: World, countrys_own: bool) -> None:
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    gate = {"id": "pause", "field": "specialty", "op": "exists", "reason": "paused", "valid_from": str(tomorrow.date())}
    await world.activate(thresholds={"fit": 40, "engagement": 20}, gates=[gate])
    if countrys_own:  # the brand's newest activation is of another policy
        await world.activate(country="CA")
    await world.put("accounts", account("mercy", valid_from=str(tomorrow.date())))
    await world.hear(contact("hcp-1", account_id="mercy"), engagement("hcp-1"))
    await world.hear(contact("hcp-2", account_id="mercy", specialty=None), engagement("hcp-2"))
    database = world.service.database
    await decide_stale_ledgers(database, now=datetime.now(UTC))
    assert await take_dated_facts(database, now=tomorrow) == 2
    assert await decide_stale_ledgers(database, now=tomorrow) == 2
    assert await decide_stale_ledgers(database, now=tomorrow) == 0
    assert await world.leads() == []
    day_after = tomorrow + timedelta(days=1)
    assert await take_dated_facts(database, now=day_after) == 0


async def test_a_policy_that_asks_for_the_day_is_asked_again_each_day(world: World) -> None:
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    fit = [{"id": "season", "expression": f"specialty == 'cardiology' && today >= '{tomorrow.date()}'", "points": 30}]
    await world.activate(fit=fit)
    await world.hear(contact("hcp-1"), engagement("hcp-1"))
    database = world.service.database
    await decide_stale_ledgers(database, now=datetime.now(UTC))
    assert await take_dated_facts(database, now=datetime.now(UTC)) == 0
    assert await world.leads() == []
    assert await take_dated_facts(database, now=tomorrow) == 1
    assert await take_dated_facts(database, now=tomorrow + timedelta(seconds=1)) == 0
    assert await decide_stale_ledgers(database, now=tomorrow) == 1
    assert (await world.lead())["contact_id"] == "hcp-1"


async def test_a_policy_may_ask_whether_a_territory_covers_somebody_and_a_moved_one_decides_again(world: World) -> None:
    fit = [
        {"id": "covered", "field": "territory.id", "op": "exists", "points": 30},
        {"id": "midwest", "expression": "territory.region == 'midwest'", "points": 5},
    ]
    await world.activate(fit=fit)
    await world.hear(contact("hcp-1"), engagement("hcp-1"), contact("hcp-2", postal_code="10001"), engagement("hcp-2"))
    lead = await world.lead()
    assert (lead["contact_id"], lead["score"]["fit"]) == ("hcp-1", 35)
    await world.put("territories", territory("manhattan", "100*", region="east"))
    assert await decide_stale_ledgers(world.service.database, now=datetime.now(UTC)) == 2
    second = await world.lead(territory_id="manhattan")
    assert (second["contact_id"], second["score"]["fit"]) == ("hcp-2", 30)
