"""The guard over HTTP: no case is lost, whatever becomes of the report; and nothing certain goes on."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from shared.events import topics
from shared.ids import new_id
from tests.feedback.conftest import Feedback
from tests.feedback.world import JOURNEY_1, VISIT, assigned, insight, objection, outcome

HARM = "CANARYTEXT patient had a rash"


async def test_a_flagged_report_makes_only_a_case(feedback: Feedback) -> None:
    answer = await feedback.post("objections", objection(adverse_event=True, note="CANARYTEXT spoke of one of his patients"))
    assert (answer.status_code, answer.json()["state"]) == (201, "case_only")
    [case] = await feedback.cases()
    assert case["id"] == answer.json()["case_id"]
    assert (case["kind"], case["certainty"], case["state"]) == ("adverse_event", "certain", "open")
    assert case["report_id"] == answer.json()["id"]
    assert case["text"] == "CANARYTEXT spoke of one of his patients"
    assert [kind for kind, _, _ in await feedback.outbox_of(feedback.service)] == ["case.opened"]
    assert await feedback.feed() == []
    assert await feedback.rows("select 1 from report_notes") == []


async def test_a_possible_matter_makes_a_case_and_its_codes_go_on(feedback: Feedback) -> None:
    answer = await feedback.post("objections", objection(note=HARM))
    assert (answer.status_code, answer.json()["state"]) == (201, "recorded")
    [case] = await feedback.cases()
    assert (case["id"], case["certainty"], case["text"]) == (answer.json()["case_id"], "possible", HARM)
    assert [kind for kind, _, _ in await feedback.outbox_of(feedback.service)] == ["case.opened", "objection.recorded"]


async def test_an_outcome_s_note_is_triaged_too(feedback: Feedback) -> None:
    assert (await feedback.post("outcomes", outcome(note=HARM))).json()["case_id"] is not None


async def test_adverse_event_and_medical_question_go_both_ways(feedback: Feedback) -> None:
    answer = await feedback.post("insights", insight(adverse_event=True, medical_question=True))
    assert len(answer.json()["case_ids"]) == 2
    assert [case["kind"] for case in await feedback.cases("safety")] == ["adverse_event"]
    assert [case["kind"] for case in await feedback.cases("medical")] == ["medical_inquiry"]


async def test_the_case_s_clock_runs_from_when_the_rep_knew(feedback: Feedback) -> None:
    await feedback.post("objections", objection(note=HARM))
    [case] = await feedback.cases()
    awareness, due = datetime.fromisoformat(case["awareness_at"]), datetime.fromisoformat(case["due_at"])
    assert awareness == datetime.fromisoformat(VISIT)
    assert due - awareness == timedelta(hours=24)
    assert datetime.fromisoformat(case["received_at"]) > awareness


@pytest.mark.parametrize("occurred_at", ["2099-01-01T00:00:00Z", "yesterday", 7])
async def test_a_time_that_cannot_be_never_puts_the_clock_off(feedback: Feedback, occurred_at: Any) -> None:
    answer = await feedback.post("objections", objection(note=HARM, occurred_at=occurred_at))
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/occurred_at")
    [case] = await feedback.cases()
    assert case["awareness_at"] == case["received_at"]


async def test_case_opened_carries_ids_kinds_and_times_on_the_lead_s_journey(feedback: Feedback) -> None:
    await feedback.post("objections", objection(note=HARM))
    [opened] = await feedback.published("case.opened")
    assert set(opened) == {"case_id", "report_id", "kind", "certainty", "awareness_at", "received_at", "due_at"}
    [headers] = [row.headers for row in await feedback.rows("select headers from outbox where type = 'case.opened'")]
    assert headers["ce_correlationid"] == str(JOURNEY_1)


REFUSED = [
    ("another rep's lead", "objections", objection(lead_id="lead-3", note=HARM), 404),
    ("unknown contact", "objections", objection(lead_id=None, contact_id="nobody", note=HARM), 404),
    ("another rep's account", "insights", insight(contact_id=None, account_id="account-3", note=HARM), 404),
    ("unknown topic", "objections", objection(topic="weather", note=HARM), 422),
    ("unknown field", "outcomes", outcome(mood="fine", note=HARM), 422),
    ("wrong type", "outcomes", outcome(code=7, note=HARM), 422),
    ("missing field", "objections", {"note": HARM}, 422),
    ("contradicted lead", "objections", objection(brand_id="another", note=HARM), 422),
    ("flag where none is asked", "outcomes", outcome(adverse_event=True), 422),
    ("an array", "outcomes", [outcome(note=HARM)], 422),
    ("prose for a code", "objections", objection(topic=HARM), 422),
    ("flagged, unknown nature", "objections", objection(nature="weather", adverse_event=True), 422),
    ("a note too long", "outcomes", outcome(note="fainted " * 2000), 422),
]


@pytest.mark.parametrize(("path", "body", "status"), [case[1:] for case in REFUSED], ids=[case[0] for case in REFUSED])
async def test_a_refused_report_still_makes_its_case(feedback: Feedback, path: str, body: Any, status: int) -> None:
    answer = await feedback.post(path, body)
    assert answer.status_code == status
    [case] = await feedback.cases()
    assert answer.json()["case_id"] == case["id"]
    assert [kind for kind, _, _ in await feedback.outbox_of(feedback.service)] == ["case.opened"]


async def test_a_conflict_still_makes_its_case(feedback: Feedback) -> None:
    report_id = str(new_id())
    await feedback.post("outcomes", outcome(id=report_id))
    answer = await feedback.post("outcomes", outcome(id=report_id, note=HARM))
    assert answer.status_code == 409
    assert [case["id"] for case in await feedback.cases()] == [answer.json()["case_id"]]


async def test_a_header_that_cannot_be_stops_no_case(feedback: Feedback) -> None:
    answer = await feedback.post("outcomes", outcome(note=HARM), key="k" * 300)
    assert (answer.status_code, "case_id" in answer.json()) == (422, True)


async def test_a_token_that_names_no_rep_stops_no_case(feedback: Feedback) -> None:
    headers = feedback.token("rep", sub="nameless")
    answer = await feedback.client.post("/v1/outcomes", json=outcome(note=HARM), headers=headers)
    assert (answer.status_code, [case["id"] for case in await feedback.cases()]) == (403, [answer.json()["case_id"]])


async def test_a_report_without_a_matter_has_no_case_in_its_refusal(feedback: Feedback) -> None:
    assert "case_id" not in (await feedback.post("outcomes", outcome(lead_id="lead-3"))).json()


@pytest.mark.parametrize("given", [{"id": str(new_id())}, {}], ids=["id", "key"])
async def test_a_repetition_opens_no_second_case(feedback: Feedback, given: dict[str, str]) -> None:
    first, again = [await feedback.post("objections", objection(note=HARM, **given), key="k" if not given else None) for _ in range(2)]
    assert (first.status_code, again.status_code) == (201, 200)
    assert len(await feedback.cases()) == len(await feedback.published("case.opened")) == 1


async def test_a_refused_report_put_right_keeps_its_case_and_its_id(feedback: Feedback) -> None:
    refused = await feedback.post("objections", objection(topic="weather", note=HARM), key="k")
    recorded = await feedback.post("objections", objection(note=HARM), key="k")
    [case] = await feedback.cases()
    assert refused.json()["case_id"] == recorded.json()["case_id"] == case["id"]
    assert recorded.json()["id"] == case["report_id"]


async def test_a_case_becomes_certain_when_the_rep_says_so_later(feedback: Feedback) -> None:
    report_id = str(new_id())
    await feedback.post("objections", objection(id=report_id, topic="weather", note=HARM))
    await feedback.post("objections", objection(id=report_id, adverse_event=True, note=HARM))
    assert [case["certainty"] for case in await feedback.cases()] == ["certain"]


async def test_a_matter_found_only_later_joins_the_report_of_the_first(feedback: Feedback) -> None:
    await feedback.post("objections", objection(topic="weather", note=HARM), key="k")
    recorded = await feedback.post("objections", objection(medical_question=True, note=HARM), key="k")
    assert {case["report_id"] for case in await feedback.cases("safety,medical")} == {recorded.json()["id"]}


async def test_the_same_words_of_two_reps_are_two_cases(feedback: Feedback) -> None:
    await feedback.post("objections", objection(note=HARM))
    await feedback.post("objections", objection(lead_id="lead-2", note=HARM), rep="rep-2")
    assert len(await feedback.cases()) == 2


async def test_the_case_of_a_pending_report_is_made_at_once(feedback: Feedback) -> None:
    answer = await feedback.post("objections", objection(lead_id="lead-9", note=HARM))
    assert (answer.status_code, answer.json()["state"]) == (201, "pending")
    assert len(await feedback.cases()) == 1
    await feedback.hear(topics.LEADS, assigned("lead-9", "rep-1", contact="contact-1"))
    assert [kind for kind, _, _ in await feedback.outbox_of(feedback.service)] == ["case.opened", "objection.recorded"]
    assert len(await feedback.cases()) == 1


async def test_a_flagged_report_on_an_unknown_lead_never_goes_on(feedback: Feedback) -> None:
    answer = await feedback.post("objections", objection(lead_id="lead-9", adverse_event=True))
    assert answer.json()["state"] == "case_only"
    await feedback.hear(topics.LEADS, assigned("lead-9", "rep-1", contact="contact-1"))
    assert [kind for kind, _, _ in await feedback.outbox_of(feedback.service)] == ["case.opened"]


async def test_what_was_typed_is_in_no_event(feedback: Feedback) -> None:
    for note in ("CANARYTEXT all fine", HARM, "CANARYTEXT asked about renal impairment"):
        for path, body in (("outcomes", outcome(note=note)), ("objections", objection(note=note)), ("insights", insight(note=note))):
            assert (await feedback.post(path, body)).status_code == 201
    assert len(await feedback.published()) > 9
    assert await feedback.rows("select 1 from outbox where outbox::text like '%CANARY%'") == []
    assert await feedback.rows("select 1 from contacts where contacts::text like '%CANARY%'") == []
