"""The envelope: CloudEvents 1.0 in Kafka binary mode, plus `correlationid` (one journey) and `causationid` (the event that caused it).

Beside it may stand `traceparent` (W3C Trace Context): in which trace the event was said, for `shared.tracing`. It is no part of the event.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import UUID

from pydantic import TypeAdapter, ValidationError

from shared.events.facts import REGISTRY, Fact
from shared.ids import new_id

RawHeaders = Sequence[tuple[str, bytes | None]]

_IDS = TypeAdapter(tuple[UUID, UUID, UUID | None])
"""Those of an event, its journey and its cause, at a third of what `UUID` takes for them."""


class Unreadable(Exception):
    """A record that can never be read as an event. Carries the reason, without the record's content."""


class UnknownType(Exception):
    """A well-formed event of a type this reader has no contract for: ignored and counted."""


@dataclass(frozen=True, slots=True)
class Event:
    """One fact that happened, with who it follows from. `occurred_at` is when it happened, `recorded_at` when we wrote it down.

    `traceparent` is the trace it came in, where it came in one: an observation, not part of what the event says.
    """

    id: UUID
    fact: Fact
    occurred_at: datetime
    recorded_at: datetime
    correlation_id: UUID
    causation_id: UUID | None
    traceparent: str | None = field(default=None, compare=False)

    @classmethod
    def of(
        cls,
        fact: Fact,
        *,
        occurred_at: datetime,
        recorded_at: datetime,
        correlation_id: UUID,
        causation_id: UUID | None = None,
    ) -> "Event":
        """A new event with an id of its own."""
        return cls(
            id=new_id(),
            fact=fact,
            occurred_at=occurred_at,
            recorded_at=recorded_at,
            correlation_id=correlation_id,
            causation_id=causation_id,
        )

    @property
    def headers(self) -> dict[str, str]:
        """The record headers, CloudEvents attributes prefixed `ce_`."""
        contract = self.fact.contract
        headers = {
            "content-type": "application/json",
            "ce_specversion": "1.0",
            "ce_id": str(self.id),
            "ce_source": f"/fullcircle/{self.fact.producer}",
            "ce_type": contract.event_type,
            "ce_dataschema": contract.dataschema,
            "ce_time": _rfc3339(self.occurred_at),
            "ce_recordedtime": _rfc3339(self.recorded_at),
            "ce_correlationid": str(self.correlation_id),
        }
        if self.causation_id is not None:
            headers["ce_causationid"] = str(self.causation_id)
        return headers

    @property
    def body(self) -> str:
        """The fact as JSON."""
        return self.fact.model_dump_json()


def read_event(*, value: bytes | None, headers: RawHeaders) -> Event:
    """The event in a record. Raises `Unreadable` for what can never be read, `UnknownType` for what isn't ours to read."""
    attributes = _attributes(headers)
    if value is None:
        raise Unreadable("the record has no value")
    if attributes.get("ce_specversion") != "1.0":
        raise Unreadable("the record is not a CloudEvents 1.0 event in binary mode")
    contract = REGISTRY.get(_required(attributes, "ce_type"))
    if contract is None:
        raise UnknownType(attributes["ce_type"])
    if attributes.get("ce_dataschema") != contract.dataschema:
        raise Unreadable(f"{contract.event_type} in a version this service cannot read")
    try:
        fact = contract.fact.model_validate_json(value)
    except ValidationError as invalid:
        fields = sorted({".".join(str(part) for part in error["loc"]) or "body" for error in invalid.errors()})
        raise Unreadable(f"{contract.event_type} with invalid {', '.join(fields)}") from None
    named = _required(attributes, "ce_id"), _required(attributes, "ce_correlationid"), attributes.get("ce_causationid") or None
    try:
        event_id, correlation_id, causation_id = _IDS.validate_python(named)
        return Event(
            id=event_id,
            fact=fact,
            occurred_at=_moment(_required(attributes, "ce_time")),
            recorded_at=_moment(_required(attributes, "ce_recordedtime")),
            correlation_id=correlation_id,
            causation_id=causation_id,
            traceparent=attributes.get("traceparent"),
        )
    except (ValueError, OverflowError):  # the latter from a time that lies outside of the calendar in UTC
        raise Unreadable(f"{contract.event_type} with an invalid envelope attribute") from None


def _attributes(headers: RawHeaders) -> dict[str, str]:
    try:
        return {name.lower(): raw.decode() for name, raw in headers if raw is not None}
    except UnicodeDecodeError:
        raise Unreadable("a header is not UTF-8") from None


def _required(attributes: dict[str, str], name: str) -> str:
    if not attributes.get(name):
        raise Unreadable(f"the event has no {name.removeprefix('ce_')}")
    return attributes[name]


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("no zone")
    return moment.astimezone(UTC)


def _rfc3339(moment: datetime) -> str:
    in_utc = moment if moment.tzinfo is UTC else moment.astimezone(UTC)
    return in_utc.isoformat().replace("+00:00", "Z")
