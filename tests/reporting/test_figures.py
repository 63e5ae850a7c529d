"""What operators see of deliveries: pending, how old, and dead, by subscription."""

from datetime import datetime, timedelta

from prometheus_client import REGISTRY
from sqlalchemy import text

from reporting.figures import SAMPLERS
from shared.gauges import sample
from shared.service import Service

_SUBSCRIPTION = text(
    """
    INSERT INTO subscriptions (name, url, events, filter, secrets, state, updated_at)
    VALUES (:name, 'https://example.org', '{lead.assigned}', '{}', '{s}', 'active', now())
    """
)
_DELIVERY = text(
    """
    INSERT INTO deliveries (subscription, event_id, event_type, key, body, state, attempts, created_at, next_attempt_at, settled_at)
    VALUES ('mautic', gen_random_uuid(), 't', 'k', '{}', :state, 0, :created_at, :next_attempt_at, :settled_at)
    """
)


async def test_pending_and_dead_deliveries_are_counted_by_subscription(reporting: Service, now: datetime) -> None:
    long_ago = now - timedelta(hours=2)
    pending = {"state": "pending", "next_attempt_at": now, "settled_at": None}
    async with reporting.database.transaction() as session:
        for name in ("mautic", "quiet"):
            await session.execute(_SUBSCRIPTION, {"name": name})
        await session.execute(_DELIVERY, {**pending, "created_at": long_ago})
        await session.execute(_DELIVERY, {**pending, "created_at": now})
        for settled_at in (now - timedelta(hours=1), now - timedelta(hours=30)):
            dead = {"state": "dead", "next_attempt_at": None, "settled_at": settled_at}
            await session.execute(_DELIVERY, {**dead, "created_at": long_ago})
    for sampler in SAMPLERS:
        await sample(reporting.database, sampler, now=now)

    def shown(subscription: str) -> list[float | None]:
        names = ("pending", "oldest_age_seconds", "dead")
        return [REGISTRY.get_sample_value(f"fullcircle_deliveries_{name}", {"subscription": subscription}) for name in names]

    assert shown("mautic") == [2, 7200, 1]
    assert shown("quiet") == [0, 0, 0]


async def test_both_counts_are_found_by_an_index(reporting: Service, now: datetime) -> None:
    async with reporting.database.transaction() as session:
        await session.execute(text("SET LOCAL enable_seqscan = off"))
        [sampler] = SAMPLERS
        plan = "\n".join(await session.scalars(text(f"EXPLAIN {sampler.query.text}"), {"now": now, "counted_max": 10_000}))
        assert "ix_deliveries_pending" in plan
        assert "ix_deliveries_dead" in plan
