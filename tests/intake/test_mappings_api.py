"""A platform nobody here has heard of: tried on a sample, connected by a mapping, changed after a preview. All of it over HTTP."""

import hashlib
import hmac
from typing import Any

import httpx
import pytest

from tests.intake.conftest import Intake, counts
from tests.intake.platforms import SECRET, raw
from tests.intake.test_mappings import PODIUM, batch, entry
from tests.intake.vendor_bodies import as_form, mailchimp

CONNECTED = {"mapping": PODIUM, "secrets": [SECRET], "settings": {"brand_id": "cardiozan"}}


async def post(intake: Intake, body: bytes, *, secret: str = SECRET) -> httpx.Response:
    signature = hmac.new(secret.encode(), b"v1:" + body, hashlib.sha256).hexdigest()
    headers = {"Content-Type": "application/json", "X-Podium": signature}
    return await intake.client.post("/v1/webhooks/podium", content=body, headers=headers)


async def ask(intake: Intake, what: str, body: Any, *, source: str = "podium", role: str = "admin") -> httpx.Response:
    return await intake.client.post(f"/v1/sources/{source}/{what}", json=body, headers=intake.token(role))


async def everything(intake: Intake) -> dict[str, list[Any]]:
    """Every row there is."""
    tables = ("sources", "receipts", "receipt_items", "engagements", "contacts", "contact_keys", "consents", "outbox")
    return {table: await intake.rows(f"SELECT CAST(t AS text) FROM {table} t ORDER BY 1") for table in tables}


async def test_a_made_up_platform_is_tried_connected_and_heard(intake: Intake) -> None:
    sample = {"batch": {"entries": [entry(), entry(what="COFFEE_SERVED"), entry(um="soon")]}}
    tried = await ask(intake, "test", {"body": sample, "mapping": PODIUM})
    assert tried.status_code == 200, tried.text
    attended, unheard_of, undated = tried.json()["items"]
    assert (attended["position"], attended["verdict"], attended["type"]) == (0, "accepted", "SEAT_TAKEN")
    assert attended["engagement"] == {
        "source": "podium",
        "source_event_id": "SEAT_TAKEN:e-1",
        "kind": "webinar_attended",
        "channel": "webinar",
        "occurred_at": "2026-03-02T10:15:00Z",
        "machine": False,
        "contact": {"emails": ["ada@clinic.test"], "external_ids": {"npi": "1234567893", "podium": "G-7"}},
        "keys": [{"kind": "page", "value": "dosing"}],
        "attributes": {"live": True, "attended_seconds": 1800, "answer_practice": "hospital"},
    }
    assert (unheard_of["verdict"], unheard_of["reason"], unheard_of["engagement"]) == ("ignored", "unknown_event_type", None)
    assert (undated["verdict"], undated["reason"]) == ("rejected", "time_unreadable")

    made = await intake.put("sources/podium", CONNECTED, role="admin")
    assert (made.status_code, made.json()["adapter"], made.json()["mapping"]) == (201, None, PODIUM)
    assert (await intake.get("sources/podium", role="auditor")).json() == made.json()

    answer = await post(intake, batch(entry(), entry(what="SEAT_BOOKED", ref="e-2", seats=2), entry(what="DOOR_OPENED")))
    assert counts(answer) == {"accepted": 2, "ignored": 1}
    assert (await intake.get(f"receipts/{answer.json()['receipt_id']}", role="marketing")).json()["proof"] == "signed"
    recorded, booked = await intake.published("engagement.recorded")
    assert recorded["attributes"] == attended["engagement"]["attributes"]
    assert (recorded["source"], recorded["brand_id"], booked["kind"]) == ("podium", "cardiozan", "webinar_registered")
    assert counts(await post(intake, batch(entry()))) == {"duplicate": 1}
    assert (await post(intake, batch(entry()), secret="a guess")).status_code == 401


async def test_the_source_itself_is_tried_with_forms_texts_and_headers_too(intake: Intake) -> None:
    for name in ("mailchimp", "marketo", "cloudevents"):
        await intake.connect(name, name)
    fields = mailchimp("subscribe")
    for form in (fields, as_form(fields).decode()):
        [item] = (await ask(intake, "test", {"form": form}, source="mailchimp")).json()["items"]
        assert item["engagement"]["kind"] == "subscribed"
    [unfilled] = (await ask(intake, "test", {"body": '{"event": {{trigger.Name}}}'}, source="marketo")).json()["items"]
    assert (unfilled["verdict"], unfilled["reason"]) == ("rejected", "unexpected_shape")
    attributes = {"CE-SpecVersion": "1.0", "CE-Type": "x.email.opened", "CE-Source": "/s", "CE-Id": "1", "CE-Time": "2026-03-02T10:15:00Z"}
    binary = {"body": {"email": "ada@clinic.test"}, "headers": attributes}
    [opened] = (await ask(intake, "test", binary, source="cloudevents")).json()["items"]
    assert opened["engagement"]["kind"] == "email_opened"
    [unreadable] = (await ask(intake, "test", {"body": "{"}, source="marketo")).json()["items"]
    assert (unreadable["verdict"], unreadable["reason"]) == ("rejected", "unreadable")


async def test_a_changed_mapping_shows_first_what_it_would_change(intake: Intake) -> None:
    await intake.put("sources/podium", CONNECTED, role="admin")
    first = (await post(intake, batch(entry(), entry(what="DOOR_OPENED")))).json()["receipt_id"]
    second = (await post(intake, batch(entry(what="COFFEE_SERVED"), entry(ref="e-2")))).json()["receipt_id"]
    changed = {**PODIUM, "kinds": {**PODIUM["kinds"], "COFFEE_SERVED": {"kind": "event_attended"}}, "marks": []}
    seen = (await ask(intake, "preview", {"mapping": changed})).json()
    assert (seen["receipts"], seen["changed"]) == (2, 3)
    assert [(change["receipt_id"], change["position"]) for change in seen["changes"]] == [(second, 0), (second, 1), (first, 0)]
    coffee, marks = seen["changes"][0], seen["changes"][2]
    assert (coffee["before"]["reason"], coffee["after"]["engagement"]["kind"]) == ("unknown_event_type", "event_attended")
    assert marks["before"]["engagement"]["keys"] == [{"kind": "page", "value": "dosing"}]
    assert "keys" not in marks["after"]["engagement"]
    assert (await ask(intake, "preview", {"mapping": PODIUM})).json() == {"receipts": 2, "changed": 0, "changes": []}
    assert (await ask(intake, "preview", {"mapping": changed, "receipts": 1})).json()["changed"] == 2
    elsewhere = {**PODIUM, "items": "batch.nothing"}
    assert (await ask(intake, "preview", {"mapping": elsewhere})).json()["changes"][1]["after"] is None


async def test_settings_are_tried_and_previewed_as_a_mapping_is(intake: Intake) -> None:
    await intake.put("sources/podium", CONNECTED, role="admin")
    receipt_id = (await post(intake, batch(entry(what="COFFEE_SERVED"), entry()))).json()["receipt_id"]
    settings = {"event_kinds": {"COFFEE_SERVED": "event_attended"}, "mode": "test", "backfill_before": "2026-03-02T12:00:00Z"}
    sample = {"batch": {"entries": [entry(what="COFFEE_SERVED")]}}
    [tried] = (await ask(intake, "test", {"body": sample, "settings": settings})).json()["items"]
    assert (tried["engagement"]["kind"], tried["engagement"]["flags"]) == ("event_attended", ["test", "backfill"])
    [stands] = (await ask(intake, "test", {"body": sample})).json()["items"]
    assert stands["reason"] == "unknown_event_type"
    [new] = (await ask(intake, "test", {"body": sample, "settings": settings, "mapping": PODIUM}, source="new")).json()["items"]
    assert new["engagement"]["kind"] == "event_attended"
    seen = (await ask(intake, "preview", {"settings": settings})).json()
    assert [(each["receipt_id"], each["position"]) for each in seen["changes"]] == [(receipt_id, 0)]
    assert seen["changes"][0]["after"]["engagement"]["flags"] == ["test", "backfill"]
    both = {"settings": settings, "mapping": {**PODIUM, "marks": []}}
    assert (await ask(intake, "preview", both)).json()["changed"] == 2


async def test_settings_the_platform_has_no_use_for_cannot_be_tried(intake: Intake) -> None:
    await intake.put("sources/podium", CONNECTED, role="admin")
    unfit = {"property_kinds": {"p": "webinar_attended"}}
    for what, body in (("test", {"body": {}, "settings": unfit}), ("preview", {"settings": unfit})):
        answer = await ask(intake, what, body)
        assert (answer.status_code, [error["pointer"] for error in answer.json()["errors"]]) == (422, ["/settings"])


async def test_trying_and_previewing_write_nothing(intake: Intake) -> None:
    await intake.put("sources/podium", CONNECTED, role="admin")
    await post(intake, batch(entry()))
    before = await everything(intake)
    left = {"what": "LEFT", "ref": "e-9", "um": "02.03.2026 11:15", "guest": {"mail": "new@clinic.test"}}
    changed = {**PODIUM, "kinds": {**PODIUM["kinds"], "LEFT": {"kind": "unsubscribed"}}}
    for body in ({"body": {"batch": {"entries": [left]}}, "mapping": changed}, {"body": {"batch": {"entries": [entry(ref="e-3")]}}}):
        tried = await ask(intake, "test", body)
        assert [item["verdict"] for item in tried.json()["items"]] == ["accepted"]
    assert (await ask(intake, "preview", {"mapping": changed})).status_code == 200
    assert (await ask(intake, "test", {"body": {}, "mapping": PODIUM}, source="nobody")).status_code == 200
    assert await everything(intake) == before


async def test_a_changed_mapping_counts_at_once(intake: Intake) -> None:
    await intake.put("sources/podium", CONNECTED, role="admin")
    assert counts(await post(intake, batch(entry(what="COFFEE_SERVED")))) == {"ignored": 1}
    kinds = {**PODIUM["kinds"], "COFFEE_SERVED": {"kind": "event_attended"}}
    replaced = await intake.put("sources/podium", {**CONNECTED, "mapping": {**PODIUM, "kinds": kinds}}, role="admin")
    assert replaced.status_code == 200
    assert counts(await post(intake, batch(entry(what="COFFEE_SERVED")))) == {"accepted": 1}


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"secrets": ["hush"]}, "/mapping"),
        ({"adapter": "mautic", "mapping": PODIUM, "secrets": ["hush"]}, "/mapping"),
        ({"adapter": "carrier-pigeon", "secrets": ["hush"]}, "/adapter"),
        ({"mapping": {**PODIUM, "type": "what["}, "secrets": ["hush"]}, "/mapping/type"),
        ({"mapping": {**PODIUM, "kinds": {"X": {"kind": "danced"}}}, "secrets": ["hush"]}, "/mapping/kinds/X/kind"),
        ({"mapping": {**PODIUM, "colour": "blue"}, "secrets": ["hush"]}, "/mapping/colour"),
        ({"mapping": {**PODIUM, "proof": {}}, "secrets": ["hush"]}, "/mapping/proof"),
        ({**CONNECTED, "settings": {"property_kinds": {}}}, "/settings"),
        ({"adapter": "mautic", "secrets": ["hush"], "settings": {"callback_id": "x"}}, "/settings"),
        ({"adapter": "sendgrid", "secrets": ["hush, this is no key"]}, "/secrets"),
        ({"adapter": "standard-webhooks", "secrets": ["whsec_hush!"]}, "/secrets"),
    ],
)
async def test_what_cannot_be_is_refused_by_its_field(intake: Intake, body: dict[str, Any], pointer: str) -> None:
    answer = await intake.put("sources/new", body, role="admin")
    assert answer.status_code == 422, answer.text
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer], answer.text
    assert "hush" not in answer.text
    assert (await intake.get("sources/new", role="admin")).status_code == 404


@pytest.mark.parametrize(
    ("what", "body", "status"),
    [
        ("test", {}, 422),
        ("test", {"body": {}, "form": "a=b"}, 422),
        ("test", {"body": {}, "surprise": 1}, 422),
        ("test", {"body": {}, "headers": {"a b": "c"}}, 422),
        ("test", {"body": {}, "mapping": {**PODIUM, "type": "["}}, 422),
        ("test", {"body": {}}, 404),
        ("preview", {"mapping": PODIUM}, 404),
        ("preview", {}, 422),
        ("preview", {"settings": {"mode": "rehearsal"}}, 422),
        ("preview", {"mapping": PODIUM, "receipts": 0}, 422),
        ("preview", {"mapping": PODIUM, "receipts": 201}, 422),
    ],
)
async def test_what_cannot_be_tried_is_refused(intake: Intake, what: str, body: dict[str, Any], status: int) -> None:
    assert (await ask(intake, what, body, source="nobody")).status_code == status


async def test_a_sample_of_too_many_events_is_one_rejected_item(intake: Intake) -> None:
    [item] = (await ask(intake, "test", {"body": raw({"mautic.email_on_open": [0] * 5_001}).decode()}, source="mautic")).json()["items"]
    assert (item["verdict"], item["reason"]) == ("rejected", "too_many_items")
