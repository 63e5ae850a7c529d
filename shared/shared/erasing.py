"""Forgetting a contact in a service that was told to: whatever it held is for the service to know, that it answers is not."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from shared import quarantine
from shared.events import Event, topics
from shared.events.erasures import ContactErased, ErasureOrdered
from shared.events.facts import ServiceName
from shared.outbox import publish

Order = tuple[Event, ErasureOrdered]


@dataclass(frozen=True, slots=True)
class Forgotten:
    """How much of a person a service erased, and how much it keeps, by what it is."""

    erased: dict[str, int]
    kept: dict[str, int]


def orders_in(events: Sequence[Event]) -> list[Order]:
    """The orders to erase among the events of the topic; the others are what services answered."""
    return [(event, event.fact) for event in events if isinstance(event.fact, ErasureOrdered)]


async def obey(
    session: AsyncSession, orders: Sequence[Order], *, service: ServiceName, forget: Callable[[str], Awaitable[Forgotten]], now: datetime
) -> None:
    """Has each contact forgotten, what was set aside of them too, and says so."""
    answers = []
    for event, order in orders:
        forgotten = await forget(order.contact_id)
        parked = await quarantine.forget(session, topics.CONTACTS, [order.contact_id])
        erased = ContactErased(
            erasure_id=order.erasure_id,
            contact_id=order.contact_id,
            service=service,
            erased={**forgotten.erased, "quarantined": parked},
            kept=forgotten.kept,
            erased_at=now,
        )
        answers.append(Event.of(erased, occurred_at=now, recorded_at=now, correlation_id=event.correlation_id, causation_id=event.id))
    await publish(session, answers)
