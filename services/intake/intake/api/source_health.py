"""How a source fares, for who connected it: when it posted last, how often it should, and what became of what came."""

from datetime import UTC, datetime, timedelta

from fastapi import APIRouter
from sqlalchemy import text

from intake.rows import PlatformName
from shared import problems
from shared.auth import reading
from shared.bodies import Answer, Moment
from shared.database import Database
from shared.routes import StrictRoute

_DAY = timedelta(days=1)
# What is counted by the hour, and what has come since; an hour that began before the day counts with the part of it that is older too.
_HEALTH = text(
    """
    SELECT w.quiet_since, w.expected_gap_seconds, last.received_at AS last_receipt_at,
        sum(counted.receipts) AS receipts, sum(counted.accepted) AS accepted, sum(counted.duplicate) AS duplicate,
        sum(counted.ignored) AS ignored, sum(counted.rejected) AS rejected
    FROM sources s
    LEFT JOIN source_watches w ON w.source = s.name
    LEFT JOIN LATERAL (
        SELECT received_at FROM receipts WHERE source = s.name AND door = 'webhook' ORDER BY received_at DESC LIMIT 1
    ) AS last ON true
    LEFT JOIN LATERAL (
        SELECT receipts, accepted, duplicate, ignored, rejected FROM source_hours
        WHERE source = s.name AND hour >= date_trunc('hour', CAST(:since AS timestamptz), 'UTC')
        UNION ALL
        SELECT 1, accepted, duplicate, ignored, rejected FROM receipts
        WHERE source = s.name AND door = 'webhook' AND received_at >= greatest(w.counted_until, CAST(:since AS timestamptz))
    ) AS counted ON true
    WHERE s.name = :name
    GROUP BY w.quiet_since, w.expected_gap_seconds, last.received_at
    """
)


class DayAnswer(Answer):
    """What a source posted within a day: requests, and items by verdict."""

    receipts: int
    accepted: int
    duplicate: int
    ignored: int
    rejected: int


class HealthAnswer(Answer):
    """`expected_every_seconds`: how often the source posts at this time of the week at least, null as long as it has no habit;
    `quiet_since`: since when it should have posted and doesn't, null if all is well."""

    name: str
    last_receipt_at: Moment | None
    expected_every_seconds: float | None
    quiet_since: Moment | None
    last_24_hours: DayAnswer


def routes(database: Database) -> APIRouter:
    """`GET /v1/sources/{name}/health`."""
    router = APIRouter(prefix="/v1", route_class=StrictRoute, tags=["sources"])

    @router.get("/sources/{name}/health", dependencies=[reading("marketing", "admin")])
    async def get_health(name: PlatformName) -> HealthAnswer:
        """How the source fares."""
        async with database.reading() as session:
            row = (await session.execute(_HEALTH, {"name": name, "since": datetime.now(UTC) - _DAY})).one_or_none()
        if row is None:
            raise problems.not_found(f"There is no source {name}.")
        return HealthAnswer(
            name=name,
            last_receipt_at=row.last_receipt_at,
            expected_every_seconds=row.expected_gap_seconds,
            quiet_since=row.quiet_since,
            last_24_hours=DayAnswer(**{field: getattr(row, field) or 0 for field in DayAnswer.model_fields}),
        )

    return router
