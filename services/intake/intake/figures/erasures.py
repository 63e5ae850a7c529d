"""What operators see of erasures: how many are approved and not certified yet, and for how long the oldest has been, never whose."""

from prometheus_client import Gauge
from sqlalchemy import text

from shared.gauges import Sampler

ERASURES_OPEN = Gauge("fullcircle_erasures_open", "Erasures that were approved and are not certified yet.")
ERASURES_OLDEST_AGE_SECONDS = Gauge("fullcircle_erasures_oldest_age_seconds", "Since when the oldest of them is approved; 0 for none.")

_ERASURES = text(
    """
    SELECT count(*) AS open, coalesce(extract(epoch FROM CAST(:now AS timestamptz) - min(approved_at)), 0) AS oldest_age_seconds
    FROM (
        SELECT approved_at FROM erasures WHERE certified_at IS NULL AND approved_at IS NOT NULL ORDER BY approved_at LIMIT :counted_max
    ) AS counted
    """
)

SAMPLERS = (Sampler("erasures", _ERASURES, {"open": ERASURES_OPEN, "oldest_age_seconds": ERASURES_OLDEST_AGE_SECONDS}),)
