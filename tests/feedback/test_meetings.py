"""For when a meeting was booked: said by the rep, kept and passed on, or refused in words."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from feedback.decisions.reports import MEETING_AHEAD_MAX
from shared.bodies import utc_text
from shared.events import topics
from shared.ids import new_id
from tests.feedback.conftest import Feedback
from tests.feedback.world import VISIT, assigned, outcome

BOOKED_AT = datetime.fromisoformat(VISIT)
NEXT_WEEK = BOOKED_AT + timedelta(days=7)
SECOND = timedelta(seconds=1)


def booked(meeting_at: Any = NEXT_WEEK, **fields: Any) -> dict[str, Any]:
    told = meeting_at.isoformat() if isinstance(meeting_at, datetime) else meeting_at
    return outcome(**{"code": "meeting_booked", "meeting_at": told} | fields)


async def test_it_is_answered_kept_and_told_in_utc(feedback: Feedback) -> None:
    elsewhere = NEXT_WEEK.astimezone(datetime.strptime("-0600", "%z").tzinfo)
    answer = await feedback.post("outcomes", booked(elsewhere))
    assert (answer.status_code, answer.json()["meeting_at"]) == (201, utc_text(NEXT_WEEK))
    [published] = await feedback.published("outcome.recorded")
    assert datetime.fromisoformat(published["meeting_at"]) == NEXT_WEEK
    [row] = await feedback.rows("select codes ->> 'meeting_at' as meeting_at from reports")
    assert row.meeting_at == utc_text(NEXT_WEEK)


async def test_a_meeting_without_a_time_is_booked_as_before(feedback: Feedback) -> None:
    answer = await feedback.post("outcomes", outcome(code="meeting_booked"))
    assert (answer.status_code, answer.json()["meeting_at"]) == (201, None)
    [published] = await feedback.published("outcome.recorded")
    assert published.get("meeting_at") is None


@pytest.mark.parametrize("meeting_at", [BOOKED_AT, BOOKED_AT + MEETING_AHEAD_MAX], ids=["at once", "as far ahead as may be"])
async def test_the_bounds_themselves_are_taken(feedback: Feedback, meeting_at: datetime) -> None:
    assert (await feedback.post("outcomes", booked(meeting_at))).status_code == 201


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (booked(BOOKED_AT - SECOND), "before occurred_at"),
        (booked(BOOKED_AT + MEETING_AHEAD_MAX + SECOND), "366 days after occurred_at"),
        (booked(code="meeting_held"), "the code meeting_booked alone"),
        (booked(code="contacted"), "the code meeting_booked alone"),
        (booked(code="not_interested"), "the code meeting_booked alone"),
        (booked("2026-03-10"), "zone"),
        (booked("2026-03-10T09:00:00"), "zone"),
        (booked("2101-03-10T09:00:00Z"), "years 1970 to 2100"),
        (booked("next Tuesday"), "RFC 3339"),
        (booked(1_773_000_000), "RFC 3339"),
        (booked([]), "RFC 3339"),
    ],
)
async def test_a_time_that_cannot_be_is_refused_in_words(feedback: Feedback, body: dict[str, Any], words: str) -> None:
    answer = await feedback.post("outcomes", body)
    assert answer.status_code == 422
    [error] = answer.json()["errors"]
    assert error["pointer"] == "/meeting_at"
    assert words in error["detail"]
    assert await feedback.published() == []
    assert await feedback.rows("select 1 from reports") == []


async def test_the_same_report_for_another_time_is_a_conflict_and_for_the_same_time_told_otherwise_is_not(feedback: Feedback) -> None:
    report_id = str(new_id())
    first = await feedback.post("outcomes", booked(id=report_id))
    assert first.status_code == 201
    same = NEXT_WEEK.astimezone(datetime.strptime("+0530", "%z").tzinfo)
    again = await feedback.post("outcomes", booked(same, id=report_id))
    assert (again.status_code, again.json()) == (200, first.json())
    assert (await feedback.post("outcomes", booked(NEXT_WEEK + SECOND, id=report_id))).status_code == 409
    assert (await feedback.post("outcomes", outcome(code="meeting_booked", id=report_id))).status_code == 409
    assert len(await feedback.published("outcome.recorded")) == 1


async def test_a_report_sent_before_there_were_times_is_the_same_when_sent_again(feedback: Feedback) -> None:
    body = outcome(code="meeting_booked", id=str(new_id()))
    assert (await feedback.post("outcomes", body)).status_code == 201
    assert (await feedback.post("outcomes", body | {"meeting_at": None})).status_code == 200


async def test_it_is_told_once_the_lead_is_heard_of(feedback: Feedback) -> None:
    pending = await feedback.post("outcomes", booked(lead_id="lead-7"))
    assert (pending.json()["state"], pending.json()["meeting_at"]) == ("pending", utc_text(NEXT_WEEK))
    await feedback.hear(topics.LEADS, assigned("lead-7", "rep-1", contact="contact-2"))
    [published] = await feedback.published("outcome.recorded")
    assert datetime.fromisoformat(published["meeting_at"]) == NEXT_WEEK


async def test_what_is_typed_instead_of_a_time_is_looked_at_like_any_other_words(feedback: Feedback) -> None:
    answer = await feedback.post("outcomes", booked("Tuesday, if the rash has gone"))
    assert answer.status_code == 422
    assert answer.json()["case_id"]
    assert [case["kind"] for case in await feedback.cases()] == ["adverse_event"]
