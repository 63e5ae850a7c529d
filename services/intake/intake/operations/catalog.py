"""Taking assets and campaigns: each row states one whole; what it changes is told in a snapshot."""
# ruff: noqa: S608 (what is put into a statement here are the names of our own tables and columns)

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar
from uuid import UUID

from sqlalchemy import TextClause, text
from sqlalchemy.ext.asyncio import AsyncSession

from intake.decisions.acts import Mark
from intake.decisions.adapters import reading
from intake.operations.relabelling import ask_to_relabel
from intake.rows import AssetRow, CampaignRow
from intake.tables import Asset, Campaign
from shared import outbox
from shared.database import as_recordset
from shared.events import Event, Fact
from shared.events.catalog import AssetSnapshot, CampaignSnapshot
from shared.upserts import Rows, UpsertVerdict

R = TypeVar("R", AssetRow, CampaignRow)


@dataclass(frozen=True, slots=True)
class _Kind(Generic[R]):
    """One of the two kinds of things: how its rows are locked, written, recognised and told."""

    row: type[R]
    lock: TextClause
    write: TextClause
    drop_marks: TextClause
    write_marks: TextClause
    marks: Callable[[R], list[tuple[str | None, Mark]]]
    recognised_by: Callable[[R], object]
    snapshot: Callable[[R], Fact]


async def upsert_assets(session: AsyncSession, rows: Rows[AssetRow], *, correlation_id: UUID, now: datetime) -> UpsertVerdict:
    """Takes the assets and says what became of each row."""
    verdict, news = await _upsert(session, _ASSETS, rows, correlation_id=correlation_id, now=now)
    await ask_to_relabel(session, asset_ids=news, now=now)
    return verdict


async def upsert_campaigns(session: AsyncSession, rows: Rows[CampaignRow], *, correlation_id: UUID, now: datetime) -> UpsertVerdict:
    """Takes the campaigns and says what became of each row."""
    verdict, news = await _upsert(session, _CAMPAIGNS, rows, correlation_id=correlation_id, now=now)
    await ask_to_relabel(session, campaign_ids=news, now=now)
    return verdict


async def _upsert(
    session: AsyncSession, kind: _Kind[R], rows: Rows[R], *, correlation_id: UUID, now: datetime
) -> tuple[UpsertVerdict, list[str]]:
    """What became of the rows, and the ids of those that engagements may be recognised by from now on and were not before."""
    stated = [row for _, row in rows.good]
    locked = await session.execute(kind.lock, {"ids": sorted(row.id for row in stated)})
    known = {row.id: kind.row.model_validate(dict(row._mapping)) for row in locked}
    changed = [row for row in stated if known.get(row.id) != row]
    if changed:
        await _write(session, kind, changed, now=now)
        events = [Event.of(kind.snapshot(row), occurred_at=now, recorded_at=now, correlation_id=correlation_id) for row in changed]
        await outbox.publish(session, events)
    created = sum(row.id not in known for row in changed)
    unchanged = len(stated) - len(changed)
    verdict = UpsertVerdict(created=created, updated=len(changed) - created, unchanged=unchanged, rejected=rows.rejected)
    return verdict, [row.id for row in changed if row.id not in known or kind.recognised_by(row) != kind.recognised_by(known[row.id])]


async def _write(session: AsyncSession, kind: _Kind[R], rows: Sequence[R], *, now: datetime) -> None:
    marks = [
        {"id": row.id, "position": position, "source": source, "kind": mark.kind, "value": mark.value}
        for row in rows
        for position, (source, mark) in enumerate(kind.marks(row))
    ]
    await session.execute(kind.write, {"rows": as_recordset([row.model_dump(mode="json") for row in rows]), "now": now})
    await session.execute(kind.drop_marks, {"ids": [row.id for row in rows]})
    await session.execute(kind.write_marks, {"rows": as_recordset(marks)})


def _asset_marks(row: AssetRow) -> list[tuple[str | None, Mark]]:
    declared = [(key.source, Mark(key.kind, _mark_value(key.kind, key.value))) for key in row.keys]
    own = [(None, Mark("url", _mark_value("url", row.url)))] if row.url is not None else []
    return list(dict.fromkeys([*declared, *own]))


def _mark_value(kind: str, value: str) -> str:
    return (reading.address(value, with_query=True) or value) if kind == "url" else value


def _campaign_marks(row: CampaignRow) -> list[tuple[str | None, Mark]]:
    return list(dict.fromkeys((key.source, Mark(key.kind, key.value)) for key in row.keys))


def _asset_snapshot(row: AssetRow) -> AssetSnapshot:
    return AssetSnapshot.model_validate({"asset_id": row.id, **row.model_dump(exclude={"id"})})


def _campaign_snapshot(row: CampaignRow) -> CampaignSnapshot:
    return CampaignSnapshot.model_validate({"campaign_id": row.id, **row.model_dump(exclude={"id"})})


def _kind(
    row: type[R],
    model: type[Asset | Campaign],
    *,
    thing: str,
    marks: Callable[[R], list[tuple[str | None, Mark]]],
    recognised_by: Callable[[R], object],
    snapshot: Callable[[R], Fact],
) -> _Kind[R]:
    """The statements of one kind, from its table."""
    table = model.__tablename__
    columns: dict[str, str] = {column.name: str(column.type) for column in model.__table__.columns if column.name != "updated_at"}
    names = ", ".join(columns)
    recordset = ", ".join(f"{name} {kind}" for name, kind in columns.items())
    updates = ", ".join(f"{name} = excluded.{name}" for name in (*columns, "updated_at") if name != "id")
    return _Kind(
        row=row,
        lock=text(f"SELECT {names} FROM {table} WHERE id = ANY (CAST(:ids AS text[])) ORDER BY id FOR NO KEY UPDATE"),
        write=text(
            f"""
            INSERT INTO {table} ({names}, updated_at)
            SELECT {names}, :now FROM json_to_recordset(CAST(:rows AS json)) AS r({recordset}) ORDER BY id
            ON CONFLICT (id) DO UPDATE SET {updates}
            """
        ),
        drop_marks=text(f"DELETE FROM {thing}_marks WHERE {thing}_id = ANY (CAST(:ids AS text[]))"),
        write_marks=text(
            f"""
            INSERT INTO {thing}_marks ({thing}_id, position, kind, value, source)
            SELECT id, position, kind, value, source
            FROM json_to_recordset(CAST(:rows AS json)) AS r(id text, position integer, kind text, value text, source text)
            """
        ),
        marks=marks,
        recognised_by=recognised_by,
        snapshot=snapshot,
    )


def _campaign_recognised_by(row: CampaignRow) -> object:
    return _campaign_marks(row), row.asset_ids, row.starts_on, row.ends_on


_ASSETS = _kind(AssetRow, Asset, thing="asset", marks=_asset_marks, recognised_by=_asset_marks, snapshot=_asset_snapshot)
_CAMPAIGNS = _kind(
    CampaignRow,
    Campaign,
    thing="campaign",
    marks=_campaign_marks,
    recognised_by=_campaign_recognised_by,
    snapshot=_campaign_snapshot,
)
