"""Tracing: one trace follows a click through every service; without a collector, nothing is recorded or even imported."""

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from sqlalchemy import text

from shared import tracing
from shared.service import Service
from tests.conftest import ClientOf, MakeService
from tests.intake import platforms
from tests.intake.conftest import contact
from tests.polling import until
from tests.reporting.endpoint import Endpoint
from tests.routing.world import OTHER_SALES_OPS, POLICY, SALES_OPS, rep, territory
from tests.tokens import authorization

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
SENDER = f"00-{TRACE}-00f067aa0ba902b7-01"


@pytest.fixture
def recorded() -> Iterator[InMemorySpanExporter]:
    exporter = InMemorySpanExporter()
    tracing.start("tests", SimpleSpanProcessor(exporter))
    yield exporter
    tracing._State.provider = None


@pytest.fixture
async def services(recorded: InMemorySpanExporter, make_service: MakeService) -> AsyncIterator[dict[str, Service]]:
    """All four, consuming and relaying over the real broker, with tracing on."""
    made = {name: await make_service(name, webhook_allow="127.0.0.1") for name in ("intake", "routing", "feedback", "reporting")}
    stop = asyncio.Event()
    running = [asyncio.create_task(service.relay.run(stop)) for service in made.values()]
    running += [asyncio.create_task(service.consuming.run(stop)) for service in made.values() if service.consuming.consumers]
    running += [asyncio.create_task(made["reporting"].loops[0](stop))]  # the dispatcher
    yield made
    stop.set()
    await asyncio.gather(*running)


def _of_trace(exporter: InMemorySpanExporter, trace_id: str = TRACE) -> list[ReadableSpan]:
    return [span for span in exporter.get_finished_spans() if f"{span.context.trace_id:032x}" == trace_id]


def _named(spans: list[ReadableSpan], name: str) -> list[ReadableSpan]:
    return [span for span in spans if span.name == name]


async def _prepare(services: dict[str, Service], client_of: ClientOf, endpoint: Endpoint) -> None:
    async with client_of(services["routing"]) as client:
        for collection, row in (("territories", territory("chicago", "606*")), ("reps", rep("rep-1", "chicago"))):
            (await client.put(f"/v1/{collection}", json=[row], headers=SALES_OPS)).raise_for_status()
        policy = {**POLICY, "engagement": [{"id": "form", "kinds": ["form_submitted"], "points": 40, "half_life_days": 30}]}
        version = (await client.post("/v1/policies", json=policy, headers=SALES_OPS)).json()["version"]
        (await client.post(f"/v1/policies/{version}/activate", headers=OTHER_SALES_OPS)).raise_for_status()
    async with client_of(services["reporting"]) as client:
        body = {"url": endpoint.url, "events": ["lead.assigned"], "secrets": ["whsec_" + "YWFh" * 8]}
        answer = await client.put("/v1/subscriptions/mautic", json=body, headers=authorization("marketing"))
        answer.raise_for_status()
    async with client_of(services["intake"]) as client:
        source = {"adapter": "mautic", "secrets": [platforms.SECRET], "settings": {"brand_id": POLICY["brand_id"]}}
        (await client.put("/v1/sources/mautic", json=source, headers=authorization("admin"))).raise_for_status()
        known = contact("hcp-1", given_name="CANARYNAME", family_name="CANARYNAME", postal_code="60614")
        (await client.put("/v1/contacts", json=[known], headers=authorization("integration"))).raise_for_status()

    async def is_known() -> bool:
        async with services["routing"].database.reading() as session:
            return bool(await session.scalar(text("SELECT count(*) FROM contacts")))

    await until(is_known, what="routing knows the contact")


async def _submit_form(service: Service, client_of: ClientOf) -> None:
    at = datetime.now(UTC).isoformat(timespec="seconds")
    body = platforms.raw({"mautic.form_on_submit": [platforms.form_submitted(dateSubmitted=at)]})
    async with client_of(service) as client:
        headers = {**platforms.mautic_headers(body), "traceparent": SENDER}
        answer = await client.post("/v1/webhooks/mautic", content=body, headers=headers)
    assert answer.json()["accepted"] == 1, answer.text


async def test_one_trace_follows_a_click_through_four_services_and_out_again(
    services: dict[str, Service], recorded: InMemorySpanExporter, client_of: ClientOf
) -> None:
    async with Endpoint() as endpoint:
        await _prepare(services, client_of, endpoint)
        await _submit_form(services["intake"], client_of)
        await until(lambda: len(endpoint.received) == 1, seconds=40, what="the platform is told of the owner")

        def applied_by(consumer: str) -> bool:
            batches = {span.context.span_id for span in recorded.get_finished_spans() if span.name == f"consume {consumer}"}
            applied = [span for span in _of_trace(recorded) if span.name.startswith("apply")]
            return any(link.context.span_id in batches for span in applied for link in span.links)

        for consumer in ("routing.engagements", "feedback.leads", "reporting.engagements", "reporting.leads"):
            await until(lambda consumer=consumer: applied_by(consumer), what=f"{consumer} in the trace")  # type: ignore[misc]
        await until(lambda: _named(_of_trace(recorded), "deliver webhook") != [], what="the delivery's span has ended")
        spans = _of_trace(recorded)

    [request] = _named(spans, "POST /v1/webhooks/{source}")
    assert request.parent is not None
    assert f"{request.parent.span_id:016x}" == "00f067aa0ba902b7"
    own = {span.context.span_id: span for span in spans}
    for span in spans:
        assert span is request or (span.parent is not None and span.parent.span_id in own), span.name
    for sent in _named(spans, "send engagement.recorded"):
        assert sent.parent is not None
        assert _ancestors(sent, own)[-1] is request
    [delivered] = _named(spans, "deliver webhook")
    assert endpoint.received[0].headers["traceparent"] == f"00-{TRACE}-{delivered.context.span_id:016x}-01"
    path = [span.name for span in _ancestors(delivered, own)]
    assert "lead.assigned" in path[0]
    assert path[-1] == "POST /v1/webhooks/{source}"
    links = [link for batch in _named(list(recorded.get_finished_spans()), "consume routing.engagements") for link in batch.links]
    assert {link.context.span_id for link in links if link.context.span_id in own}, "the batch leads to what produced its events"
    _assert_no_personal_data(list(recorded.get_finished_spans()))


def _ancestors(span: ReadableSpan, own: dict[int, ReadableSpan]) -> list[ReadableSpan]:
    """Nearest first."""
    found = []
    while span.parent is not None and span.parent.span_id in own:
        span = own[span.parent.span_id]
        found.append(span)
    return found


def _assert_no_personal_data(spans: list[ReadableSpan]) -> None:
    told = "\n".join(span.to_json() for span in spans)
    for word in ("CANARYNAME", "ada@clinic", "hcp-1", "127.0.0.1", "dizzy"):
        assert word not in told, word


async def test_kafka_carries_the_trace_beside_the_envelope(
    make_service: MakeService, recorded: InMemorySpanExporter, client_of: ClientOf, kafka: str
) -> None:
    intake = await make_service("intake")
    async with client_of(intake) as client:
        headers = {**authorization("integration"), "traceparent": SENDER}
        (await client.put("/v1/contacts", json=[contact("traced")], headers=headers)).raise_for_status()
    async with intake.database.engine.connect() as connection:
        assert await intake.relay.run_once(connection) == 1
    await intake.relay.close()
    consumer = AIOKafkaConsumer("contacts", bootstrap_servers=kafka, auto_offset_reset="earliest")
    await consumer.start()
    try:
        async with asyncio.timeout(20):
            async for record in consumer:
                if record.key == b"traced":
                    break
    finally:
        await consumer.stop()
    carried = dict(record.headers)["traceparent"].decode()
    assert carried.split("-")[1] == TRACE
    assert int(carried.split("-")[2], 16) in {span.context.span_id for span in _of_trace(recorded)}


def test_an_error_is_told_by_its_type_alone(recorded: InMemorySpanExporter) -> None:
    with pytest.raises(ValueError, match="ada"), tracing.arriving({}, "request"), tracing.step("transaction"):
        raise ValueError("ada@clinic.test")
    for span in recorded.get_finished_spans():
        assert (span.status.description, span.events) == ("ValueError", ())


def test_background_rounds_are_nobodys_trace(recorded: InMemorySpanExporter) -> None:
    with tracing.step("transaction"):
        assert tracing.trace_id() is None
    assert recorded.get_finished_spans() == ()


async def test_without_a_collector_nothing_is_recorded_and_no_event_carries_a_trace(
    make_service: MakeService, client_of: ClientOf, recorded: InMemorySpanExporter
) -> None:
    tracing._State.provider = None
    service = await make_service("intake")
    async with client_of(service) as client:
        headers: dict[str, Any] = {**authorization("integration"), "traceparent": SENDER}
        (await client.put("/v1/contacts", json=[contact()], headers=headers)).raise_for_status()
    async with service.database.reading() as session:
        [stored] = await session.scalars(text("SELECT headers FROM outbox"))
    assert "traceparent" not in stored
    assert recorded.get_finished_spans() == ()


def test_without_a_collector_the_sdk_is_not_even_imported() -> None:
    program = (
        "import sys, intake.app, routing.app, feedback.app, reporting.app\n"
        "from shared import tracing\n"
        "tracing.configure('intake', {})\n"
        "assert not tracing.is_on()\n"
        "print([name for name in sys.modules if name.startswith(('opentelemetry.sdk', 'opentelemetry.exporter'))])\n"
    )
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert ended.stdout.strip() == "[]"


async def test_a_collector_that_is_away_is_no_reason_to_wait() -> None:
    tracing.configure("tests", {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9"})
    assert tracing.is_on()
    with tracing.arriving({}, "request"):
        pass
    async with asyncio.timeout(5):
        await tracing.stop()
    assert not tracing.is_on()
