"""Forgetting a contact: they are described anew as somebody of whom nothing is known and who may not be contacted, for good."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Result, text
from sqlalchemy.ext.asyncio import AsyncSession

from routing.operations.recording import record_contacts
from shared.erasing import Forgotten, obey, orders_in
from shared.events import Event
from shared.events.contacts import ERASED_VERSION, Consent, ContactSnapshot
from shared.events.erasures import ErasureOrdered

# What a brief says of a person is all over it, in sentences too: it goes whole. Its lead keeps ids, stages and times.
_DROP_BRIEFS = text("DELETE FROM briefs USING leads WHERE leads.id = briefs.lead_id AND leads.contact_id = :contact_id")
# Who prescribes how much is theirs too. An alignment that names them keeps their id, which says nothing alone.
_DROP_TARGETS = text("DELETE FROM targets WHERE contact_id = :contact_id")
# And so does what was made up about them.
_DROP_SIMULATED = text("DELETE FROM simulated_decisions WHERE contact_id = :contact_id")
_KEPT = text(
    """
    SELECT (SELECT count(*) FROM leads WHERE contact_id = :contact_id) AS leads,
        (SELECT count(*) FROM engagements WHERE contact_id = :contact_id) AS engagements
    """
)


async def erase_contacts(session: AsyncSession, events: Sequence[Event], *, now: datetime) -> None:
    """Forgets those named, ends their leads as for anybody who may not be contacted, and says so."""
    orders = orders_in(events)
    if not orders:
        return
    await record_contacts(session, [replace(event, fact=_nobody(fact)) for event, fact in orders], now=now)

    async def forget(contact_id: str) -> Forgotten:
        # After the contact's row, which the writers of briefs hold: none of theirs comes later.
        briefs = await session.execute(_DROP_BRIEFS, {"contact_id": contact_id})
        targets = await session.execute(_DROP_TARGETS, {"contact_id": contact_id})
        simulated = await session.execute(_DROP_SIMULATED, {"contact_id": contact_id})
        kept = (await session.execute(_KEPT, {"contact_id": contact_id})).one()
        return Forgotten(
            erased={
                "contacts": 1,
                "briefs": _deleted(briefs),
                "targets": _deleted(targets),
                "simulated_decisions": _deleted(simulated),
            },
            kept={"leads": kept.leads, "engagements": kept.engagements},
        )

    await obey(session, orders, service="routing", forget=forget, now=now)


def _deleted(result: Result[Any]) -> int:
    return int(result.rowcount)  # type: ignore[attr-defined]  # a DELETE tells it


def _nobody(fact: ErasureOrdered) -> ContactSnapshot:
    return ContactSnapshot(
        contact_id=fact.contact_id,
        merged_into=fact.merged_into,
        version=ERASED_VERSION,
        provisional=True,
        consents=[Consent(channel="any", purpose="marketing", state="denied")],
    )
