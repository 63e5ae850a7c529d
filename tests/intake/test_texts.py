"""What people typed is found where they type, in each platform's events: none missing, none twice, nothing that is plainly no text."""

import copy
import json
from collections import Counter
from collections.abc import Iterator
from time import perf_counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intake.decisions.acts import Act, Item
from intake.decisions.adapters import SourceFacts, items_in
from intake.decisions.mappings import MappingDocument, adapter_of
from intake.decisions.receipts import Delivery
from intake.decisions.texts import Typed, typed_in
from intake.decisions.verdicts import bounded
from intake.platforms import PLATFORMS
from shared.ids import new_id
from tests.intake import vendor_bodies, vendors
from tests.intake.platforms import email_opened, form_submitted, hubspot_event, page_hit, subscription_changed

SOURCE = SourceFacts("site", property_kinds={"webinar_attended": "webinar_attended"}, event_kinds={"Asked": "form_submitted"})
HARM = "my patient felt dizzy on it"

NOT_TYPED = [
    "", "  ", "ada@clinic.test", "https://brand.test/guide?utm_campaign=spring", "2026-03-02", "2026-03-02T10:15:00Z",
    "2026-03-02 10:15:00", "42", "-3.5", "true", "0199b2c4-0f00-7000-8000-000000000001", "dd4adafdabe75184bc206037a15d9f840adb5ec0",
]  # fmt: skip
WORDS = st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")), min_size=1, max_size=40).map(lambda word: f"{word} é")


def read(platform: str, body: Any, headers: dict[str, list[str]] | None = None) -> list[Item]:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return items_in(raw, headers or {}, PLATFORMS[platform], SOURCE)


def typed(*items: Item) -> list[tuple[str, str]]:
    return [(one.field, one.text) for item in items if item.texts is not None for one in item.texts.fields]


def leaves(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    for one in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from leaves(one)


ANSWERS = st.recursive(
    st.one_of(WORDS, st.sampled_from(NOT_TYPED), st.integers(-9, 9), st.booleans(), st.none()),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text("abcé _.", max_size=10), inner, max_size=4),
    max_leaves=12,
)


@given(ANSWERS)
def test_every_answer_is_found_once_and_nothing_else(answers: Any) -> None:
    wanted = Counter(leaf for leaf in leaves(answers) if leaf not in NOT_TYPED)
    assert Counter(one.text for one in typed_in(answers)) == wanted


@given(ANSWERS)
def test_in_a_form_every_answer_is_found_once_whatever_became_of_the_form(answers: Any) -> None:
    forms = [
        form_submitted(results=answers),
        form_submitted(results=answers, lead=None),
        form_submitted(results=answers, dateSubmitted="x"),
    ]
    wanted = Counter(leaf for leaf in leaves(answers) if leaf not in NOT_TYPED)
    for item in read("mautic", {"mautic.form_on_submit": copy.deepcopy(forms)}):
        assert Counter(text for _, text in typed(bounded(item, received_at=vendors.MOMENT))) == wanted


@given(st.lists(WORDS, min_size=1, max_size=4), st.lists(WORDS, max_size=4))
def test_prose_is_found_in_an_event_nobody_understands(some: list[str], others: list[str]) -> None:
    event = {"event": "horoscope.read", "payload": {"said": some, "by": {"ada": others}}, "at": "2026-03-02", "id": "a-17"}
    for platform in ("mautic", "sendgrid", "customerio", "hubspot", "segment", "zoom", "marketo", "salesforce-marketing-cloud", "typeform"):
        found = Counter(text for _, text in typed(*read(platform, {"mautic.x": event} if platform == "mautic" else event)))
        assert found == Counter([*some, *others]), platform


@pytest.mark.parametrize(
    "said", ["Dizzy.", "felt-dizzy", "rash,fever", "https://a.test/aこれを飲んで発疹が出た", "発疹@病院.テスト", "Übel"]
)
def test_what_only_looks_like_code_or_an_address_is_text(said: str) -> None:
    assert [one.text for one in typed_in({"said": said}, reach="event")] == [said]


@given(st.binary(min_size=1, max_size=300))
def test_a_body_nobody_can_read_is_text_whole_for_every_platform(body: bytes) -> None:
    broken = b"\xff{" + body
    [item] = read("mautic", broken)
    assert typed(item) == [("body", broken.decode(errors="replace").replace("\x00", ""))]


@pytest.mark.parametrize("body", [[f"{HARM}"] * 5_001, HARM, [[HARM]]], ids=["too many events", "a bare string", "a list in a list"])
@pytest.mark.parametrize("platform", sorted(set(PLATFORMS) - {"activecampaign", "mailchimp"}))
def test_no_shape_hides_what_is_in_it(platform: str, body: Any) -> None:
    assert HARM in "".join(text for _, text in typed(*read(platform, body)))


def test_what_cannot_be_recorded_is_text_whole() -> None:
    delivery = Delivery(new_id(), "webhook", "site", None, HARM.encode(), vendors.MOMENT, [])
    assert typed(*delivery.unrecordable().items) == [("body", HARM)]


ORDINARY: list[tuple[str, Any]] = [
    ("mautic", {"mautic.email_on_open": email_opened(), "mautic.page_on_hit": page_hit()}),
    ("mautic", {"mautic.lead_channel_subscription_changed": subscription_changed()}),
    ("mautic", {"mautic.lead_points_change": {"contact": {"note": HARM}}}),
    ("sendgrid", [vendors.sendgrid_event(name) for name in ("open", "click", "bounce", "processed")]),
    ("salesforce-marketing-cloud", [vendors.ens_event()]),
    ("customerio", vendors.customerio_event()),
    ("segment", vendors.segment_call()),
    ("segment", vendors.segment_call("page", None, properties={"title": "About dosing", "url": "https://brand.test/", "path": "/a b"})),
    ("zoom", vendors.zoom_event("webinar.participant_joined")),
    ("marketo", vendors.marketo_event("Opens Email")),
    ("hubspot", [hubspot_event(propertyName="hs_lead_status", propertyValue="In progress"), hubspot_event(propertyValue="true")]),
    ("cloudevents", vendors.cloud_event(data=vendors.stated_engagement(attributes={"attended_seconds": 5}))),
    ("brevo", {"event": "opened", "email": "ada@clinic.test", "subject": "About dosing", "date": "2026-03-02 10:15:00", "ts_event": 1}),
]


@pytest.mark.parametrize(("platform", "body"), ORDINARY, ids=[f"{platform}-{number}" for number, (platform, _) in enumerate(ORDINARY)])
def test_an_ordinary_event_holds_no_text(platform: str, body: Any) -> None:
    assert typed(*read(platform, body)) == []


TYPED: list[tuple[str, Any, list[tuple[str, str]]]] = [
    ("mautic", {"mautic.form_on_submit": [form_submitted()]}, [("results.comment", HARM)]),
    (
        "mautic",
        {"mautic.lead_post_save_update": {"contact": {"fields": {"core": {"notes": {"label": "Notes", "value": HARM}}, "social": []}}}},
        [("notes", HARM)],
    ),
    ("hubspot", [hubspot_event(propertyName="last_question", propertyValue=HARM)], [("last_question", HARM)]),
    ("hubspot", [hubspot_event(propertyName="firstname", propertyValue=HARM)], []),
    ("hubspot", vendors.hubspot_contact(), [("webinar_attended", "dosing, spring"), ("favourite_colour", "blue")]),
    (
        "segment",
        vendors.segment_call(event="Form Submitted", properties={"form_id": "f", "note": HARM}),
        [("properties.form_id", "f"), ("properties.note", HARM)],
    ),
    (
        "segment",
        vendors.segment_call("identify", None, properties=None, traits={"email": "a@b.test", "allergies": HARM}),
        [("traits.allergies", HARM)],
    ),
    ("zoom", vendors.zoom_event(), [("What would you like to ask?", HARM)]),
    (
        "zoom",
        vendors.zoom_event("webinar.registration_denied", who={"comments": "rash"}),
        [("comments", "rash"), ("What would you like to ask?", HARM)],
    ),
    (
        "zoom",
        {"event": "webinar.chat_message_sent", "payload": {"object": {"chat_message": {"message_content": HARM}}}},
        [("object.chat_message.message_content", HARM)],
    ),
    ("marketo", vendors.marketo_event(comment=HARM, other="{{lead.Comment}}"), [("comment", HARM)]),
    (
        "cloudevents",
        vendors.cloud_event(data=vendors.stated_engagement(remark=HARM)),
        [("remark", HARM), ("attributes.comment", "she asked about rash")],
    ),
    (
        "standard-webhooks",
        vendors.standard_message([vendors.stated_engagement(remark=HARM)]),
        [("remark", HARM), ("attributes.comment", "she asked about rash")],
    ),
    (
        "mailchimp",
        f"type=subscribe&fired_at=2026-03-02+10:15:00&data[email]=a@b.test&data[merges][WHY]={HARM}".encode(),
        [("data.merges.WHY", HARM)],
    ),
    ("activecampaign", f"type=reply&contact[email]=a@b.test&message={HARM}".encode(), [("message", HARM)]),
]


@pytest.mark.parametrize(("platform", "body", "wanted"), TYPED, ids=[f"{one[0]}-{number}" for number, one in enumerate(TYPED)])
def test_each_platform_has_its_places_where_people_type(platform: str, body: Any, wanted: list[tuple[str, str]]) -> None:
    assert typed(*read(platform, body)) == wanted


def test_a_typeform_answer_is_text_and_its_question_is_not() -> None:
    body = vendor_bodies.typeform(
        answers=[
            {"type": "text", "text": HARM, "field": {"id": "a", "type": "long_text", "ref": "r"}},
            {"type": "choice", "choice": {"label": "Dizzy", "other": "and sick"}, "field": {"id": "b", "type": "multiple_choice"}},
            {"type": "choices", "choices": {"labels": ["Rash", "42"]}, "field": {"id": "c", "type": "multiple_choice"}},
        ]
    )
    found = [text for _, text in typed(*read("typeform", body))]
    assert found[:4] == [HARM, "Dizzy", "and sick", "Rash"]
    assert "What" not in " ".join(found)


MADE_UP = {
    "title": "A survey",
    "type": "type",
    "kinds": {
        "survey": {"kind": "form_submitted", "answers": {"contact_me": {"path": "a.contact_me", "codes": {"Yes please": "yes"}}}},
        "opened": {"kind": "email_opened"},
    },
    "occurred_at": [],
    "person": {"emails": ["email"]},
    "proof": {"secrets": ["bearer"]},
}


def survey(mapping: dict[str, Any], **answers: Any) -> Act:
    adapter = adapter_of(MappingDocument.model_validate({**MADE_UP, **mapping}))
    body = json.dumps({"type": "survey", "email": "ada@clinic.test", "a": answers}).encode()
    [item] = items_in(body, {}, adapter, SOURCE)
    assert isinstance(item, Act)
    return item


def test_only_an_answer_on_the_closed_list_of_its_own_field_is_no_text() -> None:
    coded = survey({}, contact_me="Yes please", worse="Yes please", why=HARM)
    assert (coded.attributes, typed(coded)) == ({"answer_contact_me": "yes"}, [("a.worse", "Yes please"), ("a.why", HARM)])
    unlisted = survey({}, contact_me="No, I feel dizzy")
    assert (unlisted.attributes, typed(unlisted)) == ({}, [("a.contact_me", "No, I feel dizzy")])


def test_a_mapping_may_say_where_people_type() -> None:
    assert typed(survey({"typed": ["a.why"]}, why=HARM, label="Of ours")) == [("a.why", HARM)]
    assert typed(survey({"typed": ["a.why", "a"]}, why=HARM)) == [("a.why", HARM)], "told once, though two paths lead there"
    assert typed(survey({"typed": []}, why=HARM)) == []
    assert [text for _, text in typed(survey({"typed": ["a[0].b"]}, why=HARM))] == []


def test_texts_are_no_part_of_an_act_and_in_none_of_its_text_forms() -> None:
    [one], [other] = (read("mautic", {"mautic.form_on_submit": [form_submitted(results={"comment": text})]}) for text in (HARM, "Fine"))
    assert one == other
    assert isinstance(one, Act)
    assert isinstance(other, Act)
    assert one.fingerprint == other.fingerprint
    assert HARM not in repr(one)
    assert repr(Typed("comment", HARM)) == "Typed(field='comment')"


def test_the_same_event_told_again_has_the_same_origin_and_another_has_not() -> None:
    def origin(**changes: Any) -> str:
        [item] = read("hubspot", [hubspot_event(propertyName="q", propertyValue=HARM, **changes)])
        assert item.texts is not None
        return item.texts.origin

    assert origin(attemptNumber=0) == origin(attemptNumber=3)
    assert origin(eventId=1) != origin(eventId=2)


def origins(platform: str, *bodies: Any) -> set[str]:
    return {item.texts.origin for body in bodies for item in read(platform, body) if item.texts is not None}


def test_a_record_that_comes_again_with_each_of_its_changes_has_the_same_texts() -> None:
    def saved(contact: int, note: str, points: int) -> Any:
        fields = {"core": {"notes": {"value": note}, "points": {"value": points}}}
        return {"mautic.lead_post_save_update": [{"contact": {"id": contact, "points": points, "fields": fields}}]}

    assert len(origins("mautic", saved(1, HARM, 1), saved(1, HARM, 2))) == 1
    assert len(origins("mautic", saved(1, HARM, 1), saved(2, HARM, 1), saved(1, "Fine", 1))) == 3

    def identified(call: str, **changes: Any) -> Any:
        return vendors.segment_call("identify", None, messageId=call, traits={"name": "Ada Byrne", "allergies": HARM}, **changes)

    assert len(origins("segment", identified("1"), identified("2"))) == 1
    assert len(origins("segment", identified("1"), identified("2", userId="another"))) == 2

    def profile(at: str, person: str) -> bytes:
        return f"type=profile&fired_at={at}&data[id]={person}&data[merges][WHY]={HARM}".encode()

    assert len(origins("mailchimp", profile("2026-03-02+10:15:00", "1"), profile("2026-03-03+10:15:00", "1"))) == 1
    assert len(origins("mailchimp", profile("2026-03-02+10:15:00", "1"), profile("2026-03-02+10:15:00", "2"))) == 2


@pytest.mark.parametrize(
    "text", ["a@" + "." * 200_000 + "@", " " * 200_000 + "x", "1" * 200_000 + "x", "a" * 200_000, "https://" + "/" * 200_000 + " x"]
)
def test_looking_at_a_text_takes_time_in_proportion_to_it(text: str) -> None:
    begun = perf_counter()
    for reach in ("answers", "structure", "event"):
        typed_in({"a": text}, reach=reach)
    assert perf_counter() - begun < 0.5
