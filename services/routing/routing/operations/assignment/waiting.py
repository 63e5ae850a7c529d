"""Background work that decides again what changed facts left behind: waiting leads, and ledgers of an earlier activation."""

from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from routing.operations.assignment.owners import Search
from routing.operations.assignment.queue_rounds import queue_round
from routing.operations.desk import Desk
from routing.operations.laying_out import clear, hold_free_contacts, lay_out
from routing.operations.ledgers.keeping import keep_ledgers
from routing.operations.qualifying import decide_pairs
from routing.tables import Lead, Ledger, Policy
from shared.database import Database, together

WAITING_LEADS_AT_ONCE = 100
STALE_LEDGERS_AT_ONCE = 200


async def try_waiting_leads(database: Database, *, now: datetime) -> int:
    """Looks for an owner for the oldest leads that were not tried in this round, and returns how many were."""
    async with database.transaction() as session:
        [round_number] = await together(session, queue_round())
        untried = (
            select(Lead.contact_id)
            .where(Lead.waiting_since.is_not(None), Lead.tried_in_round < round_number)
            .order_by(Lead.waiting_since, Lead.id)
            .limit(WAITING_LEADS_AT_ONCE)
        )
        contact_ids = list(await session.scalars(untried))
        if not contact_ids:
            return 0
        desk = await _lay_out_free(session, contact_ids, now=now)
        waiting = [lead for lead in desk.leads.values() if lead.waiting_since and lead.tried_in_round < round_number]
        waiting.sort(key=lambda lead: (lead.waiting_since or now, lead.id))
        await decide_pairs(session, desk, [], searches=[Search(lead, reason="tried_again") for lead in waiting])
        await clear(session, desk)
    return len(waiting)


async def decide_stale_ledgers(database: Database, *, now: datetime) -> int:
    """Decides anew contacts x brands last decided before their brand's newest activation, and returns how many contacts were taken."""
    async with database.transaction() as session:
        newest = (
            select(Policy.brand_id, func.max(Policy.activation).label("activation"))
            .where(Policy.activation.is_not(None))
            .group_by(Policy.brand_id)
            .subquery()
        )
        stale = (
            select(Ledger.contact_id)
            .join(newest, newest.c.brand_id == Ledger.brand_id)
            .where(Ledger.activation < newest.c.activation)
            .limit(STALE_LEDGERS_AT_ONCE)
        )
        contact_ids = list(await session.scalars(stale))
        if not contact_ids:
            return 0
        desk = await _lay_out_free(session, contact_ids, now=now)
        await decide_pairs(session, desk, list(desk.ledgers))
        await clear(session, desk)
    return len(desk.ledgers)


async def _lay_out_free(session: AsyncSession, contact_ids: list[str], *, now: datetime) -> Desk:
    """A desk with those of the contacts that no one else decides about just now; the others come another time."""
    desk = await lay_out(session, await hold_free_contacts(session, contact_ids), now=now)
    await keep_ledgers(session, desk, fresh={})
    return desk
