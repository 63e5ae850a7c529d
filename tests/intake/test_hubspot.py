"""HubSpot's events in the canonical vocabulary."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intake.decisions.acts import Act, Ignored, Rejected
from intake.decisions.adapters import hubspot
from intake.decisions.adapters.settings import SourceFacts
from intake.decisions.persons import PersonKey
from tests.intake.platforms import hubspot_event

SOURCE = SourceFacts("hs", {"webinar_attended": "webinar_attended", "wants_rep": "rep_requested"})


def read_one(event: Any) -> Any:
    [item] = hubspot.read([event], SOURCE)
    return item


def test_a_mapped_property_is_an_engagement() -> None:
    act = read_one(hubspot_event())
    assert isinstance(act, Act)
    assert (act.kind, act.channel, act.person) == ("webinar_attended", "webinar", (PersonKey("id:hs", "123"),))
    assert act.occurred_at == datetime(2026, 3, 2, 10, 15, tzinfo=UTC)
    assert "dosing" not in repr(act)


def test_retry_counters_do_not_make_another_event() -> None:
    first, retried = read_one(hubspot_event()), read_one(hubspot_event(attemptNumber=4))
    assert (first.identity, first.fingerprint) == (retried.identity, retried.fingerprint)


@pytest.mark.parametrize("field", ["eventId", "subscriptionId", "objectId", "occurredAt"])
def test_the_identity_rests_on_four_fields(field: str) -> None:
    assert read_one(hubspot_event(**{field: 1_700_000_000_000})).identity != read_one(hubspot_event()).identity


def test_events_without_an_event_id_are_known_by_their_content() -> None:
    event = hubspot_event()
    del event["eventId"]
    first, retried, other = (
        read_one(event | {"attemptNumber": 0}),
        read_one(event | {"attemptNumber": 2}),
        read_one(event | {"objectId": 9}),
    )
    assert first.identity == retried.identity != other.identity


@pytest.mark.parametrize("kind", ["contact.creation", "contact.deletion", "contact.privacyDeletion"])
def test_contact_records_are_ignored_with_a_reason(kind: str) -> None:
    assert read_one(hubspot_event(subscriptionType=kind)) == Ignored(kind, "record_only")


def test_a_property_nobody_mapped_is_ignored_with_a_reason() -> None:
    assert read_one(hubspot_event(propertyName="favourite_colour")) == Ignored("contact.propertyChange", "property_not_mapped")


@pytest.mark.parametrize("value", [None, "", "false", " False "])
def test_a_property_that_was_cleared_is_no_act(value: Any) -> None:
    assert read_one(hubspot_event(propertyValue=value)) == Ignored("contact.propertyChange", "property_cleared")


def test_other_objects_and_types_of_tomorrow_are_ignored_and_counted() -> None:
    assert read_one(hubspot_event(subscriptionType="deal.propertyChange")) == Ignored("deal.propertyChange", "unknown_event_type")


def test_the_newer_name_of_a_contacts_property_change_is_read_too() -> None:
    assert read_one(hubspot_event(subscriptionType="object.propertyChange", objectTypeId="0-1")).kind == "webinar_attended"
    deal = read_one(hubspot_event(subscriptionType="object.propertyChange", objectTypeId="0-3"))
    assert deal == Ignored("object.propertyChange", "unknown_event_type")


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"occurredAt": "2026-03-02T10:15:00Z"}, "time_unreadable"),
        ({"occurredAt": True}, "time_unreadable"),
        ({"occurredAt": 2**62}, "time_out_of_bounds"),
        ({"occurredAt": -1}, "time_out_of_bounds"),
        ({"occurredAt": None}, "time_missing"),
        ({"objectId": None}, "no_person"),
        ({"subscriptionType": None}, "unexpected_shape"),
        ({"subscriptionType": "what somebody typed"}, "unexpected_shape"),
    ],
)
def test_what_cannot_be_an_engagement_is_rejected_with_a_reason(changes: dict[str, Any], reason: str) -> None:
    item = read_one(hubspot_event(**changes))
    assert isinstance(item, Rejected)
    assert item.reason == reason


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=20),
        lambda children: st.lists(children, max_size=4) | st.dictionaries(st.sampled_from(sorted(hubspot_event())), children, max_size=5),
    )
)
def test_nothing_a_body_can_hold_breaks_the_reading(value: Any) -> None:
    assert len(hubspot.read(value, SOURCE)) == (len(value) if isinstance(value, list) else 1)
