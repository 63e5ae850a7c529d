"""What people tell reps they don't allow: told on as consent, beside the outcome, once, whatever channel it was said on."""

from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

import pytest

from feedback.decisions.publication import consent_in
from feedback.decisions.reports import Report
from shared.events import topics
from shared.events.feedback import ConsentReported
from shared.ids import new_id
from tests.feedback.conftest import Feedback
from tests.feedback.test_decisions import NOON, REPORT
from tests.feedback.world import JOURNEY_1, VISIT, assigned, outcome

DECLINED: Report = replace(REPORT, kind="outcome", contact_id="contact-1", codes={"code": "declined_consent", "channel": "phone"})


def told(report: Report) -> ConsentReported:
    found = consent_in(report)
    assert found is not None
    return found


def test_who_declines_on_one_channel_is_not_to_be_contacted_at_all() -> None:
    for channel in ("phone", "in_person", "email", "video", "fax"):
        said = told(replace(DECLINED, codes={"code": "declined_consent", "channel": channel}))
        assert (said.contact_id, said.channel, said.purpose, said.state) == ("contact-1", "any", "marketing", "denied")
        assert (said.report_id, said.at, said.evidence) == (str(REPORT.id), NOON, "told_to_rep")


def test_a_device_that_is_ahead_dates_nothing_after_its_receipt() -> None:
    assert told(replace(DECLINED, occurred_at=NOON + timedelta(hours=9))).at == NOON
    assert told(replace(DECLINED, occurred_at=NOON - timedelta(days=9))).at == NOON - timedelta(days=9)


@pytest.mark.parametrize("code", ["not_interested", "no_need", "unreachable", "wrong_contact", "rejected", "contacted"])
def test_no_other_outcome_is_about_consent(code: str) -> None:
    assert consent_in(replace(DECLINED, codes={"code": code, "channel": "phone"})) is None


def test_other_reports_are_not_about_consent() -> None:
    codes = {"topic": "efficacy", "nature": "concern", "reaction": "neutral"}
    assert consent_in(replace(DECLINED, kind="objection", codes=codes)) is None


async def test_it_is_told_with_the_outcome_and_follows_from_it(feedback: Feedback) -> None:
    answer = await feedback.post("outcomes", outcome(code="declined_consent"))
    assert (answer.status_code, answer.json()["state"]) == (201, "recorded")
    [recorded], [said] = await feedback.published("outcome.recorded"), await feedback.published("consent.reported")
    assert (said["report_id"], said["contact_id"], said["channel"]) == (recorded["report_id"], "contact-1", "any")
    assert datetime.fromisoformat(said["at"]) == datetime.fromisoformat(VISIT)
    first, second = [row.headers for row in await feedback.rows("SELECT headers FROM outbox ORDER BY position")]
    assert (first["ce_type"], second["ce_type"]) == ("outcome.recorded", "consent.reported")
    assert (UUID(second["ce_correlationid"]), second["ce_causationid"]) == (JOURNEY_1, first["ce_id"])
    assert [key for kind, key, _ in await feedback.outbox_of(feedback.service) if kind == "consent.reported"] == ["contact-1"]


async def test_the_same_report_again_tells_it_once(feedback: Feedback) -> None:
    body = outcome(code="declined_consent", id=str(new_id()))
    assert [(await feedback.post("outcomes", body)).status_code for _ in range(2)] == [201, 200]
    assert len(await feedback.published("consent.reported")) == 1


async def test_a_report_that_waits_for_its_lead_tells_it_when_it_is_published(feedback: Feedback) -> None:
    answer = await feedback.post("outcomes", outcome(lead_id="lead-9", code="declined_consent"))
    assert answer.json()["state"] == "pending"
    assert await feedback.published() == []
    await feedback.hear(topics.LEADS, assigned("lead-9", "rep-1", contact="contact-2"))
    [said] = await feedback.published("consent.reported")
    assert (said["report_id"], said["contact_id"]) == (answer.json()["id"], "contact-2")


async def test_a_report_on_another_s_lead_tells_nothing(feedback: Feedback) -> None:
    assert (await feedback.post("outcomes", outcome(lead_id="lead-3", code="declined_consent"))).status_code == 404
    await feedback.post("outcomes", outcome(lead_id="lead-9", code="declined_consent"))
    await feedback.hear(topics.LEADS, assigned("lead-9", "rep-2", contact="contact-2"))
    assert await feedback.published() == []
