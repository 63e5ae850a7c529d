"""Every event type the platforms with a shipped mapping document, and what it becomes here."""

import base64
import hashlib
import hmac
from datetime import UTC, datetime
from typing import Any

import orjson
import pytest

from intake.decisions.acts import Act, Ignored, Item, Mark
from intake.decisions.adapters import SourceFacts
from intake.decisions.mappings.trials import Kept, items_of
from intake.decisions.persons import PersonKey
from intake.decisions.signatures import SignedRequest, trust_of
from intake.mappings import SHIPPED
from tests.intake import vendor_bodies as bodies
from tests.intake.vendor_bodies import EMAIL, LINK, as_form, as_json
from tests.intake.vendor_types import DOCUMENTED

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
MOMENT = datetime(2026, 3, 2, 10, 15, tzinfo=UTC)
FORMS = {"mailchimp", "activecampaign"}
ADA = PersonKey("email", EMAIL)


def body_of(platform: str, event: str, changes: dict[str, Any]) -> bytes:
    value = getattr(bodies, platform)(event, **changes)
    return as_form(value) if platform in FORMS else as_json(value)


def read(platform: str, body: bytes) -> list[Item]:
    return items_of(Kept(body, {}, received_at=NOW), SHIPPED[platform], SourceFacts(f"{platform}-eu"))


def act(platform: str, event: str, **changes: Any) -> Act:
    [item] = read(platform, body_of(platform, event, changes))
    assert isinstance(item, Act), item
    return item


@pytest.mark.parametrize(("platform", "event", "changes", "becomes"), DOCUMENTED, ids=lambda value: value if isinstance(value, str) else "")
def test_a_documented_type_becomes_what_it_means(platform: str, event: str, changes: dict[str, Any], becomes: str) -> None:
    [item] = read(platform, body_of(platform, event, changes))
    if not isinstance(item, Act):
        assert isinstance(item, Ignored), item
        assert (item.reason, item.vendor_type.endswith(event)) == (becomes, True)
        return
    assert (item.kind, ADA in item.person, "@" in item.identity) == (becomes, True, False)
    assert item.occurred_at is not None
    assert item.occurred_at.replace(microsecond=0) == MOMENT
    text = orjson.dumps([dict(item.attributes), [mark.value for mark in item.marks]]).decode()
    assert "dizzy" not in text
    assert "dosing" not in text.replace(LINK.partition("?")[0], "")


def test_every_type_in_a_shipped_mapping_is_tried_here() -> None:
    tried = {(platform, f"event:klaviyo.{event}" if platform == "klaviyo" else event) for platform, event, _, _ in DOCUMENTED}
    assert tried == {(name, event) for name, adapter in SHIPPED.items() for event in [*adapter.kinds, *adapter.ignored]}


@pytest.mark.parametrize("platform", sorted(SHIPPED))
def test_a_type_nobody_documents_is_ignored_by_its_name(platform: str) -> None:
    [item] = read(platform, body_of(platform, "something_new", {}))
    assert isinstance(item, Ignored)
    assert (item.vendor_type.endswith("something_new"), item.reason) == (True, "unknown_event_type")


@pytest.mark.parametrize("platform", sorted(SHIPPED))
def test_what_somebody_typed_as_a_type_is_shown_nowhere(platform: str) -> None:
    [item] = read(platform, body_of(platform, "my patient felt dizzy", {}))
    assert item == Ignored("unnamed", "unknown_event_type")


def test_opens_by_mail_proxies_are_by_machines() -> None:
    assert act("brevo", "proxy_open").machine
    assert act("brevo", "unique_proxy_open").machine
    assert act("mailgun", "opened", **{"client-info": {"bot": "apple"}}).machine
    assert act("klaviyo", "opened_email", **{"Apple Privacy Open": True}).machine
    assert act("klaviyo", "opened_email", machine_open="true").machine
    people = [act("brevo", "opened"), act("mailgun", "opened"), act("klaviyo", "opened_email", **{"Apple Privacy Open": False})]
    assert not any(opened.machine for opened in people)


def test_brevo_telling_the_first_open_twice_is_one_act() -> None:
    first, every = act("brevo", "unique_opened"), act("brevo", "opened")
    assert (first.identity, first.fingerprint) == (every.identity, every.fingerprint)
    assert act("brevo", "opened", ts_epoch=1_772_446_501_000).identity != every.identity


def test_brevos_contact_0_is_nobody_and_its_date_without_a_zone_is_no_time() -> None:
    assert act("brevo", "opened", contact_id=0).person == (ADA,)
    assert act("brevo", "opened").person == (PersonKey("id:brevo-eu", "4711"), ADA)
    [item] = read("brevo", body_of("brevo", "opened", {"ts_epoch": None, "ts_event": None}))
    assert getattr(item, "reason", None) == "time_missing"


def test_mailgun_is_known_by_its_token_for_its_id_is_good_for_a_day() -> None:
    assert act("mailgun", "opened").identity == f"opened:{'c0ffee' * 8}"
    assert act("mailgun", "opened").occurred_at == MOMENT.replace(microsecond=250_000)


def test_consent_by_sms_stays_on_its_channel() -> None:
    assert act("klaviyo", "unsubscribed_from_sms_marketing").channel == "sms"
    assert act("klaviyo", "unsubscribed_from_email_marketing").channel == "email"
    assert act("activecampaign", "sms_unsub").channel == "sms"


def test_somebody_who_leaves_is_let_go_without_a_time() -> None:
    [item] = read("mailchimp", body_of("mailchimp", "unsubscribe", {"data[reason]": "manual", "fired_at": "soon"}))
    assert isinstance(item, Act)
    assert (item.kind, item.occurred_at) == ("unsubscribed", None)


def test_a_resubscription_at_the_same_second_is_another_act() -> None:
    left = act("postmark", "SubscriptionChange", SuppressSending=True, SuppressionReason="ManualSuppression")
    back = act("postmark", "SubscriptionChange", SuppressSending=False, SuppressionReason=None, Origin="Recipient")
    assert left.identity != back.identity


@pytest.mark.parametrize(
    ("platform", "event", "changes", "bounce"),
    [
        ("brevo", "soft_bounce", {}, "soft"),
        ("brevo", "hard_bounce", {}, "hard"),
        ("mailgun", "failed", {"severity": "permanent", "reason": "suppress-complaint"}, "suppressed"),
        ("postmark", "Bounce", {"Type": "DnsError"}, "soft"),
        ("klaviyo", "bounced_email", {"Bounce Type": "Hard"}, "hard"),
        ("activecampaign", "bounce", {"bounce[type]": "soft", "bounce[description]": "my patient felt dizzy"}, "soft"),
        ("mailchimp", "cleaned", {"data[reason]": "hard"}, "hard"),
    ],
)
def test_a_bounce_tells_how_by_a_code(platform: str, event: str, changes: dict[str, Any], bounce: str) -> None:
    assert act(platform, event, **changes).attributes == {"bounce_type": bounce}


def test_assets_and_campaigns_are_recognised_by_what_each_platform_has() -> None:
    assert {Mark("email", "12"), Mark("tag", "launch")} <= set(act("brevo", "opened").marks)
    assert {Mark("utm_campaign", "spring"), Mark("url", "https://brand.test/dosing")} <= set(act("brevo", "click", link=LINK).marks)
    assert Mark("email_series", "9") in act("brevo", "click", URL=LINK, camp_id=9).marks
    assert Mark("url", LINK) in act("mailgun", "clicked", url=LINK).marks
    assert Mark("url", LINK) in act("postmark", "Click", OriginalLink=LINK).marks
    assert {Mark("email", "msg-5"), Mark("url", LINK)} <= set(act("klaviyo", "clicked_email", URL=LINK).marks)
    assert {Mark("email", "5"), Mark("url", LINK)} <= set(act("activecampaign", "click", **{"link[url]": LINK}).marks)
    assert Mark("email_series", "cb39") in act("mailchimp", "unsubscribe", **{"data[campaign_id]": "cb39"}).marks
    assert act("typeform", "form_response").marks == (Mark("form", "lT4Z3j"), Mark("utm_content", "hero"), Mark("utm_campaign", "spring"))


def test_a_typeform_answer_is_counted_not_told() -> None:
    submitted = act("typeform", "form_response")
    assert (submitted.attributes, submitted.person) == ({"field_count": 2}, (ADA,))
    assert submitted.identity == "form_response:a3a12ec67a1365927098a606107fac15"
    assert act("typeform", "form_response", answers=[], hidden={"email": EMAIL}).attributes == {"field_count": 0}


SECRET = "of the tests, and no other"


def _hmac(text: bytes) -> bytes:
    return hmac.digest(SECRET.encode(), text, "sha256")


def test_each_platform_proves_itself_its_own_way() -> None:
    body = as_json(bodies.typeform())
    stamp = "Mon, 02 Mar 2026 10:15:00 GMT"
    mailgun = bodies.mailgun("opened")
    mailgun["signature"]["signature"] = _hmac(f"{mailgun['signature']['timestamp']}{mailgun['signature']['token']}".encode()).hex()
    basic = "Basic " + base64.b64encode(SECRET.encode()).decode()
    requests: dict[str, tuple[bytes, dict[str, list[str]], str, str]] = {
        "typeform": (body, {"typeform-signature": ["sha256=" + base64.b64encode(_hmac(body)).decode()]}, "", "signed"),
        "klaviyo": (body, {"klaviyo-signature": [_hmac(body + stamp.encode()).hex()], "klaviyo-timestamp": [stamp]}, "", "signed"),
        "mailgun": (as_json(mailgun), {}, "", "partly_signed"),
        "mailchimp": (b"type=profile", {}, f"token={SECRET.replace(' ', '%20')}", "shared_secret"),
        "activecampaign": (b"type=update", {}, f"token={SECRET.replace(' ', '%20')}", "shared_secret"),
        "brevo": (body, {"authorization": [f"Bearer {SECRET}"]}, "", "shared_secret"),
        "postmark": (body, {"authorization": [basic]}, "", "shared_secret"),
    }
    assert requests.keys() == SHIPPED.keys()
    for name, (raw, headers, query, trust) in requests.items():
        request = SignedRequest(method="POST", uri="https://here.test/", body=raw, headers=headers, query=query)
        assert trust_of(request, recipe=SHIPPED[name].recipe, secrets=[SECRET], now=NOW) == trust, name
        assert trust_of(request, recipe=SHIPPED[name].recipe, secrets=[hashlib.sha256(SECRET.encode()).hexdigest()], now=NOW) is None, name


def test_platforms_are_answered_so_that_they_keep_what_we_could_not_take() -> None:
    assert {name: adapter.answers.accepted for name, adapter in SHIPPED.items() if adapter.answers.accepted != 202} == {
        "mailgun": 200,
        "postmark": 200,
    }
    assert SHIPPED["brevo"].answers.unavailable == 429
