"""Texts from marketing's door: opened, triaged, a case where one is due, the verdict told, and nothing else of them anywhere."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import orjson
import pytest
from sqlalchemy import text
from structlog.testing import capture_logs

from feedback.decisions.triage import triage
from feedback.decisions.typed_texts import NoText, text_in, verdict_of
from feedback.operations.text_keys import drop_all_keys, keep_keys_fresh, refresh_keys
from shared.events import Event, topics
from shared.events.texts import TextReceived
from shared.ids import new_id
from shared.sealing import SealingKey, Unopenable, new_opening_key, offer_of, offered_in, seal
from shared.settings import TextSettings
from tests.feedback.conftest import Feedback
from tests.polling import until

AT = datetime.now(UTC) - timedelta(hours=3)
HARM = "my patient felt dizzy on it"
FINE = "Please send the leaflet"


def secret_of(feedback: Feedback) -> str:
    assert isinstance(feedback.service.settings, TextSettings)
    return feedback.service.settings.text_secret


async def refresh(feedback: Feedback, *, now: datetime | None = None, **options: Any) -> None:
    async with feedback.service.database.transaction() as session:
        await refresh_keys(session, secret=secret_of(feedback), now=now or datetime.now(UTC), **options)


async def drop(feedback: Feedback) -> None:
    """All keys are dropped, and the loop makes another, as it does at once."""
    async with feedback.service.database.transaction() as session:
        await drop_all_keys(session)
    await refresh(feedback)


async def key_of(feedback: Feedback) -> SealingKey:
    """The key feedback offered last."""
    if not await feedback.published("text.key_offered"):
        await refresh(feedback)
    found = offered_in((await feedback.published("text.key_offered"))[-1]["offer"], secret=secret_of(feedback))
    assert found is not None
    return found


def received(key: SealingKey, *fields: tuple[str, str], origin: str = "form:13", text_id: UUID | None = None, **changes: Any) -> Event:
    plain = orjson.dumps({"source": "mautic", "origin": origin, "part": 1, "fields": fields})
    told = {
        "text_id": str(text_id or new_id()),
        "receipt_id": "receipt-1",
        "contact_id": "contact-1",
        "source": "mautic",
        "awareness_at": AT,
        "key_id": key.key_id,
        "sealed": seal(plain, key),
    }
    fact = TextReceived.model_validate({**told, **changes})
    return Event.of(fact, occurred_at=AT, recorded_at=datetime.now(UTC), correlation_id=new_id())


async def verdicts(feedback: Feedback) -> list[str]:
    return [str(one["verdict"]) for one in await feedback.published("text.triaged")]


async def test_a_text_that_tells_of_harm_is_one_case_aware_since_its_receipt(feedback: Feedback) -> None:
    event = received(await key_of(feedback), ("comment", HARM))
    await feedback.hear(topics.SEALED_TEXTS, event)
    [case] = await feedback.cases()
    assert (case["kind"], case["certainty"], case["state"], case["contact_id"]) == ("adverse_event", "possible", "open", "contact-1")
    assert datetime.fromisoformat(case["awareness_at"]) == AT
    assert datetime.fromisoformat(case["due_at"]) == AT + timedelta(hours=24)
    assert case["text"] == f"comment: {HARM}"
    [told] = await feedback.published("text.triaged")
    assert isinstance(event.fact, TextReceived)
    assert (told["verdict"], told["text_id"], told["contact_id"]) == ("possible", event.fact.text_id, "contact-1")
    assert case["report_id"] == event.fact.text_id


async def test_of_a_harmless_text_only_the_verdict_is_left(feedback: Feedback) -> None:
    await feedback.hear(topics.SEALED_TEXTS, received(await key_of(feedback), ("comment", FINE)))
    assert await verdicts(feedback) == ["clear"]
    assert await feedback.cases() == []
    assert [row.verdict for row in await feedback.rows("SELECT verdict FROM triaged_texts")] == ["clear"]


async def test_words_stand_with_the_case_alone_and_in_no_event(feedback: Feedback) -> None:
    await feedback.hear(topics.SEALED_TEXTS, received(await key_of(feedback), ("comment", HARM)))
    for table in ("cases", "triaged_texts", "outbox", "reports", "inbox"):
        assert not await feedback.rows(f"SELECT 1 FROM {table} AS t WHERE t::text LIKE '%dizzy%'"), table
    assert len(await feedback.rows("SELECT 1 FROM case_texts WHERE text LIKE '%dizzy%'")) == 1
    [opened] = await feedback.published("case.opened")
    assert "dizzy" not in str(opened)


async def test_what_is_said_in_one_field_and_of_whom_in_another_is_one_case(feedback: Feedback) -> None:
    fields = (("who", "a woman of 63 on it"), ("what", "hepatitis"), ("and", "the blister pack was damaged"))
    await feedback.hear(topics.SEALED_TEXTS, received(await key_of(feedback), *fields))
    assert sorted(case["kind"] for case in await feedback.cases()) == ["adverse_event", "product_complaint"]
    assert len(await verdicts(feedback)) == 1


async def test_a_text_told_again_makes_no_second_case_and_its_verdict_is_told_again(feedback: Feedback) -> None:
    key, text_id = await key_of(feedback), new_id()
    for _ in range(2):
        await feedback.hear(topics.SEALED_TEXTS, received(key, ("comment", HARM), text_id=text_id))
    both = [received(key, ("comment", HARM), text_id=text_id), received(key, ("comment", HARM), text_id=text_id)]
    await feedback.hear(topics.SEALED_TEXTS, *both)
    assert len(await feedback.cases()) == 1
    assert await verdicts(feedback) == ["possible"] * 3
    assert len({(one["text_id"], one["triaged_at"]) for one in await feedback.published("text.triaged")}) == 1


async def test_the_same_event_under_another_text_is_the_same_case_and_another_event_is_another(feedback: Feedback) -> None:
    key = await key_of(feedback)
    await feedback.hear(topics.SEALED_TEXTS, received(key, ("comment", HARM)), received(key, ("comment", HARM)))
    assert len(await feedback.cases()) == 1
    await feedback.hear(topics.SEALED_TEXTS, received(key, ("comment", HARM), origin="form:14"))
    assert len(await feedback.cases()) == 2


async def test_a_set_of_texts_is_triaged_together_each_with_its_verdict(feedback: Feedback) -> None:
    key = await key_of(feedback)
    texts = [received(key, ("comment", HARM if number % 3 == 0 else FINE), origin=f"form:{number}") for number in range(30)]
    await feedback.hear(topics.SEALED_TEXTS, *texts)
    assert sorted(await verdicts(feedback)) == ["clear"] * 20 + ["possible"] * 10
    assert len(await feedback.cases()) == 10


async def test_a_text_whose_key_is_gone_is_passed_over_until_it_comes_under_another(feedback: Feedback) -> None:
    gone, text_id = await key_of(feedback), new_id()
    await drop(feedback)
    with capture_logs() as logs:
        await feedback.hear(topics.SEALED_TEXTS, received(gone, ("comment", HARM), text_id=text_id), received(gone, ("c", FINE)))
    assert [line["log_level"] for line in logs] == ["warning", "warning"]
    assert await verdicts(feedback) == []
    await feedback.hear(topics.SEALED_TEXTS, received(await key_of(feedback), ("comment", HARM), text_id=text_id))
    assert await verdicts(feedback) == ["possible"]


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        pytest.param({"sealed": "eyJhbGciOiJkaXIiLCJlbmMiOiJBMjU2R0NNIn0..AAAA.AAAA.AAAA"}, Unopenable, id="sealed by a stranger"),
        pytest.param({"plain": b"[]"}, NoText, id="not a text"),
        pytest.param({"plain": b'{"source": "s"}'}, NoText, id="half a text"),
    ],
)
async def test_what_nobody_at_intake_sealed_fails_visibly_and_leaves_nothing(
    feedback: Feedback, changes: dict[str, Any], error: type[Exception]
) -> None:
    key = await key_of(feedback)
    sealed = {"sealed": seal(changes["plain"], key)} if "plain" in changes else changes
    with pytest.raises(error):
        await feedback.hear(topics.SEALED_TEXTS, received(key, ("comment", FINE), **sealed))
    assert await verdicts(feedback) == []


async def test_keys_are_new_every_hour_and_old_ones_go_a_day_after_their_successor(feedback: Feedback) -> None:
    async def keys() -> list[str]:
        return [row.key_id for row in await feedback.rows("SELECT key_id FROM text_keys ORDER BY made_at")]

    begin = datetime.now(UTC)
    await refresh(feedback, now=begin)
    [first] = await keys()
    await refresh(feedback, now=begin + timedelta(minutes=59))
    assert await keys() == [first]
    await refresh(feedback, now=begin + timedelta(days=3))
    [_, second] = await keys()
    await refresh(feedback, now=begin + timedelta(days=3, minutes=30))
    assert await keys() == [first, second], "what was sealed while feedback was away can still be opened"
    await refresh(feedback, now=begin + timedelta(days=4, minutes=1))
    assert first not in await keys()
    assert [one["key_id"] for one in await feedback.published("text.key_offered")][:2] == [first, second]


async def test_at_its_start_feedback_offers_its_newest_key_again_and_makes_none(feedback: Feedback) -> None:
    await refresh(feedback)
    await refresh(feedback, offer_anyway=True)
    offers = await feedback.published("text.key_offered")
    assert len({one["key_id"] for one in offers}) == 1
    assert len({one["offered_at"] for one in offers}) == 1
    assert len(offers) == 2


async def test_after_keys_are_dropped_nothing_that_was_sealed_can_be_opened_and_a_new_key_is_offered(feedback: Feedback) -> None:
    before = await key_of(feedback)
    await drop(feedback)
    [left] = await feedback.rows("SELECT key_id FROM text_keys")
    assert left.key_id == (await key_of(feedback)).key_id != before.key_id


async def test_a_running_feedback_offers_a_new_key_as_soon_as_all_are_dropped(feedback: Feedback) -> None:
    stop = asyncio.Event()

    async def offered(count: int) -> bool:
        return len(await feedback.published("text.key_offered")) == count

    running = asyncio.create_task(keep_keys_fresh(feedback.service.database, secret_of(feedback), stop))
    await until(lambda: offered(1), what="a key is offered")
    async with feedback.service.database.transaction() as session:
        await drop_all_keys(session)
    await until(lambda: offered(2), seconds=5, what="another key is offered")
    stop.set()
    await running


async def test_two_processes_make_one_key(feedback: Feedback) -> None:
    now = datetime.now(UTC)
    async with feedback.service.database.transaction() as first:
        await refresh_keys(first, secret=secret_of(feedback), now=now)
        async with feedback.service.database.engine.connect() as other:
            held = await other.scalar(text("SELECT pg_try_advisory_xact_lock(hashtext('text keys'))"))
        assert held is False
    await refresh(feedback, now=now)
    assert len(await feedback.rows("SELECT 1 FROM text_keys")) == 1


def test_a_stranger_can_offer_nothing() -> None:
    offer = offer_of(new_opening_key(), offered_at=AT, secret="a stranger's, of thirty-two characters or more")
    assert offered_in(offer, secret="ours, of thirty-two characters or even more") is None


@pytest.mark.parametrize("plain", [b"", b"null", b'"x"', b'{"source": "s", "origin": "o", "fields": [1]}', b"\xff"])
def test_only_a_text_is_read_as_one(plain: bytes) -> None:
    with pytest.raises(NoText):
        text_in(plain)


def test_verdicts() -> None:
    assert verdict_of(triage(adverse_event=False, medical_question=False, text=FINE)) == "clear"
    assert verdict_of(triage(adverse_event=False, medical_question=False, text=HARM)) == "possible"
    assert verdict_of(triage(adverse_event=True, medical_question=False, text="")) == "certain"
