"""What operators see of intake: texts that people typed and nobody has looked at yet."""

from prometheus_client import Gauge
from sqlalchemy import text

from shared.gauges import Sampler

TEXTS_UNTRIAGED = Gauge("fullcircle_texts_untriaged", "Texts typed at marketing's door that feedback has given no verdict on.")
TEXTS_OLDEST_AGE_SECONDS = Gauge(
    "fullcircle_texts_untriaged_oldest_age_seconds", "How long ago the oldest of them was received; 0 when there is none."
)

_TEXTS = text(
    """
    SELECT count(*) AS untriaged, coalesce(extract(epoch FROM CAST(:now AS timestamptz) - min(received_at)), 0) AS oldest_age_seconds
    FROM (SELECT received_at FROM typed_texts WHERE verdict IS NULL ORDER BY received_at LIMIT :counted_max) AS counted
    """
)

SAMPLERS = (Sampler("texts", _TEXTS, {"untriaged": TEXTS_UNTRIAGED, "oldest_age_seconds": TEXTS_OLDEST_AGE_SECONDS}),)
