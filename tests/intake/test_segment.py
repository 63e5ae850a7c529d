"""Segment's calls in the canonical vocabulary."""

from typing import Any

import pytest

from intake.decisions.acts import Act, Ignored, Mark, Rejected
from intake.decisions.adapters import SourceFacts, segment
from intake.decisions.persons import PersonKey
from tests.intake.vendors import MOMENT, segment_call

SOURCE = SourceFacts("seg", event_kinds={"Guide Taken": "content_downloaded", "Newsletter Joined": "subscribed"})


def read_one(call: Any) -> Any:
    [item] = segment.read(call, SOURCE)
    return item


def act(call: Any) -> Act:
    item = read_one(call)
    assert isinstance(item, Act), item
    return item


@pytest.mark.parametrize(
    ("event", "kind"),
    [
        ("Email Delivered", "email_delivered"),
        ("Email Opened", "email_opened"),
        ("Email Link Clicked", "email_clicked"),
        ("Email Bounced", "email_bounced"),
        ("Email Marked as Spam", "email_complained"),
        ("Unsubscribed", "unsubscribed"),
        ("Guide Taken", "content_downloaded"),
        ("Newsletter Joined", "subscribed"),
        ("Form Submitted", "form_submitted"),
        ("webinar_attended", "webinar_attended"),
        ("Brand Site: Page Viewed", "page_viewed"),
        ("Sample Requested v2", "sample_requested"),
    ],
)
def test_a_tracked_event_is_an_engagement_by_its_name(event: str, kind: str) -> None:
    told = act(segment_call(event=event))
    assert (told.kind, told.vendor_type, told.occurred_at) == (kind, f"track:{event}", MOMENT)
    assert told.person == (PersonKey("id:seg", "user-9"), PersonKey("email", "ada@clinic.test"))


@pytest.mark.parametrize("event", ["Plan Subscribed", "subscribed", "Cart Emptied", "Bread Clicked"])
def test_what_a_developer_called_it_grants_no_consent_and_makes_no_kind(event: str) -> None:
    assert read_one(segment_call(event=event)) == Ignored(f"track:{event}", "unknown_event_type")


def test_an_event_name_somebody_typed_is_not_kept() -> None:
    assert read_one(segment_call(event="call Ada <b>now</b>!")) == Ignored("track", "unknown_event_type")
    assert read_one(segment_call(event=None)) == Ignored("track", "unknown_event_type")


@pytest.mark.parametrize(("call_type", "kind"), [("page", "page_viewed"), ("screen", "page_viewed")])
def test_seeing_a_page_is_an_engagement(call_type: str, kind: str) -> None:
    context = {"page": {"url": "https://Brand.test/guide/?a=1"}}
    told = act(segment_call(call_type, None, properties={"title": "Guide"}, context=context))
    assert told.kind == kind
    assert Mark("url", "https://brand.test/guide") in told.marks


@pytest.mark.parametrize("call_type", ["identify", "group", "alias"])
def test_records_are_ignored_with_a_reason(call_type: str) -> None:
    assert read_one(segment_call(call_type, None)) == Ignored(call_type, "record_only")


def test_a_type_of_tomorrow_is_ignored() -> None:
    assert read_one(segment_call("wave", None)) == Ignored("wave", "unknown_event_type")


def test_a_cookie_recognises_nobody() -> None:
    item = read_one(segment_call("page", None, userId=None, context={}))
    assert isinstance(item, Rejected)
    assert item.reason == "no_person"


def test_an_address_used_as_user_id_is_both() -> None:
    told = act(segment_call(userId="Bob@clinic.test", context={}))
    assert told.person == (PersonKey("id:seg", "Bob@clinic.test"), PersonKey("email", "bob@clinic.test"))


def test_campaign_words_and_e_mail_mark_the_act() -> None:
    marks = set(act(segment_call()).marks)
    assert {
        Mark("utm_campaign", "spring-launch"),
        Mark("utm_content", "leaflet"),
        Mark("email", "welcome-2"),
        Mark("campaign", "c-7"),
    } <= marks


def test_a_call_sent_again_is_one() -> None:
    first, again = act(segment_call()), act(segment_call(sentAt="2026-03-02T11:00:00Z", receivedAt="2026-03-02T11:00:01Z"))
    assert (first.identity, first.fingerprint) == (again.identity, again.fingerprint)
    unnumbered = [act(segment_call(messageId=None, sentAt=sent)) for sent in ("2026-03-02T11:00:00Z", "2026-03-02T12:00:00Z")]
    assert unnumbered[0].identity == unnumbered[1].identity


def test_a_batch_is_judged_call_by_call() -> None:
    items = segment.read([segment_call(), segment_call("identify", None), 7, {"type": {}}], SOURCE)
    assert [item.kind if isinstance(item, Act) else item.reason for item in items] == [
        "email_opened",
        "record_only",
        "unexpected_shape",
        "unexpected_shape",
    ]
