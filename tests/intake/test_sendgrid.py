"""SendGrid's events in the canonical vocabulary."""

from typing import Any

import pytest

from intake.decisions.acts import Act, Ignored, Mark, Rejected
from intake.decisions.adapters import SourceFacts, sendgrid
from intake.decisions.persons import PersonKey
from tests.intake.vendors import MOMENT, SECONDS, sendgrid_event

SOURCE = SourceFacts("sg")


def act(event: str, **changes: Any) -> Act:
    [item] = sendgrid.read([sendgrid_event(event, **changes)], SOURCE)
    assert isinstance(item, Act), item
    return item


@pytest.mark.parametrize(
    ("event", "kind"),
    [
        ("delivered", "email_delivered"),
        ("open", "email_opened"),
        ("click", "email_clicked"),
        ("bounce", "email_bounced"),
        ("spamreport", "email_complained"),
        ("unsubscribe", "unsubscribed"),
        ("group_unsubscribe", "unsubscribed"),
        ("group_resubscribe", "subscribed"),
    ],
)
def test_what_sendgrid_tells_is_an_engagement(event: str, kind: str) -> None:
    told = act(event)
    assert (told.kind, told.vendor_type, told.channel, told.occurred_at) == (kind, event, "email", MOMENT)
    assert told.person == (PersonKey("email", "ada@clinic.test"),)


@pytest.mark.parametrize(
    ("event", "reason"),
    [
        ("processed", "sent_only"),
        ("deferred", "not_delivered_yet"),
        ("dropped", "not_sent"),
        ("account_status_change", "record_only"),
        ("hologram", "unknown_event_type"),
    ],
)
def test_what_nobody_did_is_ignored_with_a_reason(event: str, reason: str) -> None:
    assert sendgrid.read([sendgrid_event(event)], SOURCE) == [Ignored(event, reason)]


def test_an_event_sent_three_times_is_one() -> None:
    first, again, other = act("open"), act("open"), act("open", sg_event_id="another")
    assert (first.identity, first.fingerprint) == (again.identity, again.fingerprint)
    assert first.identity != other.identity
    unnumbered = [act("open", sg_event_id=None) for _ in range(2)]
    assert unnumbered[0].identity == unnumbered[1].identity != act("open", sg_event_id=None, timestamp=SECONDS + 1).identity


def test_an_open_by_apples_proxy_is_a_machines() -> None:
    assert act("open", sg_machine_open=True).machine
    assert not act("open", sg_machine_open=False).machine
    assert not act("open", sg_machine_open="true").machine


def test_a_bounce_says_whether_the_address_is_gone_and_nothing_of_what_the_server_wrote() -> None:
    bounced = act("bounce", type="bounce", reason="550 no such user ada", status="5.1.1")
    assert bounced.attributes == {"bounce_type": "hard"}
    assert act("bounce", type="blocked").attributes == {"bounce_type": "blocked"}
    assert act("bounce", type="of tomorrow").attributes == {}
    assert "no such user" not in repr(bounced)


def test_a_click_is_marked_by_its_link_its_place_and_the_e_mail() -> None:
    clicked = act("click", url="https://Brand.test/guide/?utm_campaign=spring-launch", url_offset={"index": 2}, singlesend_id="ss-1")
    assert clicked.attributes == {"link_position": 2}
    assert {
        Mark("email", "ss-1"),
        Mark("email_series", "ss-1"),
        Mark("category", "launch"),
        Mark("url", "https://brand.test/guide"),
    } <= set(clicked.marks)
    assert Mark("utm_campaign", "spring-launch") in clicked.marks


def test_a_batch_is_judged_event_by_event() -> None:
    items = sendgrid.read(
        [sendgrid_event("open"), "spam", sendgrid_event("processed"), sendgrid_event(email=None), {"event": "call Ada!"}], SOURCE
    )
    outcomes = [item.kind if isinstance(item, Act) else item.reason for item in items]
    assert outcomes == ["email_opened", "unexpected_shape", "sent_only", "no_person", "unexpected_shape"]


@pytest.mark.parametrize(
    ("timestamp", "reason"),
    [
        (None, "time_missing"),
        ("soon", "time_unreadable"),
        (True, "time_unreadable"),
        (-1, "time_out_of_bounds"),
        (1e300, "time_out_of_bounds"),
    ],
)
def test_a_time_that_cannot_be_rejects_the_event_but_lets_people_go(timestamp: Any, reason: str) -> None:
    [item] = sendgrid.read([sendgrid_event("open", timestamp=timestamp)], SOURCE)
    assert isinstance(item, Rejected)
    assert item.reason == reason
    assert act("unsubscribe", timestamp=timestamp).occurred_at is None


def test_seconds_may_be_written_with_a_fraction_or_as_text() -> None:
    assert act("open", timestamp=float(SECONDS)).occurred_at == MOMENT
    assert act("open", timestamp=str(SECONDS)).occurred_at == MOMENT
