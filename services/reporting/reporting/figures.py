"""What operators see of reporting: webhooks that wait, and those that were given up, by subscription."""

from prometheus_client import Gauge
from sqlalchemy import text

from shared.gauges import Sampler

DELIVERIES_PENDING = Gauge("fullcircle_deliveries_pending", "Webhooks not delivered yet.", ["subscription"])
DELIVERIES_OLDEST_AGE_SECONDS = Gauge("fullcircle_deliveries_oldest_age_seconds", "Age of the oldest of them.", ["subscription"])
DELIVERIES_DEAD = Gauge("fullcircle_deliveries_dead", "Webhooks given up within the last 24 hours.", ["subscription"])

_DELIVERIES = text(
    """
    SELECT s.name AS subscription, pending.count AS pending, dead.count AS dead,
           coalesce(extract(epoch FROM CAST(:now AS timestamptz) - pending.oldest_at), 0) AS oldest_age_seconds
    FROM subscriptions AS s
    CROSS JOIN LATERAL (
        SELECT count(*) AS count, min(created_at) AS oldest_at
        FROM (
            SELECT created_at FROM deliveries WHERE subscription = s.name AND state = 'pending' ORDER BY position LIMIT :counted_max
        ) AS counted
    ) AS pending
    CROSS JOIN LATERAL (
        SELECT count(*) AS count
        FROM (
            SELECT 1 FROM deliveries
            WHERE subscription = s.name AND state = 'dead' AND settled_at > CAST(:now AS timestamptz) - interval '24 hours'
            LIMIT :counted_max
        ) AS counted
    ) AS dead
    """
)

SAMPLERS = (
    Sampler(
        "deliveries",
        _DELIVERIES,
        {"pending": DELIVERIES_PENDING, "oldest_age_seconds": DELIVERIES_OLDEST_AGE_SECONDS, "dead": DELIVERIES_DEAD},
        labels=("subscription",),
    ),
)
