"""Quarantine: records that could not be read or applied, kept as they came until somebody replays or discards them."""

import base64
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any, Literal, Protocol
from uuid import UUID

import orjson
import structlog
from fastapi import APIRouter, Depends
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from shared import problems, telemetry
from shared.auth import Identity, reading, require
from shared.bodies import Answer, Moment
from shared.database import Database
from shared.events import Event, RawHeaders, Topic, UnknownType, Unreadable, read_event
from shared.ids import new_id
from shared.paging import Listing, Page, PageRequest
from shared.routes import StrictRoute

_log = structlog.get_logger()

Step = Literal["reading", "applying"]
Apply = Callable[[AsyncSession, str, Event], Awaitable[None]]

_PUT = text(
    """
    INSERT INTO quarantine (id, consumer, topic, partition, kafka_offset, key, headers, value, type, event_id, step, reason, quarantined_at)
    VALUES (:id, :consumer, :topic, :partition, :offset, :key, CAST(:headers AS jsonb), :value, :type, :event_id, :step, :reason, :now)
    ON CONFLICT ON CONSTRAINT uq_quarantine_consumer_topic_partition_offset DO NOTHING
    """
)
_LIST = text(
    """
    SELECT id, consumer, topic, partition, kafka_offset, type, event_id, step, reason, quarantined_at FROM quarantine
    WHERE CAST(:after AS uuid) IS NULL OR id > CAST(:after AS uuid) ORDER BY id LIMIT :limit
    """
)
_TAKE = text("DELETE FROM quarantine WHERE id = :id RETURNING consumer, topic, headers, value")
_FORGET = text("DELETE FROM quarantine WHERE topic = :topic AND key = ANY (CAST(:keys AS bytea[]))")
_LISTING = Listing("quarantine", UUID)


class Record(Protocol):
    """A Kafka record as the client library hands it over."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: RawHeaders


class QuarantinedRecord(Answer):
    """One record. Its content isn't shown: it may be anybody's."""

    id: UUID
    consumer: str
    topic: str
    partition: int
    offset: int
    type: str | None
    event_id: str | None
    step: Step
    reason: str
    quarantined_at: Moment


class Replayed(Answer):
    """The record had its effect (or had had it already) and left the quarantine."""

    id: UUID
    state: Literal["replayed"] = "replayed"


@dataclass(frozen=True, slots=True)
class _Taken:
    consumer: str
    event: Event


async def put(session: AsyncSession, *, consumer: str, record: Record, step: Step, reason: str) -> None:
    """Keeps a record with the reason, in the caller's transaction. The same record is kept once."""
    headers = {name: value for name, value in record.headers if value is not None}
    event_type = headers.get("ce_type", b"").decode(errors="replace") or None
    await session.execute(
        _PUT,
        {
            "id": new_id(),
            "consumer": consumer,
            "topic": record.topic,
            "partition": record.partition,
            "offset": record.offset,
            "key": record.key,
            "headers": _pack(record.headers),
            "value": record.value,
            "type": _printable(event_type),
            "event_id": _printable(headers.get("ce_id", b"").decode(errors="replace") or None),
            "step": step,
            "reason": reason,
            "now": datetime.now(UTC),
        },
    )
    telemetry.EVENTS_QUARANTINED.labels(topic=record.topic, type="unreadable" if step == "reading" else event_type).inc()


async def forget(session: AsyncSession, topic: Topic, keys: Sequence[str]) -> int:
    """Discards every record set aside under these keys of a topic; gives how many there were."""
    found = await session.execute(_FORGET, {"topic": topic.name, "keys": [key.encode() for key in keys]})
    return int(found.rowcount)  # type: ignore[attr-defined]  # a DELETE tells it


def quarantine_routes(database: Database, apply: Apply) -> APIRouter:
    """`/v1/quarantine`: what is there and why, replay, discard. `apply(session, consumer, event)` is how a replay has its effect."""
    router = APIRouter(prefix="/v1/quarantine", tags=["quarantine"], route_class=StrictRoute)

    @router.get("", dependencies=[reading("admin")])
    async def list_quarantine(page: Annotated[PageRequest, Depends(_LISTING.request)]) -> Page[QuarantinedRecord]:
        async with database.reading() as session:
            after = page.after[0] if page.after else None
            rows = (await session.execute(_LIST, {"after": after, "limit": page.fetch})).all()
        return _LISTING.page(rows, page, key=lambda row: (row.id,), item=_answer)

    @router.post("/{id}/replay")
    async def replay_quarantined(id: UUID, identity: Annotated[Identity, require("admin")]) -> Replayed:  # noqa: A002
        async with database.transaction() as session:
            taken = await _take(session, id)
            await apply(session, taken.consumer, taken.event)
        _log.info("quarantined record replayed", quarantine_id=str(id), by=identity.sub)
        return Replayed(id=id)

    @router.delete("/{id}", status_code=204)
    async def discard_quarantined(id: UUID, identity: Annotated[Identity, require("admin")]) -> None:  # noqa: A002
        async with database.transaction() as session:
            if (await session.execute(_TAKE, {"id": id})).first() is None:
                raise problems.not_found("There is no such record in quarantine.")
        _log.warning("quarantined record discarded", quarantine_id=str(id), by=identity.sub)

    return router


async def _take(session: AsyncSession, quarantine_id: UUID) -> _Taken:
    row = (await session.execute(_TAKE, {"id": quarantine_id})).first()
    if row is None:
        raise problems.not_found("There is no such record in quarantine.")
    try:
        event = read_event(value=row.value, headers=_unpack(row.headers))
    except Unreadable as unreadable:
        raise problems.conflict(f"The record still can't be read: {unreadable}.") from None
    except UnknownType:
        raise problems.conflict("The record is of a type this service doesn't know.") from None
    return _Taken(row.consumer, event)


def _answer(row: Any) -> QuarantinedRecord:
    return QuarantinedRecord(
        id=row.id,
        consumer=row.consumer,
        topic=row.topic,
        partition=row.partition,
        offset=row.kafka_offset,
        type=row.type,
        event_id=row.event_id,
        step=row.step,
        reason=row.reason,
        quarantined_at=row.quarantined_at,
    )


def _pack(headers: Any) -> str:
    # jsonb holds no NUL. No header of ours has one in its name, so such a record isn't read either way.
    packed = [[name.replace("\x00", "\ufffd"), None if value is None else base64.b64encode(value).decode()] for name, value in headers]
    return orjson.dumps(packed).decode()


def _unpack(headers: list[list[str | None]]) -> list[tuple[str, bytes | None]]:
    return [(str(name), None if value is None else base64.b64decode(value)) for name, value in headers]


def _printable(value: str | None) -> str | None:
    return None if value is None else value.replace("\x00", "")[:200]
