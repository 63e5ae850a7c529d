"""What a HubSpot workflow posts, in the canonical vocabulary."""

from typing import Any

import pytest

from intake.decisions.acts import Act, Ignored, Mark
from intake.decisions.adapters import SourceFacts, hubspot
from intake.decisions.persons import PersonKey
from tests.intake.vendors import MILLISECONDS, MOMENT, WRITTEN, hubspot_contact

SOURCE = SourceFacts("hs", {"webinar_attended": "webinar_attended", "wants_rep": "rep_requested"})
ADA = (PersonKey("id:hs", "5501"), PersonKey("email", "ada@clinic.test"))


def acts(body: Any, source: SourceFacts = SOURCE) -> list[Act]:
    items = hubspot.read(body, source)
    assert all(isinstance(item, Act) for item in items), items
    return [item for item in items if isinstance(item, Act)]


def test_form_submissions_and_mapped_properties_are_engagements() -> None:
    submission, attended = acts(hubspot_contact())
    assert (submission.kind, submission.vendor_type, submission.occurred_at) == (
        "form_submitted",
        "workflow.contact.form-submission",
        MOMENT,
    )
    assert {Mark("form", "f-1"), Mark("url", "https://brand.test/guide")} <= set(submission.marks)
    assert (attended.kind, attended.vendor_type, attended.occurred_at) == ("webinar_attended", "workflow.contact.property", MOMENT)
    assert submission.person == attended.person == ADA
    assert "dosing, spring" not in repr(attended)


def test_the_same_object_in_a_later_run_tells_the_same_acts() -> None:
    later = hubspot_contact()
    later["properties"]["favourite_colour"] = {"value": "red"}
    later["properties"]["lastmodifieddate"] = {"value": str(MILLISECONDS + 10**9)}
    assert [(act.identity, act.fingerprint) for act in acts(later)] == [(act.identity, act.fingerprint) for act in acts(hubspot_contact())]


def test_a_property_that_got_a_new_value_is_a_new_act() -> None:
    changed = hubspot_contact()
    changed["properties"]["webinar_attended"]["versions"].insert(0, {"value": "safety", "timestamp": MILLISECONDS + 60_000})
    assert acts(changed)[1].identity != acts(hubspot_contact())[1].identity


@pytest.mark.parametrize(
    ("properties", "more"),
    [
        ({"email": "ada@clinic.test", "hs_object_id": "5501", "wants_rep": "true"}, {"updatedAt": WRITTEN}),
        ({"email": "ada@clinic.test", "wants_rep": "true"}, {"id": "5501", "updatedAt": WRITTEN, "createdAt": WRITTEN}),
        ({"email": "ada@clinic.test", "wants_rep": "true", "lastmodifieddate": str(MILLISECONDS)}, {"objectId": 5501}),
        (
            {"email": "ada@clinic.test", "wants_rep": {"value": "true", "timestamp": MILLISECONDS}},
            {"objectId": 5501, "objectTypeId": "0-1"},
        ),
    ],
)
def test_an_object_in_the_newer_shape_is_read_too(properties: dict[str, Any], more: dict[str, Any]) -> None:
    [asked] = acts({"properties": properties, **more})
    assert (asked.kind, asked.occurred_at, asked.person) == ("rep_requested", MOMENT, ADA)


@pytest.mark.parametrize(
    "body",
    [
        {"dealId": 7, "properties": {"dealname": {"value": "x"}, "wants_rep": {"value": "true"}}},
        {"id": "7", "properties": {"dealname": "x", "wants_rep": "true"}},
        {"vid": 5501, "properties": {"favourite_colour": {"value": "blue"}}},
        {"vid": 5501, "properties": {"wants_rep": {"value": "false"}}},
    ],
)
def test_an_object_without_an_act_or_of_another_kind_is_ignored(body: Any) -> None:
    assert hubspot.read(body, SOURCE) == [Ignored("workflow.contact", "record_only")]


def test_a_contact_nobody_can_name_or_date_is_rejected_act_by_act() -> None:
    undated = {"vid": 5501, "properties": {"wants_rep": "true"}, "form-submissions": ["text", {"conversion-id": "c"}]}
    assert [getattr(item, "reason", None) for item in hubspot.read(undated, SOURCE)] == ["unexpected_shape", "time_missing", "time_missing"]
    nameless = {"properties": {"email": "", "wants_rep": "true"}, "updatedAt": WRITTEN}
    assert [getattr(item, "reason", None) for item in hubspot.read(nameless, SOURCE)] == ["no_person"]
