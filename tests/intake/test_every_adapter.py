"""What holds for every platform, whatever it posts."""

import copy
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from intake.decisions.acts import ATTRIBUTES, Act, Ignored, Item, Rejected
from intake.decisions.adapters import ADAPTERS, SourceFacts
from intake.decisions.adapters.handshakes import Knock
from intake.decisions.signatures import SignedRequest
from shared.events.engagements import ENGAGEMENT_KINDS
from shared.strict_json import Malformed, parse
from tests.intake import vendors
from tests.intake.platforms import email_opened, form_submitted, hubspot_event, page_hit, subscription_changed

NOW = datetime(2026, 3, 2, tzinfo=UTC)
SOURCE = SourceFacts("source", property_kinds={"webinar_attended": "webinar_attended"}, event_kinds={"x": "email_opened"})

BODIES: dict[str, list[Any]] = {
    "cloudevents": [vendors.cloud_event(), [vendors.cloud_event(data=vendors.stated_engagement())]],
    "customerio": [
        vendors.customerio_event(),
        vendors.customerio_event("customer", "cio_subscription_preferences_changed", data={"content": {"topics": {"a": False}}}),
    ],
    "hubspot": [[hubspot_event()], vendors.hubspot_contact()],
    "marketo": [vendors.marketo_event()],
    "mautic": [
        {"mautic.email_on_open": email_opened(), "mautic.form_on_submit": [form_submitted()]},
        {"mautic.page_on_hit": page_hit(), "mautic.lead_channel_subscription_changed": subscription_changed()},
    ],
    "salesforce-marketing-cloud": [
        [vendors.ens_event("TransactionalSendEvents.EmailBounced", info={"to": "a@b.test", "bounceCode": "SOFT"})]
    ],
    "segment": [vendors.segment_call(), [vendors.segment_call("page", None)]],
    "sendgrid": [[vendors.sendgrid_event("click", url="https://brand.test/", url_offset={"index": 1}), vendors.sendgrid_event("bounce")]],
    "standard-webhooks": [vendors.standard_message(), vendors.standard_message([vendors.stated_engagement()])],
    "zoom": [vendors.zoom_event(), vendors.zoom_event("webinar.participant_joined")],
}

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=30)
    | st.sampled_from(["", " ", "0", "{{x}}", "2026-03-02T10:15:00Z", "9" * 400, "a@b.test", "https://[", "%00", "Zoë\u0301", "x" * 5_000]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=6,
)


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield path
    keys = list(value) if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    for key in keys:
        yield from places(value[key], (*path, key))


@st.composite
def spoilt(draw: st.DrawFn, body: Any) -> Any:
    """The body with up to four of its parts replaced by anything."""
    body = copy.deepcopy(body)
    for _ in range(draw(st.integers(0, 4))):
        path = ["root", *draw(st.sampled_from(list(places(body))))]
        last = path.pop()
        holder: Any = {"root": body}
        for key in path:
            holder = holder[key]
        holder[last] = draw(VALUES)
        body = holder["root"] if last == "root" else body
    return body


@st.composite
def posts(draw: st.DrawFn) -> tuple[str, bytes, dict[str, list[str]]]:
    name = draw(st.sampled_from(sorted(BODIES)))
    value = draw(st.one_of([spoilt(body) for body in BODIES[name]]) | VALUES)
    headers = draw(
        st.dictionaries(st.sampled_from(["ce-specversion", "ce-type", "ce-id", "ce-time", "webhook-id", "content-type"]), HEADER_VALUES)
    )
    return name, json.dumps(value).encode(), headers


HEADER_VALUES = st.lists(st.text(max_size=20) | st.sampled_from(["1.0", "%", "%ff", "email.opened"]), max_size=2)


def read(name: str, body: bytes, headers: dict[str, list[str]]) -> list[Item] | None:
    """What an adapter reads in a body; None if the body can't be read, which it must say by `Malformed`."""
    try:
        value = ADAPTERS[name].value(body, headers)
    except Malformed:
        return None
    return ADAPTERS[name].read(value, SOURCE)


def is_keepable(text: str) -> bool:
    return 0 < len(text) <= 200 and "\x00" not in text and text.isprintable()


@settings(max_examples=600, deadline=None)
@given(posts())
def test_no_body_breaks_a_reading_and_a_retry_reads_alike(post: tuple[str, bytes, dict[str, list[str]]]) -> None:
    name, body, headers = post
    items = read(name, body, headers)
    assert read(name, body, headers) == items
    for item in items or []:
        match item:
            case Act():
                assert item.person
                assert item.source == SOURCE.name
                assert item.kind in ENGAGEMENT_KINDS
                assert is_keepable(item.identity)
                assert is_keepable(item.vendor_type)
                assert item.attributes.keys() <= ATTRIBUTES[item.kind]
                assert all(not isinstance(value, str) or (value.isascii() and " " not in value) for value in item.attributes.values())
                assert b"\\u0000" not in orjson.dumps([[mark.kind, mark.value] for mark in item.marks])
                assert len(item.fingerprint) == 32
            case Ignored():
                assert is_keepable(item.vendor_type)
                assert item.reason.replace("_", "").isalpha()
            case Rejected():
                assert item.vendor_type is None or is_keepable(item.vendor_type)
                assert item.reason.replace("_", "").isalpha()


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(sorted(ADAPTERS)), st.binary(max_size=200) | st.text(max_size=100).map(lambda text: text.encode(errors="replace")))
def test_no_bytes_break_a_reading(name: str, body: bytes) -> None:
    read(name, body, {})
    read(name, body, {"ce-specversion": ["1.0"], "content-type": ["application/json"]})


@settings(max_examples=300, deadline=None)
@given(
    st.sampled_from(sorted(ADAPTERS)),
    st.sampled_from(["POST", "GET", "HEAD", "OPTIONS", "PUT"]),
    st.binary(max_size=100)
    | st.sampled_from([b'{"callbackId":"a","verificationKey":"b"}', b'{"event":"endpoint.url_validation","payload":{"plainToken":"a"}}']),
    st.dictionaries(
        st.sampled_from(["webhook-request-origin", "webhook-request-rate", "x-zm-signature", "x-zm-request-timestamp"]), HEADER_VALUES
    ),
    st.lists(st.text(max_size=20), max_size=2),
)
def test_no_request_breaks_a_handshake_and_no_event_is_answered_without_proof(
    name: str, method: str, body: bytes, headers: dict[str, list[str]], secrets: list[str]
) -> None:
    knock = Knock(SignedRequest(method=method, uri="", body=body, headers=headers), secrets=secrets, source=SOURCE, now=NOW)
    reply = ADAPTERS[name].handshake(knock)
    assert reply is None or reply.status == 200
    if method == "POST":
        assert (reply is not None) == (name == "salesforce-marketing-cloud" and b"verificationKey" in body)


@pytest.mark.parametrize("name", ADAPTERS)
def test_a_probe_is_answered_and_changes_nothing(name: str) -> None:
    for method in ("GET", "HEAD"):
        knock = Knock(SignedRequest(method=method, uri="", body=b"", headers={}), secrets=["s"], source=SOURCE, now=NOW)
        reply = ADAPTERS[name].handshake(knock)
        assert reply is not None
        assert (reply.status, reply.body) == (200, None)


@pytest.mark.parametrize("name", ADAPTERS)
def test_every_example_is_read_without_a_loss(name: str) -> None:
    for body in BODIES[name]:
        items = read(name, orjson.dumps(body), {"webhook-id": ["m"]})
        assert items
        assert all(isinstance(item, Act) for item in items), items
    assert parse(b"[]") == []
    assert not [item for item in read(name, b"[]", {}) or [] if isinstance(item, Act)]


@pytest.mark.parametrize("name", ADAPTERS)
def test_an_adapters_tables_are_disjoint_and_of_our_words(name: str) -> None:
    adapter = ADAPTERS[name]
    assert not adapter.kinds.keys() & adapter.ignored.keys()
    assert {kind for kinds in adapter.kinds.values() for kind in kinds} <= set(ENGAGEMENT_KINDS)
    assert adapter.answers.accepted in (200, 202)
