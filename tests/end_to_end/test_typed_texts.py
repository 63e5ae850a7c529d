"""What people type at marketing's door, through the whole system: a case where one is due, and not a word of it on the bus."""

import asyncio
import base64
import hashlib
import hmac
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import httpx
import psycopg
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from deploy.launcher.world import World
from shared.events import TOPICS, Event
from shared.events.texts import TextReceived
from shared.ids import new_id
from tests.end_to_end.circle import BRAND, Circle
from tests.polling import until

SECRET = "a-secret-for-tests"
SUBMITTED_AT = datetime.now(UTC)


def typeform(token: str, words: str) -> bytes:
    answers = [
        {"type": "text", "text": words, "field": {"id": "q1", "type": "long_text", "ref": "anything-else"}},
        {"type": "email", "email": f"{token}@clinic.example", "field": {"id": "q2", "type": "email", "ref": "address"}},
    ]
    response = {"form_id": "f", "token": token, "submitted_at": SUBMITTED_AT.isoformat(), "answers": answers}
    return json.dumps({"event_id": token, "event_type": "form_response", "form_response": response}).encode()


class Door:
    """A Typeform source, and what came of what was typed there."""

    def __init__(self, world: World, circle: Circle, client: httpx.AsyncClient) -> None:
        self._world, self._circle, self._client = world, circle, client

    async def submit(self, token: str, words: str) -> dict[str, Any]:
        body = typeform(token, words)
        signature = base64.b64encode(hmac.new(SECRET.encode(), body, hashlib.sha256).digest()).decode()
        answer = await self._client.post(
            f"{self._world.addresses['intake']}/v1/webhooks/typeform",
            content=body,
            headers={"Content-Type": "application/json", "Typeform-Signature": f"sha256={signature}"},
        )
        assert answer.status_code == 202, answer.text
        receipt: dict[str, Any] = await self._circle.call("intake", "GET", f"/v1/receipts/{answer.json()['receipt_id']}", role="marketing")
        return receipt

    async def cases(self, words: str) -> list[dict[str, Any]]:
        page = await self._circle.call("feedback", "GET", "/v1/cases?limit=200", role="safety")
        return [case for case in page["items"] if words in (case["text"] or "")]

    async def verdicts(self, receipt: dict[str, Any]) -> list[str]:
        """What intake knows of the texts of a receipt; of one without a verdict nothing."""
        query = "SELECT verdict FROM typed_texts WHERE receipt_id = %s AND verdict IS NOT NULL"
        url = self._world.database_url("intake").replace("+psycopg", "")
        async with await psycopg.AsyncConnection.connect(url) as connection:
            return [str(row[0]) for row in await (await connection.execute(query, [receipt["id"]])).fetchall()]

    async def key_id(self) -> str:
        """The key feedback offered last."""
        url = self._world.database_url("feedback").replace("+psycopg", "")
        async with await psycopg.AsyncConnection.connect(url) as connection:
            row = await (await connection.execute("SELECT key_id FROM text_keys ORDER BY made_at DESC LIMIT 1")).fetchone()
        assert row is not None
        return str(row[0])

    async def oldest_age_seconds(self) -> float:
        return await self._figure("fullcircle_texts_untriaged_oldest_age_seconds")

    async def _figure(self, name: str) -> float:
        metrics = (await self._client.get(f"{self._world.addresses['intake']}/metrics")).text
        return next(float(line.split()[1]) for line in metrics.splitlines() if line.startswith(f"{name} "))


@pytest.fixture
async def door(world: World, circle: Circle) -> AsyncIterator[Door]:
    source = {"adapter": "typeform", "secrets": [SECRET], "settings": {"brand_id": BRAND}}
    await circle.call("intake", "PUT", "/v1/sources/typeform", role="admin", json=source)
    async with httpx.AsyncClient(timeout=20) as client:
        yield Door(world, circle, client)


async def records(world: World) -> dict[str, list[bytes]]:
    """Every record of every topic: key, headers and value in one."""
    found: dict[str, list[bytes]] = {}
    async with AIOKafkaConsumer(bootstrap_servers=world.kafka_bootstrap, enable_auto_commit=False) as consumer:
        for topic in TOPICS:
            places = [TopicPartition(topic.name, partition) for partition in range(topic.partitions)]
            consumer.assign(places)
            await consumer.seek_to_beginning(*places)
            ends = await consumer.end_offsets(places)
            found[topic.name] = []
            async with asyncio.timeout(30):
                while [place for place in places if await consumer.position(place) < ends[place]]:
                    for batch in (await consumer.getmany(timeout_ms=200)).values():
                        found[topic.name] += [repr((one.key, one.headers, one.value)).encode() for one in batch]
    return found


async def test_an_answer_that_tells_of_harm_is_one_case_and_no_word_of_it_is_on_the_bus(world: World, door: Door) -> None:
    words = "CANARYDIZZY my patient felt dizzy on it"
    receipt = await door.submit("harm-1", words)
    again = await door.submit("harm-1", words)
    assert (receipt["accepted"], again["duplicate"]) == (1, 1)
    await until(lambda: _any(door.cases(words)), what="the case is open")
    await until(lambda: _any(door.verdicts(receipt)), what="intake knows the verdict")
    assert await door.verdicts(receipt) == ["possible"]
    [case] = await door.cases(words)
    assert (case["kind"], case["certainty"]) == ("adverse_event", "possible")
    assert datetime.fromisoformat(case["awareness_at"]) == datetime.fromisoformat(receipt["received_at"])
    on_topics = await records(world)
    assert on_topics["sealed-texts"]
    for topic, told in on_topics.items():
        assert not [one for one in told if b"CANARYDIZZY" in one or b"dizzy" in one], topic


async def test_a_harmless_answer_has_a_verdict_and_no_case(door: Door) -> None:
    receipt = await door.submit("fine-1", "CANARYFINE please send the leaflet")
    await until(lambda: _any(door.verdicts(receipt)), what="intake knows the verdict")
    assert await door.verdicts(receipt) == ["clear"]
    assert await door.cases("CANARYFINE") == []


async def test_while_the_broker_is_away_texts_wait_sealed_and_are_handed_over_when_it_is_back(world: World, door: Door) -> None:
    words = "CANARYAWAY she had a seizure after two tablets"
    world.stop_kafka()
    try:
        receipt = await door.submit("away-1", words)
        await until(lambda: _any(door.oldest_age_seconds()), what="the alarm's figure rises")
    finally:
        world.start_kafka()
    await until(lambda: _any(door.cases(words)), seconds=60, what="the case is open")
    [case] = await door.cases(words)
    assert datetime.fromisoformat(case["awareness_at"]) == datetime.fromisoformat(receipt["received_at"])
    await until(lambda: _any(door.verdicts(receipt)), what="intake knows the verdict")


async def test_while_feedback_is_away_the_alarms_figure_rises_and_falls_when_it_is_back(world: World, door: Door) -> None:
    words = "CANARYDOWN he fainted on it"
    world.stop("feedback")
    try:
        receipt = await door.submit("down-1", words)
        await until(lambda: _above(door.oldest_age_seconds(), 3), seconds=30, what="the alarm's figure rises")
    finally:
        world.restart("feedback")
    await until(lambda: _any(door.cases(words)), seconds=30, what="the case is open")
    await until(lambda: _any(door.verdicts(receipt)), seconds=30, what="intake knows the verdict")
    await until(lambda: _none(door.oldest_age_seconds()), seconds=30, what="the figure falls")
    assert len(await door.cases(words)) == 1


async def test_what_cannot_be_opened_is_set_aside_where_it_is_seen_and_the_others_go_on(world: World, circle: Circle, door: Door) -> None:
    fact = TextReceived.model_validate(
        {
            "text_id": str(new_id()),
            "receipt_id": "nobody's",
            "source": "typeform",
            "awareness_at": SUBMITTED_AT,
            "key_id": await door.key_id(),
            "sealed": "eyJhbGciOiJkaXIiLCJlbmMiOiJBMjU2R0NNIn0..AAAA.AAAA.AAAA",
        }
    )
    event = Event.of(fact, occurred_at=SUBMITTED_AT, recorded_at=SUBMITTED_AT, correlation_id=new_id())
    headers = [(name, value.encode()) for name, value in event.headers.items()]
    async with AIOKafkaProducer(bootstrap_servers=world.kafka_bootstrap, acks="all") as producer:
        await producer.send_and_wait(fact.contract.topic.name, event.body.encode(), key=fact.key().encode(), headers=headers)
    receipt = await door.submit("beside-1", "CANARYBESIDE please send the leaflet")

    async def set_aside() -> list[dict[str, Any]]:
        page = await circle.call("feedback", "GET", "/v1/quarantine", role="admin")
        return [one for one in page["items"] if one["event_id"] == str(event.id)]

    await until(lambda: _any(set_aside()), what="it is set aside")
    [found] = await set_aside()
    assert (found["step"], found["type"]) == ("applying", "text.received")
    assert "Unopenable" in found["reason"]
    await until(lambda: _any(door.verdicts(receipt)), what="the one beside it has its verdict")
    await circle.call("feedback", "DELETE", f"/v1/quarantine/{found['id']}", role="admin")


async def _any(found: Any) -> bool:
    return bool(await found)


async def _none(found: Any) -> bool:
    return not await found


async def _above(found: Any, least: float) -> bool:
    return float(await found) > least
