"""What operators see: JSON logs without personal data, one correlation id per journey, and the metrics, all named here."""

import json
import logging
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar, Token
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import PurePath
from types import TracebackType
from typing import Any, BinaryIO
from uuid import UUID

import orjson
import structlog
from prometheus_client import CONTENT_TYPE_LATEST, Counter, Gauge, Histogram, generate_latest
from starlette.responses import Response
from structlog.typing import EventDict

from shared import tracing
from shared.ids import new_id

HTTP_REQUESTS = Counter("fullcircle_http_requests_total", "Requests answered.", ["method", "route", "status"])
HTTP_DURATION_SECONDS = Histogram(
    "fullcircle_http_request_duration_seconds",
    "From the request's headers to the end of its answer.",
    ["method", "route", "status"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)
EVENTS_PUBLISHED = Counter("fullcircle_events_published_total", "Events Kafka acknowledged.", ["topic", "type"])
EVENTS_CONSUMED = Counter("fullcircle_events_consumed_total", "Events whose effect was committed.", ["topic", "type"])
EVENTS_IGNORED = Counter("fullcircle_events_ignored_total", "Events seen before, or of a type not used here.", ["topic", "type"])
EVENTS_QUARANTINED = Counter("fullcircle_events_quarantined_total", "Records set aside as poison.", ["topic", "type"])
OUTBOX_DEPTH = Gauge("fullcircle_outbox_depth", "Events committed and not yet acknowledged by Kafka.")
OUTBOX_OLDEST_AGE_SECONDS = Gauge("fullcircle_outbox_oldest_age_seconds", "Age of the oldest of them; 0 when none waits.")
CONSUMER_LAG = Gauge("fullcircle_consumer_lag", "Records not yet consumed, of this process's partitions.", ["topic", "partition"])
CONSUMER_STALLED_SECONDS = Gauge("fullcircle_consumer_stalled_seconds", "For how long a consumer that is behind has not moved.", ["topic"])
CONSUMER_PARTITIONS = Gauge("fullcircle_consumer_partitions", "Partitions this process was given.", ["topic"])
CONSUMER_RESTARTS = Counter("fullcircle_consumer_restarts_total", "Consumers the watchdog started again.", ["topic", "reason"])
RELAY_LEADING = Gauge("fullcircle_relay_leading", "1 where this process holds the relay's office; one process of a service does.")
DATABASE_CONNECTIONS_IN_USE = Gauge("fullcircle_database_connections_in_use", "Connections of this process's pool at work.")
DATABASE_CONNECTIONS_MAX = Gauge("fullcircle_database_connections_max", "How many the pool may hold.")
INTAKE_COMMIT_DELIVERIES = Histogram(
    "fullcircle_intake_commit_deliveries", "Deliveries that shared a commit.", buckets=(1, 2, 4, 8, 16, 32, 64, 128, 256)
)
INTAKE_TURNED_AWAY = Counter(
    "fullcircle_intake_turned_away_total", "Deliveries answered 429 or 503: too many waited, or no commit came in time.", ["status"]
)
EVENT_LOOP_STALLS = Counter("fullcircle_event_loop_stalls_total", "Times the event loop stood still for a second or more.")
EVENT_LOOP_STALLED_SECONDS = Counter("fullcircle_event_loop_stalled_seconds_total", "How long it stood still in all.")
READY = Gauge("fullcircle_ready", "1 while /readyz has no reason against it.")

_LEVELS = {number: name.lower() for name, number in logging.getLevelNamesMapping().items() if name not in {"WARN", "FATAL"}}
_OWN_FRAMES = 12  # the innermost of our own code say what we were doing; more fills the log
# A library may say the same so many times in so many seconds.
_FOREIGN_TIMES_MAX = 5
_FOREIGN_SECONDS = 10.0
_FOREIGN_KINDS_MAX = 500
_LIBRARY_FRAMES = 3  # the innermost of a library's say where it gave up
# These speak of every request, batch or rebalance at INFO, some of them with addresses in it.
_TALKATIVE = ("aiokafka", "faststream", "httpcore", "httpx", "kafka", "sqlalchemy", "uvicorn.access")

_correlation: ContextVar[UUID | None] = ContextVar("correlation_id", default=None)


class _Output:
    """Where the lines of a configured process go, for what can't afford the way through structlog."""

    service = ""
    least = logging.INFO
    write: Callable[[bytes], object] | None = None


def correlation_id() -> UUID:
    """The id of the journey the current request or event belongs to; a new one where neither is at work."""
    return _correlation.get() or new_id()


@contextmanager
def correlating(journey: UUID) -> Iterator[None]:
    """Everything logged and published inside belongs to the journey."""
    token = begin_journey(journey)
    try:
        yield
    finally:
        end_journey(token)


def begin_journey(journey: UUID) -> Token[UUID | None]:
    """As `correlating`, in two halves, for where a context manager costs too much; `end_journey` takes what this gives."""
    return _correlation.set(journey)


def end_journey(token: Token[UUID | None]) -> None:
    """Ends what `begin_journey` began."""
    _correlation.reset(token)


def say(level: int, event: str, **fields: str | float) -> None:
    """As structlog says it, at a fifth of the cost: for the line of each request, which names its own journey. Texts must be ASCII."""
    if _Output.write is None or not structlog.is_configured():
        structlog.get_logger().log(level, event, **fields)
    elif level >= _Output.least:
        at = f"{datetime.now(UTC).isoformat()[: -len('+00:00')]}Z"
        line = {"service": _Output.service, **fields, "event": event, "level": _LEVELS[level], "at": at}
        if (trace_id := tracing.trace_id()) is not None:
            line["trace_id"] = trace_id
        _Output.write(orjson.dumps(line))


def configure_logging(service: str, level: str, *, stream: BinaryIO | None = None) -> None:
    """Sends every log line of the process, other libraries' too, to `stream` (stdout) as one line of JSON in ASCII.

    Exceptions are told by type and place. Their messages never: those of databases and validators repeat the values they are about.
    """

    def naming_service(_: Any, __: str, event: EventDict) -> EventDict:
        journey, trace_id = _correlation.get(), tracing.trace_id()
        known = {"correlation_id": journey and str(journey), "trace_id": trace_id}
        return {"service": service, **event, **{name: value for name, value in known.items() if value is not None}}

    least = logging.getLevelNamesMapping()[level.upper()]
    _Output.service, _Output.least, _Output.write = service, least, structlog.BytesLogger(stream).msg
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
            naming_service,
            _describe_exception,
            _render,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(least),
        logger_factory=structlog.BytesLoggerFactory(stream),
        cache_logger_on_first_use=False,
    )
    logging.basicConfig(handlers=[_ForeignLines()], level=least, force=True)
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(max(least, logging.WARNING))
    for logger in logging.root.manager.loggerDict.values():
        if isinstance(logger, logging.Logger):  # some libraries give theirs a form of its own
            logger.handlers.clear()
            logger.propagate = True


@dataclass(slots=True)
class _Said:
    """How often something was said since a moment, and how often of that it was held back."""

    since: float
    times: int = 0
    held_back: int = 0


class _ForeignLines(logging.Handler):
    """Takes what other libraries log with the standard library into the same stream and form.

    What one of them says over and over is said a few times in ten seconds, and then how often it was held back: a client that finds
    nobody says so until the disk is full.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._clock = clock
        self._said: dict[tuple[str, int, object], _Said] = {}

    def emit(self, record: logging.LogRecord) -> None:
        held_back = self._held_back_before(record)
        if held_back is None:
            return
        message = record.getMessage()
        if record.name == "asyncio":
            message = message.partition("\n")[0]  # its further lines show tasks and exceptions with their values
        level = min(max(record.levelno // 10 * 10, logging.DEBUG), logging.CRITICAL)
        repeated = {"repeated": held_back} if held_back else {}
        structlog.get_logger().log(level, message, logger=record.name, exc_info=record.exc_info, **repeated)

    def _held_back_before(self, record: logging.LogRecord) -> int | None:
        """How many like it were held back before this line; None if it is held back too."""
        now, told_apart_by = self._clock(), (record.name, record.levelno, record.msg if isinstance(record.msg, str) else None)
        if len(self._said) > _FOREIGN_KINDS_MAX:  # somebody formats lines before logging them: none is like another
            self._said.clear()
        said = self._said.setdefault(told_apart_by, _Said(now))
        before = 0
        if now - said.since >= _FOREIGN_SECONDS:
            before = said.held_back
            said.since, said.times, said.held_back = now, 0, 0
        said.times += 1
        if said.times > _FOREIGN_TIMES_MAX:
            said.held_back += 1
            return None
        return before


def _describe_exception(_: Any, __: str, event: EventDict) -> EventDict:
    match event.pop("exc_info", None):
        case BaseException() as error:
            found: BaseException | None = error
        case (_, error, _):
            found = error
        case given:
            found = sys.exception() if given else None
    return event if found is None else {**event, "exception": _description(found)}


def _description(error: BaseException) -> dict[str, Any]:
    chain = list(_causes(error))
    of_driver = [getattr(link, "orig", link) for link in chain]  # SQLAlchemy wraps the driver's
    driver_error = next((link for link in of_driver if hasattr(link, "sqlstate")), None)
    return {
        "types": [f"{type(link).__module__}.{type(link).__qualname__}" for link in chain],
        "sqlstate": getattr(driver_error, "sqlstate", None),
        "constraint": getattr(getattr(driver_error, "diag", None), "constraint_name", None),
        "frames": [frame for link in chain for frame in _frames(link.__traceback__)],
    }


def _causes(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    link: BaseException | None = error
    while link is not None and id(link) not in seen:
        seen.add(id(link))
        yield link
        if isinstance(link, BaseExceptionGroup):
            for part in link.exceptions:
                yield from _causes(part)
        link = link.__cause__ or (None if link.__suppress_context__ else link.__context__)


def _frames(where: TracebackType | None) -> list[str]:
    frames = list(traceback.extract_tb(where))
    own = [frame for frame in frames if "site-packages" not in frame.filename][-_OWN_FRAMES:]
    shown = [frame for frame in frames if frame in own or frame in frames[-_LIBRARY_FRAMES:]]
    return [f"{'/'.join(PurePath(frame.filename).parts[-2:])}:{frame.lineno} {frame.name}" for frame in shown]


def _render(_: Any, __: str, event: EventDict) -> bytes:
    """In ASCII, so that no line break, escape sequence or direction mark reaches a terminal; of things JSON doesn't know only the type."""
    return json.dumps(event, ensure_ascii=True, default=lambda thing: f"<{type(thing).__qualname__}>").encode()


async def metrics_endpoint() -> Response:
    """`GET /metrics` in the Prometheus text format."""
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)
