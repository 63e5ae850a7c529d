"""Several statements as one answer as they would one by one."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from routing.queries.at_once import at_once
from shared.database import Statement, together
from tests.routing.world import World


def numbers(count: int, *, start: int = 1) -> Statement[list[int]]:
    """So many numbers, the highest first."""
    sql = "SELECT value FROM generate_series(%(start)s, %(start)s + %(count)s - 1) AS value ORDER BY value DESC"
    return Statement(sql, {"start": start, "count": count}, lambda rows: [row.value for row in rows])


async def answers(world: World, *statements: Statement[Any]) -> Any:
    async with world.service.database.transaction() as session:
        [found] = await together(session, at_once(*statements))
        return found


async def test_each_has_its_own_rows_in_its_own_order_and_its_own_parameters(empty_world: World) -> None:
    assert await answers(empty_world, numbers(3), numbers(0), numbers(2, start=7), numbers(1)) == [[3, 2, 1], [], [8, 7], [1]]


async def test_values_come_as_they_are(empty_world: World) -> None:
    row = [Decimal("1.50"), datetime(2026, 3, 4, tzinfo=UTC), ["a", "b"], {"c": None}, None]
    values = (
        "CAST(%(n)s AS numeric) AS n, CAST(%(t)s AS timestamptz) AS t, ARRAY['a', 'b'] AS a, '{\"c\": null}'::jsonb AS j, NULL AS nothing"
    )
    statement = Statement(f"SELECT {values}", {"n": row[0], "t": row[1]}, lambda rows: [list(each) for each in rows])
    assert await answers(empty_world, numbers(1), statement) == [[1], [row]]


async def test_writes_write_once_and_tell_what_they_return(empty_world: World) -> None:
    def pool(pool_id: str) -> Statement[list[str]]:
        sql = "INSERT INTO pools (id, brand_id, rep_ids) VALUES (%(id)s, 'b', '{}') ON CONFLICT DO NOTHING RETURNING id"
        return Statement(sql, {"id": pool_id}, lambda rows: [row.id for row in rows])

    count: Statement[list[int]] = Statement("SELECT count(*) AS pools FROM pools", {}, lambda rows: [row.pools for row in rows])
    assert await answers(empty_world, pool("one"), numbers(2), pool("two"), count) == [["one"], [2, 1], ["two"], [0]]
    assert await answers(empty_world, pool("one"), pool("three"), count) == [[], ["three"], [2]]


async def test_a_statement_is_not_begun_for_the_rows_of_another(empty_world: World) -> None:
    statement = at_once(numbers(50), numbers(20, start=100), Statement("SELECT id FROM pools ORDER BY id FOR UPDATE", {}, list))
    async with empty_world.service.database.transaction() as session:
        plan = await together(session, Statement(f"EXPLAIN (ANALYZE, TIMING OFF) {statement.sql}", statement.parameters, list))
    lines = [str(row[0]) for row in plan[0]]
    assert sum("One-Time Filter" in line for line in lines) == 3
    scans = [line for line in lines if "Scan on generate_series value" in line or "Scan on pools" in line]
    assert len(scans) == 3, lines
    assert all("loops=1)" in line for line in scans), scans
