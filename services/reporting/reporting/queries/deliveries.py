"""Deliveries with their attempts, newest first."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

DeliveryState = Literal["pending", "delivered", "dead"]

_LIST = text(
    """
    SELECT d.position, d.subscription, d.event_id, d.event_type, d.key, d.state, d.created_at, d.next_attempt_at, d.settled_at,
           (SELECT coalesce(json_agg(json_build_object('number', a.number, 'at', a.at, 'status_code', a.status_code,
                                                       'failure', a.failure, 'duration_ms', a.duration_ms) ORDER BY a.number), '[]')
            FROM delivery_attempts AS a WHERE a.position = d.position) AS attempts
    FROM deliveries AS d
    WHERE (CAST(:subscription AS text) IS NULL OR d.subscription = :subscription)
      AND (CAST(:state AS text) IS NULL OR d.state = :state)
      AND (CAST(:event_type AS text) IS NULL OR d.event_type = :event_type)
      AND (CAST(:after AS bigint) IS NULL OR d.position < CAST(:after AS bigint))
    ORDER BY d.position DESC LIMIT :limit
    """
)


@dataclass(frozen=True, slots=True)
class DeliveryFound:
    """One event for one subscriber, as it stands."""

    position: int
    subscription: str
    event_id: UUID
    event_type: str
    key: str
    state: DeliveryState
    created_at: datetime
    next_attempt_at: datetime | None
    settled_at: datetime | None
    attempts: Sequence[Mapping[str, Any]]


async def deliveries(
    session: AsyncSession,
    *,
    subscription: str | None,
    state: DeliveryState | None,
    event_type: str | None,
    after: int | None,
    limit: int,
) -> list[DeliveryFound]:
    """Deliveries of one subscription, state or type, or of any, that come after the given position in this order."""
    given = {"subscription": subscription, "state": state, "event_type": event_type, "after": after, "limit": limit}
    return [DeliveryFound(**row._mapping) for row in await session.execute(_LIST, given)]
