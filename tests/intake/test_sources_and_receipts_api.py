"""Connecting platforms, and reading what became of what they sent."""

import base64
from typing import Any

import pytest

from tests.intake.conftest import Intake, engagement
from tests.intake.platforms import email_opened, hubspot_event, raw

SOURCE = {"adapter": "mautic", "secrets": ["hush-hush"], "settings": {"brand_id": "cardiozan"}}


async def test_a_source_is_made_then_replaced_and_never_tells_its_secrets(intake: Intake) -> None:
    made = await intake.put("sources/new", SOURCE, role="admin")
    assert (made.status_code, made.json()["name"], made.json()["adapter"]) == (201, "new", "mautic")
    replaced = await intake.put("sources/new", SOURCE | {"adapter": "hubspot", "secrets": ["hush-hush", "hush-2"]}, role="admin")
    assert (replaced.status_code, replaced.json()["adapter"]) == (200, "hubspot")
    assert "hush" not in made.text + replaced.text


async def test_sources_are_listed_by_name_page_by_page_without_their_secrets(intake: Intake) -> None:
    await intake.put("sources/a-new-one", SOURCE, role="admin")
    first = await intake.get("sources?limit=2", role="admin")
    rest = await intake.get(f"sources?limit=2&cursor={first.json()['next_cursor']}", role="auditor")
    assert [row["name"] for row in first.json()["items"] + rest.json()["items"]] == ["a-new-one", "hs", "mautic"]
    assert first.json()["items"][0] == (await intake.get("sources/a-new-one", role="admin")).json()
    assert rest.json()["next_cursor"] is None
    assert "hush" not in first.text + rest.text
    assert "secrets" not in first.json()["items"][0]
    assert (await intake.get("sources", role="marketing")).status_code == 403


IMPOSSIBLE: list[dict[str, Any]] = [
    SOURCE | {"adapter": "carrier-pigeon"},
    SOURCE | {"secrets": []},
    SOURCE | {"secrets": ["hush-1", "hush-2", "hush-3"]},
    SOURCE | {"secrets": [""]},
    SOURCE | {"secrets": "hush-hush"},
    SOURCE | {"secrets": [["hush-hush"]]},
    SOURCE | {"settings": {"colour": "blue"}},
    SOURCE | {"settings": {"property_kinds": {"p": "webinar_attended"}}},
    SOURCE | {"settings": {"public_url": "javascript:alert(1)"}},
    SOURCE | {"adapter": "hubspot", "settings": {"property_kinds": {"p": "dances"}}},
    SOURCE | {"surprise": 1},
    {"adapter": "mautic"},
]


async def test_a_source_that_cannot_be_is_refused_without_repeating_a_secret(intake: Intake) -> None:
    for body in IMPOSSIBLE:
        answer = await intake.put("sources/new", body, role="admin")
        assert answer.status_code == 422, body
        assert "hush" not in answer.text


async def test_a_source_cannot_be_named_like_a_register_or_with_a_slash(intake: Intake) -> None:
    for name in ("npi", "crm", "%20", "a%20b", "x" * 61, "-x"):
        assert (await intake.put(f"sources/{name}", SOURCE, role="admin")).status_code == 422, name


async def test_only_an_admin_connects_platforms(intake: Intake) -> None:
    assert (await intake.client.put("/v1/sources/new", json=SOURCE)).status_code == 401
    for role in ("integration", "marketing", "auditor"):
        assert (await intake.put("sources/new", SOURCE, role=role)).status_code == 403


async def test_secrets_and_personal_data_are_in_no_log_line(intake: Intake, capfd: pytest.CaptureFixture[str]) -> None:
    await intake.put("sources/new", SOURCE, role="admin")
    await intake.mautic({"mautic.email_on_open": email_opened()}, source="new", secret="hush-hush")
    await intake.mautic({"mautic.email_on_open": email_opened()}, source="new", secret="a wrong guess")
    logged = "".join(capfd.readouterr())
    for word in ("hush-hush", "a wrong guess", "ada@clinic.test", "Ada"):
        assert word not in logged


async def test_receipts_are_listed_newest_first_and_filtered(intake: Intake) -> None:
    opened = (await intake.mautic({"mautic.email_on_open": email_opened()})).json()["receipt_id"]
    ignored = (await intake.hubspot([hubspot_event(subscriptionType="contact.creation")])).json()["receipt_id"]
    posted = (await intake.post_engagements([engagement(), engagement("e-2", source="other")])).json()["receipt_id"]

    async def listed(query: str) -> list[str]:
        return [row["id"] for row in (await intake.get(f"receipts{query}", role="marketing")).json()["items"]]

    assert await listed("") == [posted, ignored, opened]
    assert await listed("?source=hs") == [ignored]
    assert await listed("?verdict=accepted") == [posted, opened]
    assert await listed("?source=mautic&verdict=rejected") == []
    first = (await intake.get("receipts?limit=2", role="admin")).json()
    rest = (await intake.get(f"receipts?limit=2&cursor={first['next_cursor']}", role="admin")).json()
    assert [row["id"] for row in first["items"] + rest["items"]] == [posted, ignored, opened]
    assert rest["next_cursor"] is None


async def test_raw_bodies_are_for_admins_and_auditors_alone(intake: Intake) -> None:
    body = {"mautic.email_on_open": [email_opened()]}
    receipt_id = (await intake.mautic(body)).json()["receipt_id"]
    for role in ("admin", "auditor"):
        receipt = (await intake.get(f"receipts/{receipt_id}", role=role)).json()
        assert base64.b64decode(receipt["body_base64"]) == raw(body)
    seen = (await intake.get(f"receipts/{receipt_id}", role="marketing")).json()
    [recorded] = await intake.published("engagement.recorded")
    assert seen["body_base64"] is None
    assert seen["items"] == [
        {
            "position": 0,
            "verdict": "accepted",
            "type": "mautic.email_on_open",
            "reason": None,
            "stage": None,
            "detail": None,
            "engagement_id": recorded["engagement_id"],
        }
    ]


async def test_receipts_that_are_not_there_or_not_yours(intake: Intake) -> None:
    assert (await intake.get("receipts/0195e9a0-0000-7000-8000-000000000000", role="marketing")).status_code == 404
    assert (await intake.get("receipts/17", role="marketing")).status_code == 422
    for path in ("receipts?verdict=perhaps", "receipts?limit=0", "receipts?limit=-1", "receipts?cursor=made-up", "receipts?source="):
        assert (await intake.get(path, role="marketing")).status_code == 422, path
    for role in ("integration", "rep", "sales_ops"):
        assert (await intake.get("receipts", role=role)).status_code == 403
