"""Briefs follow the facts: those that may not say what is true any more are composed anew in the background, and issued if they differ."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from routing.operations.briefs.writing import revise_briefs
from routing.operations.laying_out import clear, hold_free_contacts, lay_out
from routing.operations.ledgers.keeping import keep_ledgers
from routing.operations.qualifying import decide_pairs
from routing.queries.brief_material import Material, material
from shared.database import Database, Statement, together

REVISED_AT_ONCE = 100

_DUE = text(
    """
    SELECT lead_id, contact_id FROM brief_revisions JOIN leads ON leads.id = lead_id WHERE due_at <= :now
    ORDER BY due_at, lead_id LIMIT :at_once
    """
)
_DONE = "DELETE FROM brief_revisions WHERE lead_id = ANY(%(lead_ids)s)"


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
