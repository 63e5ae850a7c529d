"""What operators see of findings: how often people were lately shown what was not approved there, or no longer."""

from prometheus_client import Gauge
from sqlalchemy import text

from shared.gauges import Sampler

FINDINGS_LAST_DAY = Gauge(
    "fullcircle_findings_last_day", "Engagements of the last 24 hours with an asset that was not allowed, by what was wrong.", ["flag"]
)

_FINDINGS = text(
    """
    SELECT flags.flag, count(counted.flags) AS findings
    FROM (VALUES ('asset_unapproved'), ('asset_expired')) AS flags (flag)
    LEFT JOIN (
        SELECT flags FROM engagements
        WHERE flags ?| ARRAY['asset_unapproved', 'asset_expired'] AND occurred_at > CAST(:now AS timestamptz) - interval '1 day'
        LIMIT :counted_max
    ) AS counted ON counted.flags ? flags.flag
    GROUP BY flags.flag
    """
)

SAMPLERS = (Sampler("findings", _FINDINGS, {"findings": FINDINGS_LAST_DAY}, labels=("flag",)),)
