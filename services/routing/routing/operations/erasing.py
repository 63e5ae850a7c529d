"""Forgetting a contact: they are described anew as somebody of whom nothing is known and who may not be contacted, for good."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from routing.operations.recording import record_contacts
from shared import quarantine
from shared.events import Event, topics
from shared.events.contacts import ERASED_VERSION, Consent, ContactSnapshot
from shared.events.erasures import ContactErased, ErasureOrdered
from shared.outbox import publish

# What a brief says of a person is all over it, in sentences too: it goes whole. Its lead keeps ids, stages and times.
_DROP_BRIEFS = text("DELETE FROM briefs USING leads WHERE leads.id = briefs.lead_id AND leads.contact_id = :contact_id")
_KEPT = text(
    """
    SELECT (SELECT count(*) FROM leads WHERE contact_id = :contact_id) AS leads,
        (SELECT count(*) FROM engagements WHERE contact_id = :contact_id) AS engagements
    """
)


async def erase_contacts(session: AsyncSession, events: Sequence[Event], *, now: datetime) -> None:
    """Forgets those named, ends their leads as for anybody who may not be contacted, and says so."""
    orders = [(event, event.fact) for event in events if isinstance(event.fact, ErasureOrdered)]
    if not orders:
        return
    await record_contacts(session, [replace(event, fact=_nobody(fact)) for event, fact in orders], now=now)
    answers = []
    for event, fact in orders:
        # After the contact's row, which the writers of briefs hold: none of theirs comes later.
        briefs = await session.execute(_DROP_BRIEFS, {"contact_id": fact.contact_id})
        parked = await quarantine.forget(session, topics.CONTACTS, [fact.contact_id])
        kept = (await session.execute(_KEPT, {"contact_id": fact.contact_id})).one()
        erased = ContactErased(
            erasure_id=fact.erasure_id,
            contact_id=fact.contact_id,
            service="routing",
            erased={"contacts": 1, "briefs": int(briefs.rowcount), "quarantined": parked},  # type: ignore[attr-defined]  # a DELETE tells it
            kept={"leads": kept.leads, "engagements": kept.engagements},
            erased_at=now,
        )
        answers.append(Event.of(erased, occurred_at=now, recorded_at=now, correlation_id=event.correlation_id, causation_id=event.id))
    await publish(session, answers)


def _nobody(fact: ErasureOrdered) -> ContactSnapshot:
    return ContactSnapshot(
        contact_id=fact.contact_id,
        merged_into=fact.merged_into,
        version=ERASED_VERSION,
        provisional=True,
        consents=[Consent(channel="any", purpose="marketing", state="denied")],
    )
