"""Tracing: one trace follows a click from the webhook through every service it reaches, by W3C Trace Context.

Off unless `OTEL_EXPORTER_OTLP_ENDPOINT` (or `..._TRACES_ENDPOINT`) names a collector: then nothing here does anything, and the SDK is
not even imported. Spans carry codes, event types and ids of events and journeys; never a person, a key, an address or an error's text.

A batch of events belongs to many traces. The span of the batch links to what produced its events, and each trace in it gets a span of
its own in which its events were applied: that one is the parent of whatever follows from them, found again by journey or cause.
"""

import asyncio
import os
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any
from uuid import UUID

from opentelemetry import context, trace
from opentelemetry.trace import Link, Span, SpanContext, SpanKind, Status, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import SpanProcessor, TracerProvider

    from shared.events import Event

TRACEPARENT = "traceparent"

_ENDPOINTS = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
# What the SDK allows one span by default; a longer batch's other traces still lead to it from their own spans.
_LINKS_MAX = 128
# Spans are a help, not a promise: ending does not wait for a collector that is away.
_EXPORT_TIMEOUT_SECONDS = 2

Origin = SpanContext
"""Where in a trace something began, kept for what follows from it elsewhere."""

_propagator = TraceContextTextMapPropagator()
_origins: ContextVar[Mapping[UUID, SpanContext]] = ContextVar("origins", default={})  # noqa: B039  never changed in place


class _State:
    provider: "TracerProvider | None" = None


def configure(service: str, environment: Mapping[str, str] = os.environ) -> None:
    """Turns tracing on where the environment names a collector. The SDK's other `OTEL_*` variables (sampling, headers) hold too."""
    if any(environment.get(name) for name in _ENDPOINTS):
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.trace.export import BatchSpanProcessor

        start(service, BatchSpanProcessor(OTLPSpanExporter(timeout=_EXPORT_TIMEOUT_SECONDS)))


def start(service: str, processor: "SpanProcessor") -> None:
    """Turns tracing on, with spans given to the processor as they end."""
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider

    _State.provider = TracerProvider(resource=Resource.create({"service.name": f"fullcircle-{service}"}), shutdown_on_exit=False)
    _State.provider.add_span_processor(processor)


async def stop() -> None:
    """Turns tracing off, after handing over what has ended, without waiting long for it."""
    provider, _State.provider = _State.provider, None
    if provider is not None:
        await asyncio.to_thread(provider.shutdown)


def is_on() -> bool:
    """Whether spans are recorded in this process."""
    return _State.provider is not None


def step(name: str, **attributes: str | int) -> AbstractContextManager[None]:
    """A span inside the one at work. Where none is, nothing: background rounds that find no work are nobody's trace."""
    if _State.provider is None or not trace.get_current_span().is_recording():
        return nullcontext()
    return _spanning(name, kind=SpanKind.INTERNAL, attributes=attributes)


@contextmanager
def arriving(carrier: Mapping[str, str], name: str) -> Iterator[Span]:
    """The span of a request that came in, continuing its sender's trace where it names one. Only where tracing is on."""
    with _within(_propagator.extract(carrier)), _recording(name, kind=SpanKind.SERVER, attributes={}) as span:
        yield span


def note_answer(*, method: str, route: str, status: int, correlation_id: str) -> None:
    """Says of the request at work what became known while it was answered."""
    if _State.provider is None:
        return
    span = trace.get_current_span()
    span.update_name(f"{method} {route}")
    span.set_attributes(
        {
            "http.request.method": method,
            "http.route": route,
            "http.response.status_code": status,
            "fullcircle.correlation_id": correlation_id,
        }
    )
    if status >= 500:
        span.set_status(Status(StatusCode.ERROR))


@contextmanager
def leaving(traceparent: str | None, name: str, **attributes: str | int) -> Iterator[dict[str, str]]:
    """A call to somebody else, in the trace that was kept with it; gives the headers to send along."""
    if _State.provider is None or traceparent is None:
        yield {}
        return
    with _within(_context_of(traceparent)), _spanning(name, kind=SpanKind.CLIENT, attributes=attributes):
        yield current_headers()


def current_headers() -> dict[str, str]:
    """The headers that carry on the trace at work; none outside of any."""
    carrier: dict[str, str] = {}
    if _State.provider is not None:
        _propagator.inject(carrier)
    return {TRACEPARENT: carrier[TRACEPARENT]} if TRACEPARENT in carrier else {}


def here() -> Origin | None:
    """Where in its trace the work at hand is; None outside of any, or where tracing is off."""
    if _State.provider is None:
        return None
    found = trace.get_current_span().get_span_context()
    return found if found.is_valid else None


@contextmanager
def within(origins: Mapping[UUID, Origin]) -> Iterator[None]:
    """For work that is several requests' at once: what is published inside follows from where its journey began."""
    if not origins:
        yield
        return
    token = _origins.set(origins)
    try:
        yield
    finally:
        _origins.reset(token)


def headers_of(event: "Event") -> dict[str, str]:
    """The headers that carry on the trace an event being published belongs to: that of its cause or journey, or the one at work."""
    if _State.provider is None:
        return {}
    origins = _origins.get()
    for known in (event.id, event.causation_id, event.correlation_id):
        if known is not None and known in origins:
            return {TRACEPARENT: _traceparent(origins[known])}
    return current_headers()


@contextmanager
def consuming(consumer: str, events: Sequence["Event"]) -> Iterator[None]:
    """The spans of a batch being applied: one of the batch, and one in each trace the events come from."""
    if _State.provider is None:
        yield
        return
    told = {event.traceparent: _context_of(event.traceparent) for event in events if event.traceparent}
    told = {text: parent for text, parent in told.items() if _producer(parent).is_valid}
    links = [Link(_producer(parent)) for parent in told.values()][:_LINKS_MAX]
    attributes: dict[str, str | int] = {"messaging.consumer.group.name": consumer, "messaging.batch.message_count": len(events)}
    # A batch begins a trace of its own, whatever is at work around it: it belongs to no single one.
    with (
        _within(context.Context()),
        _recording(f"consume {consumer}", kind=SpanKind.CONSUMER, attributes=attributes, links=links) as batch,
    ):
        applied = {text: _apply_span(text, parent, events, batch) for text, parent in told.items()}
        token = _origins.set(_origins_of(events, {text: span.get_span_context() for text, span in applied.items()}))
        try:
            yield
        except BaseException as error:
            for span in applied.values():
                _note_failure(span, error)
            raise
        finally:
            _origins.reset(token)
            for span in applied.values():
                span.end()


def note_sent(headers: Collection[Mapping[str, str]], *, began_ns: int) -> None:
    """A span for each event the relay sent whose trace is recorded: from `began_ns` (Unix time) until Kafka acknowledged it."""
    if _State.provider is None:
        return
    for sent in headers:
        if TRACEPARENT in sent:
            attributes = {"messaging.message.id": sent["ce_id"]}
            span = _tracer().start_span(
                f"send {sent['ce_type']}",
                context=_context_of(sent[TRACEPARENT]),
                kind=SpanKind.PRODUCER,
                attributes=attributes,
                start_time=began_ns,
            )
            span.end()


def trace_id() -> str | None:
    """The id of the trace at work, for log lines; None outside of any."""
    found = trace.get_current_span().get_span_context() if _State.provider is not None else trace.INVALID_SPAN_CONTEXT
    return trace.format_trace_id(found.trace_id) if found.is_valid else None


def now_ns() -> int:
    """Unix time in nanoseconds, as spans count it."""
    return time.time_ns()


def _apply_span(text: str, parent: context.Context, events: Sequence["Event"], batch: Span) -> Span:
    own = [event for event in events if event.traceparent == text]
    attributes: dict[str, Any] = {
        "messaging.message.id": [str(event.id) for event in own],
        "fullcircle.correlation_id": str(own[0].correlation_id),
    }
    kinds = sorted({event.fact.contract.event_type for event in own})
    return _tracer().start_span(
        f"apply {', '.join(kinds)}",
        context=parent,
        kind=SpanKind.CONSUMER,
        attributes=attributes,
        links=[Link(batch.get_span_context())],
    )


def _origins_of(events: Sequence["Event"], applied: Mapping[str, SpanContext]) -> dict[UUID, SpanContext]:
    origins: dict[UUID, SpanContext] = {}
    for event in events:
        if event.traceparent is not None and event.traceparent in applied:
            origins[event.correlation_id] = origins[event.id] = applied[event.traceparent]
    return origins


def _tracer() -> trace.Tracer:
    if _State.provider is None:
        raise RuntimeError("tracing is off")
    return _State.provider.get_tracer("fullcircle")


@contextmanager
def _recording(name: str, *, kind: SpanKind, attributes: Mapping[str, str | int], links: Sequence[Link] = ()) -> Iterator[Span]:
    with _tracer().start_as_current_span(
        name, kind=kind, attributes=attributes, links=links, record_exception=False, set_status_on_exception=False
    ) as span:
        try:
            yield span
        except BaseException as error:
            _note_failure(span, error)
            raise


@contextmanager
def _spanning(name: str, *, kind: SpanKind, attributes: Mapping[str, str | int]) -> Iterator[None]:
    with _recording(name, kind=kind, attributes=attributes):
        yield


def _note_failure(span: Span, error: BaseException) -> None:
    """By type alone: an error's own words repeat the values it is about."""
    span.set_status(Status(StatusCode.ERROR, type(error).__name__))


@contextmanager
def _within(surroundings: context.Context) -> Iterator[None]:
    token = context.attach(surroundings)
    try:
        yield
    finally:
        context.detach(token)


def _producer(parent: context.Context) -> SpanContext:
    return trace.get_current_span(parent).get_span_context()


def _context_of(traceparent: str) -> context.Context:
    return _propagator.extract({TRACEPARENT: traceparent}, context=context.Context())


def _traceparent(origin: SpanContext) -> str:
    return f"00-{trace.format_trace_id(origin.trace_id)}-{trace.format_span_id(origin.span_id)}-{int(origin.trace_flags):02x}"
