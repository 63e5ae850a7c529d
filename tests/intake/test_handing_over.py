"""Texts on record with their receipts: sealed in the same commit, once each, told again until feedback has looked at them."""

from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest
from prometheus_client import REGISTRY
from sqlalchemy import text
from structlog.testing import capture_logs

from intake.decisions.acts import Rejected
from intake.decisions.handing_over import PART_BYTES_MAX, Piece, pieces, pieces_of
from intake.decisions.receipts import Delivery
from intake.decisions.texts import Texts, Typed, texts_of_body
from intake.figures.texts import SAMPLERS
from intake.operations.recording import record
from intake.operations.telling_again import log_untriaged, tell_due
from intake.operations.texts import forget_texts
from shared.events import Event, topics
from shared.events.texts import TextKeyOffered, TextTriaged
from shared.gauges import sample
from shared.ids import new_id
from shared.sealing import OpeningKey, new_opening_key, offer_of, opened
from shared.settings import TextSettings
from tests.intake.conftest import Intake, contact, counts, engagement, new_ledger
from tests.intake.platforms import email_opened, form_submitted, hubspot_event

HARM = "my patient felt dizzy on it"
_AGE_OUTBOX = text("UPDATE outbox SET queued_at = queued_at - interval '2 minutes'")
_REJUVENATE_OUTBOX = text("UPDATE outbox SET queued_at = now() + :later")
_DELETE_RECEIPT = text("WITH items AS (DELETE FROM receipt_items WHERE receipt_id = :id) DELETE FROM receipts WHERE id = :id")


class Feedback:
    """The other side, as far as these tests need it: it offers keys, opens what was sealed with them, and tells verdicts."""

    def __init__(self, intake: Intake, deliver: Any) -> None:
        self._intake = intake
        self._deliver = deliver
        self.keys: dict[str, OpeningKey] = {}

    async def offer(self, *, at: datetime | None = None, secret: str | None = None) -> OpeningKey:
        key, at = new_opening_key(), at or datetime.now(UTC)
        self.keys[key.key_id] = key
        ours = self._intake.service.settings
        assert isinstance(ours, TextSettings)
        offer = offer_of(key, offered_at=at, secret=secret or ours.text_secret)
        await self._hear(TextKeyOffered(key_id=key.key_id, offer=offer, offered_at=at))
        return key

    async def tell(self, text_id: str, verdict: Any = "clear") -> None:
        await self._hear(TextTriaged(text_id=text_id, receipt_id="r", verdict=verdict, triaged_at=datetime.now(UTC)))

    async def read(self) -> list[list[list[str]]]:
        """What the texts in the outbox say, oldest first."""
        told = await self._intake.published("text.received")
        return [orjson.loads(opened(one["sealed"], key_id=one["key_id"], keys=self.keys))["fields"] for one in told]

    async def _hear(self, fact: Any) -> None:
        event = Event.of(fact, occurred_at=datetime.now(UTC), recorded_at=datetime.now(UTC), correlation_id=new_id())
        await self._deliver(self._intake.service, topics.FEEDBACK, [event])


@pytest.fixture
async def feedback(intake: Intake, deliver: Any) -> Feedback:
    """Feedback, which has offered a key."""
    other_side = Feedback(intake, deliver)
    await other_side.offer()
    return other_side


def form(number: int = 13, **changes: Any) -> dict[str, Any]:
    return {"mautic.form_on_submit": [form_submitted(id=number, **changes)]}


async def tell(intake: Intake, *, later: timedelta = timedelta()) -> int:
    """Tells what is due, as if it were later and nothing had waited in the outbox meanwhile."""
    async with intake.service.database.transaction() as session:
        await session.execute(_REJUVENATE_OUTBOX, {"later": later})
        return await tell_due(session, now=datetime.now(UTC) + later)


async def test_what_was_typed_is_sealed_with_its_receipt_under_its_contact(intake: Intake, feedback: Feedback) -> None:
    await intake.put("contacts", [contact()])
    answer = await intake.mautic(form())
    [told] = await intake.published("text.received")
    assert await feedback.read() == [[["results.comment", HARM]]]
    receipt = (await intake.get(f"receipts/{answer.json()['receipt_id']}", role="marketing")).json()
    expected = ("hcp-1", "mautic", "mautic.form_on_submit", receipt["id"], receipt["received_at"], 1, 1)
    names = ("contact_id", "source", "vendor_type", "receipt_id", "awareness_at", "part", "parts")
    assert tuple(told[name] for name in names) == expected
    assert [key for kind, key, _ in await intake.outbox_of(intake.service) if kind == "text.received"] == ["hcp-1"]


async def test_nothing_of_it_stands_in_clear_but_in_the_receipt(intake: Intake, feedback: Feedback) -> None:
    await intake.mautic(form())
    await intake.mautic(b'{"broken: ' + HARM.encode())
    for table in ("typed_texts", "outbox", "engagements", "receipt_items", "contacts"):
        assert not await intake.rows(f"SELECT 1 FROM {table} AS t WHERE t::text LIKE '%dizzy%'"), table
    assert len(await intake.rows("SELECT 1 FROM receipts WHERE encode(body, 'escape') LIKE '%dizzy%'")) == 2
    assert len(await feedback.read()) == 2


@pytest.mark.parametrize(
    ("body", "verdict"),
    [
        pytest.param(form(), "accepted", id="accepted"),
        pytest.param(form(lead=None), "rejected", id="nobody's"),
        pytest.param(form(dateSubmitted="yesterday"), "rejected", id="without a time"),
        pytest.param(form(dateSubmitted="1999-01-01T00:00:00Z"), "rejected", id="with a time that can't be"),
        pytest.param({"mautic.survey_on_answer": [{"answer": HARM}]}, "ignored", id="of an unknown type"),
        pytest.param(b"\xff" + HARM.encode(), "rejected", id="unreadable"),
    ],
)
async def test_the_text_of_every_item_is_handed_over_whatever_its_verdict(
    intake: Intake, feedback: Feedback, body: Any, verdict: str
) -> None:
    assert counts(await intake.mautic(body)) == {verdict: 1}
    [[[_, words]]] = await feedback.read()
    assert HARM in words


async def test_a_text_nobody_is_recognised_in_goes_under_its_receipt(intake: Intake, feedback: Feedback) -> None:
    answer = await intake.mautic(form(lead=None))
    [told] = await intake.published("text.received")
    assert (told["contact_id"], told["receipt_id"]) == (None, answer.json()["receipt_id"])
    assert await feedback.read()


async def test_a_mapped_property_is_coded_as_a_kind_and_its_words_are_text(intake: Intake, feedback: Feedback) -> None:
    await intake.hubspot([hubspot_event(propertyValue=HARM), hubspot_event(eventId=2, propertyName="why", propertyValue="It was recalled")])
    assert await feedback.read() == [[["webinar_attended", HARM]], [["why", "It was recalled"]]]


async def test_the_same_event_again_makes_no_second_text_and_other_words_do(intake: Intake, feedback: Feedback) -> None:
    first = form()
    for _ in range(2):
        await intake.mautic(first)
    await intake.mautic({"mautic.form_on_submit": [form_submitted(), form_submitted()]})
    assert len(await feedback.read()) == 1
    assert counts(await intake.mautic(form(results={"comment": "And now a rash"}))) == {"duplicate": 1}
    assert (await feedback.read())[1:] == [[["results.comment", "And now a rash"]]]


async def test_two_people_who_say_the_same_are_two_texts(intake: Intake, feedback: Feedback) -> None:
    await intake.mautic({"mautic.form_on_submit": [form_submitted(id=1), form_submitted(id=2)]})
    assert await feedback.read() == [[["results.comment", HARM]]] * 2


async def test_a_receipt_read_again_as_something_else_makes_no_second_text(intake: Intake, feedback: Feedback) -> None:
    delivery = Delivery(new_id(), "webhook", "mautic", None, b"{}", datetime.now(UTC), [])
    texts = Texts((Typed("comment", HARM),), "before")
    async with intake.service.database.transaction() as session:
        before = Rejected("t", "no_person", "Nobody.", texts)
        await record(session, [Delivery(**_fields(delivery, items=[before]))], erasures=new_ledger(), now=datetime.now(UTC))
    async with intake.service.database.transaction() as session:
        await session.execute(_DELETE_RECEIPT, {"id": delivery.receipt_id})
        after = Rejected("t", "time_missing", "When?", Texts(texts.fields, "after"))
        await record(session, [Delivery(**_fields(delivery, items=[after]))], erasures=new_ledger(), now=datetime.now(UTC))
    assert await feedback.read() == [[["comment", HARM]]]


def _fields(delivery: Delivery, **changes: Any) -> dict[str, Any]:
    return {name: getattr(delivery, name) for name in delivery.__slots__} | changes


async def test_an_ordinary_event_leaves_no_text(intake: Intake, feedback: Feedback) -> None:
    await intake.mautic({"mautic.email_on_open": [email_opened()]})
    assert await intake.rows("SELECT 1 FROM typed_texts") == []


async def test_a_posted_engagement_holds_no_text(intake: Intake, feedback: Feedback) -> None:
    assert counts(await intake.post_engagements(engagement())) == {"accepted": 1}
    assert await intake.rows("SELECT 1 FROM typed_texts") == []


async def test_before_the_first_key_a_text_waits_on_record_and_is_told_when_there_is_one(intake: Intake, deliver: Any) -> None:
    await intake.mautic(form())
    assert await intake.published("text.received") == []
    assert await tell(intake) == 0
    feedback = Feedback(intake, deliver)
    await feedback.offer()
    assert await tell(intake) == 1
    assert await feedback.read() == [[["results.comment", HARM]]]
    assert await tell(intake) == 0


async def test_a_key_that_is_not_signed_with_our_secret_is_not_used_nor_is_an_older_one(intake: Intake, deliver: Any) -> None:
    feedback = Feedback(intake, deliver)
    with capture_logs() as logs:
        await feedback.offer(secret="a stranger's, of thirty-two characters or more")
    assert [line["log_level"] for line in logs] == ["error"]
    assert await intake.rows("SELECT 1 FROM sealing_keys") == []
    newest = await feedback.offer()
    await feedback.offer(at=datetime.now(UTC) - timedelta(hours=1))
    assert [row.key_id for row in await intake.rows("SELECT key_id FROM sealing_keys")] == [newest.key_id]


async def test_a_text_is_told_again_ever_less_often_until_its_verdict_is_known(intake: Intake, feedback: Feedback) -> None:
    await intake.mautic(form())
    assert await tell(intake, later=timedelta(minutes=4)) == 0
    feedback.keys.clear()  # as after an erasure: what was told first can't be read any more
    await feedback.offer()
    assert await tell(intake, later=timedelta(minutes=6)) == 1
    first, second = await intake.published("text.received")
    assert (first["text_id"], first["awareness_at"]) == (second["text_id"], second["awareness_at"])
    assert first["key_id"] != second["key_id"]
    assert orjson.loads(opened(second["sealed"], key_id=second["key_id"], keys=feedback.keys))["fields"] == [["results.comment", HARM]]
    assert await tell(intake, later=timedelta(minutes=12)) == 0
    assert await tell(intake, later=timedelta(minutes=17)) == 1
    await feedback.tell(first["text_id"], "possible")
    assert await tell(intake, later=timedelta(days=3)) == 0
    assert [tuple(row) for row in await intake.rows("SELECT verdict, times_told FROM typed_texts")] == [("possible", 3)]


async def test_nothing_is_told_again_while_nothing_leaves(intake: Intake, feedback: Feedback) -> None:
    await intake.mautic(form())
    async with intake.service.database.transaction() as session:
        await session.execute(_AGE_OUTBOX)
        assert await tell_due(session, now=datetime.now(UTC) + timedelta(hours=1)) == 0
    assert await tell(intake, later=timedelta(hours=1)) == 1


async def test_a_text_that_is_no_longer_found_goes_with_all_of_its_receipt(intake: Intake, feedback: Feedback) -> None:
    mapping = {
        "title": "A survey",
        "type": "type",
        "kinds": {"survey": {"kind": "form_submitted"}},
        "occurred_at": [],
        "person": {"emails": ["email"]},
        "proof": {"secrets": ["header:x-secret"]},
    }
    source = {"mapping": mapping, "secrets": ["a-secret-of-the-tests"], "settings": {}}
    assert (await intake.put("sources/survey", source, role="admin")).status_code == 201
    body = {"type": "survey", "email": "ada@clinic.test", "why": HARM}
    answer = await intake.client.post("/v1/webhooks/survey", json=body, headers={"x-secret": "a-secret-of-the-tests"})
    assert counts(answer) == {"accepted": 1}
    await intake.put("sources/survey", {**source, "mapping": {**mapping, "typed": []}}, role="admin")
    assert await tell(intake, later=timedelta(minutes=6)) == 1
    [_, [[field, words]]] = await feedback.read()
    assert (field, HARM in words) == ("body", True)
    states = await intake.rows("SELECT verdict FROM typed_texts ORDER BY times_told DESC, verdict")
    assert sorted(str(row.verdict) for row in states) == ["None", "replaced"]
    assert await tell(intake, later=timedelta(minutes=12)) == 1, "the whole body is told again as any other text"


async def test_operators_see_texts_without_a_verdict_and_the_log_says_so_after_a_quarter_of_an_hour(
    intake: Intake, feedback: Feedback
) -> None:
    now = datetime.now(UTC)
    await intake.mautic(form())
    await sample(intake.service.database, SAMPLERS[0], now=now + timedelta(minutes=20))
    assert REGISTRY.get_sample_value("fullcircle_texts_untriaged") == 1
    assert REGISTRY.get_sample_value("fullcircle_texts_untriaged_oldest_age_seconds") == pytest.approx(1200, abs=60)
    with capture_logs() as logs:
        await log_untriaged(intake.service.database, now=now + timedelta(minutes=14))
        assert logs == []
        await log_untriaged(intake.service.database, now=now + timedelta(minutes=16))
    assert [(line["log_level"], line["texts"]) for line in logs] == [("error", 1)]
    await feedback.tell((await intake.published("text.received"))[0]["text_id"])
    await sample(intake.service.database, SAMPLERS[0], now=now)
    assert REGISTRY.get_sample_value("fullcircle_texts_untriaged") == 0
    assert REGISTRY.get_sample_value("fullcircle_texts_untriaged_oldest_age_seconds") == 0


async def test_texts_of_the_erased_are_forgotten_once_they_are_triaged(intake: Intake, feedback: Feedback) -> None:
    await intake.put("contacts", [contact()])
    await intake.mautic(form())
    async with intake.service.database.transaction() as session:
        assert await forget_texts(session, ["hcp-1"]) == 1
    await feedback.tell((await intake.published("text.received"))[0]["text_id"])
    async with intake.service.database.transaction() as session:
        assert await forget_texts(session, ["hcp-1"]) == 0
    assert await intake.rows("SELECT 1 FROM typed_texts") == []


async def test_a_large_unreadable_body_goes_in_parts_that_fit(intake: Intake, feedback: Feedback) -> None:
    body = b"\xff" + b"dizzy \x01" * 200_000
    assert counts(await intake.mautic(body)) == {"rejected": 1}
    told = await intake.published("text.received")
    assert [one["part"] for one in told] == list(range(1, len(told) + 1))
    assert {one["parts"] for one in told} == {len(told)}
    assert "".join(words for fields in await feedback.read() for _, words in fields).count("dizzy") >= 200_000


def test_parts_hold_every_word_and_none_is_too_large() -> None:
    words = [f"word{number}" for number in range(100_000)]
    texts = Texts((Typed("a", " ".join(words)), Typed("b", "short"), Typed("c", "\x01" * 300_000)), "origin")
    found = pieces_of(new_id(), "site", datetime.now(UTC), None, texts)
    assert all(len(piece.plain) < PART_BYTES_MAX + 2_000 for piece in found)
    assert set(words) <= {word for piece in found for typed in piece.fields for word in typed.text.split()}
    assert len({piece.digest for piece in found}) == len(found)


def test_an_item_without_text_has_no_pieces_and_a_digest_tells_source_event_and_words_apart() -> None:
    assert pieces(new_id(), "site", datetime.now(UTC), Rejected(None, "unreadable", "No.", texts_of_body(b" "))) == []

    def digest(source: str = "site", origin: str = "o", text: str = HARM) -> bytes:
        piece = Piece(new_id(), source, None, datetime.now(UTC), origin, (Typed("f", text),), 1, 1)
        return piece.digest

    assert digest() == digest()
    assert len({digest(), digest(source="other"), digest(origin="p"), digest(text="Fine")}) == 4
