"""Customer.io's reports in the canonical vocabulary."""

from typing import Any

import pytest

from intake.decisions.acts import Act, Ignored, Mark, Rejected
from intake.decisions.adapters import SourceFacts, customerio
from intake.decisions.persons import PersonKey
from tests.intake.platforms import raw
from tests.intake.vendors import MOMENT, SECONDS, customerio_event

SOURCE = SourceFacts("cio")
PREFERENCES = "cio_subscription_preferences_changed"


def read_one(object_type: str, metric: str, **changes: Any) -> Any:
    [item] = customerio.read(customerio_event(object_type, metric, **changes), SOURCE)
    return item


def act(object_type: str, metric: str, **changes: Any) -> Act:
    item = read_one(object_type, metric, **changes)
    assert isinstance(item, Act), item
    return item


@pytest.mark.parametrize(
    ("object_type", "metric", "kind"),
    [
        ("email", "delivered", "email_delivered"),
        ("email", "opened", "email_opened"),
        ("email", "clicked", "email_clicked"),
        ("email", "bounced", "email_bounced"),
        ("email", "spammed", "email_complained"),
        ("email", "unsubscribed", "unsubscribed"),
        ("sms", "clicked", "sms_clicked"),
        ("customer", "subscribed", "subscribed"),
        ("customer", "unsubscribed", "unsubscribed"),
    ],
)
def test_what_customerio_reports_is_an_engagement(object_type: str, metric: str, kind: str) -> None:
    told = act(object_type, metric)
    assert (told.kind, told.vendor_type, told.occurred_at) == (kind, f"{object_type}_{metric}", MOMENT)
    assert told.person == (PersonKey("id:cio", "42"), PersonKey("id:cio.cio_id", "d9c1"), PersonKey("email", "ada@clinic.test"))
    assert "About dosing" not in repr(told)


@pytest.mark.parametrize(
    ("object_type", "metric", "reason"),
    [
        ("email", "drafted", "sent_only"),
        ("email", "sent", "sent_only"),
        ("email", "attempted", "not_sent"),
        ("email", "dropped", "not_sent"),
        ("email", "failed", "not_sent"),
        ("email", "undeliverable", "not_sent"),
        ("email", "deferred", "not_delivered_yet"),
        ("email", "converted", "no_kind"),
        ("push", "clicked", "no_kind"),
        ("in_app", "opened", "no_kind"),
        ("sms", "delivered", "no_kind"),
        ("slack", "clicked", "no_kind"),
        ("webhook", "sent", "sent_only"),
        ("hologram", "waved", "unknown_event_type"),
    ],
)
def test_what_is_no_engagement_is_ignored_with_a_reason(object_type: str, metric: str, reason: str) -> None:
    assert read_one(object_type, metric) == Ignored(f"{object_type}_{metric}", reason)


def test_an_event_retried_for_days_is_one() -> None:
    first, again = act("email", "opened"), act("email", "opened")
    assert (first.identity, first.fingerprint) == (again.identity, again.fingerprint)
    assert first.identity != act("email", "opened", event_id="01E5").identity


def test_a_prefetched_open_is_a_machines_and_a_proxied_one_a_persons() -> None:
    assert act("email", "opened", data={"prefetched": True}).machine
    assert not act("email", "opened", data={"proxied": True, "prefetched": False}).machine


@pytest.mark.parametrize(
    ("content", "leaves"),
    [
        ({"topics": {"topic_1": False, "topic_2": False}}, True),
        ({"topics": {"topic_1": False, "topic_2": True}}, False),
        ({"topics": {}}, False),
        ({"channels": {"email": False, "sms": True}, "topics": {"topic_1": True}}, True),
        ({"channels": {"email": True}}, False),
        ("not JSON", False),
        ([1], False),
        (None, False),
    ],
)
def test_who_turns_off_every_topic_or_the_channel_leaves(content: Any, leaves: bool) -> None:
    for written in (content, raw(content).decode()):
        item = read_one("customer", PREFERENCES, data={"content": written})
        assert (isinstance(item, Act) and item.kind == "unsubscribed") == leaves
        assert leaves or item == Ignored(f"customer_{PREFERENCES}", "topics_only")


def test_a_link_and_the_message_mark_the_act() -> None:
    marks = act("email", "clicked", data={"href": "https://brand.test/guide", "newsletter_id": 9}).marks
    assert {
        Mark("email", "action:37"),
        Mark("email", "newsletter:9"),
        Mark("campaign", "6"),
        Mark("url", "https://brand.test/guide"),
    } <= set(marks)


def test_a_phone_number_is_no_address_and_several_recipients_are_nobody() -> None:
    assert PersonKey("email", "+15550100") not in act("sms", "clicked", data={"recipient": "+15550100"}).person
    item = read_one("email", "opened", data={"recipient": "a@x.test, b@x.test", "customer_id": None, "identifiers": {"id": None}})
    assert isinstance(item, Rejected)
    assert item.reason == "no_person"


def test_a_time_may_be_written_in_digits() -> None:
    assert act("email", "opened", timestamp=str(SECONDS)).occurred_at == MOMENT


@pytest.mark.parametrize(
    "body", [{}, [], "opened", {"metric": "opened"}, {"object_type": "email"}, {"object_type": "call", "metric": "Ada now!"}]
)
def test_what_names_no_event_is_rejected(body: Any) -> None:
    for item in customerio.read(body, SOURCE):
        assert isinstance(item, Rejected)
        assert item.reason == "unexpected_shape"
