"""What the dashboard shows, from running counts and rollups: no statement here reads more as history grows longer."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from reporting.decisions.dashboard import Days, StageCount
from reporting.decisions.dossiers import STAGES

ROWS_MAX = 12
"""How many rows a list of the page has at most; the API has all."""

_EVENTS = text("SELECT event_type, sum(count - tests) AS events FROM event_counts GROUP BY event_type")
_DELIVERED = text("SELECT coalesce(sum(count), 0) FROM delivery_counts WHERE state = 'delivered'")
_STAGES = text(
    """
    SELECT item AS stage, coalesce(sum(count) FILTER (WHERE measure = 'entered'), 0) AS entered,
           coalesce(sum(count) FILTER (WHERE measure = 'converted'), 0) AS converted
    FROM rollups WHERE measure IN ('entered', 'converted') AND day BETWEEN :first AND :last
    GROUP BY item
    """
)
_OBJECTIONS = text(
    """
    WITH counted AS (
        SELECT item AS topic, specialty, coalesce(sum(count) FILTER (WHERE day >= :first), 0) AS heard,
               coalesce(sum(count) FILTER (WHERE day < :first), 0) AS previous
        FROM rollups WHERE measure = 'objected' AND day BETWEEN :before_first AND :last
        GROUP BY item, specialty
    )
    SELECT topic, specialty, heard, previous FROM counted WHERE heard > 0 OR previous > 0
    ORDER BY heard DESC, previous DESC, topic, specialty LIMIT :limit
    """
)
# The partial index over unclosed scopes keeps this short: a scope has one unclosed decision.
_OPEN_DECISIONS = text(
    """
    SELECT decision_id, brand_id, topic, specialty, (figures ->> 'count')::bigint AS objections, (figures ->> 'reps')::bigint AS reps,
           (figures ->> 'previous')::bigint AS previous, recommended, owner, due_at
    FROM decisions
    WHERE state = 'open' AND (CAST(:owners AS text[]) IS NULL OR owner = ANY (CAST(:owners AS text[])))
    ORDER BY due_at, decision_id LIMIT :limit
    """
)
_SUBSCRIPTIONS = text(
    """
    SELECT s.name, s.state = 'active' AS is_active, coalesce(sum(c.count) FILTER (WHERE c.state = 'pending'), 0) AS pending,
           coalesce(sum(c.count) FILTER (WHERE c.state = 'delivered'), 0) AS delivered,
           coalesce(sum(c.count) FILTER (WHERE c.state = 'dead'), 0) AS dead
    FROM subscriptions AS s LEFT JOIN delivery_counts AS c ON c.subscription = s.name
    GROUP BY s.name, s.state ORDER BY dead DESC, pending DESC, s.name LIMIT :limit
    """
)


@dataclass(frozen=True, slots=True)
class ObjectionCount:
    """How often a topic was objected to in a specialty, empty where nobody stated it, and how often in the days before."""

    topic: str
    specialty: str
    heard: int
    previous: int


@dataclass(frozen=True, slots=True)
class OpenDecision:
    """What is asked of whom, by when, because of how many objections from how many reps."""

    decision_id: UUID
    brand_id: str
    topic: str
    specialty: str
    objections: int
    reps: int
    previous: int
    recommended: str
    owner: str
    due_at: datetime


@dataclass(frozen=True, slots=True)
class SubscriptionCount:
    """Where a subscription's deliveries stand."""

    name: str
    is_active: bool
    pending: int
    delivered: int
    dead: int


async def event_counts(session: AsyncSession) -> dict[str, int]:
    """How many events of each type there ever were, but for tests."""
    return {row.event_type: int(row.events) for row in await session.execute(_EVENTS)}


async def delivered_count(session: AsyncSession) -> int:
    """How many webhooks were delivered, to whomever."""
    return int(await session.scalar(_DELIVERED) or 0)


async def stage_counts(session: AsyncSession, days: Days) -> list[StageCount]:
    """The funnel of leads that entered each stage in these days, every stage in order."""
    rows = {row.stage: row for row in await session.execute(_STAGES, {"first": days.first, "last": days.last})}
    return [
        StageCount(stage, int(rows[stage].entered), int(rows[stage].converted)) if stage in rows else StageCount(stage, 0, 0)
        for stage in STAGES
    ]


async def objection_counts(session: AsyncSession, days: Days) -> list[ObjectionCount]:
    """The topics and specialties most heard in these days, beside as many days before."""
    given = {"first": days.first, "last": days.last, "before_first": days.before().first, "limit": ROWS_MAX}
    return [
        ObjectionCount(row.topic, row.specialty, int(row.heard), int(row.previous)) for row in await session.execute(_OBJECTIONS, given)
    ]


async def open_decisions(session: AsyncSession, *, owners: Sequence[str] | None) -> list[OpenDecision]:
    """The open decisions of these owners, or of everybody, those due first before the others."""
    rows = await session.execute(_OPEN_DECISIONS, {"owners": owners, "limit": ROWS_MAX})
    return [OpenDecision(**row._mapping) for row in rows]


async def subscription_counts(session: AsyncSession) -> list[SubscriptionCount]:
    """Where deliveries stand by subscription, those in trouble first."""
    rows = await session.execute(_SUBSCRIPTIONS, {"limit": ROWS_MAX})
    return [SubscriptionCount(row.name, row.is_active, int(row.pending), int(row.delivered), int(row.dead)) for row in rows]
