"""Events as evidence: read from CloudEvents headers and JSON by hand, with nothing of the services' own reading."""

import re
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from sys import intern
from typing import Any, Literal

import orjson

# What checks need of the events that come by the hundred thousand; of all others everything is kept.
_NEEDED = {
    "engagement.recorded": ("engagement_id", "contact_id", "source", "source_event_id"),
    "engagement.restated": ("engagement_id", "contact_id", "source", "source_event_id"),
    "contact.snapshot": ("contact_id", "version", "specialty", "consents"),
    "brief.issued": ("lead_id",),
    "clock.started": ("lead_id",),
    "clock.warned": ("lead_id",),
}

# Topics whose events describe people, content and the field force in words; everywhere else words are codes.
WORDED_TOPICS = frozenset({"contacts", "catalog", "field-force"})
CASE_FIELDS = frozenset({"case_id", "report_id", "kind", "certainty", "awareness_at", "received_at", "due_at"})
_PROSE = re.compile(r"\s\S+\s+\S+\s+\S+\s|[\r\n]")

Place = Literal["outbox", "sent", "snapshots"]


@dataclass(frozen=True, slots=True)
class Event:
    """One event. `digest` tells two contents under one id apart; `oddities` are fields that look like what somebody typed."""

    id: str
    type: str
    topic: str
    key: str
    service: str
    occurred_at: datetime
    recorded_at: datetime
    fact: Mapping[str, Any]
    digest: int
    oddities: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Telling:
    """A row of a service's outbox or of what Kafka acknowledged. `queued_at` is known only while it waits."""

    service: str
    place: Place
    position: int
    event: Event
    queued_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Occurrence:
    """A record on a topic that could be read as an event."""

    partition: int
    offset: int
    key: str
    event: Event


class NoEvent(ValueError):
    """These headers and this body are no event of ours."""


def read_event(*, topic: str, key: str, headers: Mapping[str, str], body: bytes) -> Event:
    """The event in a record or row. Raises `NoEvent`."""
    try:
        fact = orjson.loads(body)
        if not isinstance(fact, dict) or headers["ce_specversion"] != "1.0":
            raise NoEvent("not an event")
        event_type = headers["ce_type"]
        return Event(
            id=headers["ce_id"],
            type=intern(event_type),
            topic=intern(topic),
            key=key,
            service=intern(headers["ce_source"].rpartition("/")[2]),
            occurred_at=moment(headers["ce_time"]),
            recorded_at=moment(headers["ce_recordedtime"]),
            fact=_needed(event_type, fact),
            digest=zlib.crc32(body),
            oddities=tuple(_oddities(topic, event_type, fact)),
        )
    except (KeyError, ValueError, TypeError) as error:
        raise NoEvent(str(error)) from error


def moment(text: str) -> datetime:
    """A time with its zone. Raises ValueError."""
    read = datetime.fromisoformat(text)
    if read.tzinfo is None:
        raise ValueError("a time without a zone")
    return read


def _needed(event_type: str, fact: dict[str, Any]) -> dict[str, Any]:
    names = _NEEDED.get(event_type)
    return fact if names is None else {name: fact[name] for name in names if name in fact}


def _oddities(topic: str, event_type: str, fact: dict[str, Any]) -> Iterable[str]:
    """Fields that hold what somebody may have typed: prose where codes belong, anything unknown in what tells of a case."""
    if event_type.startswith("case."):
        yield from sorted(fact.keys() - CASE_FIELDS)
    if topic not in WORDED_TOPICS:
        yield from (name for name, value in sorted(fact.items()) if _holds_prose(value))


def _holds_prose(value: object) -> bool:
    match value:
        case str():
            return _PROSE.search(value) is not None
        case list():
            return any(_holds_prose(one) for one in value)
        case dict():
            return any(_holds_prose(one) for one in value.values())
        case _:
            return False
