"""Subscribing: who is told of which events, where, and signed with which secrets."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

# `xmax` is 0 only in a row that was inserted just now. Saving again ends a disablement: somebody looked at it.
_SAVE = text(
    """
    INSERT INTO subscriptions (name, url, source, events, filter, secrets, state, updated_at)
    VALUES (:name, :url, :source, :events, CAST(:filter AS jsonb), :secrets, 'active', :now)
    ON CONFLICT (name) DO UPDATE
    SET url = excluded.url, source = excluded.source, events = excluded.events, filter = excluded.filter, secrets = excluded.secrets,
        state = excluded.state, updated_at = excluded.updated_at
    RETURNING xmax = 0 AS created
    """
)


@dataclass(frozen=True, slots=True)
class Subscribing:
    """What a subscriber asks for."""

    name: str
    url: str
    source: str | None
    events: list[str]
    filter: dict[str, Any]
    secrets: list[str]


async def save_subscription(session: AsyncSession, subscribing: Subscribing, *, now: datetime) -> bool:
    """Creates or replaces a subscription. Returns whether it is new."""
    saved = await session.execute(
        _SAVE,
        {
            "name": subscribing.name,
            "url": subscribing.url,
            "source": subscribing.source,
            "events": subscribing.events,
            "filter": orjson.dumps(subscribing.filter).decode(),
            "secrets": subscribing.secrets,
            "now": now,
        },
    )
    return bool(saved.scalar_one())
