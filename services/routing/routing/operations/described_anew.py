"""What follows where something else is true of contacts from now on: they were described anew, or a licence of theirs ended."""

from collections.abc import Mapping
from typing import Literal
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from routing.operations.assignment.owners import Search
from routing.operations.desk import Desk
from routing.operations.ledgers.keeping import keep_ledgers
from routing.operations.qualifying import decide_pairs


async def decide_described_anew(
    session: AsyncSession, desk: Desk, *, reason: Literal["contact_changed", "licence_ended"], causes: Mapping[str, UUID] | None = None
) -> None:
    """Decides all contacts on the desk for every brand, looks for owners of their waiting leads, and has their open briefs looked at.

    `causes` are the events that told of it, by contact id. An open lead with an owner stays theirs, unless the contact opted out.
    """
    causes = causes or {}
    await keep_ledgers(session, desk, fresh={})
    for lead in desk.leads.values():
        if lead.ended_at is None:
            desk.notes.changed.add(lead.id)
            desk.notes.outdate(lead, now=desk.now)
    waiting = sorted(
        (lead for lead in desk.leads.values() if lead.waiting_since), key=lambda lead: (lead.waiting_since or desk.now, lead.id)
    )
    searches = [Search(lead, reason=reason, cause=causes.get(lead.contact_id)) for lead in waiting]
    await decide_pairs(session, desk, list(desk.ledgers), causes=causes, searches=searches)
