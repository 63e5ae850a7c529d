"""Figures from the database: current, bounded, and gone when what they were about is gone."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from prometheus_client import REGISTRY, Gauge
from sqlalchemy import text

from shared.database import Database
from shared.gauges import SEAM_SAMPLERS, Sampler, sample, sample_until_stopped
from tests.polling import until

NOW = datetime(2026, 3, 2, tzinfo=UTC)


@pytest.fixture
def gauge() -> Iterator[Gauge]:
    gauge = Gauge("tests_figure", "A figure of the tests.", ["kind"])
    yield gauge
    REGISTRY.unregister(gauge)


def _figures() -> dict[str, float]:
    return {each.labels["kind"]: each.value for family in REGISTRY.collect() if family.name == "tests_figure" for each in family.samples}


async def test_a_row_is_a_figure_and_a_row_that_is_gone_is_shown_no_more(database: Database, gauge: Gauge) -> None:
    async with database.transaction() as session:
        await session.execute(text("CREATE TABLE things (kind text)"))
        await session.execute(text("INSERT INTO things VALUES ('a'), ('a'), ('b')"))
    sampler = Sampler("tests", text("SELECT kind, count(*) AS things FROM things GROUP BY kind"), {"things": gauge}, labels=("kind",))
    await sample(database, sampler, now=NOW)
    assert _figures() == {"a": 2, "b": 1}
    async with database.transaction() as session:
        await session.execute(text("DELETE FROM things WHERE kind = 'a'"))
    await sample(database, sampler, now=NOW)
    assert _figures() == {"b": 1}
    assert REGISTRY.get_sample_value("fullcircle_sampled_timestamp_seconds", {"figures": "tests"}) == NOW.timestamp()


async def test_a_query_is_given_the_time_and_the_bound_it_asks_for(database: Database, gauge: Gauge) -> None:
    query = text("SELECT 'seconds' AS kind, extract(epoch FROM CAST(:now AS timestamptz)) + :counted_max AS value")
    await sample(database, Sampler("tests", query, {"value": gauge}, labels=("kind",)), now=NOW)
    assert _figures() == {"seconds": NOW.timestamp() + 10_000}


async def test_quarantined_records_are_counted_by_step_and_none_is_zero(database: Database) -> None:
    put = text(
        """
        INSERT INTO quarantine (id, consumer, topic, partition, kafka_offset, headers, step, reason, quarantined_at)
        VALUES (gen_random_uuid(), 'c', 't', 0, 1, '[]', 'applying', 'why', now())
        """
    )
    async with database.transaction() as session:
        await session.execute(put)
    for sampler in SEAM_SAMPLERS:
        await sample(database, sampler, now=NOW)
    records = {step: REGISTRY.get_sample_value("fullcircle_quarantine_records", {"step": step}) for step in ("reading", "applying")}
    assert records == {"reading": 0, "applying": 1}


async def test_a_database_that_is_away_leaves_the_figures_old_and_says_so_and_they_go_on_when_it_is_back(
    database: Database, gauge: Gauge
) -> None:
    sampler = Sampler("tests", text("SELECT 'x' AS kind, 1 AS things"), {"things": gauge}, labels=("kind",))
    await sample(database, sampler, now=NOW)
    there, stop = database.engine, asyncio.Event()
    away = Database(there.url.set(port=9).render_as_string(hide_password=False), application_name="tests")
    database.engine = away.engine
    later = NOW + timedelta(hours=1)
    rounds: list[datetime] = []

    def clock() -> datetime:
        rounds.append(later)
        return later

    sampling = asyncio.create_task(sample_until_stopped(database, [sampler], stop, clock=clock))
    await until(lambda: len(rounds) >= 1, what="a round")
    assert _figures() == {"x": 1}
    assert REGISTRY.get_sample_value("fullcircle_sampled_timestamp_seconds", {"figures": "tests"}) == NOW.timestamp()
    database.engine = there
    await until(
        lambda: REGISTRY.get_sample_value("fullcircle_sampled_timestamp_seconds", {"figures": "tests"}) == later.timestamp(),
        what="the figures are read again",
    )
    stop.set()
    await sampling
    await away.close()
