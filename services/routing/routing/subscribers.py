"""Events in: one function per topic, a line each into operations."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from routing.operations.briefs.hearing import record_objections
from routing.operations.erasing import erase_contacts
from routing.operations.leads.outcomes import apply_outcomes
from routing.operations.recording import record_catalog, record_contacts, record_engagements
from shared.events import Event
from shared.events.feedback import ObjectionRecorded, OutcomeRecorded


async def on_engagements(session: AsyncSession, events: Sequence[Event], now: datetime) -> None:
    """What contacts did."""
    await record_engagements(session, events, now=now)


async def on_contacts(session: AsyncSession, events: Sequence[Event], now: datetime) -> None:
    """Who contacts are, and what they allow."""
    await record_contacts(session, events, now=now)


async def on_catalog(session: AsyncSession, events: Sequence[Event], now: datetime) -> None:
    """What there is to show."""
    await record_catalog(session, events, now=now)


async def on_feedback(session: AsyncSession, events: Sequence[Event], now: datetime) -> None:
    """What reps reported; insights and what reps were told are not routing's."""
    await record_objections(session, [event.fact for event in events if isinstance(event.fact, ObjectionRecorded)])
    await apply_outcomes(session, [event for event in events if isinstance(event.fact, OutcomeRecorded)], now=now)


async def on_erasures(session: AsyncSession, events: Sequence[Event], now: datetime) -> None:
    """Who must be forgotten; who has done it is intake's to know."""
    await erase_contacts(session, events, now=now)
