"""Canonical engagements: one or many, each judged alone."""

from typing import Any
from uuid import uuid4

from tests.intake.conftest import Intake, asset, contact, counts, engagement


async def test_one_engagement_is_recorded_as_stated(intake: Intake) -> None:
    stated = engagement(
        id=str(uuid4()),
        channel="webinar",
        context="medical",
        asset_id="not-here-yet",
        campaign_id="c",
        brand_id="b",
        topics=["dosing"],
        machine=True,
        attributes={"attended_seconds": 1_800, "live": True},
        flags=["backfill"],
    )
    answer = await intake.post_engagements(stated)
    assert answer.status_code == 200
    assert answer.json() | {"accepted": 1, "duplicate": 0, "ignored": 0, "rejected": 0, "problems": []} == answer.json()
    [recorded] = await intake.published("engagement.recorded")
    told = {key: value for key, value in stated.items() if key not in ("id", "contact")}
    assert {key: recorded[key] for key in told} == told
    assert recorded["engagement_id"] == stated["id"]


async def test_an_array_is_judged_item_by_item(intake: Intake) -> None:
    items: list[Any] = [engagement(), engagement("e-2", kind="dances"), engagement(), engagement("e-3", score=5), engagement("e-4"), "text"]
    answer = await intake.post_engagements(items)
    assert answer.status_code == 200
    assert counts(answer) == {"accepted": 2, "duplicate": 1, "rejected": 3}
    problems = {problem["item"]: [error["pointer"] for error in problem["errors"]] for problem in answer.json()["problems"]}
    assert problems == {1: ["/kind"], 3: ["/score"], 5: [""]}
    assert [reason for _, reason in await intake.items(answer)] == [None, "invalid", None, "invalid", None, "invalid"]


async def test_the_same_again_is_a_duplicate_and_another_under_its_name_a_conflict(intake: Intake) -> None:
    assert counts(await intake.post_engagements(engagement())) == {"accepted": 1}
    assert counts(await intake.post_engagements(engagement())) == {"duplicate": 1}
    other = engagement(kind="webinar_registered")
    refused = await intake.post_engagements(other)
    assert (refused.status_code, refused.headers["content-type"]) == (409, "application/problem+json")
    in_an_array = await intake.post_engagements([other, engagement("e-2")])
    assert counts(in_an_array) == {"accepted": 1, "rejected": 1}
    assert in_an_array.json()["problems"][0]["errors"][0]["pointer"] == "/source_event_id"
    assert len(await intake.published("engagement.recorded")) == 2


async def test_one_id_cannot_be_two_engagements(intake: Intake) -> None:
    given = str(uuid4())
    assert counts(await intake.post_engagements(engagement(id=given))) == {"accepted": 1}
    assert (await intake.post_engagements(engagement("e-2", id=given))).status_code == 409
    assert counts(await intake.post_engagements([engagement("e-2", id=given), engagement("e-3", id=given)])) == {"rejected": 2}


IMPOSSIBLE: list[tuple[dict[str, Any], str]] = [
    ({"kind": "email_sent"}, "/kind"),
    ({"occurred_at": "2026-03-02T10:15:00"}, "/occurred_at"),
    ({"occurred_at": "1970-01-01T00:00:00Z"}, "/occurred_at"),
    ({"occurred_at": "2100-01-01T00:00:00Z"}, "/occurred_at"),
    ({"occurred_at": "2026-03-02T23:59:60Z"}, "/occurred_at"),
    ({"occurred_at": "2026-03-02T24:00:00Z"}, "/occurred_at"),
    ({"occurred_at": 1772446500}, "/occurred_at"),
    ({"source_event_id": ""}, "/source_event_id"),
    ({"source_event_id": 5}, "/source_event_id"),
    ({"source": None}, "/source"),
    ({"contact": None}, ""),
    ({"contact_id": "hcp-1"}, ""),
    ({"contact": {}}, "/contact"),
    ({"contact": {"email": "nobody"}}, "/contact/email"),
    ({"contact": {"external_ids": {"npi": "1234567890"}}}, "/contact/external_ids"),
    ({"contact": {"name": "Ada"}}, "/contact/name"),
    ({"context": "commercial"}, "/context"),
    ({"flags": ["asset_expired"]}, "/flags/0"),
    ({"attributes": {"comment": "felt dizzy"}}, "/attributes/comment"),
    ({"attributes": {"comment": "dizzy"}}, ""),
    ({"attributes": {"attended_seconds": "felt dizzy"}}, "/attributes/attended_seconds"),
    ({"machine": "yes"}, "/machine"),
    ({"consent": "granted"}, "/consent"),
]


async def test_a_value_or_field_that_cannot_be_is_refused_and_leaves_nothing(intake: Intake) -> None:
    for changes, pointer in IMPOSSIBLE:
        body = {key: value for key, value in engagement(**changes).items() if value is not None}
        answer = await intake.post_engagements(body)
        assert answer.status_code == 422, changes
        assert answer.json()["errors"][0]["pointer"] == pointer, changes
        assert "dizzy" not in answer.text
    assert await intake.rows("SELECT id FROM receipts") == []


async def test_bodies_nobody_can_read_are_refused(intake: Intake) -> None:
    headers = intake.token("integration") | {"Content-Type": "application/json"}
    for content, status in [
        (b"", 400),
        (b'{"a": NaN}', 400),
        (b'{"a": "\\u0000"}', 400),
        (b'{"a": "\\ud800"}', 400),
        (b"[" * 1_000 + b"]" * 1_000, 400),
        (b'{"a": 1, "a": 2}', 400),
        (b"5", 422),
        (b'"text"', 422),
        (b"null", 422),
        (b"[" + b"{}," * 1_000 + b"{}]", 422),
    ]:
        answer = await intake.client.post("/v1/engagements", content=content, headers=headers)
        assert answer.status_code == status, content[:20]
        assert answer.headers["content-type"] == "application/problem+json"
    csv = await intake.client.post("/v1/engagements", content=b"a,b", headers=headers | {"Content-Type": "text/csv"})
    assert csv.status_code == 415


async def test_an_array_of_nothing_is_a_receipt_of_nothing(intake: Intake) -> None:
    assert counts(await intake.post_engagements([])) == {}


async def test_only_integrators_post_engagements(intake: Intake) -> None:
    assert (await intake.client.post("/v1/engagements", json=engagement())).status_code == 401
    for role in ("marketing", "admin", "rep", "auditor"):
        assert (await intake.post_engagements(engagement(), role=role)).status_code == 403


async def test_our_own_id_names_a_person_before_any_directory_does(intake: Intake) -> None:
    await intake.post_engagements({key: value for key, value in engagement(contact_id="hcp-1").items() if key != "contact"})
    [provisional] = await intake.published("contact.snapshot")
    assert (provisional["contact_id"], provisional["provisional"]) == ("hcp-1", True)
    assert (await intake.put("contacts", [contact()])).json()["updated"] == 1
    assert [one["version"] for one in await intake.published("contact.snapshot")] == [1, 2]


async def test_a_person_is_recognised_by_external_id_before_email(intake: Intake) -> None:
    await intake.put("contacts", [contact(), contact("hcp-2", external_ids={"crm": "c-2"}, emails=["bea@clinic.test"])])
    person = {"email": "ADA@clinic.test", "external_ids": {"crm": "c-2"}}
    await intake.post_engagements([engagement(contact=person), engagement("e-2", contact={"email": "Ada@Clinic.test"})])
    assert [event["contact_id"] for event in await intake.published("engagement.recorded")] == ["hcp-2", "hcp-1"]


async def test_a_source_that_says_its_own_asset_is_flagged_for_its_approval(intake: Intake) -> None:
    await intake.put("assets", [asset(approval={"status": "draft", "code": "-", "regions": [], "expires_on": "2020-01-01"})])
    await intake.post_engagements(engagement(asset_id="guide", flags=["test"]))
    [recorded] = await intake.published("engagement.recorded")
    assert recorded["flags"] == ["test", "asset_unapproved", "asset_expired"]
    assert (recorded["topics"], recorded["context"], recorded["brand_id"]) == (["dosing"], "educational", "cardiozan")


async def test_leaving_and_a_machine_joining_by_canonical_engagements(intake: Intake) -> None:
    await intake.post_engagements(
        [engagement(kind="email_complained"), engagement("e-2", kind="subscribed", machine=True, occurred_at="2026-03-03T10:15:00Z")]
    )
    [snapshot] = await intake.published("contact.snapshot")
    assert [(consent["channel"], consent["state"]) for consent in snapshot["consents"]] == [("email", "denied")]
