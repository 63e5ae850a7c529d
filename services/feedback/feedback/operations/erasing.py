"""Forgetting a contact: where they work and what reps typed about them go; codes stay, and so do cases with what was said in them."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from feedback.operations.surroundings import follow_contacts
from feedback.operations.text_keys import drop_all_keys
from shared.erasing import Forgotten, obey, orders_in
from shared.events import Event
from shared.events.contacts import ERASED_VERSION, ContactSnapshot
from shared.events.erasures import ErasureOrdered

_ABOUT_THEM = "contact_id = :contact_id OR lead_id IN (SELECT lead_id FROM leads WHERE contact_id = :contact_id)"
_DROP_NOTES = text(f"DELETE FROM report_notes USING reports WHERE reports.id = report_notes.report_id AND ({_ABOUT_THEM})")  # noqa: S608 (ours)
_KEPT = text(
    f"""
    SELECT (SELECT count(*) FROM cases WHERE {_ABOUT_THEM}) AS cases, (SELECT count(*) FROM reports WHERE {_ABOUT_THEM}) AS reports
    """  # noqa: S608 (ours)
)


async def follow_erasures(session: AsyncSession, events: Sequence[Event], now: datetime) -> None:
    """Forgets those named, and says so. What was sealed until now nobody can read any more, wherever copies of it lie."""
    orders = orders_in(events)
    if not orders:
        return
    await follow_contacts(session, [replace(event, fact=_nobody(fact)) for event, fact in orders], now)

    async def forget(contact_id: str) -> Forgotten:
        notes = await session.execute(_DROP_NOTES, {"contact_id": contact_id})
        kept = (await session.execute(_KEPT, {"contact_id": contact_id})).one()
        return Forgotten(
            erased={"contacts": 1, "notes": int(notes.rowcount)},  # type: ignore[attr-defined]  # a DELETE tells it
            kept={"cases": kept.cases, "reports": kept.reports},
        )

    await obey(session, orders, service="feedback", forget=forget, now=now)
    await drop_all_keys(session)


def _nobody(fact: ErasureOrdered) -> ContactSnapshot:
    return ContactSnapshot(contact_id=fact.contact_id, merged_into=fact.merged_into, version=ERASED_VERSION, provisional=True)
