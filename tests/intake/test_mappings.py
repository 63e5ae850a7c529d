"""A platform nobody here has heard of, connected by a mapping alone; and what a mapping can say beside what it says here."""

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import ValidationError

from intake.decisions.acts import Act, Ignored, Item, Mark, Rejected
from intake.decisions.adapters import Adapter, SourceFacts
from intake.decisions.adapters.bodies import ITEMS_MAX
from intake.decisions.mappings import MappingDocument, adapter_of
from intake.decisions.mappings.trials import Kept, Reader, differences, items_of, shown
from intake.decisions.persons import PersonKey
from intake.decisions.signatures import SignedRequest, trust_of
from intake.posted import EngagementBody
from tests.intake.vendor_bodies import as_form, as_json

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
SECRET = "what Podium and we know"

# Podium runs congress platforms. It posts what happened in batches, signs hexadecimally, writes German times without a zone, and calls
# a participant who only watched the recording by another name than one who sat in the room.
PODIUM: dict[str, Any] = {
    "title": "Podium congress platform",
    "items": "batch.entries",
    "type": "what",
    "kinds": {
        "SEAT_BOOKED": {"kind": "webinar_registered", "attributes": {"seat_count": {"path": "seats"}}},
        "SEAT_TAKEN": {
            "by": "how",
            "kinds": {
                "live": {
                    "kind": "webinar_attended",
                    "attributes": {"live": {"path": "how == 'live'"}, "attended_seconds": {"path": "stayed"}},
                    "answers": {
                        "practice": {"path": "asked[?q == 'practice'].a", "codes": {"Einzelpraxis": "single", "Klinik": "hospital"}}
                    },
                },
                "recording": {"kind": "content_downloaded", "channel": "webinar"},
            },
            "otherwise": {"ignored": "record_only"},
        },
        "DOOR_OPENED": {"ignored": "record_only"},
    },
    "identity": {"parts": ["ref"]},
    "occurred_at": [{"path": "um", "format": "written", "pattern": "%d.%m.%Y %H:%M", "zone": "Europe/Berlin"}],
    "person": {"platform_id": "guest.no", "emails": ["guest.mail"], "external_ids": {"npi": "guest.npi"}},
    "marks": [{"kind": "page", "path": "hall"}],
    "machine": ["guest.robot"],
    "proof": {"signatures": [{"at": "header:x-podium", "of": ["text:v1:", "body"], "encoding": "hex"}]},
}


def podium(**changes: Any) -> Adapter:
    return adapter_of(MappingDocument.model_validate_json(json.dumps({**PODIUM, **changes})))


def entry(**changes: Any) -> dict[str, Any]:
    guest = {"no": "G-7", "mail": " Ada@Clinic.test ", "npi": "1234567893", "name": "Ada"}
    fields = {"what": "SEAT_TAKEN", "how": "live", "ref": "e-1", "um": "02.03.2026 11:15", "hall": "dosing", "stayed": 1800, "guest": guest}
    asked = [{"q": "practice", "a": "Klinik"}, {"q": "comment", "a": "my patient felt dizzy"}]
    return {**fields, "asked": asked, **changes}


def batch(*entries: Any) -> bytes:
    return as_json({"batch": {"entries": list(entries)}})


def read(adapter: Adapter, body: bytes, source: SourceFacts | None = None) -> list[Item]:
    return items_of(Kept(body, {}, received_at=NOW), adapter, source or SourceFacts("podium"))


def read_one(adapter: Adapter, **changes: Any) -> Item:
    [item] = read(adapter, batch(entry(**changes)))
    return item


def test_a_platform_nobody_wrote_code_for_is_connected_by_a_mapping_alone() -> None:
    adapter = podium()

    # Its requests are proved as it signs them,
    body = batch(entry(), entry(what="SEAT_BOOKED", ref="e-2", seats=2), entry(what="DOOR_OPENED"), entry(what="COFFEE_SERVED"))
    signature = hmac.new(SECRET.encode(), b"v1:" + body, hashlib.sha256).hexdigest()
    request = SignedRequest(method="POST", uri="https://here.test/", body=body, headers={"x-podium": [signature]})
    assert trust_of(request, recipe=adapter.recipe, secrets=[SECRET], now=NOW) == "signed"
    assert trust_of(request, recipe=adapter.recipe, secrets=["a guess"], now=NOW) is None

    # each of its events gets a verdict of its own,
    attended, booked, opened, unheard_of = read(adapter, body)
    assert attended == Act(
        source="podium",
        vendor_type="SEAT_TAKEN",
        identity="SEAT_TAKEN:e-1",
        kind="webinar_attended",
        channel="webinar",
        occurred_at=datetime(2026, 3, 2, 10, 15, tzinfo=UTC),
        person=(PersonKey("id:npi", "1234567893"), PersonKey("id:podium", "G-7"), PersonKey("email", "ada@clinic.test")),
        marks=(Mark("page", "dosing"),),
        attributes={"live": True, "attended_seconds": 1800, "answer_practice": "hospital"},
    )
    assert isinstance(booked, Act)
    assert (booked.kind, booked.attributes) == ("webinar_registered", {"seat_count": 2})
    assert opened == Ignored("DOOR_OPENED", "record_only")
    assert unheard_of == Ignored("COFFEE_SERVED", "unknown_event_type")

    # and who connects it sees before what they would become.
    told = shown(attended)
    assert told["verdict"] == "accepted"
    engagement = told["engagement"]
    assert isinstance(engagement, dict)
    assert engagement["contact"] == {"emails": ["ada@clinic.test"], "external_ids": {"npi": "1234567893", "podium": "G-7"}}
    assert shown(unheard_of) == {"verdict": "ignored", "vendor_type": "COFFEE_SERVED", "reason": "unknown_event_type"}


def test_a_changed_mapping_shows_first_what_it_would_make_of_what_came() -> None:
    kept = [Kept(batch(entry(), entry(what="DOOR_OPENED", ref="e-2")), {}, NOW), Kept(b"{", {}, NOW)]
    changed, facts = podium(kinds={**PODIUM["kinds"], "DOOR_OPENED": {"kind": "event_attended"}}), SourceFacts("podium")
    [difference] = differences(Reader(podium(), facts), Reader(changed, facts), kept)
    assert (difference.kept, difference.position) == (kept[0], 1)
    assert difference.before == Ignored("DOOR_OPENED", "record_only")
    assert isinstance(difference.after, Act)
    assert differences(Reader(podium(), facts), Reader(podium(), facts), kept) == []
    lost = podium(items="batch.nothing")
    assert [one.position for one in differences(Reader(podium(), facts), Reader(lost, facts), kept[:1])] == [0, 1]


def test_only_a_coded_answer_becomes_an_attribute() -> None:
    item = read_one(podium(), asked=[{"q": "practice", "a": "my patient felt dizzy"}])
    assert isinstance(item, Act)
    assert "answer_practice" not in item.attributes


def test_a_value_decides_and_what_it_does_not_name_goes_otherwise() -> None:
    assert getattr(read_one(podium(), how="recording"), "kind", None) == "content_downloaded"
    assert read_one(podium(), how="by phone") == Ignored("SEAT_TAKEN", "record_only")
    kinds = {"SEAT_TAKEN": {"by": "how", "kinds": {"live": {"kind": "webinar_attended"}}}}
    assert read_one(podium(kinds=kinds), how="by phone") == Ignored("SEAT_TAKEN", "value_not_mapped")


def test_an_answer_that_went_out_can_be_posted_back_as_a_code_and_as_nothing_else() -> None:
    posted = {"source": "podium", "source_event_id": "e-1", "contact_id": "c-1", "occurred_at": "2026-03-02T10:15:00Z"}
    attended = {**posted, "kind": "webinar_attended"}
    assert EngagementBody.model_validate({**attended, "attributes": {"answer_practice": "hospital"}}).act().attributes
    for refused in ({"answer_practice": 5}, {"answer_practice": "my patient felt dizzy"}, {"practice": "hospital"}):
        with pytest.raises(ValidationError):
            EngagementBody.model_validate({**attended, "attributes": refused})
    with pytest.raises(ValidationError):
        EngagementBody.model_validate({**posted, "kind": "email_opened", "attributes": {"answer_practice": "hospital"}})


@pytest.mark.parametrize("nobody", [0, "0", "", "null", "undefined", "Anonymous", None, True, [], {}])
def test_a_platforms_word_for_nobody_makes_no_two_people_one(nobody: Any) -> None:
    item = read_one(podium(), guest={"no": nobody, "mail": "ada@clinic.test", "npi": "1234567890"})
    assert getattr(item, "person", None) == (PersonKey("email", "ada@clinic.test"),)
    assert getattr(read_one(podium(), guest={"no": nobody}), "reason", None) == "no_person"


@pytest.mark.parametrize(
    ("form", "value"),
    [
        ({"format": "rfc_3339"}, "2026-03-02T11:15:00+01:00"),
        ({"format": "epoch_seconds"}, 1_772_446_500),
        ({"format": "epoch_seconds"}, "1772446500.0"),
        ({"format": "epoch_milliseconds"}, 1_772_446_500_000),
        ({"format": "epoch_milliseconds"}, "1772446500000"),
        ({"format": "written", "zone": "UTC"}, "2026-03-02 10:15:00"),
        ({"format": "written", "zone": "America/Chicago"}, "2026-03-02T04:15:00"),
        ({"format": "written", "zone": "America/Chicago"}, "2026-03-02T10:15:00Z"),
        ({"format": "written", "pattern": "%m/%d/%Y %I:%M %p", "zone": "America/Chicago"}, "03/02/2026 04:15 AM"),
        ({"format": "written", "pattern": "%a, %d %b %Y %H:%M:%S %z"}, "Mon, 02 Mar 2026 11:15:00 +0100"),
    ],
)
def test_a_time_is_read_as_its_platform_writes_it(form: dict[str, str], value: Any) -> None:
    item = read_one(podium(occurred_at=[{"path": "never"}, {"path": "um", **form}]), um=value)
    assert getattr(item, "occurred_at", item) == datetime(2026, 3, 2, 10, 15, tzinfo=UTC)


@pytest.mark.parametrize(
    "value", ["soon", "31.02.2026 10:15", 5, -1, 10**18, True, {"at": 1}, "9" * 500, "02.03.1926 11:15", "02.03.2096 11:15"]
)
def test_a_time_that_cannot_be_is_told_by_a_reason(value: Any) -> None:
    forms = [PODIUM["occurred_at"][0], *({"path": "um", "format": form} for form in ("rfc_3339", "epoch_seconds", "epoch_milliseconds"))]
    for form in forms:
        item = read_one(podium(occurred_at=[form]), um=value)
        assert isinstance(item, Rejected), form
        assert item.reason in {"time_unreadable", "time_out_of_bounds"}


def test_a_platform_that_never_says_when_is_taken_at_its_receipt() -> None:
    item = read_one(podium(occurred_at=[]))
    assert getattr(item, "occurred_at", item) is None


def test_an_identity_goes_out_without_an_address_and_survives_what_a_retry_changes() -> None:
    by_address = podium(identity={"parts": ["guest.mail", "um"]})
    by_content = podium(identity={"but": ["attempt"]})
    for adapter in (by_address, by_content):
        first, again, other = (read_one(adapter, **changes) for changes in ({}, {"attempt": 2}, {"um": "02.03.2026 11:16"}))
        assert isinstance(first, Act)
        assert isinstance(again, Act)
        assert isinstance(other, Act)
        assert first.identity == again.identity != other.identity
        assert "@" not in first.identity
    assert getattr(read_one(podium(), ref=None), "identity", "").startswith("SEAT_TAKEN:sha256:")


def test_a_form_nests_by_its_brackets_and_no_field_is_lost() -> None:
    adapter = podium(body="form", items=None, identity={"parts": ["ref", '"guest[no"', 'tags.""']}, proof={"secrets": ["query:token"]})
    fields = {"what": "SEAT_TAKEN", "how": "live", "ref": "e-9", "um": "02.03.2026 11:15", "guest[mail]": "ada@clinic.test"}
    [item] = read(adapter, as_form({**fields, "guest[no": "odd", "tags[]": "a", "what[more]": "b", "x[y][z][a][b][c][d][e][f]": "deep"}))
    assert isinstance(item, Act)
    assert item.identity == "SEAT_TAKEN:e-9:odd:a"
    assert item.person == (PersonKey("email", "ada@clinic.test"),)


def test_types_a_sources_users_name_themselves_get_their_kind_there() -> None:
    source = SourceFacts("podium", event_kinds={"COFFEE_SERVED": "event_attended"})
    [item] = read(podium(), batch(entry(what="COFFEE_SERVED")), source)
    assert getattr(item, "kind", None) == "event_attended"


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "unreadable"),
        (b"[" * 200_000, "unreadable"),
        (b'{"batch": {"entries": ' + b"[" * 31 + b"]" * 31 + b"}}", "unreadable"),
        (as_json({}), "unexpected_shape"),
        (as_json([]), "unexpected_shape"),
        (batch(5), "unexpected_shape"),
        (batch(*[{}] * (ITEMS_MAX + 1)), "too_many_items"),
    ],
    ids=["nothing", "deep", "just too deep", "an empty object", "a list", "a number", "too many"],
)
def test_a_body_that_holds_no_events_is_one_rejected_item(body: bytes, reason: str) -> None:
    [item] = read(podium(), body)
    assert isinstance(item, Rejected)
    assert item.reason == reason


def test_an_expression_that_fails_rejects_its_event_and_says_where() -> None:
    adapter = podium(marks=[{"kind": "page", "path": "starts_with(hall, 'd') && hall"}])
    good, bad = read(adapter, batch(entry(), entry(hall=5)))
    assert isinstance(good, Act)
    detail = "The mapping fails at marks: it meets a value of another type than it expects."
    assert bad == Rejected("SEAT_TAKEN", "mapping_failed", detail)


def test_somebody_who_leaves_is_let_go_whatever_the_mapping_fails_at() -> None:
    failing = "length(hall)"
    kinds = {"SEAT_GIVEN_UP": {"kind": "unsubscribed", "channel": "webinar"}}
    for changes in (
        {"marks": [{"kind": "page", "path": failing}]},
        {"identity": {"parts": [failing]}},
        {"occurred_at": [{"path": failing}]},
    ):
        item = read_one(podium(kinds=kinds, **changes), what="SEAT_GIVEN_UP", hall=5)
        assert isinstance(item, Act)
        assert (item.kind, item.channel, item.occurred_at, item.person[-1].value) == ("unsubscribed", "webinar", None, "ada@clinic.test")
    item = read_one(podium(kinds=kinds, person={"emails": [failing]}), what="SEAT_GIVEN_UP", hall=5)
    assert getattr(item, "reason", None) == "mapping_failed"


def test_a_secret_may_be_sent_along_instead_of_a_signature() -> None:
    adapter = podium(proof={"secrets": ["basic", "query:token", "header:x-key"]})
    basic = {"authorization": ["Basic " + base64.b64encode(SECRET.encode()).decode()]}
    for headers, query in ((basic, ""), ({"x-key": [SECRET]}, ""), ({}, "token=what+Podium+and+we+know")):
        request = SignedRequest(method="POST", uri="https://here.test/", body=b"{}", headers=headers, query=query)
        assert trust_of(request, recipe=adapter.recipe, secrets=[SECRET], now=NOW) == "shared_secret"
