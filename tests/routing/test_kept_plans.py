"""A plan that was kept from when there was little still reads no more than it must when there is much."""

from typing import Any

import psycopg

from routing.queries import facts
from shared.database import Statement, in_place
from tests.routing.world import BRAND, World, contact, engagement

PEOPLE = 200
ACTS = 5
ASKED = 40


def _connect(world: World) -> psycopg.Connection[Any]:
    url = world.service.database.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    return psycopg.connect(url, autocommit=True)


def _prepare(connection: psycopg.Connection[Any], statement: Statement[Any]) -> None:
    """Has the statement planned now, once and for all, whatever it will be given."""
    sql, _ = in_place(statement)
    connection.execute("SET plan_cache_mode = force_generic_plan")
    connection.execute(b"PREPARE kept AS " + sql)


def _blocks_read(connection: psycopg.Connection[Any], statement: Statement[Any]) -> int:
    _, values = in_place(statement)
    with psycopg.ClientCursor(connection) as cursor:
        given = ", ".join(["%s"] * len(values))
        cursor.execute(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) EXECUTE kept ({given})".encode(), values)
        [[[told]]] = cursor.fetchall()
    blocks: int = told["Plan"]["Shared Hit Blocks"] + told["Plan"]["Shared Read Blocks"]
    return blocks


async def test_the_newest_rows_of_people_with_open_leads_are_looked_up_and_not_searched_for(world: World) -> None:
    everybody = [f"hcp-{number}" for number in range(PEOPLE)]
    wanted = facts.newest_contributions(everybody[:ASKED], [BRAND])
    with _connect(world) as connection:
        _prepare(connection, wanted)
        _blocks_read(connection, wanted)
        await world.hear(*(contact(each) for each in everybody), *(engagement(each) for each in everybody * ACTS))
        assert _blocks_read(connection, wanted) < 20 * ASKED
