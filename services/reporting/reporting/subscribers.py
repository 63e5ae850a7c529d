"""Events in. Every topic is folded the same way: which facts move which counts is decided by what they are, not where they came from."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from reporting.operations.erasing import erase_contacts
from reporting.operations.folding import fold
from shared.events import Event, topics

# Reporting's own events on `loop` are recorded where they are made, in the same commit, so that they need not come back.
CONSUMED = (
    topics.CONTACTS,
    topics.CATALOG,
    topics.FIELD_FORCE,
    topics.ENGAGEMENTS,
    topics.LEADS,
    topics.FEEDBACK,
    topics.CASES,
    topics.ERASURES,
)


async def on_events(session: AsyncSession, events: Sequence[Event], now: datetime) -> None:
    """Folds a batch of any topic; whoever is to be forgotten is."""
    await fold(session, events, now=now)
    await erase_contacts(session, events, now=now)
