"""When an asset or campaign is stated, the engagements of the last weeks that came before it are looked through, in the background.

Step by step, so that a step is short whatever the number of engagements; where one stopped, the next goes on, in whichever process.
"""

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncSession

from intake.decisions.acts import Mark
from intake.decisions.catalog import Catalog
from intake.decisions.relabelling import Kept, hashed, hashes, relabelled, same
from intake.operations import labelling
from intake.operations.restating import labels_of, restate_labels
from shared.database import Database
from shared.ids import new_id
from shared.loops import repeat

REACH_BACK = timedelta(days=30)
"""Kafka keeps engagements as long: what is older nobody could be told in its order."""

SETTLED_AFTER = timedelta(seconds=15)
"""Whoever looked the catalogue up before it was stated has committed by then, or never will."""

STEP_ENGAGEMENTS = 2_000
_EVERY_SECONDS = 5.0

_ASK = text(
    """
    INSERT INTO relabellings (id, stated_at, asset_ids, campaign_ids)
    VALUES (:id, :now, CAST(:asset_ids AS text[]), CAST(:campaign_ids AS text[]))
    """
)
_NEXT = text("SELECT * FROM relabellings WHERE stated_at <= :settled ORDER BY stated_at, id LIMIT 1 FOR UPDATE SKIP LOCKED")
_ADVANCE = text("UPDATE relabellings SET after_id = :after_id WHERE id = :id")
_END = text("DELETE FROM relabellings WHERE id = :id")
_LAST_OF_STEP = text("SELECT id FROM engagements WHERE id > :after_id ORDER BY id OFFSET :skipped LIMIT 1")
_CANDIDATES = text(
    """
    SELECT * FROM engagements
    WHERE id > :after_id AND (CAST(:last_id AS uuid) IS NULL OR id <= CAST(:last_id AS uuid))
        AND marks IS NOT NULL AND (marks && CAST(:marks AS text[]) OR asset_id = ANY (CAST(:asset_ids AS text[])))
    ORDER BY id FOR NO KEY UPDATE
    """
)
_ASSET_MARKS = text("SELECT asset_id AS id, source, kind, value FROM asset_marks WHERE asset_id = ANY (CAST(:ids AS text[]))")
_CAMPAIGN_MARKS = text("SELECT campaign_id AS id, source, kind, value FROM campaign_marks WHERE campaign_id = ANY (CAST(:ids AS text[]))")
_CAMPAIGNS_ASSETS = text("SELECT asset_ids FROM campaigns WHERE id = ANY (CAST(:ids AS text[]))")
_CATALOG = text(labelling.CATALOG.format(marks=":marks", asset_ids=":asset_ids", campaign_ids=":campaign_ids"))
_COUNTRIES = text(
    """
    SELECT named.id, c.country FROM unnest(CAST(:ids AS text[])) AS named(id)
    LEFT JOIN contact_aliases a ON a.alias_id = named.id
    JOIN contacts c ON c.id = coalesce(a.contact_id, named.id)
    """
)

_Marks = Mapping[tuple[str | None, Mark], set[str]]


async def ask_to_relabel(session: AsyncSession, *, asset_ids: Sequence[str] = (), campaign_ids: Sequence[str] = (), now: datetime) -> None:
    """Has the engagements looked through that these may be recognised in. Nothing for none."""
    if asset_ids or campaign_ids:
        stated = {"id": new_id(), "now": now, "asset_ids": list(asset_ids), "campaign_ids": list(campaign_ids)}
        await session.execute(_ASK, stated)


async def relabel_until_stopped(database: Database, stop: asyncio.Event) -> None:
    """Looks engagements through for as long as there is something to look for, and asks now and then whether there is."""
    await repeat(lambda: relabel_step(database, now=datetime.now(UTC)), name="relabelling", every_seconds=_EVERY_SECONDS, stop=stop)


async def relabel_step(database: Database, *, now: datetime) -> int:
    """One step of the oldest looking-through that nobody else is at; gives 0 when none is left."""
    async with database.transaction() as session:
        asked = (await session.execute(_NEXT, {"settled": now - SETTLED_AFTER})).one_or_none()
        if asked is None:
            return 0
        after_id = asked.after_id or _first_id_at(asked.stated_at - REACH_BACK)
        last_id = await session.scalar(_LAST_OF_STEP, {"after_id": after_id, "skipped": STEP_ENGAGEMENTS - 1})
        await _relabel(session, asked, after_id=after_id, last_id=last_id, now=now)
        if last_id is None:
            await session.execute(_END, {"id": asked.id})
        else:
            await session.execute(_ADVANCE, {"id": asked.id, "after_id": last_id})
    return 1


async def _relabel(session: AsyncSession, asked: Row[Any], *, after_id: UUID, last_id: UUID | None, now: datetime) -> None:
    asset_marks = _marks((await session.execute(_ASSET_MARKS, {"ids": asked.asset_ids})).all())
    campaign_marks = _marks((await session.execute(_CAMPAIGN_MARKS, {"ids": asked.campaign_ids})).all())
    in_campaigns = [one for row in await session.execute(_CAMPAIGNS_ASSETS, {"ids": asked.campaign_ids}) for one in row.asset_ids]
    wanted = {"marks": [*hashes(asset_marks), *hashes(campaign_marks)], "asset_ids": in_campaigns}
    rows = (await session.execute(_CANDIDATES, {"after_id": after_id, "last_id": last_id, **wanted})).all()
    if not rows:
        return
    known_assets = {row.asset_id for row in rows if row.asset_id is not None}
    about = {"marks": "[]", "asset_ids": sorted({*asked.asset_ids, *known_assets}), "campaign_ids": asked.campaign_ids}
    [(assets, campaigns)] = (await session.execute(_CATALOG, about)).all()
    catalog = labelling.catalog_of(assets or (), campaigns or ())
    catalog = replace(catalog, asset_marks=hashed(asset_marks), campaign_marks=hashed(campaign_marks))
    countries = await session.execute(_COUNTRIES, {"ids": sorted({row.contact_id for row in rows})})
    changed = _changed(rows, catalog, {row.id: row.country for row in countries})
    await restate_labels(session, changed, now=now)


def _changed(rows: Iterable[Row[Any]], catalog: Catalog, countries: Mapping[str, str | None]) -> list[tuple[Row[Any], Any]]:
    found = []
    for row in rows:
        before = labels_of(row)
        kept = Kept(row.source, row.kind, row.occurred_at, before, row.marks)
        labels = relabelled(kept, country=countries.get(row.contact_id), catalog=catalog)
        if not same(labels, before):
            found.append((row, labels))
    return found


def _marks(rows: Iterable[Row[Any]]) -> _Marks:
    found: dict[tuple[str | None, Mark], set[str]] = defaultdict(set)
    for row in rows:
        found[row.source, Mark(row.kind, row.value)].add(row.id)
    return found


def _first_id_at(moment: datetime) -> UUID:
    """Before every id that was made at that moment or later: ids begin with their time."""
    return UUID(int=int(moment.timestamp() * 1000) << 80)
