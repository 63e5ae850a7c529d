"""Events in: one function per topic, a line each into operations."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from intake.operations.erasures.ledger import ErasureLedger
from intake.operations.following_consents import follow_consents
from intake.operations.following_texts import FollowTexts
from shared.consuming import Handler
from shared.events import Event


def on_feedback(text_secret: str, erasures: ErasureLedger) -> Handler:
    """What came of texts and the keys to seal them with, and what people told reps. `text_secret` is the one feedback signs keys with."""
    follow_texts = FollowTexts(text_secret)

    async def apply(session: AsyncSession, events: Sequence[Event], now: datetime) -> None:
        await follow_texts(session, events, now)
        await follow_consents(session, events, erasures=erasures, now=now)

    return apply
