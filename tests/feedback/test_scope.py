"""Who may write about what: a rep their own, a manager their territories and team, nobody anything else."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from feedback.decisions.reports import Report
from feedback.operations.reports import record_report
from shared.events import topics
from shared.ids import new_id
from tests.feedback.conftest import Feedback
from tests.feedback.world import START, assigned, contact, insight, objection, outcome, qualified, waiting
from tests.polling import until

MATRIX = [
    ("rep-1", "rep", "lead-1", 201),
    ("rep-1", "rep", "lead-2", 404),
    ("rep-1", "rep", "lead-3", 404),
    ("boss-1", "manager", "lead-1", 201),  # in their territory, and of their team
    ("boss-1", "manager", "lead-2", 201),  # of their team
    ("boss-1", "manager", "lead-3", 404),
    ("boss-2", "manager", "lead-2", 201),  # in their territory
    ("boss-2", "manager", "lead-1", 404),
    ("boss-1", "rep", "lead-2", 404),  # the role decides, not the rep row
    ("nobody", "manager", "lead-1", 404),
]


@pytest.mark.parametrize(("rep", "role", "lead", "status"), MATRIX)
async def test_a_lead_is_written_about_by_whose_it_is(feedback: Feedback, rep: str, role: str, lead: str, status: int) -> None:
    answer = await feedback.post("outcomes", outcome(lead_id=lead), rep=rep, role=role)
    assert answer.status_code == status
    assert len(await feedback.published()) == (1 if status == 201 else 0)


@pytest.mark.parametrize(("rep", "role", "lead", "status"), MATRIX)
async def test_a_contact_is_in_scope_by_a_lead_of_theirs(feedback: Feedback, rep: str, role: str, lead: str, status: int) -> None:
    body = objection(lead_id=None, contact_id=lead.replace("lead", "contact"))
    assert (await feedback.post("objections", body, rep=rep, role=role)).status_code == status


async def test_every_id_of_a_merged_person_is_in_scope_by_a_lead_under_any_of_them(feedback: Feedback) -> None:
    async def heard_from(contact_id: str) -> int:
        answer = await feedback.post("objections", objection(lead_id=None, contact_id=contact_id), rep="rep-1", role="rep")
        return answer.status_code

    await feedback.hear(topics.CONTACTS, contact("contact-9"), contact("old"))
    assert await heard_from("contact-9") == 404
    await feedback.hear(topics.CONTACTS, *(contact(one, version=2, merged_into="contact-9") for one in ("contact-1", "old")))
    assert [await heard_from(one) for one in ("contact-9", "contact-1", "old", "contact-2")] == [201, 201, 201, 404]
    await feedback.hear(topics.CONTACTS, contact("contact-1", version=3))
    assert [await heard_from(one) for one in ("contact-9", "contact-1", "old")] == [404, 201, 404]


@pytest.mark.parametrize(
    ("rep", "role", "account", "status"),
    [
        ("rep-1", "rep", "account-1", 201),  # owned
        ("rep-1", "rep", "account-2", 201),  # a contact of theirs works there
        ("rep-1", "rep", "account-3", 404),
        ("rep-2", "rep", "account-1", 404),
        ("boss-1", "manager", "account-1", 201),
        ("boss-1", "manager", "account-2", 201),
        ("boss-1", "manager", "account-3", 404),
        ("boss-2", "manager", "account-1", 404),
        ("rep-1", "rep", "unheard-of", 404),
    ],
)
async def test_an_account_is_in_scope_by_owner_or_affiliation(feedback: Feedback, rep: str, role: str, account: str, status: int) -> None:
    assert (await feedback.post("insights", insight(contact_id=None, account_id=account), rep=rep, role=role)).status_code == status


async def test_an_opportunity_names_an_account_in_scope(feedback: Feedback) -> None:
    reported = [outcome(code="opportunity_created", opportunity={"account_id": f"account-{n}", "type": "tender"}) for n in (2, 3)]
    assert [(await feedback.post("outcomes", body)).status_code for body in reported] == [201, 404]


async def test_the_unknown_and_the_forbidden_look_alike(feedback: Feedback) -> None:
    bodies: list[Any] = [objection(lead_id=None, contact_id=contact_id) for contact_id in ("contact-3", "unheard-of")]
    forbidden, unknown = [(await feedback.post("objections", body)).json() for body in bodies]
    assert forbidden == unknown


async def test_an_affiliation_ends_with_a_newer_contact_and_not_with_an_older_one(feedback: Feedback) -> None:
    await feedback.hear(topics.CONTACTS, contact("contact-1", version=3))
    await feedback.hear(topics.CONTACTS, contact("contact-1", "account-2", version=2))
    assert (await feedback.post("insights", insight(contact_id=None, account_id="account-2"))).status_code == 404


async def test_a_lead_that_changed_hands_is_its_new_owner_s(feedback: Feedback) -> None:
    await feedback.hear(topics.LEADS, assigned("lead-1", "rep-3", contact="contact-1", at=START + timedelta(hours=1)))
    assert (await feedback.post("outcomes", outcome())).status_code == 404
    assert (await feedback.post("outcomes", outcome(), rep="rep-3")).status_code == 201


async def test_old_news_takes_no_lead_back(feedback: Feedback) -> None:
    await feedback.hear(topics.LEADS, assigned("lead-1", "rep-3", contact="contact-1", at=START - timedelta(hours=1)))
    await feedback.hear(topics.LEADS, waiting("lead-1", contact="contact-1", at=START - timedelta(hours=2)))
    assert (await feedback.post("outcomes", outcome())).status_code == 201


@pytest.mark.parametrize("role", ["marketing", "sales_ops", "integration", "safety", "auditor", "admin", ""])
async def test_only_reps_and_managers_report(feedback: Feedback, role: str) -> None:
    assert (await feedback.post("outcomes", outcome(), role=role)).status_code == 403
    assert (await feedback.client.post("/v1/outcomes", json=outcome())).status_code == 401


async def test_a_report_on_a_lead_not_heard_of_waits_and_is_published_when_it_is_the_rep_s(feedback: Feedback) -> None:
    answer = await feedback.post("outcomes", outcome(lead_id="lead-9"))
    assert (answer.status_code, answer.json()["state"]) == (201, "pending")
    journey = new_id()
    await feedback.hear(topics.LEADS, qualified("lead-9", contact="contact-1", brand="brand-9", journey=journey))
    assert await feedback.published() == []
    await feedback.hear(topics.LEADS, assigned("lead-9", "rep-1", contact="contact-1", brand="brand-9", journey=journey))
    [published] = await feedback.published("outcome.recorded")
    assert (published["report_id"], published["brand_id"]) == (answer.json()["id"], "brand-9")
    [headers] = [row.headers for row in await feedback.rows("select headers from outbox")]
    assert headers["ce_correlationid"] == str(journey)
    assert [(item["kind"], item["report_ids"]) for item in await feedback.feed()] == [("heard", [answer.json()["id"]])]


async def test_a_waiting_report_is_refused_when_the_lead_is_another_s(feedback: Feedback) -> None:
    answer = await feedback.post("outcomes", outcome(lead_id="lead-9"))
    await feedback.hear(topics.LEADS, assigned("lead-9", "rep-2", contact="contact-1"))
    assert await feedback.published() == []
    assert [(item["kind"], item["report_ids"]) for item in await feedback.feed()] == [("refused", [answer.json()["id"]])]
    assert [row.state for row in await feedback.rows("select state from reports")] == ["refused"]
    await feedback.hear(topics.LEADS, assigned("lead-9", "rep-1", contact="contact-1", at=START + timedelta(hours=1)))
    assert await feedback.published() == []


async def test_a_waiting_report_is_settled_by_the_first_owner_however_events_are_batched(feedback: Feedback) -> None:
    await feedback.post("outcomes", outcome(lead_id="lead-9"))
    later = START + timedelta(hours=1)
    await feedback.hear(
        topics.LEADS, assigned("lead-9", "rep-1", contact="contact-1"), assigned("lead-9", "rep-2", contact="contact-1", at=later)
    )
    assert len(await feedback.published("outcome.recorded")) == 1


async def test_a_manager_s_report_waits_for_a_lead_of_their_territory(feedback: Feedback) -> None:
    await feedback.post("outcomes", outcome(lead_id="lead-9"), rep="boss-2", role="manager")
    await feedback.hear(topics.LEADS, assigned("lead-9", "rep-3", contact="contact-1", territory="t-2"))
    assert len(await feedback.published("outcome.recorded")) == 1


async def test_a_waiting_report_that_contradicts_its_lead_is_refused(feedback: Feedback) -> None:
    await feedback.post("objections", objection(lead_id="lead-9", brand_id="another"))
    await feedback.hear(topics.LEADS, assigned("lead-9", "rep-1", contact="contact-1"))
    assert [item["kind"] for item in await feedback.feed()] == ["refused"]


async def test_a_lead_back_in_the_queue_keeps_reports_waiting(feedback: Feedback) -> None:
    await feedback.hear(topics.LEADS, waiting("lead-1", contact="contact-1", at=START + timedelta(hours=1)))
    assert (await feedback.post("outcomes", outcome())).json()["state"] == "pending"
    await feedback.hear(topics.LEADS, assigned("lead-1", "rep-1", contact="contact-1", at=START + timedelta(hours=2)))
    assert len(await feedback.published("outcome.recorded")) == 1


async def test_the_same_lead_events_twice_publish_once(feedback: Feedback) -> None:
    await feedback.post("outcomes", outcome(lead_id="lead-9"))
    arrival = assigned("lead-9", "rep-1", contact="contact-1")
    await feedback.hear(topics.LEADS, arrival)
    await feedback.hear(topics.LEADS, arrival)
    assert len(await feedback.published("outcome.recorded")) == 1


async def test_a_report_and_the_event_that_brings_its_lead_never_miss_each_other(feedback: Feedback) -> None:
    database = feedback.service.database
    report = Report(
        id=new_id(),
        kind="outcome",
        rep_id="rep-1",
        posted_as="rep",
        lead_id="lead-9",
        contact_id=None,
        account_id=None,
        brand_id=None,
        occurred_at=START,
        received_at=START,
        codes={"code": "contacted", "channel": "phone", "assets_shown": []},
        correlation_id=new_id(),
    )

    async def is_held_up() -> bool:
        waiting = "select 1 from pg_locks join pg_database on oid = database where datname = current_database() and not granted"
        return arriving.done() or bool(await feedback.rows(waiting))

    async with database.transaction() as session:
        recorded = await record_report(session, report, note=None, leaves_commercial_path=False)
        assert recorded.state == "pending"
        arriving = asyncio.create_task(feedback.hear(topics.LEADS, assigned("lead-9", "rep-1", contact="contact-1")))
        await until(is_held_up)
    await asyncio.wait_for(arriving, timeout=10)
    assert len(await feedback.published("outcome.recorded")) == 1
