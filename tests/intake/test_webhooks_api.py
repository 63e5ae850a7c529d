"""Webhooks end to end: signed bodies become receipts, engagements and events in one commit, or nothing at all."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from tests.intake.conftest import HUBSPOT_URL, Intake, asset, campaign, contact, counts
from tests.intake.platforms import (
    SECRET,
    email_opened,
    form_submitted,
    hubspot_event,
    hubspot_headers,
    mautic_headers,
    page_hit,
    raw,
    subscription_changed,
)


async def test_a_signed_webhook_becomes_engagements_and_a_provisional_contact(intake: Intake) -> None:
    answer = await intake.mautic({"mautic.email_on_open": [email_opened()], "mautic.form_on_submit": form_submitted()})
    assert answer.status_code == 202
    assert answer.json() == {"receipt_id": answer.json()["receipt_id"], "accepted": 2, "duplicate": 0, "ignored": 0, "rejected": 0}
    assert UUID(answer.json()["receipt_id"]).version == 7
    opened, submitted = await intake.published("engagement.recorded")
    assert (opened["kind"], submitted["kind"]) == ("email_opened", "form_submitted")
    assert opened["contact_id"] == submitted["contact_id"]
    [snapshot] = await intake.published("contact.snapshot")
    assert (snapshot["contact_id"], snapshot["version"], snapshot["provisional"]) == (opened["contact_id"], 1, True)
    assert (snapshot["external_ids"], snapshot["emails"]) == ({"mautic": "26"}, ["ada@clinic.test"])


async def test_events_follow_their_receipt(intake: Intake) -> None:
    answer = await intake.mautic({"mautic.email_on_open": [email_opened()]})
    correlations = await intake.rows("SELECT DISTINCT headers ->> 'ce_correlationid' AS id FROM outbox")
    assert [row.id for row in correlations] == [answer.json()["receipt_id"]]


async def test_no_word_of_a_form_answer_leaves_the_receipt(intake: Intake) -> None:
    await intake.mautic({"mautic.form_on_submit": form_submitted()})
    for table in ("outbox", "engagements", "receipt_items", "contacts", "contact_keys"):
        [row] = await intake.rows(f"SELECT count(*) AS found FROM {table} t WHERE CAST(t AS text) ILIKE '%dizzy%'")
        assert row.found == 0, table
    [row] = await intake.rows("SELECT count(*) AS found FROM receipts WHERE convert_from(body, 'UTF8') LIKE '%dizzy%'")
    assert row.found == 1


async def test_every_item_gets_its_own_verdict(intake: Intake) -> None:
    body = {
        "mautic.email_on_open": [email_opened(), email_opened(id=9, dateRead="2026-03-02", lastOpened=None), email_opened()],
        "mautic.lead_post_save_update": {"contact": {"id": 26}},
        "mautic.page_on_hit": ["no object", page_hit(lead=None), page_hit(dateHit="2100-01-01T00:00:00Z")],
    }
    answer = await intake.mautic(body)
    assert counts(answer) == {"accepted": 1, "duplicate": 1, "ignored": 1, "rejected": 4}
    assert await intake.items(answer) == [
        ("accepted", None),
        ("rejected", "time_without_zone"),
        ("duplicate", None),
        ("ignored", "record_only"),
        ("rejected", "unexpected_shape"),
        ("rejected", "no_person"),
        ("rejected", "time_out_of_bounds"),
    ]


async def test_a_replay_is_a_duplicate_and_tells_nothing_again(intake: Intake) -> None:
    body = {"mautic.email_on_open": [email_opened()], "mautic.page_on_hit": [page_hit()]}
    assert counts(await intake.mautic(body)) == {"accepted": 2}
    told = await intake.outbox_of(intake.service)
    assert counts(await intake.mautic(body)) == {"duplicate": 2}
    retried = {"mautic.page_on_hit": [page_hit() | {"timestamp": "2026-03-02T12:00:00+00:00"}]}
    assert counts(await intake.mautic(retried)) == {"duplicate": 1}
    assert await intake.outbox_of(intake.service) == told


async def test_the_same_event_as_another_engagement_is_a_visible_conflict(intake: Intake) -> None:
    await intake.mautic({"mautic.form_on_submit": form_submitted()})
    answer = await intake.mautic({"mautic.form_on_submit": form_submitted(lead={"id": 27})})
    assert counts(answer) == {"rejected": 1}
    assert await intake.items(answer) == [("rejected", "conflict")]
    [receipt] = (await intake.get("receipts?verdict=conflict", role="marketing")).json()["items"]
    assert (receipt["id"], receipt["conflict"]) == (answer.json()["receipt_id"], True)
    assert len(await intake.published("engagement.recorded")) == 1
    assert len(await intake.published("contact.snapshot")) == 1


async def test_the_asset_the_campaign_and_the_findings_are_recognised(intake: Intake) -> None:
    await intake.put("assets", [asset(), asset("old", url=None, keys=[{"kind": "page", "value": "evidence"}], approval={
        "status": "approved", "code": "MLR-0", "regions": ["DE"], "expires_on": "2025-12-31"})])  # fmt: skip
    await intake.put("campaigns", [campaign(), campaign("other", keys=[], asset_ids=[])])
    await intake.put("contacts", [contact()])
    await intake.mautic({"mautic.email_on_open": email_opened(), "mautic.page_on_hit": page_hit()})
    opened, viewed = await intake.published("engagement.recorded")
    assert {name: opened[name] for name in ("contact_id", "asset_id", "campaign_id", "brand_id", "topics", "context", "flags")} == {
        "contact_id": "hcp-1",
        "asset_id": "guide",
        "campaign_id": "launch",
        "brand_id": "cardiozan",
        "topics": ["dosing"],
        "context": "educational",
        "flags": [],
    }
    assert (viewed["asset_id"], viewed["campaign_id"]) == ("old", None)
    assert viewed["flags"] == ["asset_unapproved", "asset_expired"]


async def test_without_an_asset_the_sources_brand_and_promotion_are_assumed(intake: Intake) -> None:
    await intake.mautic({"mautic.email_on_open": email_opened()})
    [opened] = await intake.published("engagement.recorded")
    assert (opened["brand_id"], opened["context"], opened["asset_id"]) == ("cardiozan", "promotional", None)


async def test_hubspot_is_checked_against_its_configured_address_whatever_the_host_header_says(intake: Intake) -> None:
    body = [hubspot_event(), hubspot_event(subscriptionType="contact.creation")]
    assert counts(await intake.hubspot(body)) == {"accepted": 1, "ignored": 1}
    [recorded] = await intake.published("engagement.recorded")
    assert (recorded["kind"], recorded["source"]) == ("webinar_attended", "hs")
    [snapshot] = await intake.published("contact.snapshot")
    assert snapshot["external_ids"] == {"hs": "123"}
    content = raw(body)
    forged = hubspot_headers(content, uri="https://attacker.test/v1/webhooks/hs", at=datetime.now(UTC)) | {"Host": "attacker.test"}
    assert (await intake.client.post("/v1/webhooks/hs", content=content, headers=forged)).status_code == 401


async def test_without_a_configured_address_our_own_is_the_one_that_is_signed(intake: Intake) -> None:
    await intake.connect("plain", "hubspot")
    content = raw([hubspot_event(subscriptionType="contact.creation")])
    for query in ("", "?region=eu"):
        headers = hubspot_headers(content, uri=f"http://testserver/v1/webhooks/plain{query}", at=datetime.now(UTC))
        answer = await intake.client.post(f"/v1/webhooks/plain{query}", content=content, headers=headers)
        assert counts(answer) == {"ignored": 1}


async def test_a_replay_after_the_signed_time_is_refused(intake: Intake) -> None:
    body = [hubspot_event()]
    assert counts(await intake.hubspot(body)) == {"accepted": 1}
    assert counts(await intake.hubspot(body)) == {"duplicate": 1}
    for minutes in (-6, 6):
        assert (await intake.hubspot(body, at=datetime.now(UTC) + timedelta(minutes=minutes))).status_code == 401


async def test_a_wrong_signature_leaves_nothing(intake: Intake) -> None:
    body = {"mautic.email_on_open": email_opened()}
    refused = await intake.mautic(body, secret="guess")
    assert refused.status_code == 401
    assert refused.headers["content-type"] == "application/problem+json"
    unsigned = await intake.client.post("/v1/webhooks/mautic", json=body)
    assert unsigned.status_code == 401
    assert await intake.rows("SELECT id FROM receipts") == []


async def test_an_unknown_source_is_not_found_signed_or_not(intake: Intake) -> None:
    assert (await intake.mautic({}, source="nowhere")).status_code == 404
    assert (await intake.client.post("/v1/webhooks/nowhere", json={})).status_code == 404


async def test_only_json_in_utf8_is_taken(intake: Intake) -> None:
    content = raw({"mautic.email_on_open": email_opened()})
    signed = mautic_headers(content)
    for label in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/json; charset=utf-7"):
        answer = await intake.client.post("/v1/webhooks/mautic", content=content, headers=signed | {"Content-Type": label})
        assert answer.status_code == 415, label
    gzipped = await intake.client.post("/v1/webhooks/mautic", content=content, headers=signed | {"Content-Encoding": "gzip"})
    assert gzipped.status_code == 415


async def test_a_body_over_the_limit_is_refused(intake: Intake) -> None:
    content = b"[" + b" " * (5 * 1024 * 1024) + b"]"
    assert (await intake.mautic(content)).status_code == 413


async def test_a_mass_of_items_in_one_body_is_recorded_item_by_item(intake: Intake) -> None:
    people = [email_opened(id=number, lead={"id": number}, emailAddress=None) for number in range(1, 1_001)]
    assert counts(await intake.mautic({"mautic.email_on_open": people})) == {"accepted": 1_000}
    [row] = await intake.rows("SELECT count(*) AS contacts, (SELECT count(*) FROM engagements) AS engagements FROM contacts")
    assert (row.contacts, row.engagements) == (1_000, 1_000)


async def test_more_items_than_any_platform_sends_are_kept_and_rejected_as_one(intake: Intake) -> None:
    answer = await intake.mautic({"mautic.email_on_open": [0] * 5_001})
    assert counts(answer) == {"rejected": 1}
    assert await intake.items(answer) == [("rejected", "too_many_items")]


async def test_an_empty_body_is_a_receipt_of_nothing(intake: Intake) -> None:
    assert counts(await intake.mautic([])) == {}
    assert counts(await intake.hubspot([])) == {}


async def test_both_secrets_work_while_one_replaces_the_other(intake: Intake) -> None:
    rotating = {"adapter": "mautic", "secrets": [SECRET, "the-next-one"], "settings": {}}
    await intake.put("sources/mautic", rotating, role="admin")
    for secret in (SECRET, "the-next-one"):
        assert (await intake.mautic({}, secret=secret)).status_code == 202
    await intake.put("sources/mautic", {**rotating, "secrets": ["the-next-one"]}, role="admin")
    assert (await intake.mautic({}, secret=SECRET)).status_code == 401


async def test_an_unsubscribe_is_honoured_at_once_and_a_later_subscription_too(intake: Intake) -> None:
    await intake.put("contacts", [contact()])
    await intake.mautic({"mautic.lead_channel_subscription_changed": subscription_changed()})
    snapshots = await intake.published("contact.snapshot")
    assert snapshots[-1]["consents"] == [{"channel": "email", "purpose": "marketing", "state": "denied", "at": "2026-03-02T10:15:00Z"}]
    assert [snapshot["version"] for snapshot in snapshots] == [1, 2]
    late = subscription_changed("contactable", old="unsubscribed", timestamp="2026-03-01T10:15:00+00:00")
    await intake.mautic({"mautic.lead_channel_subscription_changed": late})
    assert len(await intake.published("contact.snapshot")) == 2
    again = subscription_changed("contactable", old="unsubscribed", timestamp="2026-03-03T10:15:00+00:00")
    await intake.mautic({"mautic.lead_channel_subscription_changed": again})
    assert (await intake.published("contact.snapshot"))[-1]["consents"][0]["state"] == "granted"


@pytest.mark.parametrize("timestamp", [None, "2100-01-01T00:00:00Z", "1970-01-01T00:00:00Z"])
async def test_somebody_who_leaves_at_an_impossible_time_left_when_we_heard(intake: Intake, timestamp: Any) -> None:
    answer = await intake.mautic({"mautic.lead_channel_subscription_changed": subscription_changed(timestamp=timestamp)})
    assert counts(answer) == {"accepted": 1}
    [recorded] = await intake.published("engagement.recorded")
    assert recorded["occurred_at"] == recorded["received_at"]
    assert (await intake.published("contact.snapshot"))[-1]["consents"][0]["state"] == "denied"
    assert counts(await intake.mautic({"mautic.lead_channel_subscription_changed": subscription_changed(timestamp=timestamp)})) == {
        "duplicate": 1
    }


async def test_a_click_on_an_unsubscribe_link_changes_no_consent(intake: Intake) -> None:
    await intake.mautic({"mautic.page_on_hit": page_hit(email={"id": 5}, url="https://mautic.test/email/unsubscribe/55dd17adace91")})
    [snapshot] = await intake.published("contact.snapshot")
    assert snapshot["consents"] == []


async def test_a_person_known_by_email_is_taught_the_platforms_id(intake: Intake) -> None:
    await intake.put("contacts", [contact()])
    await intake.mautic({"mautic.email_on_open": email_opened()})
    assert (await intake.published("contact.snapshot"))[-1]["external_ids"] == {"crm": "crm-hcp-1", "mautic": "26", "npi": "1234567893"}
    by_id_alone = email_opened(id=77, lead={"id": 26}, emailAddress=None)
    await intake.mautic({"mautic.email_on_open": by_id_alone})
    assert [event["contact_id"] for event in await intake.published("engagement.recorded")] == ["hcp-1", "hcp-1"]
    assert len(await intake.published("contact.snapshot")) == 2


async def test_the_configured_address_is_what_hubspot_was_told(intake: Intake) -> None:
    assert (await intake.hubspot([], uri=HUBSPOT_URL)).status_code == 202
    assert (await intake.hubspot([], uri=HUBSPOT_URL.replace("tenant=1", "tenant=2"))).status_code == 401
