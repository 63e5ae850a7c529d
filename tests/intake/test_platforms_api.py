"""One platform of each kind over HTTP: its own proof, labels, questions and answers."""

import asyncio
import base64
import hmac
import io
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.intake import vendor_bodies, vendors
from tests.intake.conftest import Intake, counts
from tests.intake.platforms import SECRET, email_opened, raw
from tests.logs import logged
from tests.polling import until

JSON = {"Content-Type": "application/json"}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
SENDGRID_KEY = ec.generate_private_key(ec.SECP256R1())


async def connect(intake: Intake, adapter: str, *, secret: str = SECRET, **settings: Any) -> None:
    answer = await intake.put(f"sources/{adapter}", {"adapter": adapter, "secrets": [secret], "settings": settings}, role="admin")
    assert answer.status_code == 201, answer.text


async def post(intake: Intake, address: str, body: bytes, headers: dict[str, str]) -> httpx.Response:
    return await intake.client.post(f"/v1/webhooks/{address}", content=body, headers=headers)


async def proof_of(intake: Intake, answer: httpx.Response) -> str | None:
    receipt = await intake.get(f"receipts/{answer.json()['receipt_id']}", role="marketing")
    proof: str | None = receipt.json()["proof"]
    return proof


def sendgrid_key() -> str:
    public = SENDGRID_KEY.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return base64.b64encode(public).decode()


def signed_by_sendgrid(body: bytes, *, key: ec.EllipticCurvePrivateKey = SENDGRID_KEY) -> dict[str, str]:
    stamp = str(int(time.time()))
    signature = base64.b64encode(key.sign(stamp.encode() + body, ec.ECDSA(SHA256()))).decode()
    return JSON | {"X-Twilio-Email-Event-Webhook-Signature": signature, "X-Twilio-Email-Event-Webhook-Timestamp": stamp}


def signed_by_zoom(body: bytes, *, secret: str = SECRET) -> dict[str, str]:
    stamp = str(int(time.time()))
    mac = hmac.digest(secret.encode(), f"v0:{stamp}:".encode() + body, "sha256").hex()
    return JSON | {"x-zm-signature": f"v0={mac}", "x-zm-request-timestamp": stamp}


def signed_by_marketing_cloud(body: bytes, *, secret: str = SECRET) -> dict[str, str]:
    return JSON | {"x-sfmc-ens-signature": base64.b64encode(hmac.digest(secret.encode(), body, "sha256")).decode()}


async def test_sendgrid_signs_with_a_key_of_its_own(intake: Intake) -> None:
    await connect(intake, "sendgrid", secret=sendgrid_key(), brand_id="cardiozan")
    body = raw([vendors.sendgrid_event("open"), vendors.sendgrid_event("processed")])
    answer = await post(intake, "sendgrid", body, signed_by_sendgrid(body))
    assert (answer.status_code, counts(answer)) == (202, {"accepted": 1, "ignored": 1})
    assert await proof_of(intake, answer) == "signed"
    forged = signed_by_sendgrid(body, key=ec.generate_private_key(ec.SECP256R1()))
    assert (await post(intake, "sendgrid", body, forged)).status_code == 401


async def test_marketo_sends_a_secret_along(intake: Intake) -> None:
    await connect(intake, "marketo")
    body = raw(vendors.marketo_event())
    answer = await post(intake, "marketo", body, JSON | {"X-Intake-Secret": SECRET})
    assert (answer.status_code, counts(answer)) == (202, {"accepted": 1})
    assert await proof_of(intake, answer) == "shared_secret"
    for headers in ({}, {"X-Intake-Secret": SECRET + "x"}, {"X-Intake-Secret": ""}, {"Authorization": "Bearer a-guess"}):
        assert (await post(intake, "marketo", body, JSON | headers)).status_code == 401


async def test_mailchimp_asks_whether_we_are_there_and_posts_forms(intake: Intake) -> None:
    await connect(intake, "mailchimp")
    address = f"mailchimp?token={SECRET}"
    for method in ("GET", "HEAD"):
        probe = await intake.client.request(method, f"/v1/webhooks/{address}")
        assert (probe.status_code, probe.content) == (200, b"")
    body = vendor_bodies.as_form(vendor_bodies.mailchimp("unsubscribe", **{"data[reason]": "manual"}))
    answer = await post(intake, address, body, FORM)
    assert (answer.status_code, counts(answer)) == (202, {"accepted": 1})
    assert await proof_of(intake, answer) == "shared_secret"
    [recorded] = await intake.published("engagement.recorded")
    assert (recorded["kind"], recorded["source"], recorded["occurred_at"]) == ("unsubscribed", "mailchimp", "2026-03-02T10:15:00Z")
    assert (await intake.published("contact.snapshot"))[-1]["consents"][0]["state"] == "denied"
    for wrong in ("mailchimp", "mailchimp?token=a-guess", f"mailchimp?token={SECRET}x", f"mailchimp?Token={SECRET}"):
        assert (await post(intake, wrong, body, FORM)).status_code == 401, wrong
    assert (await post(intake, address, body, JSON)).status_code == 415


@pytest.fixture
def log() -> Iterator[io.BytesIO]:
    with logged("DEBUG") as stream:
        yield stream


async def test_a_secret_in_an_address_is_in_no_log_line(intake: Intake, log: io.BytesIO) -> None:
    await connect(intake, "mailchimp")
    body = vendor_bodies.as_form(vendor_bodies.mailchimp("profile"))
    for token in (SECRET, "a-wrong-guess"):
        await post(intake, f"mailchimp?token={token}", body, FORM)
        await intake.client.get(f"/v1/webhooks/mailchimp?token={token}")
    logged = log.getvalue().decode()
    assert "/v1/webhooks/{source}" in logged
    assert SECRET not in logged
    assert "a-wrong-guess" not in logged


async def test_mailgun_signs_a_token_and_not_the_body(intake: Intake) -> None:
    await connect(intake, "mailgun")
    event = vendor_bodies.mailgun("clicked", url=vendor_bodies.LINK)
    signature = event["signature"]
    signature["signature"] = hmac.digest(SECRET.encode(), (signature["timestamp"] + signature["token"]).encode(), "sha256").hex()
    answer = await post(intake, "mailgun", raw(event), JSON)
    assert (answer.status_code, counts(answer)) == (200, {"accepted": 1})
    assert await proof_of(intake, answer) == "partly_signed"
    signature["token"] = "another"
    assert (await post(intake, "mailgun", raw(event), JSON)).status_code == 401


async def test_postmark_is_told_200(intake: Intake) -> None:
    await connect(intake, "postmark", secret="ada:pass")
    basic = {"Authorization": "Basic " + base64.b64encode(b"ada:pass").decode()}
    answer = await post(intake, "postmark", raw(vendor_bodies.postmark("Open")), JSON | basic)
    assert (answer.status_code, counts(answer)) == (200, {"accepted": 1})
    wrong = {"Authorization": "Basic " + base64.b64encode(b"ada:guess").decode()}
    assert (await post(intake, "postmark", raw(vendor_bodies.postmark("Open")), JSON | wrong)).status_code == 401


async def test_brevo_is_told_to_come_again_by_the_only_word_it_knows(intake: Intake) -> None:
    await connect(intake, "brevo")
    body, bearer = raw(vendor_bodies.brevo("click")), JSON | {"Authorization": f"Bearer {SECRET}"}
    assert counts(await post(intake, "brevo", body, bearer)) == {"accepted": 1}
    async with intake.service.database.engine.connect() as holder:
        await holder.exec_driver_sql("LOCK TABLE receipts IN ACCESS EXCLUSIVE MODE")
        turned_away, others = await asyncio.gather(
            post(intake, "brevo", raw(vendor_bodies.brevo("opened")), bearer),
            intake.mautic({"mautic.email_on_open": email_opened()}),
        )
    assert (turned_away.status_code, turned_away.headers["retry-after"]) == (429, "5")
    assert turned_away.json()["status"] == 429
    assert others.status_code == 503

    async def is_over() -> bool:
        return len(await intake.rows("SELECT id FROM receipts")) >= 2

    await until(is_over, what="the commit that came too late")


async def test_zoom_is_answered_under_its_secret_and_then_believed(intake: Intake) -> None:
    await connect(intake, "zoom")
    question = raw({"event": "endpoint.url_validation", "event_ts": 1, "payload": {"plainToken": "qz-1"}})
    answer = await post(intake, "zoom", question, signed_by_zoom(question))
    encrypted = hmac.digest(SECRET.encode(), b"qz-1", "sha256").hex()
    assert (answer.status_code, answer.json()) == (200, {"plainToken": "qz-1", "encryptedToken": encrypted})
    assert (await post(intake, "zoom", question, signed_by_zoom(question, secret="a guess"))).status_code == 401
    assert await intake.rows("SELECT id FROM receipts") == []
    event = raw(vendors.zoom_event())
    told = await post(intake, "zoom", event, signed_by_zoom(event))
    assert (told.status_code, counts(told)) == (200, {"accepted": 1})
    assert (await post(intake, "zoom", event, signed_by_zoom(event, secret="a guess"))).status_code == 401


async def test_marketing_clouds_key_is_shown_to_who_must_give_it_back(intake: Intake) -> None:
    name = "salesforce-marketing-cloud"
    await connect(intake, name, secret="a-placeholder")
    verification = raw({"callbackId": "cb-1", "verificationKey": "vk-1"})
    assert (await post(intake, name, verification, JSON)).status_code == 200
    seen = (await intake.get(f"sources/{name}", role="admin")).json()
    assert seen["told"] == {"callback_id": "cb-1", "verification_key": "vk-1"}
    assert await intake.rows("SELECT id FROM receipts") == []
    proven = {"adapter": name, "secrets": [SECRET], "settings": {"callback_id": "cb-1"}}
    assert (await intake.put(f"sources/{name}", proven, role="admin")).status_code == 200
    assert (await post(intake, name, raw({"callbackId": "cb-2", "verificationKey": "vk-2"}), JSON)).status_code == 401
    assert (await intake.get(f"sources/{name}", role="admin")).json()["told"]["verification_key"] == "vk-1"
    events = raw([vendors.ens_event(), vendors.ens_event("TransactionalSendEvents.EmailSent")])
    assert counts(await post(intake, name, events, signed_by_marketing_cloud(events))) == {"accepted": 1, "ignored": 1}
    assert (await post(intake, name, events, signed_by_marketing_cloud(events, secret="a guess"))).status_code == 401


async def test_cloud_events_may_be_asked_for_and_come_in_every_mode(intake: Intake) -> None:
    await connect(intake, "cloudevents")
    asked = await intake.client.options("/v1/webhooks/cloudevents", headers={"WebHook-Request-Origin": "events.brand.test"})
    assert (asked.status_code, asked.headers["webhook-allowed-origin"], asked.headers["allow"]) == (200, "events.brand.test", "POST")
    bearer = {"Authorization": f"Bearer {SECRET}"}
    batch = raw([vendors.cloud_event(), vendors.cloud_event(id="ce-2"), vendors.cloud_event()])
    labelled = {"Content-Type": "application/cloudevents-batch+json; charset=utf-8"}
    answer = await post(intake, "cloudevents", batch, labelled | bearer)
    assert (answer.status_code, counts(answer)) == (202, {"accepted": 2, "duplicate": 1})
    assert await proof_of(intake, answer) == "shared_secret"
    attributes = {"ce-specversion": "1.0", "ce-type": "x.email.opened", "ce-source": "/s", "ce-id": "b-1", "ce-time": vendors.WRITTEN}
    binary = await post(intake, "cloudevents", raw({"email": "ada@clinic.test"}), JSON | bearer | attributes)
    assert counts(binary) == {"accepted": 1}
    receipt = (await intake.get(f"receipts/{binary.json()['receipt_id']}", role="admin")).json()
    assert receipt["headers"] == {name: [value] for name, value in attributes.items()}
    assert (await intake.get(f"receipts/{binary.json()['receipt_id']}", role="marketing")).json()["headers"] is None
    assert (await post(intake, "cloudevents", batch, labelled | {"Authorization": "Bearer a-guess"})).status_code == 401


async def test_only_who_asks_as_their_platform_does_is_answered(intake: Intake) -> None:
    for method in ("GET", "HEAD", "OPTIONS"):
        assert (await intake.client.request(method, "/v1/webhooks/nowhere")).status_code == 404
    refused = await intake.client.options("/v1/webhooks/mautic")
    assert (refused.status_code, refused.headers["allow"]) == (405, "GET, HEAD, POST")
    assert (await intake.client.get("/v1/webhooks/mautic")).status_code == 200
    assert await intake.rows("SELECT id FROM receipts") == []


async def test_a_platforms_labels_are_its_own(intake: Intake) -> None:
    form = vendor_bodies.as_form(vendor_bodies.mailchimp("profile"))
    refused = await post(intake, "mautic", form, FORM)
    assert (refused.status_code, refused.headers["accept"]) == (415, "application/json")
    assert (await post(intake, "nowhere", form, FORM)).status_code == 404
    assert (await post(intake, "nowhere", form, {"Content-Type": "text/plain"})).status_code == 415


async def test_engagements_posted_with_a_token_have_no_platforms_proof(intake: Intake) -> None:
    mautic = await intake.mautic({"mautic.email_on_open": email_opened()})
    assert await proof_of(intake, mautic) == "signed"
    posted = {"source": "import", "source_event_id": "e-1", "contact": {"email": "ada@clinic.test"}, "kind": "email_opened"}
    answer = await intake.post_engagements(posted | {"occurred_at": vendors.WRITTEN})
    assert await proof_of(intake, answer) is None
    listed = (await intake.get("receipts", role="marketing")).json()["items"]
    assert [row["proof"] for row in listed] == [None, "signed"]


async def test_a_source_a_later_version_connected_takes_no_other_along(intake: Intake) -> None:
    await connect(intake, "zoom")
    async with intake.service.database.engine.begin() as connection:
        await connection.exec_driver_sql("UPDATE sources SET adapter = 'of-tomorrow' WHERE name = 'zoom'")
    await intake.connect("mautic", "mautic")  # so that sources are read anew
    assert (await post(intake, "zoom", b"{}", JSON)).status_code == 503
    assert counts(await intake.mautic({"mautic.email_on_open": email_opened()})) == {"accepted": 1}
