"""Trying a platform out before it counts: what a sample would become, and what a changed mapping would make of what came lately.

Nothing is written here, and no proof is asked for: whoever may connect platforms pastes what they have.
"""

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlencode
from uuid import UUID

import orjson
from fastapi import APIRouter
from pydantic import Field, StringConstraints, model_validator

from intake.api.sources import SourceName, settings_fault
from intake.decisions.acts import Item
from intake.decisions.mappings import MappingDocument, adapter_of
from intake.decisions.mappings.trials import Difference, Kept, Reader, differences, items_of, shown
from intake.platforms import ConnectedSource, UnknownPlatform, facts_of
from intake.queries.received import last_bodies, stored_source
from intake.sources import SourceSettings
from shared import problems
from shared.auth import require
from shared.bodies import Answer, Body, Int
from shared.database import Database
from shared.problems import FieldError
from shared.routes import StrictRoute

_RECEIPTS_MAX = 200
_BYTES_MAX = 10 * 1024 * 1024
_CHANGES_MAX = 100

_HeaderName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9-]{1,100}$")]
_HeaderValue = Annotated[str, StringConstraints(max_length=8_000)]


class SampleBody(Body):
    """What the platform posted: its JSON as it is (or a text, taken as it stands), or its `form`, as fields or as it was encoded.

    `headers` matter to a platform that says in them what the body doesn't. With a `mapping` or `settings` those are tried, else what the
    source has.
    """

    body: Any = None
    form: Annotated[dict[str, str], Field(max_length=2_000)] | str | None = None
    headers: Annotated[dict[_HeaderName, _HeaderValue], Field(max_length=100)] = {}
    mapping: MappingDocument | None = None
    settings: SourceSettings | None = None

    @model_validator(mode="after")
    def _one_sample(self) -> Self:
        if ("body" in self.model_fields_set) == (self.form is not None):
            raise ValueError("must have a body or a form, and not both")
        return self

    def kept(self, now: datetime) -> Kept:
        """The sample as if it had come now."""
        headers = {name.lower(): [value] for name, value in self.headers.items()}
        return Kept(self._bytes(), headers, received_at=now)

    def _bytes(self) -> bytes:
        match self.form, self.body:
            case dict() as fields, _:
                return urlencode(fields).encode()
            case str() as text, _:
                return text.encode()
            case _, str() as text:
                return text.encode()
            case _, value:
                return orjson.dumps(value)


class ReadItemAnswer(Answer):
    """What an item is read as: the `engagement` it would be, or why it is none. Whether it was told before is not asked."""

    verdict: Literal["accepted", "ignored", "rejected"]
    type: str | None
    reason: str | None
    detail: str | None
    engagement: dict[str, Any] | None


class TriedItemAnswer(ReadItemAnswer):
    """An item of the sample, counted from 0."""

    position: int


class TrialAnswer(Answer):
    """What would become of the sample."""

    items: list[TriedItemAnswer]


class PreviewBody(Body):
    """A changed mapping, changed settings or both, and how many of the last receipts to look at."""

    mapping: MappingDocument | None = None
    settings: SourceSettings | None = None
    receipts: Annotated[Int, Field(ge=1, le=_RECEIPTS_MAX)] = 100

    @model_validator(mode="after")
    def _changes_something(self) -> Self:
        if self.mapping is None and self.settings is None:
            raise ValueError("must have a mapping or settings to try")
        return self


class ChangeAnswer(Answer):
    """An item that would be read otherwise; null where one reading has no such item."""

    receipt_id: UUID
    position: int
    before: ReadItemAnswer | None
    after: ReadItemAnswer | None


class PreviewAnswer(Answer):
    """How many `receipts` were looked at, how many items would be read otherwise (`changed`), and the first hundred of those."""

    receipts: int
    changed: int
    changes: list[ChangeAnswer]


def routes(database: Database) -> APIRouter:
    """`POST /v1/sources/{name}/test` and `/preview`."""
    router = APIRouter(prefix="/v1", route_class=StrictRoute, tags=["sources"])

    @router.post("/sources/{name}/test", dependencies=[require("admin")])
    async def try_sample(name: SourceName, body: SampleBody) -> TrialAnswer:
        """What each item of a sample would become. Writes nothing; with a mapping the source need not be there yet."""
        tried = _tried(name, await _connected(database, name), body.mapping, body.settings)
        kept = body.kept(datetime.now(UTC))
        items = await asyncio.to_thread(items_of, kept, tried.reader.adapter, tried.reader.facts)
        told = [_told(item, tried, kept.received_at) for item in items]
        return TrialAnswer(items=[TriedItemAnswer(position=position, **each) for position, each in enumerate(told)])

    @router.post("/sources/{name}/preview", dependencies=[require("admin")])
    async def preview(name: SourceName, body: PreviewBody) -> PreviewAnswer:
        """What a changed mapping, or changed settings, would make of the source's last receipts that is otherwise now. Writes nothing."""
        source = await _connected(database, name)
        if source is None:
            raise problems.not_found(f"There is no source {name}.")
        before, after = _tried(name, source, None, None), _tried(name, source, body.mapping, body.settings)
        async with database.reading() as session:
            bodies = await last_bodies(session, name, limit=body.receipts, bytes_max=_BYTES_MAX)
        found = await asyncio.to_thread(_compared, bodies, before.reader, after.reader)
        changes = [_change(receipt_id, each, before, after) for receipt_id, each in found[:_CHANGES_MAX]]
        return PreviewAnswer(receipts=len(bodies), changed=len(found), changes=changes)

    return router


@dataclass(frozen=True, slots=True)
class _Tried:
    """How a source reads, and what its settings say of what it reads."""

    reader: Reader
    settings: SourceSettings


def _tried(name: str, source: ConnectedSource | None, mapping: MappingDocument | None, settings: SourceSettings | None) -> _Tried:
    """The source as it would be with that mapping and those settings; None: as it is."""
    if mapping is not None:
        adapter = adapter_of(mapping)
    elif source is not None:
        adapter = source.adapter
    else:
        raise problems.not_found("There is no source of this name, and no mapping to try.")
    if settings is not None and (fault := settings_fault(settings, adapter)) is not None:
        raise problems.unprocessable("These settings can't be.", FieldError("/settings", fault))
    standing = source.stored.settings if source is not None else SourceSettings()
    stated = settings if settings is not None else standing
    return _Tried(Reader(adapter, facts_of(name, stated)), stated)


async def _connected(database: Database, name: str) -> ConnectedSource | None:
    async with database.reading() as session:
        stored = await stored_source(session, name)
    try:
        return ConnectedSource.of(stored) if stored is not None else None
    except UnknownPlatform:
        raise problems.conflict("This source is of a platform that this version of the service doesn't know.") from None


def _compared(bodies: dict[UUID, Kept], before: Reader, after: Reader) -> list[tuple[UUID, Difference]]:
    return [(receipt_id, found) for receipt_id, kept in bodies.items() for found in differences(before, after, [kept])]


def _change(receipt_id: UUID, found: Difference, before: _Tried, after: _Tried) -> ChangeAnswer:
    pairs = ((found.before, before), (found.after, after))
    old, new = (None if item is None else ReadItemAnswer(**_told(item, tried, found.kept.received_at)) for item, tried in pairs)
    return ChangeAnswer(receipt_id=receipt_id, position=found.position, before=old, after=new)


def _told(item: Item, tried: _Tried, received_at: datetime) -> dict[str, Any]:
    told = shown(item, flags=tried.settings.flags, received_at=received_at)
    return {
        "verdict": told["verdict"],
        "type": told["vendor_type"],
        "reason": told.get("reason"),
        "detail": told.get("detail"),
        "engagement": told.get("engagement"),
    }
