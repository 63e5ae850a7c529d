"""Outcomes, objections and insights: what is recorded, published, and answered again."""

from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from shared.events import topics
from shared.ids import new_id
from tests.feedback.conftest import Feedback
from tests.feedback.world import JOURNEY_1, assigned, insight, objection, outcome


async def test_an_outcome_is_recorded_and_published_as_codes_on_the_lead_s_journey(feedback: Feedback) -> None:
    opportunity = {"account_id": "account-2", "type": "tender"}
    sent = outcome(reason_code="wants_more", assets_shown=["asset-1"], opportunity=opportunity, call_id="c")
    answer = await feedback.post("outcomes", sent)
    assert answer.status_code == 201
    assert answer.json() | {"state": "recorded", "case_id": None, "contact_id": "contact-1", "brand_id": "brand-1"} == answer.json()
    [published] = await feedback.published("outcome.recorded")
    assert published["report_id"] == answer.json()["id"]
    assert published["opportunity"] == opportunity
    assert {name: published[name] for name in ("lead_id", "contact_id", "brand_id", "rep_id", "code", "channel", "reason_code")} == {
        "lead_id": "lead-1",
        "contact_id": "contact-1",
        "brand_id": "brand-1",
        "rep_id": "rep-1",
        "code": "contacted",
        "channel": "in_person",
        "reason_code": "wants_more",
    }
    [headers] = [row.headers for row in await feedback.rows("select headers from outbox")]
    assert headers["ce_correlationid"] == str(JOURNEY_1)


async def test_an_objection_takes_contact_and_brand_from_its_lead(feedback: Feedback) -> None:
    assert (await feedback.post("objections", objection())).json()["state"] == "recorded"
    [published] = await feedback.published("objection.recorded")
    assert (published["contact_id"], published["brand_id"]) == ("contact-1", "brand-1")


@pytest.mark.parametrize("field", ["contact_id", "brand_id"])
async def test_an_objection_that_contradicts_its_lead_is_refused_by_field(feedback: Feedback, field: str) -> None:
    answer = await feedback.post("objections", objection(**{field: "another"}))
    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == [f"/{field}"]


async def test_an_objection_on_a_contact_takes_the_brand_of_their_only_lead(feedback: Feedback) -> None:
    answer = await feedback.post("objections", objection(lead_id=None, contact_id="contact-1"))
    assert (answer.status_code, answer.json()["brand_id"]) == (201, "brand-1")
    [headers] = [row.headers for row in await feedback.rows("select headers from outbox")]
    assert headers["ce_correlationid"] == str(JOURNEY_1)


async def test_an_objection_on_a_contact_with_leads_of_two_brands_must_name_one(feedback: Feedback) -> None:
    await feedback.hear(topics.LEADS, assigned("lead-9", "rep-1", contact="contact-1", brand="brand-2"))
    refused = await feedback.post("objections", objection(lead_id=None, contact_id="contact-1"))
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["pointer"] == "/brand_id"
    assert (await feedback.post("objections", objection(lead_id=None, contact_id="contact-1", brand_id="brand-2"))).status_code == 201


async def test_an_objection_about_nobody_is_refused(feedback: Feedback) -> None:
    answer = await feedback.post("objections", objection(lead_id=None))
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/contact_id")


async def test_an_insight_on_an_account_stands_without_a_contact(feedback: Feedback) -> None:
    answer = await feedback.post("insights", insight(contact_id=None, account_id="account-1"))
    assert answer.json()["state"] == "recorded"
    [(kind, key, _)] = await feedback.outbox_of(feedback.service)
    assert (kind, key) == ("insight.recorded", "account-1")


async def test_a_note_stays_in_the_database_and_apart_from_the_codes(feedback: Feedback) -> None:
    await feedback.post("insights", insight(note="CANARYTEXT about forms"))
    assert [row.note for row in await feedback.rows("select note from report_notes")] == ["CANARYTEXT about forms"]
    assert not await feedback.rows("select 1 from reports where reports::text like '%CANARYTEXT%'")
    assert not await feedback.rows("select 1 from outbox where outbox::text like '%CANARYTEXT%'")


@pytest.mark.parametrize(
    ("path", "body", "pointer"),
    [
        ("outcomes", outcome(code="danced"), "/code"),
        ("objections", objection(topic="weather"), "/topic"),
        ("objections", objection(nature="weather"), "/nature"),
        ("objections", objection(reaction="weather"), "/reaction"),
        ("insights", insight(kind="weather"), "/kind"),
        ("insights", insight(topics=["supply", "weather"]), "/topics/1"),
    ],
)
async def test_a_code_no_taxonomy_knows_is_refused_by_field(feedback: Feedback, path: str, body: dict[str, Any], pointer: str) -> None:
    answer = await feedback.post(path, body)
    assert (answer.status_code, [error["pointer"] for error in answer.json()["errors"]]) == (422, [pointer])
    assert await feedback.published() == []


async def test_a_taxonomy_s_newest_version_is_the_one_in_force(feedback: Feedback) -> None:
    async with feedback.service.database.transaction() as session:
        await session.execute(text("insert into taxonomy_terms values ('objection_topic', 2, 'weather')"))
    assert (await feedback.post("objections", objection(topic="weather"))).status_code == 201
    assert (await feedback.post("objections", objection(topic="supply"))).status_code == 422


@pytest.mark.parametrize(("path", "body"), [("outcomes", outcome()), ("objections", objection()), ("insights", insight())])
async def test_the_same_report_again_is_answered_alike_and_recorded_once(feedback: Feedback, path: str, body: dict[str, Any]) -> None:
    body = body | {"id": str(new_id())}
    first, again = await feedback.post(path, body), await feedback.post(path, body)
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json() == again.json()
    assert first.json()["id"] == body["id"]
    assert len(await feedback.published()) == 1


async def test_an_idempotency_key_serves_where_no_id_is_given(feedback: Feedback) -> None:
    first, again = [await feedback.post("outcomes", outcome(), key="visit-7") for _ in range(2)]
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json() == again.json()
    assert UUID(first.json()["id"]).version == 7


async def test_other_content_under_the_same_id_is_a_conflict(feedback: Feedback) -> None:
    report_id = str(new_id())
    await feedback.post("outcomes", outcome(id=report_id))
    assert (await feedback.post("outcomes", outcome(id=report_id, code="no_answer"))).status_code == 409
    assert (await feedback.post("objections", objection(id=report_id))).status_code == 409
    assert len(await feedback.published()) == 1


async def test_two_reports_without_id_or_key_are_two(feedback: Feedback) -> None:
    first, second = [await feedback.post("outcomes", outcome()) for _ in range(2)]
    assert first.json()["id"] != second.json()["id"]
    assert len(await feedback.published("outcome.recorded")) == 2


async def test_a_refused_report_can_be_sent_again_once_it_is_right(feedback: Feedback) -> None:
    report_id = str(new_id())
    assert (await feedback.post("outcomes", outcome(id=report_id, lead_id="lead-3"))).status_code == 404
    assert (await feedback.post("outcomes", outcome(id=report_id))).status_code == 201
