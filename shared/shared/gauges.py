"""Figures that only the database knows, for operators: asked for every few seconds in the background, never by a scrape.

A service registers its own (`service.samplers`); those of the seams every service has stand here. A figure is about the whole
service, not about one process: of several replicas each says the same, so rules take their maximum. Labels are codes and names of
things that operators set up, never ids of people or of what is about them.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import structlog
from prometheus_client import Gauge
from sqlalchemy import TextClause, text

from shared.database import Database, is_weather
from shared.loops import sleep_unless

_log = structlog.get_logger()

# Rows counted at most: beyond it the exact number tells an operator nothing more, and every round would cost more.
COUNTED_MAX = 10_000

_ROUND_SECONDS = 5
# A round that takes longer would cost the service more than it tells.
_QUERY_TIMEOUT_SECONDS = 3

SAMPLED_AT = Gauge("fullcircle_sampled_timestamp_seconds", "When these figures were last read from the database (Unix time).", ["figures"])
QUARANTINE_RECORDS = Gauge("fullcircle_quarantine_records", "Records in quarantine, by the step they failed at.", ["step"])

_QUARANTINE = text(
    """
    SELECT steps.step, count(counted.step) AS records
    FROM (VALUES ('reading'), ('applying')) AS steps (step)
    LEFT JOIN (SELECT step FROM quarantine LIMIT :counted_max) AS counted ON counted.step = steps.step
    GROUP BY steps.step
    """
)


@dataclass(frozen=True, slots=True)
class Sampler:
    """One query and the gauges it fills: a row per combination of `labels`, a column per gauge.

    The query finds what it counts by an index, counts at most `:counted_max` rows and takes `:now`, where it names them.
    Combinations that are no longer among the rows are no longer shown.
    """

    name: str
    query: TextClause
    gauges: Mapping[str, Gauge]
    labels: Sequence[str] = ()


SEAM_SAMPLERS = (Sampler("quarantine", _QUARANTINE, {"records": QUARANTINE_RECORDS}, labels=("step",)),)


async def sample_until_stopped(
    database: Database, samplers: Sequence[Sampler], stop: asyncio.Event, *, clock: Callable[[], datetime] = lambda: datetime.now(UTC)
) -> None:
    """Keeps the gauges current. One that can't be read just now keeps its figure, and `SAMPLED_AT` says how old that is."""
    while not stop.is_set():
        for sampler in samplers:
            try:
                await sample(database, sampler, now=clock())
            except Exception as error:
                if not is_weather(error) and not isinstance(error, TimeoutError):
                    raise
                _log.warning("figures not read", figures=sampler.name, error=type(error).__name__)
        await sleep_unless(stop, _ROUND_SECONDS)


async def sample(database: Database, sampler: Sampler, *, now: datetime) -> None:
    """One reading. Raises weather, and TimeoutError when the database takes too long."""
    possible = {"now": now, "counted_max": COUNTED_MAX}
    given = {name: value for name, value in possible.items() if name in sampler.query.compile().params}
    async with asyncio.timeout(_QUERY_TIMEOUT_SECONDS), database.reading() as session:
        rows = (await session.execute(sampler.query, given)).mappings().all()
    for column, gauge in sampler.gauges.items():
        if sampler.labels:
            gauge.clear()
        for row in rows:
            shown = gauge.labels(*(row[label] for label in sampler.labels)) if sampler.labels else gauge
            shown.set(float(row[column] or 0))
    SAMPLED_AT.labels(sampler.name).set(now.timestamp())
