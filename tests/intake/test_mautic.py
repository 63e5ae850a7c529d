"""Mautic's events in the canonical vocabulary."""

import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intake.decisions.acts import Act, Ignored, Mark, Rejected
from intake.decisions.adapters import mautic
from intake.decisions.adapters.settings import SourceFacts
from intake.decisions.persons import PersonKey
from tests.intake.platforms import AT, email_opened, form_submitted, mautic_lead, page_hit, subscription_changed

SOURCE = SourceFacts("mautic-eu")
ADA = (PersonKey("id:mautic-eu", "26"), PersonKey("email", "ada@clinic.test"))
MOMENT = datetime(2026, 3, 2, 10, 15, tzinfo=UTC)


def read_one(name: str, event: Any) -> Any:
    [item] = mautic.read({name: event}, SOURCE)
    return item


def act(name: str, event: Any) -> Act:
    item = read_one(name, event)
    assert isinstance(item, Act)
    return item


def test_an_opened_email() -> None:
    opened = act("mautic.email_on_open", email_opened(openCount=3))
    assert (opened.kind, opened.channel, opened.occurred_at, opened.person) == ("email_opened", "email", MOMENT, ADA)
    assert opened.identity == "email_on_open:8:3"
    assert opened.marks == (Mark("email", "5"), Mark("email_series", "5"))
    assert opened.attributes == {"open_count": 3}


def test_a_submitted_form_tells_no_word_of_its_answers() -> None:
    submitted = act("mautic.form_on_submit", form_submitted())
    assert (submitted.kind, submitted.channel, submitted.identity) == ("form_submitted", "web", "form_on_submit:13")
    assert submitted.marks[0] == Mark("form", "dosingguide")
    assert Mark("utm_campaign", "spring-launch") in submitted.marks
    assert submitted.attributes == {}
    assert "dizzy" not in repr(submitted)


def test_a_viewed_page() -> None:
    viewed = act("mautic.page_on_hit", page_hit(url="https://Brand.test/evidence/?utm_content=banner-2#top"))
    assert (viewed.kind, viewed.channel) == ("page_viewed", "web")
    assert viewed.identity == f"page_on_hit:833fecc93e16:{AT}"
    assert viewed.marks == (
        Mark("page", "evidence"),
        Mark("url", "https://brand.test/evidence?utm_content=banner-2"),
        Mark("url", "https://brand.test/evidence"),
        Mark("utm_content", "banner-2"),
    )


@pytest.mark.parametrize(
    "changes",
    [{"email": {"id": 5}}, {"source": "email"}, {"redirect": {"url": "https://brand.test/guide"}}],
    ids=["names the e-mail", "comes from e-mail", "is a redirect"],
)
def test_a_hit_out_of_an_email_is_a_click(changes: dict[str, Any]) -> None:
    clicked = act("mautic.page_on_hit", page_hit(**changes))
    assert (clicked.kind, clicked.channel) == ("email_clicked", "email")


def test_a_click_is_recognised_by_its_email_first_then_by_where_it_led() -> None:
    clicked = act("mautic.page_on_hit", page_hit(email={"id": 5}, redirect={"url": "https://brand.test/guide"}, page=None))
    assert clicked.marks[:3] == (Mark("email", "5"), Mark("email_series", "5"), Mark("url", "https://brand.test/guide"))


def test_a_hit_on_mautics_download_address_is_a_download() -> None:
    downloaded = act("mautic.page_on_hit", page_hit(page=None, url="https://mautic.test/asset/4:dosing-guide"))
    assert downloaded.kind == "content_downloaded"
    assert downloaded.marks[0] == Mark("page", "dosing-guide")


def test_a_hit_from_a_text_message_is_a_click_in_it() -> None:
    assert act("mautic.page_on_hit", page_hit(source="sms", redirect={"url": "https://brand.test"})).kind == "sms_clicked"


@pytest.mark.parametrize(
    ("new", "kind"),
    [("unsubscribed", "unsubscribed"), ("manual", "unsubscribed"), ("contactable", "subscribed"), ("bounced", "email_bounced")],
)
def test_a_changed_subscription(new: str, kind: str) -> None:
    changed = act("mautic.lead_channel_subscription_changed", subscription_changed(new, old="unsubscribed"))
    assert (changed.kind, changed.channel, changed.person, changed.occurred_at) == (kind, "email", ADA, MOMENT)


@pytest.mark.parametrize("nobodys", [0, "0", "null", "Unknown"])
def test_an_id_of_nobody_names_nobody(nobodys: Any) -> None:
    assert act("mautic.page_on_hit", page_hit(lead={**mautic_lead(), "id": nobodys})).person == (PersonKey("email", "ada@clinic.test"),)
    item = read_one("mautic.page_on_hit", page_hit(lead={"id": nobodys}))
    assert isinstance(item, Rejected)
    assert item.reason == "no_person"


def test_a_channel_other_than_email_keeps_its_name() -> None:
    assert act("mautic.lead_channel_subscription_changed", subscription_changed(channel="sms")).channel == "sms"


def test_a_cleared_bounce_is_no_opting_in() -> None:
    item = read_one("mautic.lead_channel_subscription_changed", subscription_changed("contactable", old="bounced"))
    assert item == Ignored("mautic.lead_channel_subscription_changed", "bounce_cleared")


@pytest.mark.parametrize("timestamp", [None, "1970-01-01", "yesterday", 5])
def test_somebody_who_leaves_is_let_go_even_if_the_time_is_unusable(timestamp: Any) -> None:
    assert act("mautic.lead_channel_subscription_changed", subscription_changed(timestamp=timestamp)).occurred_at is None


@pytest.mark.parametrize("name", ["lead_post_save_new", "lead_post_save_update", "lead_points_change", "company_post_save"])
def test_records_are_ignored_with_a_reason(name: str) -> None:
    assert read_one(f"mautic.{name}", {"contact": mautic_lead()}) == Ignored(f"mautic.{name}", "record_only")


def test_sending_is_not_receiving() -> None:
    assert read_one("mautic.email_on_send", {"email": {}}) == Ignored("mautic.email_on_send", "sent_only")


def test_an_event_type_of_tomorrow_is_ignored_and_counted_per_event() -> None:
    items = mautic.read({"mautic.hologram_on_wave": [{}, {}]}, SOURCE)
    assert items == [Ignored("mautic.hologram_on_wave", "unknown_event_type")] * 2


def test_an_event_name_somebody_typed_is_not_kept() -> None:
    [item] = mautic.read({"mautic. call Ada on 555-0199": {}}, SOURCE)
    assert item == Ignored("unnamed", "unknown_event_type")


def test_objects_arrays_and_several_types_in_one_body_are_all_read() -> None:
    body = {
        "mautic.email_on_open": email_opened(),
        "mautic.form_on_submit": [form_submitted(), form_submitted(id=14) | {"timestamp": AT}],
        "mautic.lead_post_save_new": [{"contact": mautic_lead(), "timestamp": AT}],
    }
    kinds = [item.kind if isinstance(item, Act) else item.reason for item in mautic.read(body, SOURCE)]
    assert kinds == ["email_opened", "form_submitted", "form_submitted", "record_only"]


@pytest.mark.parametrize("event", [email_opened(), form_submitted(), page_hit(), subscription_changed()])
def test_an_event_without_its_name_is_known_by_its_content(event: dict[str, Any]) -> None:
    for body in (event, [event]):
        [item] = mautic.read(body, SOURCE)
        assert isinstance(item, Act)


def test_the_mail_went_to_the_address_of_the_stat_when_the_lead_has_none() -> None:
    opened = act("mautic.email_on_open", email_opened(lead=None, emailAddress=" Ada@Clinic.test "))
    assert opened.person == (PersonKey("email", "ada@clinic.test"),)


def test_an_event_of_nobody_is_rejected() -> None:
    item = read_one("mautic.page_on_hit", page_hit(lead=None))
    assert isinstance(item, Rejected)
    assert item.reason == "no_person"


@pytest.mark.parametrize(
    ("moment", "reason"),
    [
        ("2026-03-02T10:15:00", "time_without_zone"),
        ("2026-03-02", "time_without_zone"),
        ("2026-03-02T23:59:60+00:00", "time_unreadable"),
        ("2026-03-02T25:00:00+00:00", "time_unreadable"),
        ("last week", "time_unreadable"),
        (1740910500, "time_unreadable"),
        (None, "time_missing"),
        ("0001-01-01T00:00:00+14:00", "time_out_of_bounds"),
    ],
)
def test_a_time_that_cannot_be_taken_rejects_the_event(moment: Any, reason: str) -> None:
    item = read_one("mautic.page_on_hit", page_hit(dateHit=moment))
    assert isinstance(item, Rejected)
    assert item.reason == reason


def test_an_open_without_a_date_counts_when_it_was_queued() -> None:
    event = email_opened(dateRead=None, lastOpened=None) | {"timestamp": AT}
    assert act("mautic.email_on_open", event).occurred_at == MOMENT


def test_times_are_read_in_their_zone() -> None:
    local = MOMENT.astimezone(timezone(timedelta(hours=5, minutes=30))).isoformat()
    assert act("mautic.form_on_submit", form_submitted(dateSubmitted=local)).occurred_at == MOMENT


def test_an_event_without_an_identity_is_known_by_its_content_whenever_it_was_queued() -> None:
    event = form_submitted(id=None)
    first, again = (act("mautic.form_on_submit", event | {"timestamp": at}) for at in (AT, "2026-03-02T11:00:00+00:00"))
    other = act("mautic.form_on_submit", form_submitted(id=None, trackingId="another"))
    assert first.identity == again.identity != other.identity
    assert first.identity.startswith("form_on_submit:sha256:")


def test_a_long_or_unprintable_identity_is_hashed_but_stays_the_same() -> None:
    for tracking_id in ("x" * 5_000, "a\nb"):
        hits = [act("mautic.page_on_hit", page_hit(trackingId=tracking_id)) for _ in range(2)]
        assert hits[0].identity == hits[1].identity
        assert len(hits[0].identity) <= 200
        assert hits[0].identity.isprintable()


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=20),
    lambda children: st.lists(children, max_size=4) | st.dictionaries(st.text(max_size=12), children, max_size=4),
    max_leaves=12,
)


@given(json_values)
def test_nothing_a_body_can_hold_breaks_the_reading(value: Any) -> None:
    for name in ("stat", "submission", "hit", "contact"):
        assert mautic.read({f"mautic.{name}": value}, SOURCE) is not None
        assert mautic.read({"mautic.email_on_open": {name: value}, "mautic.page_on_hit": {name: value}}, SOURCE)
        assert mautic.read([{name: value, "new_status": "unsubscribed", "channel": "email"}], SOURCE)
    assert mautic.read(value, SOURCE) is not None


@given(st.sampled_from(["lead", "page", "email", "redirect", "url", "source", "dateHit", "trackingId", "form"]), json_values)
def test_nothing_a_field_can_hold_breaks_the_reading(field: str, value: Any) -> None:
    json.dumps(value)
    assert len(mautic.read({"mautic.page_on_hit": page_hit(**{field: value})}, SOURCE)) == 1
    assert len(mautic.read({"mautic.email_on_open": email_opened(**{field: value})}, SOURCE)) == 1
    assert len(mautic.read({"mautic.form_on_submit": form_submitted(**{field: value})}, SOURCE)) == 1


def test_an_escaped_nul_in_an_address_marks_nothing() -> None:
    hit = page_hit(url="https://brand.test/guide?utm_campaign=%00&utm_content=leaflet%00")
    assert not {mark.kind for mark in act("mautic.page_on_hit", hit).marks} & {"utm_campaign", "utm_content"}
