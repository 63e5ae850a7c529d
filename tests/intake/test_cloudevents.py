"""CloudEvents in every mode, and the question before they are sent. The library of the specification writes what is read here."""

from typing import Any

import pytest
from cloudevents.core.bindings.http import to_binary_event, to_structured_event
from cloudevents.core.v1.event import CloudEvent

from intake.decisions.acts import Act, Ignored, Rejected
from intake.decisions.adapters import ADAPTERS, SourceFacts, cloudevents
from intake.decisions.adapters.handshakes import Knock
from intake.decisions.persons import PersonKey
from intake.decisions.signatures import SignedRequest
from shared.strict_json import Malformed
from tests.intake.platforms import raw
from tests.intake.vendors import MOMENT, cloud_event, stated_engagement

SOURCE = SourceFacts("site", event_kinds={"test.brand.guide.taken": "content_downloaded"})


def read(body: bytes, headers: dict[str, list[str]] | None = None) -> list[Any]:
    return cloudevents.read(cloudevents.value(body, headers or {}), SOURCE)


def read_one(event: Any) -> Any:
    [item] = read(raw(event))
    return item


@pytest.mark.parametrize(
    ("event_type", "kind"),
    [
        ("test.brand.email.clicked.v2", "email_clicked"),
        ("test.brand.engagement.webinar_attended", "webinar_attended"),
        ("test/brand/form-submitted/1", "form_submitted"),
        ("subscribed", "subscribed"),
        ("test.brand.guide.taken", "content_downloaded"),
    ],
)
def test_the_last_words_of_a_type_say_the_kind(event_type: str, kind: str) -> None:
    item = read_one(cloud_event(event_type))
    assert isinstance(item, Act)
    assert (item.kind, item.vendor_type, item.occurred_at) == (kind, event_type, MOMENT)
    assert item.person == (PersonKey("email", "ada@clinic.test"),)


def test_other_types_are_ignored_and_named() -> None:
    for event_type in ("test.brand.order.paid", "test.brand.bread.clicked", "clicked"):
        assert read_one(cloud_event(event_type)) == Ignored(event_type, "unknown_event_type")


def test_the_three_modes_say_the_same() -> None:
    attributes = {"id": "ce-ü 1", "source": "/brand/site", "type": "test.brand.email.clicked.v2", "time": MOMENT}
    event = CloudEvent(attributes=attributes, data={"email": "ada@clinic.test"})
    structured, binary = to_structured_event(event), to_binary_event(event)
    modes = [
        read(structured.body, {"content-type": ["application/cloudevents+json"]}),
        read(b"[" + structured.body + b"]", {"content-type": ["application/cloudevents-batch+json"]}),
        read(binary.body, {name.lower(): [value] for name, value in binary.headers.items()}),
    ]
    assert isinstance(modes[0][0], Act)
    assert modes[0] == modes[1] == modes[2]


def test_source_and_id_make_an_event_one() -> None:
    first, again = read_one(cloud_event()), read_one(cloud_event(partitionkey="p", traceparent="00-1"))
    assert first.identity == again.identity
    assert first.identity not in {read_one(cloud_event(id="ce-2")).identity, read_one(cloud_event(source="/other")).identity}


def test_a_whole_engagement_in_the_data_is_taken_as_stated_but_for_its_source() -> None:
    item = read_one(cloud_event("test.brand.whatever", data=stated_engagement(source="another", received_at="2020-01-01T00:00:00Z")))
    assert isinstance(item, Act)
    assert (item.source, item.kind, item.channel, item.context) == ("site", "webinar_attended", "webinar", "educational")
    assert (item.asset_id, item.campaign_id, item.brand_id, item.topics, item.flags) == (
        "guide",
        "launch",
        "cardiozan",
        ("dosing",),
        ("backfill",),
    )
    assert item.attributes == {"attended_seconds": 1800, "live": True}
    assert item.person == (PersonKey("id:npi", "1234567893"), PersonKey("id:site", "77"), PersonKey("email", "ada@clinic.test"))
    assert "rash" not in repr(item)


@pytest.mark.parametrize(
    "changes",
    [
        {"specversion": "2.0"},
        {"specversion": None},
        {"type": "call Ada now!"},
        {"id": ""},
        {"source": None},
        {"data": "text"},
        {"data": [1]},
    ],
)
def test_what_is_no_cloudevent_we_know_is_rejected(changes: dict[str, Any]) -> None:
    item = read_one(cloud_event(**changes))
    assert isinstance(item, Rejected)
    assert item.reason == "unexpected_shape"


def test_a_later_minor_version_is_read_and_an_event_without_data_names_nobody() -> None:
    assert isinstance(read_one(cloud_event(specversion="1.1")), Act)
    assert read_one(cloud_event(data=None)).reason == "no_person"
    assert read_one(cloud_event(data={"email": "ada@clinic.test"}, time=None)).reason == "time_missing"


BINARY = {
    "ce-specversion": ["1.0"],
    "ce-type": ["x.email.opened"],
    "ce-source": ["/s"],
    "ce-id": ["1"],
    "ce-time": ["2026-03-02T10:15:00Z"],
}


@pytest.mark.parametrize(
    ("header", "values"),
    [("ce-id", ["1", "2"]), ("ce-id", ["%ff"]), ("ce-id", ["%00"]), ("ce-specversion", []), ("ce-type", ["a", "a"])],
)
def test_headers_that_are_no_attributes_make_the_request_unreadable(header: str, values: list[str]) -> None:
    with pytest.raises(Malformed):
        cloudevents.value(b'{"email":"ada@clinic.test"}', {**BINARY, header: values})


def test_a_binary_event_may_have_no_body() -> None:
    [item] = read(b"", BINARY)
    assert item.reason == "no_person"


def ask(headers: dict[str, list[str]], method: str = "OPTIONS") -> Any:
    request = SignedRequest(method=method, uri="", body=b"", headers=headers)
    return cloudevents.abuse_protection(Knock(request, secrets=["s"], source=SOURCE, now=MOMENT))


def test_a_sender_that_asks_may_send() -> None:
    reply = ask({"webhook-request-origin": ["events.brand.test"], "webhook-request-rate": ["120"]})
    assert reply.status == 200
    assert reply.headers == {"Allow": "POST", "WebHook-Allowed-Origin": "events.brand.test", "WebHook-Allowed-Rate": "120"}
    assert ask({"webhook-request-origin": ["events.brand.test"]}).headers["WebHook-Allowed-Rate"] == "*"


@pytest.mark.parametrize("origin", [[], ["a.test", "b.test"], ["a.test\r\nSet-Cookie: x"], [""], ["ü.test"], ["a" * 300]])
def test_an_origin_that_is_none_is_not_repeated(origin: list[str]) -> None:
    assert ask({"webhook-request-origin": origin}).headers == {"Allow": "POST"}


def test_events_are_no_question_and_a_probe_is_answered() -> None:
    assert ask({}, "POST") is None
    assert ask({}, "GET").status == ask({}, "HEAD").status == 200


def test_its_media_types_are_taken() -> None:
    assert {"application/cloudevents+json", "application/cloudevents-batch+json"} < ADAPTERS["cloudevents"].media_types
