"""What platforms, or those who pretend to be one, post: nothing unsigned is taken, every event of a signed body is accounted for."""

import base64
import copy
import hashlib
import hmac
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from intake.decisions.acts import Act
from intake.decisions.adapters import ADAPTERS, SourceFacts, hubspot, mautic
from intake.decisions.signatures import SignedRequest, is_signed
from shared.strict_json import Malformed, parse
from tests.inputs.callers import as_role
from tests.inputs.doors import Doors
from tests.inputs.small_world import HUBSPOT_URL
from tests.inputs.test_spoilt_fields import VALUES, places, spoilt
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

BODY = raw({"mautic.email_on_open": [email_opened(id=4711)]})

Sign = Callable[[bytes], dict[str, str]]


def signed_for_hubspot(body: bytes, *, at: datetime | None = None) -> dict[str, str]:
    return hubspot_headers(body, uri=HUBSPOT_URL, at=at or datetime.now(UTC))


PLATFORMS: dict[str, tuple[str, Sign]] = {
    "mautic": ("webhook-signature", mautic_headers),
    "hs": ("x-hubspot-signature-v3", signed_for_hubspot),
}


async def post(doors: Doors, source: str, body: bytes, headers: dict[str, str]) -> httpx.Response:
    sent = [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]
    return await doors["intake"].client.post(f"/v1/webhooks/{source}", content=body, headers=sent)


def forgeries(right: str) -> dict[str, str | None]:
    return {
        "none": None,
        "empty": "",
        "of another body": base64.b64encode(hashlib.sha256(b"x").digest()).decode(),
        "truncated": right[:-5],
        "with something after it": right + "AAAA",
        "in hexadecimal": base64.b64decode(right).hex(),
        "by another algorithm": base64.b64encode(hmac.digest(SECRET.encode(), BODY, "sha512")).decode(),
        "by a weaker algorithm": "sha1=" + hmac.digest(SECRET.encode(), BODY, "sha1").hex(),
        "by no secret": base64.b64encode(hmac.digest(b"", BODY, "sha256")).decode(),
        "a thousand of them": ",".join(["AAAA" * 11] * 1_000),
        "the right one behind ten others": ",".join(["AAAA" * 11] * 10 + [right]),
        "not ASCII": "\xff\xfe",
    }


@pytest.mark.parametrize("source", PLATFORMS)
@pytest.mark.parametrize("kind", forgeries("A" * 44))
async def test_nothing_is_taken_under_a_signature_that_is_none(doors: Doors, source: str, kind: str) -> None:
    header, sign = PLATFORMS[source]
    headers = {name.lower(): value for name, value in sign(BODY).items()}
    forged = forgeries(headers[header])[kind]
    presented = {name: value for name, value in headers.items() if name != header} | ({} if forged is None else {header: forged})
    answer = await post(doors, source, BODY, presented)
    assert (answer.status_code, answer.headers["content-type"]) == (401, "application/problem+json")


@pytest.mark.parametrize("stamp", ["", "soon", "-1", "1e12", "9" * 400, "0", "١٢٣", None])
async def test_a_signed_time_that_is_no_time_is_refused(doors: Doors, stamp: str | None) -> None:
    body = raw([hubspot_event()])
    signed = b"POST" + HUBSPOT_URL.encode() + body + (stamp or "").encode()
    signature = base64.b64encode(hmac.digest(SECRET.encode(), signed, "sha256")).decode()
    headers = [(b"content-type", b"application/json"), (b"x-hubspot-signature-v3", signature.encode())]
    headers += [] if stamp is None else [(b"x-hubspot-request-timestamp", stamp.encode())]
    assert (await doors["intake"].client.post("/v1/webhooks/hs", content=body, headers=headers)).status_code == 401


@pytest.mark.parametrize("minutes", [-6, 6, -60 * 24 * 365])
async def test_a_body_signed_too_long_ago_or_too_far_ahead_is_refused(doors: Doors, minutes: int) -> None:
    body = raw([hubspot_event()])
    assert (await post(doors, "hs", body, signed_for_hubspot(body, at=datetime.now(UTC) + timedelta(minutes=minutes)))).status_code == 401


@pytest.mark.parametrize("source", PLATFORMS)
async def test_a_body_written_anew_is_not_the_one_that_was_signed(doors: Doors, source: str) -> None:
    value = {"b": [1, 2], "a": "é"}
    headers = PLATFORMS[source][1](json.dumps(value).encode())
    for again in (
        json.dumps(value, indent=1),
        json.dumps(value, sort_keys=True),
        json.dumps(value, separators=(",", ":")),
        json.dumps(value, ensure_ascii=False),
        json.dumps(value) + "\n",
    ):
        assert (await post(doors, source, again.encode(), headers)).status_code == 401


async def test_fields_that_decide_nothing_are_kept_in_the_receipt_and_taken_over_nowhere(doors: Doors) -> None:
    claims = {"consent": "granted", "score": 99, "rep_id": "rep-1", "machine": True, "verdict": "accepted", "contact_id": "hcp-1"}
    event = page_hit(trackingId="presumptuous", lead={"id": 909, **claims, "fields": {"core": {}}})
    body = raw({"mautic.page_on_hit": [event | claims], **claims})
    answer = await post(doors, "mautic", body, mautic_headers(body))
    assert answer.json()["accepted"] == 1
    receipt = (await doors["intake"].client.get(f"/v1/receipts/{answer.json()['receipt_id']}", headers=as_role("admin"))).json()
    assert base64.b64decode(receipt["body_base64"]) == body
    async with doors["intake"].service.database.reading() as session:
        told = "SELECT CAST(body AS json) AS body FROM outbox WHERE type = 'engagement.recorded' ORDER BY position DESC LIMIT 1"
        recorded = (await session.execute(text(told))).scalar_one()
    assert (recorded["machine"], recorded["contact_id"] == "hcp-1", recorded["attributes"]) == (False, False, {})


async def test_the_same_person_in_two_normal_forms_is_one(doors: Doors) -> None:
    before = await _contacts(doors)
    for number, name in enumerate(("rene\u0301", "ren\u00e9", " REN\u00c9")):
        event = page_hit(trackingId=f"twin-{number}", lead={"fields": {"core": {"email": {"value": f"{name}@clinic.test"}}}})
        body = raw({"mautic.page_on_hit": [event]})
        assert (await post(doors, "mautic", body, mautic_headers(body))).json()["accepted"] == 1
    assert await _contacts(doors) == before + 1


async def _contacts(doors: Doors) -> int:
    async with doors["intake"].service.database.reading() as session:
        return int((await session.execute(text("SELECT count(*) FROM contacts"))).scalar_one())


@pytest.mark.parametrize(
    "escape", ["%00", "%ff%fe", "%ed%a0%80", "%0d%0a", "%e2%80%ae", "%F0%9F%92%A9", "%", "&" * 200, "=" * 50, "x" * 5_000]
)
async def test_whatever_stands_in_an_address_a_person_visited_is_no_failure(doors: Doors, escape: str) -> None:
    url = f"https://brand.test/{escape}?utm_campaign={escape}&utm_content={escape}&{escape}"
    events = [
        page_hit(url=url, trackingId=f"url-{escape[:20]}"),
        page_hit(url=url, redirect={"url": url}, trackingId=f"redirect-{escape[:20]}"),
    ]
    body = raw({"mautic.page_on_hit": events, "mautic.form_on_submit": form_submitted(id=f"url-{escape[:20]}", referer=url)})
    answer = await post(doors, "mautic", body, mautic_headers(body))
    assert (answer.status_code, answer.json().get("accepted")) == (202, 3), answer.text


# -- Bodies of the right shape with something wrong in them, as hypothesis finds them.

JSON_VALUES: st.SearchStrategy[Any] = st.one_of(
    st.sampled_from([value for value in VALUES.values() if len(str(value)) < 300]),
    st.recursive(
        st.none()
        | st.booleans()
        | st.integers(-(2**63), 2**63 - 1)
        | st.floats(allow_nan=False, allow_infinity=False)
        | st.text(max_size=30),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
        max_leaves=6,
    ),
)
MAUTIC_EVENTS = {
    "mautic.email_on_open": email_opened(),
    "mautic.form_on_submit": form_submitted(),
    "mautic.page_on_hit": page_hit(),
    "mautic.lead_channel_subscription_changed": subscription_changed(),
    "mautic.lead_post_save_update": {"contact": {"id": 26}},
    "mautic.of_tomorrow": {"thing": {"id": 1}},
}


@st.composite
def mutated(draw: st.DrawFn, event: Any) -> Any:
    """The event with up to four of its parts replaced, removed, or wrapped in a list."""
    event = copy.deepcopy(event)
    for _ in range(draw(st.integers(0, 4))):
        found = list(places(event))
        if not found:
            break
        place = draw(st.sampled_from(found))
        match draw(st.sampled_from(["replace", "wrap", "empty"])):
            case "replace":
                event = spoilt(event, place, draw(JSON_VALUES))
            case "wrap":
                event = spoilt(event, place, [copy.deepcopy(event)])
            case "empty":
                event = spoilt(event, place, None)
    return event


@st.composite
def mautic_bodies(draw: st.DrawFn) -> Any:
    body: dict[str, Any] = {}
    for name in draw(st.lists(st.sampled_from(list(MAUTIC_EVENTS)), max_size=4, unique=True)):
        one = mutated(MAUTIC_EVENTS[name])
        body[name] = draw(st.lists(one | JSON_VALUES, max_size=4) | one | JSON_VALUES)
    if draw(st.booleans()):
        body[draw(st.text(max_size=20))] = draw(JSON_VALUES)
    return body


hubspot_bodies = st.lists(mutated(hubspot_event()) | JSON_VALUES, max_size=6) | mutated(hubspot_event()) | JSON_VALUES


def events_in(platform: str, body: Any) -> int:
    """How many events a body holds, counted another way than the adapters do."""
    if platform == "mautic" and isinstance(body, dict) and any(name.startswith("mautic.") for name in body):
        return sum(len(events) if isinstance(events, list) else 1 for events in body.values())
    return len(body) if isinstance(body, list) else 1


BODIES = st.one_of(st.tuples(st.just("mautic"), mautic_bodies()), st.tuples(st.just("hubspot"), hubspot_bodies))


def is_writable(body: Any) -> bool:
    """Whether it can be sent as JSON that is read at all; what can't is one rejected item, which other tests are about."""
    try:
        parse(json.dumps(body).encode())
    except (Malformed, UnicodeEncodeError):
        return False
    return True


@settings(max_examples=400, deadline=None)
@given(BODIES.filter(lambda pair: is_writable(pair[1])))
def test_every_event_of_a_body_becomes_exactly_one_item(pair: tuple[str, Any]) -> None:
    platform, body = pair
    facts = SourceFacts("source", {"webinar_attended": "webinar_attended"})
    items = ADAPTERS[platform].read(body, facts)
    assert len(items) == events_in(platform, body)
    assert ADAPTERS[platform].read(copy.deepcopy(body), facts) == items, "a retry reads alike"
    for act in items:
        if isinstance(act, Act):
            assert act.person
            assert 0 < len(act.identity) <= 200
            assert "\x00" not in orjson.dumps([act.identity, [mark.value for mark in act.marks]]).decode()
            assert len(act.fingerprint) == 32


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(st.lists(BODIES.filter(lambda pair: is_writable(pair[1])), min_size=3, max_size=3))
async def test_every_signed_body_is_taken_and_its_counts_add_up(doors: Doors, bodies: list[tuple[str, Any]]) -> None:
    for platform, value in bodies:
        body = json.dumps(value).encode()
        source = {"mautic": "mautic", "hubspot": "hs"}[platform]
        for _ in range(2):
            answer = await post(doors, source, body, PLATFORMS[source][1](body))
            assert answer.status_code == 202, answer.text
            counts = {name: answer.json()[name] for name in ("accepted", "duplicate", "ignored", "rejected")}
            assert sum(counts.values()) == events_in(platform, value)
        assert counts["accepted"] == 0, "the same again is nothing new"


@settings(max_examples=300, deadline=None)
@given(st.lists(st.text(max_size=60), max_size=12), st.lists(st.text(max_size=20), max_size=3), st.binary(max_size=50))
def test_no_header_is_a_signature_by_accident_or_breaks_the_check(presented: list[str], stamps: list[str], body: bytes) -> None:
    headers = dict.fromkeys(("webhook-signature", "x-hubspot-signature-v3", "x-hubspot-signature"), presented)
    headers["x-hubspot-request-timestamp"] = stamps
    request = SignedRequest(method="POST", uri=HUBSPOT_URL, body=body, headers=headers)
    for recipe in (mautic.RECIPE, hubspot.RECIPE):
        encodable = all(text.isascii() or text.encode(errors="ignore").decode() == text for text in stamps)
        assert not encodable or not is_signed(request, recipe=recipe, secrets=[SECRET], now=datetime.now(UTC))
