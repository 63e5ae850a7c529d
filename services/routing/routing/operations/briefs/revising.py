"""Briefs follow the facts: those that may not say what is true any more are composed anew in the background, and issued if they differ."""

from collections.abc import Collection, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from routing.operations.briefs.noticing import SETTLES
from routing.operations.briefs.writing import revise_briefs
from routing.operations.desk import clear, hold_free_contacts, lay_out
from routing.operations.ledgers.keeping import keep_ledgers
from routing.operations.qualifying import decide_pairs
from routing.queries.brief_material import CATALOG_LOCK, Material, material
from shared.database import Database, Statement, together

REVISED_AT_ONCE = 100
AFTER_MIDNIGHT = timedelta(minutes=5)
"""Whoever began to write a brief before midnight has ended by then."""

_CATALOG_CHANGES = f"SELECT pg_advisory_xact_lock({CATALOG_LOCK})"
_ASSETS = """
    SELECT asset_id, version, title, intent, brand_id, CAST(answers AS text), CAST(approval AS text) FROM assets
    WHERE asset_id = ANY(%(asset_ids)s)
"""
_OUTDATE = """
    INSERT INTO brief_revisions (lead_id, due_at)
    SELECT id, %(due_at)s FROM leads
    WHERE ended_at IS NULL AND rep_id IS NOT NULL AND brief_asset_ids && CAST(%(asset_ids)s AS text[]) ORDER BY id
    ON CONFLICT (lead_id) DO UPDATE SET due_at = least(brief_revisions.due_at, excluded.due_at)
"""
_DUE = text(
    """
    SELECT lead_id, contact_id FROM brief_revisions JOIN leads ON leads.id = lead_id WHERE due_at <= :now
    ORDER BY due_at, lead_id LIMIT :at_once
    """
)
_DONE = "DELETE FROM brief_revisions WHERE lead_id = ANY(%(lead_ids)s)"
_NEXT_DAY = text("UPDATE approval_days SET day = :day FROM approval_days AS before WHERE approval_days.day < :day RETURNING before.day")
_ENDED = text(
    """
    SELECT asset_id FROM assets
    WHERE CAST(approval ->> 'expires_on' AS date) >= :since AND CAST(approval ->> 'expires_on' AS date) < :until
    """
)


def catalog_changes() -> Statement[Any]:
    """Takes the catalog for this transaction alone, once those that write briefs have ended. Send it before anything is locked."""
    return Statement(_CATALOG_CHANGES, {}, list)


def shown_assets(asset_ids: Collection[str]) -> Statement[Mapping[str, tuple[Any, ...]]]:
    """What briefs show, and rest on, of these assets; by id, to be compared."""
    return Statement(_ASSETS, {"asset_ids": list(asset_ids)}, lambda rows: {row.asset_id: tuple(row) for row in rows})


def outdating(asset_ids: Collection[str], *, now: datetime) -> Statement[Any]:
    """Has the briefs looked at that say to show one of these assets."""
    return Statement(_OUTDATE, {"asset_ids": list(asset_ids), "due_at": now + SETTLES}, list)


async def follow_approvals(database: Database, *, now: datetime) -> int:
    """Once a day (UTC) has the briefs looked at that show what has expired since; returns how many assets those are of."""
    today = (now - AFTER_MIDNIGHT).astimezone(UTC).date()
    async with database.transaction() as session:
        since = await session.scalar(_NEXT_DAY, {"day": today})
        if since is None:
            return 0
        await together(session, catalog_changes())
        expired = list(await session.scalars(_ENDED, {"since": since, "until": today}))
        if expired:
            await together(session, outdating(expired, now=now))
    return len(expired)


async def revise_outdated_briefs(database: Database, *, now: datetime) -> int:
    """Composes the briefs anew whose time has come, and issues those that say something else; returns how many were looked at."""
    async with database.transaction() as session:
        contacts = {row.lead_id: row.contact_id for row in await session.execute(_DUE, {"now": now, "at_once": REVISED_AT_ONCE})}
        if not contacts:
            return 0
        free = set(await hold_free_contacts(session, set(contacts.values())))
        lead_ids = [lead_id for lead_id, contact_id in contacts.items() if contact_id in free]
        await _revise(session, lead_ids, free, now=now)
    return len(lead_ids)


async def _revise(session: AsyncSession, lead_ids: Collection[UUID], contact_ids: Collection[str], *, now: datetime) -> None:
    desk = await lay_out(session, contact_ids, now=now, lead_ids=lead_ids)
    await keep_ledgers(session, desk, fresh={})
    await decide_pairs(session, desk, list(desk.ledgers))
    leads = [desk.leads[lead_id] for lead_id in lead_ids]
    read_by = [
        lead for lead in leads if lead.ended_at is None and lead.rep_id is not None and desk.person_of(lead.contact_id) in desk.contacts
    ]
    campaign_ids = {lead.campaign_id for lead in read_by if lead.campaign_id is not None}
    reads = material(desk.pairs_of(read_by), now=now, campaign_ids=campaign_ids, lead_ids=[lead.id for lead in read_by])
    *known, _ = await together(session, *reads, Statement(_DONE, {"lead_ids": list(lead_ids)}, list))
    revise_briefs(desk, read_by, Material(*known))
    await clear(session, desk)
