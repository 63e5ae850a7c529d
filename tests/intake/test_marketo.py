"""What Marketo posts from our template, in the canonical vocabulary."""

from typing import Any

import pytest

from intake.decisions.acts import Act, Ignored, Mark, Rejected
from intake.decisions.adapters import SourceFacts, marketo
from intake.decisions.persons import PersonKey
from shared.strict_json import Malformed
from tests.intake.platforms import raw
from tests.intake.vendors import MOMENT, marketo_event

SOURCE = SourceFacts("mkto", event_kinds={"Came to our booth": "event_attended"})


def read_one(event: Any) -> Any:
    [item] = marketo.read(marketo.value(raw(event), {}), SOURCE)
    return item


def act(event: str = "Fills Out Form", **changes: Any) -> Act:
    item = read_one(marketo_event(event, **changes))
    assert isinstance(item, Act), item
    return item


@pytest.mark.parametrize(
    ("event", "kind"),
    [
        *marketo.KINDS.items(),
        ("form_submitted", "form_submitted"),
        ("rep_requested", "rep_requested"),
        ("Webinar Attended", "webinar_attended"),
        ("Came to our booth", "event_attended"),
    ],
)
def test_a_trigger_an_activity_or_a_kind_of_ours_names_the_act(event: str, kind: str) -> None:
    told = act(event)
    assert (told.kind, told.vendor_type, told.occurred_at) == (kind, event, MOMENT)
    assert told.person == (PersonKey("id:mkto", "1009"), PersonKey("email", "ada@clinic.test"))
    assert "Ada" not in repr(told)


@pytest.mark.parametrize(("event", "reason"), [*marketo.IGNORED.items(), ("Waves at Hologram", "unknown_event_type")])
def test_what_is_no_engagement_is_ignored_with_a_reason(event: str, reason: str) -> None:
    assert read_one(marketo_event(event)) == Ignored(event, reason)


def test_a_name_somebody_typed_is_not_kept() -> None:
    assert read_one(marketo_event("call Ada <now>!")) == Ignored("unnamed", "unknown_event_type")


@pytest.mark.parametrize("written", ["2026-03-02 10:15:00", "Mar 2, 2026 10:15 AM"])
def test_marketos_clock_has_no_zone_and_the_receipts_time_stands(written: str) -> None:
    assert act(occurredAt=written).occurred_at is None


@pytest.mark.parametrize("written", [None, "", "{{system.dateTime}}"])
def test_a_template_without_a_time_is_rejected(written: Any) -> None:
    item = read_one(marketo_event(occurredAt=written))
    assert isinstance(item, Rejected)
    assert item.reason == "time_missing"


def test_a_token_marketo_could_not_fill_is_nothing() -> None:
    unfilled = b'"lead": {"id": 7, "email": {{lead.Email Adress}}}, "trigger": {"name": "say {{hello}} \\" {{x}}"}'
    body = b'{"event": "Opens Email", ' + unfilled + b', "occurredAt": "2026-03-02T10:15:00Z"}'
    [item] = marketo.read(marketo.value(body, {}), SOURCE)
    assert isinstance(item, Act)
    assert item.person == (PersonKey("id:mkto", "7"),)
    assert Mark("email", 'say {{hello}} " {{x}}') in item.marks
    assert read_one(marketo_event(lead={"id": "{{lead.Id}}", "email": "ada@clinic.test"})).person == (
        PersonKey("email", "ada@clinic.test"),
    )


def test_the_template_itself_is_a_test_call() -> None:
    body = b'{"event":"{{my.event}}","lead":{"id":{{lead.Id}},"email":{{lead.Email Address}}},"occurredAt":{{system.dateTime}}}'
    assert marketo.read(marketo.value(body, {}), SOURCE) == [Ignored("unnamed", "template_not_filled")]


@pytest.mark.parametrize("body", [b"", b"event=x", b'{"a":{{b}', b'{"a":{{"b"}}}', b'{{"a":1}}', b'{"a":{{b}} {{c}}}'])
def test_what_is_no_filled_template_is_unreadable(body: bytes) -> None:
    with pytest.raises(Malformed):
        marketo.value(body, {})


def test_the_trigger_marks_what_it_was_about() -> None:
    form = act()
    assert {
        Mark("form", "Dosing guide form"),
        Mark("campaign", "31"),
        Mark("program", "Spring"),
        Mark("utm_campaign", "spring-launch"),
    } <= set(form.marks)
    assert {Mark("email", "Launch mail"), Mark("email_series", "Launch mail")} <= set(
        act("Opens Email", trigger={"name": "Launch mail"}).marks
    )
    assert act("Email Bounces Soft").attributes == {"bounce_type": "soft"}


def test_a_call_with_the_same_words_is_the_same_act_whatever_the_score_says_meanwhile() -> None:
    later = marketo_event(lead={"id": 1009, "email": "ada@clinic.test", "firstName": "Ada L.", "score": 99})
    assert act().identity == read_one(later).identity != act(occurredAt="2026-03-02T10:15:01Z").identity
    assert act(id="a-1").identity == "event:a-1"
