"""What operators see of intake: what each source posts, what becomes of it, how late it comes, and whether it has gone quiet.

A source is named by its own name; whoever names one that isn't there shares one label, so that nobody can make labels.
"""

from functools import lru_cache
from typing import Literal

from prometheus_client import Counter, Gauge, Histogram
from sqlalchemy import text

from intake.decisions.receipts import Delivery, Tally
from intake.decisions.stages import stage_of
from shared.gauges import Sampler

UNKNOWN, POSTED = "(unknown)", "(posted)"
"""Labels no source can have as its name: for names nobody has, and for engagements posted with a token."""

Answer = Literal["taken", "unproved", "unknown", "too_fast"]

REQUESTS = Counter(
    "fullcircle_intake_requests_total", "Webhook requests by source: taken, unproved (their signature fails), unknown, too fast.",
    ["source", "answer"],
)  # fmt: skip
ITEMS = Counter("fullcircle_intake_items_total", "Items by source and verdict.", ["source", "verdict"])
REJECTED = Counter(
    "fullcircle_intake_rejected_total", "Rejected items by source and by the stage they came to: format, mapping, identity.",
    ["source", "stage"],
)  # fmt: skip
LAG_SECONDS = Histogram(
    "fullcircle_intake_lag_seconds",
    "From when an accepted act happened to its receipt, by source; backfills and tests are left out.",
    ["source"],
    buckets=(1, 5, 15, 60, 300, 900, 3_600, 6 * 3_600, 86_400, 7 * 86_400),
)
IMPORT_ROWS = Counter("fullcircle_intake_import_rows_total", "Rows of imported files that are through, taken or not, by kind.", ["kind"])
QUIET = Gauge("fullcircle_intake_source_quiet", "1 while a source posts nothing although by its own habit it should.", ["source"])
EXPECTED_GAP_SECONDS = Gauge(
    "fullcircle_intake_source_expected_gap_seconds",
    "How often a source posts at this time of the week at least; 0 without a habit.",
    ["source"],
)
LAST_SEEN = Gauge("fullcircle_intake_source_last_seen_timestamp_seconds", "When a source posted last (Unix time).", ["source"])

_WATCHES = text(
    """
    SELECT source, CASE WHEN quiet_since IS NULL THEN 0 ELSE 1 END AS quiet, expected_gap_seconds, extract(epoch FROM last_at) AS last_seen
    FROM source_watches LIMIT :counted_max
    """
)
SAMPLERS = (
    Sampler(
        "sources", _WATCHES, {"quiet": QUIET, "expected_gap_seconds": EXPECTED_GAP_SECONDS, "last_seen": LAST_SEEN}, labels=("source",)
    ),
)


def count_request(source: str, answer: Answer) -> None:
    """One more request answered so."""
    _requests(source, answer).inc()


def count_taken(source: str, delivery: Delivery, tally: Tally) -> None:
    """A webhook that is on record, and what became of its items."""
    count_request(source, "taken")
    count_items(source, delivery, tally)


def count_items(source: str, delivery: Delivery, tally: Tally) -> None:
    """What became of a delivery's items, and how late the accepted ones came."""
    for outcome, number in tally.counts.items():
        if number:
            _items(source, outcome).inc(number)
    for verdict in tally.verdicts:
        act = verdict.act
        if verdict.outcome == "rejected":
            REJECTED.labels(source, stage_of(verdict.reason) or UNKNOWN).inc()
        if act is not None and act.occurred_at is not None and not act.flags and not delivery.flags.of(act.occurred_at):
            _lag(source).observe(max(0.0, (delivery.received_at - act.occurred_at).total_seconds()))


@lru_cache(maxsize=1_024)
def _requests(source: str, answer: Answer) -> Counter:
    return REQUESTS.labels(source, answer)


@lru_cache(maxsize=1_024)
def _items(source: str, outcome: str) -> Counter:
    return ITEMS.labels(source, outcome)


@lru_cache(maxsize=1_024)
def _lag(source: str) -> Histogram:
    return LAG_SECONDS.labels(source)
