"""What operators see of feedback: cases nobody has acknowledged yet, by kind and certainty, never by id."""

from prometheus_client import Gauge
from sqlalchemy import text

from shared.gauges import Sampler

CASES_UNACKNOWLEDGED = Gauge("fullcircle_cases_unacknowledged", "Cases nobody has acknowledged.", ["kind", "certainty"])
CASES_OVERDUE_SECONDS = Gauge(
    "fullcircle_cases_overdue_seconds", "How long past its due time the most overdue of them is; 0 when none is.", ["kind", "certainty"]
)

# The most urgent first, so that what is not counted any more is what has most time left.
_CASES = text(
    """
    SELECT kind, certainty, count(*) AS unacknowledged,
           greatest(0, extract(epoch FROM CAST(:now AS timestamptz) - min(due_at))) AS overdue_seconds
    FROM (SELECT kind, certainty, due_at FROM cases WHERE state = 'open' ORDER BY due_at, id LIMIT :counted_max) AS counted
    GROUP BY kind, certainty
    """
)

SAMPLERS = (
    Sampler(
        "cases",
        _CASES,
        {"unacknowledged": CASES_UNACKNOWLEDGED, "overdue_seconds": CASES_OVERDUE_SECONDS},
        labels=("kind", "certainty"),
    ),
)
