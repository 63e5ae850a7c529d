"""Forgetting a contact: the ids that platforms and registers know them by go, here and in what subscribers were told; counts stay.

Names never came in. What a contact is counted by (specialty, segments) stands under an id that leads to nobody any more.
"""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from reporting.operations import dossiers
from shared.erasing import Forgotten, obey, orders_in
from shared.events import Event
from shared.events.contacts import ERASED_VERSION

_FORGET = text("UPDATE contacts SET version = :version, external_ids = '{}' WHERE contact_id = :contact_id")
_FORGET_TOLD = text(
    """
    UPDATE deliveries SET body = CAST(jsonb_set(CAST(body AS jsonb), '{data,external_id}', 'null') AS text)
    WHERE event_id IN (SELECT event_id FROM journal WHERE subjects @> ARRAY[:contact_id] AND contact_id = :contact_id)
      AND CAST(body AS jsonb) #>> '{data,external_id}' IS NOT NULL
    """
)
_KEPT = text(
    """
    SELECT (SELECT count(*) FROM leads WHERE contact_id = :contact_id) AS leads,
        (SELECT count(*) FROM objections WHERE contact_id = :contact_id) AS objections
    """
)


async def erase_contacts(session: AsyncSession, events: Sequence[Event], *, now: datetime) -> None:
    """Forgets those named, and says so."""
    orders = orders_in(events)
    if not orders:
        return
    await dossiers.lock(session, {order.contact_id for _, order in orders})

    async def forget(contact_id: str) -> Forgotten:
        await session.execute(_FORGET, {"contact_id": contact_id, "version": ERASED_VERSION})
        told = await session.execute(_FORGET_TOLD, {"contact_id": contact_id})
        kept = (await session.execute(_KEPT, {"contact_id": contact_id})).one()
        return Forgotten(
            erased={"contacts": 1, "deliveries": int(told.rowcount)},  # type: ignore[attr-defined]  # an UPDATE tells it
            kept={"leads": kept.leads, "objections": kept.objections},
        )

    await obey(session, orders, service="reporting", forget=forget, now=now)
