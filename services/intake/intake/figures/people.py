"""What operators see of people: how many pairs that may be one person wait for somebody's word, and for how long the oldest has."""

from prometheus_client import Gauge
from sqlalchemy import text

from shared.gauges import Sampler

CANDIDATES_WAITING = Gauge("fullcircle_contact_candidates_waiting", "Pairs of contacts that may be one person and wait for a decision.")
CANDIDATES_OLDEST_AGE_SECONDS = Gauge(
    "fullcircle_contact_candidates_oldest_age_seconds", "How long the oldest of them has waited; 0 for none."
)

_CANDIDATES = text(
    """
    SELECT count(*) AS waiting, coalesce(extract(epoch FROM CAST(:now AS timestamptz) - min(since)), 0) AS oldest_age_seconds
    FROM (SELECT since FROM contact_candidates WHERE state = 'waiting' ORDER BY since, id LIMIT :counted_max) AS counted
    """
)

SAMPLERS = (Sampler("candidates", _CANDIDATES, {"waiting": CANDIDATES_WAITING, "oldest_age_seconds": CANDIDATES_OLDEST_AGE_SECONDS}),)
