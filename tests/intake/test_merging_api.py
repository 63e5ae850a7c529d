"""Naming whom acts showed, pairs that wait, merging and parting: over HTTP and on a real database."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from prometheus_client import REGISTRY

from intake.figures.people import SAMPLERS
from shared.gauges import sample
from tests.intake.conftest import Intake, contact, counts, engagement
from tests.intake.platforms import email_opened, mautic_lead, subscription_changed
from tests.intake.test_recording import counting_statements

EMAIL_ONLY = {"lead": None}


def opened(number: int, *, lead: int | None = None, email: str | None = None) -> dict[str, Any]:
    """Somebody opened an e-mail, known by their id in Mautic, their address or both."""
    known = {"lead": mautic_lead(lead, email)} if lead is not None else {"lead": None}
    return {"mautic.email_on_open": [email_opened(id=number, emailAddress=email, **known)]}


def named(contact_id: str, *emails: str, **changes: Any) -> dict[str, Any]:
    return contact(contact_id, **{"external_ids": {"crm": contact_id}, "emails": list(emails), **changes})


async def show(intake: Intake, number: int, **known: Any) -> str:
    """One act; gives whose it was told to be."""
    assert counts(await intake.mautic(opened(number, **known))) == {"accepted": 1}
    told: str = (await intake.published("engagement.recorded"))[-1]["contact_id"]
    return told


async def say(intake: Intake, path: str, body: Any = None, *, role: str = "sales_ops") -> httpx.Response:
    return await intake.client.post(f"/v1/{path}", json=body, headers=intake.token(role))


async def snapshots(intake: Intake) -> dict[str, dict[str, Any]]:
    """What was told last of each contact, without its version."""
    return {told["contact_id"]: {**told, "version": 0} for told in await intake.published("contact.snapshot")}


async def waiting(intake: Intake) -> list[tuple[list[str], list[str]]]:
    answer = await intake.get("candidates?state=waiting", role="privacy")
    return [(one["contact_ids"], one["kinds"]) for one in answer.json()["items"]]


async def test_a_directory_names_whom_a_webhook_showed_and_their_history_follows(intake: Intake) -> None:
    first = await show(intake, 1, lead=26, email="ada@clinic.test")
    rows = [named("hcp-1", "ada@clinic.test")]
    answer = (await intake.put("contacts", rows)).json()
    assert (answer["created"], answer["updated"]) == (0, 1)
    assert answer["aliases"] == [{"row": 1, "id": "hcp-1", "contact_id": first}]
    again = (await intake.put("contacts", rows)).json()
    assert (again["unchanged"], again["aliases"]) == (1, answer["aliases"])

    redirect = await intake.get("contacts/hcp-1", role="integration")
    assert redirect.status_code == 307
    read = await intake.client.get(redirect.url.join(redirect.headers["Location"]), headers=intake.token("integration"))
    assert (read.json()["id"], read.json()["aliases"], read.json()["given_name"]) == (first, ["hcp-1"], "Ada")
    assert read.json()["external_ids"] == {"crm": "hcp-1", "mautic": "26"}

    assert counts(await intake.post_engagements([engagement("later", contact=None, contact_id="hcp-1")])) == {"accepted": 1}
    assert [told["contact_id"] for told in await intake.published("engagement.recorded")] == [first, first]
    assert [(told["contact_id"], told["provisional"]) for told in await intake.published("contact.snapshot")] == [
        (first, True),
        (first, False),
    ]


async def test_a_row_joins_all_whom_acts_showed_apart_into_who_was_first(intake: Intake) -> None:
    first, second = await show(intake, 1, lead=26), await show(intake, 2, email="ada@clinic.test")
    assert first != second
    row = contact("hcp-1", external_ids={"mautic": "26"}, emails=["ada@clinic.test"])
    assert (await intake.put("contacts", [row])).json()["aliases"] == [{"row": 1, "id": "hcp-1", "contact_id": first}]
    told = await snapshots(intake)
    assert told[first]["emails"] == ["ada@clinic.test"]
    assert (told[second]["merged_into"], told[second]["specialty"]) == (first, "cardiology")
    assert await show(intake, 3, email="ada@clinic.test") == first
    for alias in ("hcp-1", second):
        assert (await intake.get(f"contacts/{alias}", role="auditor")).headers["Location"] == f"./{first}"


async def test_acts_join_whom_they_show_to_be_one(intake: Intake) -> None:
    first, second = await show(intake, 1, lead=26), await show(intake, 2, email="ada@clinic.test")
    await show(intake, 3, lead=26, email="ada@clinic.test")
    assert (await snapshots(intake))[second]["merged_into"] == first
    assert await show(intake, 4, email="ada@clinic.test") == first
    recorded = (await intake.published("engagement.recorded"))[-1]
    assert (recorded["contact_id"], recorded["original_contact_id"]) == (first, second)
    kept = await intake.rows("SELECT contact_id FROM engagements ORDER BY received_at")
    assert [row.contact_id for row in kept] == [first, second, first, second]


async def test_a_key_of_somebody_named_is_left_out_and_the_two_wait(intake: Intake) -> None:
    await intake.put("contacts", [named("hcp-1", "ada@clinic.test")])
    rows = [
        named("hcp-2", "eve@clinic.test", "ADA@clinic.test"),
        named("hcp-3", "shared@x.test"),
        named("hcp-4", "shared@x.test"),
        named("hcp-5", "alone@x.test"),
    ]
    answer = (await intake.put("contacts", rows)).json()
    assert (answer["created"], answer["rejected"], answer.get("aliases")) == (4, [], None)
    left_out = {each["row"]: each for each in answer["left_out"]}
    assert {row: [error["pointer"] for error in each["errors"]] for row, each in left_out.items()} == {1: ["/emails/1"], 3: ["/emails/0"]}
    assert "hcp-1" in left_out[1]["errors"][0]["detail"]
    assert "clinic.test" not in str(left_out)
    assert (await snapshots(intake))["hcp-2"]["emails"] == ["eve@clinic.test"]
    assert sorted(await waiting(intake)) == [(["hcp-1", "hcp-2"], ["email"]), (["hcp-3", "hcp-4"], ["email"])]
    listed = (await intake.get("candidates?state=waiting", role="sales_ops")).json()["items"]
    assert {one["id"] for one in listed} == {each["candidate_ids"][0] for each in left_out.values()}


async def test_an_act_of_two_whom_a_directory_named_makes_a_candidate_and_costs_nothing_more(intake: Intake) -> None:
    await intake.put("contacts", [contact("hcp-1", external_ids={"mautic": "26"}, emails=[]), named("hcp-2", "ada@clinic.test")])
    assert await show(intake, 1, lead=26) == "hcp-1"
    with counting_statements(intake) as count:
        assert counts(await intake.mautic(opened(2, lead=26, email="ada@clinic.test"))) == {"accepted": 1}
        assert count() == 2, "one look and one write"
    assert await waiting(intake) == [(["hcp-1", "hcp-2"], ["email"])]
    await show(intake, 3, lead=26, email="ada@clinic.test")
    assert len(await waiting(intake)) == 1
    assert [told["contact_id"] for told in await intake.published("engagement.recorded")] == ["hcp-1"] * 3
    assert len(await intake.published("contact.snapshot")) == 2


async def test_a_candidate_is_merged_and_parted_again(intake: Intake) -> None:
    await intake.put("contacts", [named("hcp-1", "ada@clinic.test", segments=["one"]), named("hcp-2", "ada@clinic.test", "eve@x.test")])
    before = await snapshots(intake)
    [candidate] = (await intake.get("candidates?state=waiting", role="integration")).json()["items"]
    for _ in range(2):
        answer = await say(intake, f"candidates/{candidate['id']}/merge", {"survivor": "hcp-2"})
        assert (answer.status_code, answer.json()) == (200, {"contact_id": "hcp-2", "merged_id": "hcp-1"})
    merged = await snapshots(intake)
    assert merged["hcp-1"] == before["hcp-1"] | {"merged_into": "hcp-2"}
    assert merged["hcp-2"] == before["hcp-2"] | {"emails": ["eve@x.test", "ada@clinic.test"]}
    assert await show(intake, 1, email="ada@clinic.test") == "hcp-2"
    assert (await intake.get("contacts/hcp-1", role="integration")).status_code == 307
    assert await waiting(intake) == []
    assert (await say(intake, f"candidates/{candidate['id']}/dismiss")).status_code == 409

    answer = await say(intake, "contacts/hcp-1/unmerge", role="privacy")
    assert (answer.status_code, answer.json()) == (200, {"contact_id": "hcp-1", "was_merged_into": "hcp-2"})
    assert await snapshots(intake) == before
    assert await show(intake, 2, email="ada@clinic.test") == "hcp-1"
    assert (await say(intake, "contacts/hcp-1/unmerge")).status_code == 409
    [decided] = (await intake.get("candidates", role="auditor")).json()["items"]
    assert (decided["state"], decided["id"]) == ("dismissed", candidate["id"])
    versions = [(told["contact_id"], told["version"]) for told in await intake.published("contact.snapshot")]
    assert versions == [("hcp-1", 1), ("hcp-2", 1), ("hcp-1", 2), ("hcp-2", 2), ("hcp-1", 3), ("hcp-2", 3)]


async def test_a_dismissed_pair_is_not_proposed_again(intake: Intake) -> None:
    rows = [named("hcp-1", "ada@clinic.test"), named("hcp-2", "ada@clinic.test")]
    await intake.put("contacts", rows)
    [candidate] = (await intake.get("candidates", role="sales_ops")).json()["items"]
    for _ in range(2):
        dismissed = await say(intake, f"candidates/{candidate['id']}/dismiss")
        assert (dismissed.status_code, dismissed.json()["state"]) == (200, "dismissed")
    assert (await intake.put("contacts", rows)).json()["left_out"][0]["candidate_ids"] == [candidate["id"]]
    assert await waiting(intake) == []


async def test_operators_see_how_long_pairs_have_waited(intake: Intake) -> None:
    async def figures(now: datetime) -> tuple[float | None, ...]:
        for sampler in SAMPLERS:
            await sample(intake.service.database, sampler, now=now)
        names = ("fullcircle_contact_candidates_waiting", "fullcircle_contact_candidates_oldest_age_seconds")
        return tuple(REGISTRY.get_sample_value(name) for name in names)

    assert await figures(datetime.now(UTC)) == (0, 0)
    await intake.put("contacts", [named("hcp-1", "ada@clinic.test"), named("hcp-2", "ada@clinic.test")])
    waiting_now, age_seconds = await figures(datetime.now(UTC) + timedelta(hours=1))
    assert waiting_now == 1
    assert age_seconds is not None
    assert 3600 <= age_seconds < 3660
    [candidate] = (await intake.get("candidates", role="sales_ops")).json()["items"]
    await say(intake, f"candidates/{candidate['id']}/dismiss")
    assert await figures(datetime.now(UTC)) == (0, 0)


async def test_an_opt_out_counts_for_every_id_of_the_person(intake: Intake) -> None:
    await intake.put("contacts", [named("hcp-1", external_ids={"mautic": "26"}), named("hcp-2", "eve@x.test"), named("hcp-3", "c@x.test")])
    for old in ("hcp-2", "hcp-3"):
        assert (await say(intake, f"contacts/{old}/merge", {"into": "hcp-1"}, role="integration")).status_code == 200
    left = subscription_changed(contact=mautic_lead(26, None))
    assert counts(await intake.mautic({"mautic.lead_channel_subscription_changed": left})) == {"accepted": 1}
    told = await snapshots(intake)
    assert {contact_id: [act["state"] for act in each["consents"]] for contact_id, each in told.items()} == {
        "hcp-1": ["denied"],
        "hcp-2": ["denied"],
        "hcp-3": ["denied"],
    }


async def test_a_merge_of_a_customer_master_is_taken_over(intake: Intake) -> None:
    rows = [named("hcp-2", "b@x.test", merged_into="hcp-1"), named("hcp-1", "a@x.test"), named("hcp-3", merged_into="nobody")]
    answer = (await intake.put("contacts", rows)).json()
    assert (answer["created"], answer["aliases"]) == (3, [{"row": 1, "id": "hcp-2", "contact_id": "hcp-1"}])
    assert answer["left_out"] == [
        {"row": 3, "errors": [{"pointer": "/merged_into", "detail": "there is no contact nobody"}], "candidate_ids": []}
    ]
    told = await snapshots(intake)
    assert (told["hcp-2"]["merged_into"], told["hcp-1"]["emails"]) == ("hcp-1", ["a@x.test", "b@x.test"])
    again = (await intake.put("contacts", rows)).json()
    assert (again["unchanged"], len(await intake.published("contact.snapshot"))) == (3, 3)


async def test_merges_that_cannot_be(intake: Intake) -> None:
    await intake.put("contacts", [named("hcp-1", "a@x.test"), named("hcp-2", "a@x.test", "b@x.test")])
    provisional = await show(intake, 1, lead=26)
    [candidate] = (await intake.get("candidates", role="sales_ops")).json()["items"]
    for path, body, status in (
        ("contacts/nobody/merge", {"into": "hcp-1"}, 404),
        ("contacts/hcp-1/merge", {"into": "nobody"}, 422),
        ("contacts/hcp-1/merge", {"into": provisional}, 409),
        ("contacts/hcp-1/merge", {}, 422),
        ("contacts/hcp-1/unmerge", None, 409),
        ("contacts/nobody/unmerge", None, 409),
        (f"candidates/{candidate['id']}/merge", {"survivor": provisional}, 422),
        ("candidates/01998f7e-5a10-7c3e-9a51-6a1d0c9be001/merge", {}, 404),
        ("candidates/01998f7e-5a10-7c3e-9a51-6a1d0c9be001/dismiss", None, 404),
    ):
        answer = await say(intake, path, body)
        assert answer.status_code == status, (path, answer.text)
    row = named("hcp-3", merged_into="hcp-3")
    [refused] = (await intake.put("contacts", [row])).json()["rejected"]
    assert refused["errors"][0]["pointer"] == "/merged_into"


@pytest.mark.parametrize("odd_id", ["a/b?c", "urn:x:1", "ü ö", "%2F"])
async def test_an_alias_redirects_to_any_id_there_can_be(intake: Intake, odd_id: str) -> None:
    assert counts(await intake.post_engagements([engagement(contact=None, contact_id=odd_id)])) == {"accepted": 1}
    await intake.put("contacts", [named("hcp-1", "a@x.test")])
    await intake.put("contacts", [named(odd_id, "b@x.test")])
    assert (await say(intake, "contacts/hcp-1/merge", {"into": odd_id})).status_code == 200
    redirect = await intake.get("contacts/hcp-1", role="integration")
    assert redirect.status_code == 307
    assert redirect.headers["Location"].isascii()
