"""Upserts of territories, accounts and reps: what changed is stored and published, and whom it concerns is decided anew."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from routing import tables
from routing.operations.desk import begin_queue_round
from routing.operations.rows import Row, add, put
from shared.events import Event, Fact
from shared.events.field_force import AccountSnapshot, RepSnapshot, TerritorySnapshot
from shared.outbox import publish
from shared.telemetry import correlation_id

Collection = type[tables.Territory] | type[tables.Account] | type[tables.Rep]

_DECIDE_AGAIN = text(
    """
    UPDATE ledgers SET activation = 0
    FROM (
        SELECT contact_id, brand_id FROM ledgers JOIN contacts USING (contact_id) WHERE primary_account_id = ANY(:account_ids)
        ORDER BY contact_id, brand_id FOR UPDATE OF ledgers
    ) AS concerned
    WHERE ledgers.contact_id = concerned.contact_id AND ledgers.brand_id = concerned.brand_id
    """
)


@dataclass(frozen=True, slots=True)
class Upserted:
    """How many rows were new, changed, or as they were."""

    created: int
    updated: int
    unchanged: int


async def upsert_territories(session: AsyncSession, rows: Sequence[Row], *, now: datetime) -> Upserted:
    """Stores territories, each given whole. Waiting leads are tried again."""
    return await _upsert(session, tables.Territory, rows, snapshot=_territory, now=now)


async def upsert_accounts(session: AsyncSession, rows: Sequence[Row], *, now: datetime) -> Upserted:
    """Stores accounts, each given whole. Waiting leads are tried again, and the accounts' contacts decided anew, in the background."""
    return await _upsert(session, tables.Account, rows, snapshot=_account, now=now)


async def upsert_reps(session: AsyncSession, rows: Sequence[Row], *, now: datetime) -> Upserted:
    """Stores reps, each given whole. Waiting leads are tried again."""
    return await _upsert(session, tables.Rep, rows, snapshot=_rep, now=now)


async def _upsert(
    session: AsyncSession, model: Collection, rows: Sequence[Row], *, snapshot: Callable[[Row], Fact], now: datetime
) -> Upserted:
    created = {row_id for (row_id,) in await add(session, model, rows)}
    known_ids = [row["id"] for row in rows if row["id"] not in created]
    locking = select(model.__table__).where(model.id.in_(known_ids)).order_by(model.id).with_for_update()
    known: dict[str, dict[str, Any]] = {row.id: dict(row._mapping) for row in await session.execute(locking)}
    updated = [row for row in rows if row["id"] in known and dict(row) != known[row["id"]]]
    await put(session, {model: updated})
    changed = [row for row in rows if row["id"] in created] + updated
    if changed:
        if model is tables.Account:
            await session.execute(_DECIDE_AGAIN, {"account_ids": [row["id"] for row in changed]})
        journey = correlation_id()
        await publish(session, [Event.of(snapshot(row), occurred_at=now, recorded_at=now, correlation_id=journey) for row in changed])
        await begin_queue_round(session)
    return Upserted(created=len(created), updated=len(updated), unchanged=len(known) - len(updated))


def _territory(row: Row) -> TerritorySnapshot:
    said = ("name", "region", "timezone", "country", "postal_codes")
    return TerritorySnapshot(territory_id=row["id"], **{name: row[name] for name in said})


def _account(row: Row) -> AccountSnapshot:
    said = ("name", "institution_type", "postal_code", "owner_rep_id", "priority", "parent_id")
    return AccountSnapshot(account_id=row["id"], **{name: row[name] for name in said})


def _rep(row: Row) -> RepSnapshot:
    said = ("name", "role", "manager_id", "territory_ids", "brand_ids", "active")
    return RepSnapshot(rep_id=row["id"], **{name: row[name] for name in said})
