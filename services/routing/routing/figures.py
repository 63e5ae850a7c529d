"""What operators see of routing: clocks past their due time, and leads for which nobody is eligible."""

from prometheus_client import Gauge
from sqlalchemy import text

from shared.gauges import Sampler

CLOCKS_OVERDUE = Gauge("fullcircle_clocks_overdue", "Clocks of open leads past their due time, by kind.", ["kind"])
CLOCKS_UNSEEN_OLDEST_AGE_SECONDS = Gauge(
    "fullcircle_clocks_unseen_oldest_age_seconds", "How long ago the clock needed attention that has waited longest for it."
)
LEADS_WAITING = Gauge("fullcircle_leads_waiting", "Leads in the queue, because nobody is eligible.")
LEADS_WAITING_OLDEST_AGE_SECONDS = Gauge("fullcircle_leads_waiting_oldest_age_seconds", "How long the oldest of them has waited.")

LEADS_TO_REROUTE = Gauge("fullcircle_leads_to_reroute", "Owned leads to be decided again, because the field force changed.")

BRIEFS_OUTDATED_OLDEST_AGE_SECONDS = Gauge(
    "fullcircle_briefs_outdated_oldest_age_seconds", "How long ago the brief was due to be looked at that has waited longest."
)

# A clock ends with its lead, and a paused one is nobody's fault, so these are of leads somebody still has to see to.
_CLOCKS = text(
    """
    SELECT kind, count(*) AS overdue
    FROM (
        SELECT kind FROM clocks
        WHERE state IN ('running', 'warned', 'breached') AND due_at < CAST(:now AS timestamptz)
        ORDER BY due_at LIMIT :counted_max
    ) AS counted
    GROUP BY kind
    """
)
_UNSEEN = text(
    """
    SELECT coalesce(extract(epoch FROM CAST(:now AS timestamptz) - min(next_at)), 0) AS oldest_age_seconds
    FROM (SELECT next_at FROM clocks WHERE next_at <= CAST(:now AS timestamptz) ORDER BY next_at LIMIT 1) AS oldest
    """
)
_WAITING = text(
    """
    SELECT count(*) AS waiting, coalesce(extract(epoch FROM CAST(:now AS timestamptz) - min(waiting_since)), 0) AS oldest_age_seconds
    FROM (SELECT waiting_since FROM leads WHERE waiting_since IS NOT NULL ORDER BY waiting_since, id LIMIT :counted_max) AS counted
    """
)

_TO_REROUTE = text(
    """
    SELECT count(*) AS leads FROM (
        SELECT leads.id FROM reroutes JOIN leads ON leads.rep_id = reroutes.rep_id
        WHERE scope = 'rep' AND leads.ended_at IS NULL AND tried_in_round < round
        UNION SELECT id FROM leads
        WHERE ended_at IS NULL AND stage IN ('assigned', 'accepted')
            AND tried_in_round < (SELECT round FROM reroutes WHERE scope = 'territories')
        LIMIT :counted_max
    ) AS counted
    """
)
_OUTDATED = text(
    """
    SELECT coalesce(extract(epoch FROM CAST(:now AS timestamptz) - min(due_at)), 0) AS oldest_age_seconds
    FROM (SELECT due_at FROM brief_revisions WHERE due_at <= CAST(:now AS timestamptz) ORDER BY due_at LIMIT 1) AS oldest
    """
)

SAMPLERS = (
    Sampler("clocks", _CLOCKS, {"overdue": CLOCKS_OVERDUE}, labels=("kind",)),
    Sampler("ticking", _UNSEEN, {"oldest_age_seconds": CLOCKS_UNSEEN_OLDEST_AGE_SECONDS}),
    Sampler("queue", _WAITING, {"waiting": LEADS_WAITING, "oldest_age_seconds": LEADS_WAITING_OLDEST_AGE_SECONDS}),
    Sampler("rerouting", _TO_REROUTE, {"leads": LEADS_TO_REROUTE}),
    Sampler("briefs", _OUTDATED, {"oldest_age_seconds": BRIEFS_OUTDATED_OLDEST_AGE_SECONDS}),
)
