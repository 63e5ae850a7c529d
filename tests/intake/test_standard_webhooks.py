"""Standard Webhooks that carry engagements of our own vocabulary."""

from typing import Any

import pytest

from intake.decisions.acts import Act, Ignored, Rejected
from intake.decisions.adapters import ADAPTERS, SourceFacts, standard_webhooks
from intake.decisions.persons import PersonKey, contact_key
from tests.intake.platforms import raw
from tests.intake.vendors import MOMENT, standard_message, stated_engagement

SOURCE = SourceFacts("site")


def read(message: Any, *, message_id: str | None = "msg_1") -> list[Any]:
    headers = {} if message_id is None else {"webhook-id": [message_id]}
    return standard_webhooks.read(standard_webhooks.value(raw(message), headers), SOURCE)


def read_one(message: Any, **options: Any) -> Any:
    [item] = read(message, **options)
    return item


def test_the_engagement_inside_is_taken_as_stated() -> None:
    item = read_one(standard_message())
    assert isinstance(item, Act)
    assert (item.kind, item.vendor_type, item.occurred_at.isoformat() if item.occurred_at else "") == (
        "webinar_attended",
        "engagement.recorded",
        "2026-03-02T08:00:00+00:00",
    )
    assert (item.asset_id, item.context, item.topics, item.flags, item.machine) == (
        "guide",
        "educational",
        ("dosing",),
        ("backfill",),
        False,
    )
    assert read_one(standard_message(stated_engagement(machine=True))).machine


def test_the_type_says_the_kind_and_the_time_where_the_data_does_not() -> None:
    item = read_one(standard_message({"contact_id": "hcp-1"}, "email.clicked"))
    assert isinstance(item, Act)
    assert (item.kind, item.channel, item.occurred_at, item.person) == ("email_clicked", "email", MOMENT, (contact_key("hcp-1"),))


def test_a_message_sent_again_is_one_and_several_engagements_in_it_are_several() -> None:
    several = standard_message([stated_engagement(), stated_engagement(contact={"email": "bob@clinic.test"})])
    first, again = read(several), read(several)
    assert [item.identity for item in first] == [item.identity for item in again]
    assert len({item.identity for item in first}) == 2
    assert read_one(standard_message(), message_id="msg_2").identity != read_one(standard_message()).identity
    assert read_one(standard_message(), message_id=None).identity == read_one(standard_message(), message_id=None).identity


def test_an_engagement_keeps_the_id_its_sender_gave_it_whatever_message_brings_it() -> None:
    for key in ("source_event_id", "id"):
        told = [read_one(standard_message(stated_engagement(**{key: "e-1"})), message_id=message_id) for message_id in ("msg_1", "msg_2")]
        assert told[0].identity == told[1].identity == "event:e-1"


def test_the_id_is_kept_with_the_receipt_for_reading_it_again() -> None:
    assert "webhook-id" in ADAPTERS["standard-webhooks"].kept_headers


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        (standard_message(message_type="order.paid", data={"total": 1}), "unknown_event_type"),
        (standard_message() | {"data": None}, "record_only"),
    ],
)
def test_what_is_no_engagement_is_ignored(message: Any, reason: str) -> None:
    assert read_one(message) == Ignored(message["type"], reason)


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        ("text", "unexpected_shape"),
        ({"data": stated_engagement()}, "unexpected_shape"),
        (standard_message("text"), "unexpected_shape"),
        (standard_message(stated_engagement(contact={"email": "nobody"})), "no_person"),
        (standard_message(stated_engagement(contact={"external_ids": {"npi": "1234567890"}})), "no_person"),
        (standard_message(stated_engagement(occurred_at="last week")), "time_unreadable"),
    ],
)
def test_what_cannot_be_an_engagement_is_rejected(message: Any, reason: str) -> None:
    item = read_one(message)
    assert isinstance(item, Rejected)
    assert item.reason == reason


def test_fields_of_a_wrong_shape_are_left_out() -> None:
    unfit = {"channel": "Somewhere else!", "context": "party", "asset_id": {"x": 1}, "topics": ["dosing", 7, "x" * 500]}
    attributes = {"attended_seconds": 2**60, "live": None, "poll_count": "three polls, she said"}
    item = read_one(standard_message(stated_engagement(**unfit, flags=["test", "asset_expired", 3], attributes=attributes)))
    assert isinstance(item, Act)
    assert (item.channel, item.context, item.asset_id, item.topics, item.flags, item.attributes) == (
        "webinar",
        None,
        None,
        ("dosing",),
        ("test",),
        {},
    )
    assert item.person[0] == PersonKey("id:npi", "1234567893")
