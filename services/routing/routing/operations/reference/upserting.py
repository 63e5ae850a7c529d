"""Upserts of what sales operations keeps: what changed is stored and published, and whom it concerns is decided anew."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from routing import tables
from routing.operations.reference.dated_facts import look_again_from
from routing.operations.reference.effects import Changes, take_effect
from routing.operations.rows import Row, add, put
from routing.queries.reference import Model
from shared.database import Statement, together
from shared.events import Event, Fact
from shared.events.field_force import AccountSnapshot, RepSnapshot, TerritorySnapshot
from shared.outbox import publish
from shared.telemetry import correlation_id


@dataclass(frozen=True, slots=True)
class Collection:
    """A collection of reference data: its table, whom rows of it concern, and the snapshot other services need of it, if any."""

    model: Model
    concerned: Callable[[Sequence[Row]], Changes]
    snapshot: Callable[[Row], Fact] | None = None
    is_dated: bool = True


@dataclass(frozen=True, slots=True)
class Upserted:
    """How many rows were new, changed, or as they were."""

    created: int
    updated: int
    unchanged: int


async def upsert(session: AsyncSession, collection: Collection, rows: Sequence[Row], *, now: datetime) -> Upserted:
    """Stores rows, each given whole. Whom a change concerns, as it was and as it is, is decided anew in the background."""
    model = collection.model
    created = {row_id for (row_id,) in await add(session, model, rows)}
    known = await _hold(session, model, [row["id"] for row in rows if row["id"] not in created])
    updated = [row for row in rows if row["id"] in known and dict(row) != known[row["id"]]]
    await put(session, {model: updated})
    changed = [row for row in rows if row["id"] in created] + updated
    if changed:
        if collection.is_dated:
            await look_again_from(session, now)
        if collection.snapshot is not None:
            journey, snapshot = correlation_id(), collection.snapshot
            await publish(session, [Event.of(snapshot(row), occurred_at=now, recorded_at=now, correlation_id=journey) for row in changed])
        await take_effect(session, collection.concerned([*changed, *(known[row["id"]] for row in updated)]))
    return Upserted(created=len(created), updated=len(updated), unchanged=len(known) - len(updated))


async def _hold(session: AsyncSession, model: Model, ids: Sequence[str]) -> dict[str, dict[str, Any]]:
    """The rows of these ids as they are stored, locked in id order."""
    locking = f"SELECT * FROM {model.__tablename__} WHERE id = ANY(%(ids)s) ORDER BY id FOR UPDATE"  # noqa: S608 - our own name
    [rows] = await together(session, Statement(locking, {"ids": list(ids)}, list))
    return {row.id: row._asdict() for row in rows}


def _territory(row: Row) -> TerritorySnapshot:
    said = ("name", "region", "timezone", "country", "postal_codes")
    return TerritorySnapshot(territory_id=row["id"], **{name: row[name] for name in said})


def _account(row: Row) -> AccountSnapshot:
    said = ("name", "institution_type", "postal_code", "owner_rep_id", "priority", "parent_id")
    return AccountSnapshot(account_id=row["id"], **{name: row[name] for name in said})


def _rep(row: Row) -> RepSnapshot:
    said = ("name", "role", "manager_id", "territory_ids", "brand_ids", "active")
    return RepSnapshot(rep_id=row["id"], **{name: row[name] for name in said})


def _each(rows: Sequence[Row], name: str) -> set[str]:
    return {row[name] for row in rows}


TERRITORIES = Collection(tables.Territory, lambda rows: Changes(territory_ids=_each(rows, "id")), snapshot=_territory, is_dated=False)
ACCOUNTS = Collection(tables.Account, lambda rows: Changes(account_ids=_each(rows, "id")), snapshot=_account)
REPS = Collection(tables.Rep, lambda rows: Changes(rep_ids=_each(rows, "id")), snapshot=_rep)
ABSENCES = Collection(tables.Absence, lambda rows: Changes(rep_ids=_each(rows, "rep_id")))
TARGETS = Collection(tables.Target, lambda rows: Changes(targets={(row["contact_id"], row["brand_id"]) for row in rows}))
ALIGNMENTS = Collection(tables.Alignment, lambda rows: Changes(territory_ids=_each(rows, "territory_id")))
POOLS = Collection(tables.Pool, lambda _: Changes(), is_dated=False)
