"""Forgetting a contact here: what reps typed about them goes, codes stay, and so does every case with all that was said in it."""

from datetime import UTC, datetime

from shared.events import Event, topics
from shared.events.erasures import ErasureOrdered
from tests.feedback import world
from tests.feedback.conftest import Feedback
from tests.plaintext import places_of


def order(contact_id: str) -> Event:
    fact = ErasureOrdered(
        erasure_id="01998f80-0000-7000-8000-0000000000f1", contact_id=contact_id, ordered_at=datetime.now(UTC), seal="0" * 64
    )
    return world.event(fact)


async def test_notes_go_and_codes_and_cases_stay(feedback: Feedback) -> None:
    await feedback.post("insights", world.insight(note="Zenobia likes mornings."))
    await feedback.post("objections", world.objection(note="Quillfeather finds it dear."))
    await feedback.post("objections", world.objection(note="My patient got a rash.", adverse_event=True))
    await feedback.post("insights", world.insight(contact_id="contact-2", note="Another's note."), rep="rep-2")
    await feedback.hear(topics.ERASURES, order("contact-1"))
    assert await places_of(feedback.service.database.engine, ["Zenobia", "Quillfeather"]) == set()
    assert [row.note for row in await feedback.rows("SELECT note FROM report_notes")] == ["Another's note."]
    assert (await feedback.rows("SELECT count(*) FROM reports"))[0][0] == 4
    [case] = await feedback.cases()
    assert "rash" in case["text"]
    [said] = await feedback.published("contact.erased")
    assert (said["service"], said["erased"]["notes"], said["kept"]) == ("feedback", 2, {"cases": 1, "reports": 3})
    assert [row.account_ids for row in await feedback.rows("SELECT account_ids FROM contacts WHERE contact_id = 'contact-1'")] == [[]]


async def test_what_is_typed_or_told_later_is_not_kept_and_a_case_is(feedback: Feedback) -> None:
    await feedback.hear(topics.ERASURES, order("contact-1"))
    await feedback.hear(topics.CONTACTS, world.contact("contact-1", "account-1", version=40))
    assert [row.account_ids for row in await feedback.rows("SELECT account_ids FROM contacts WHERE contact_id = 'contact-1'")] == [[]]
    answer = await feedback.post("objections", world.objection(note="Zenobia again."))
    assert answer.status_code == 201
    await feedback.post("objections", world.objection(note="Zenobia's patient got a rash.", adverse_event=True))
    assert await feedback.rows("SELECT 1 FROM report_notes") == []
    assert len(await feedback.cases()) == 1, "safety comes before privacy"


async def test_a_note_that_waited_for_its_lead_is_dropped_when_the_lead_turns_out_to_be_theirs(feedback: Feedback) -> None:
    await feedback.hear(topics.ERASURES, order("contact-1"))
    await feedback.post("objections", world.objection(lead_id="lead-9", note="Zenobia once more."))
    await feedback.hear(topics.LEADS, world.assigned("lead-9", "rep-1", contact="contact-1", territory="t-1"))
    assert await feedback.rows("SELECT 1 FROM report_notes") == []
    assert [row.state for row in await feedback.rows("SELECT state FROM reports")] == ["recorded"]


async def test_a_person_may_be_told_all_that_is_held_of_them_but_no_words_of_a_case(feedback: Feedback) -> None:
    await feedback.post("insights", world.insight(note="Zenobia likes mornings."))
    await feedback.post("objections", world.objection(note="My patient got a rash.", adverse_event=True))
    held = (await feedback.get("people/contact-1", role="privacy")).json()["held"]
    assert [note["note"] for note in held["notes"]] == ["Zenobia likes mornings."]
    assert [case["kind"] for case in held["cases"]] == ["adverse_event"]
    assert "rash" not in str(held)
