"""One event and a hundred cost the same number of statements, and the models say what the migrations make."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from psycopg import AsyncCursor
from sqlalchemy import Connection

from routing.tables import Tables
from shared.events import Event
from shared.migrations import SEAM_TABLES
from tests.routing.world import World, account, contact, engagement, opt_out, outcome


@contextmanager
def counting() -> Iterator[list[str]]:
    """The statements sent to the database meanwhile."""
    statements: list[str] = []
    execute = AsyncCursor.execute

    async def note(cursor: Any, query: Any, *more: Any, **named: Any) -> Any:
        statements.append(query if isinstance(query, str) else query.decode())
        return await execute(cursor, query, *more, **named)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(AsyncCursor, "execute", note)
        yield statements


async def statements_for(world: World, *events: Event) -> list[str]:
    with counting() as statements:
        await world.hear(*events)
    return statements


@pytest.fixture
async def populated(world: World) -> World:
    """A hundred and two known contacts of an account."""
    await world.put("accounts", account("mercy", owner_rep_id="rep-1"))
    await world.hear(*(contact(f"hcp-{number}", account_id="mercy" if number % 2 else None) for number in range(102)))
    return world


async def test_engagements_cost_the_same_whether_one_comes_or_a_hundred(populated: World) -> None:
    one = await statements_for(populated, engagement("hcp-0", "email_clicked"))
    hundred = await statements_for(populated, *(engagement(f"hcp-{number}", "email_clicked") for number in range(1, 101)))
    assert len(hundred) == len(one)
    again = await statements_for(populated, *(engagement(f"hcp-{number}", "page_viewed") for number in range(101)))
    assert len(again) < len(one)  # no ledger is made anew
    assert len(again) > 0
    assert len(one) < 16


async def test_new_leads_cost_the_same_whether_one_comes_or_a_hundred(populated: World) -> None:
    await populated.hear(*(engagement(f"hcp-{number}", "email_clicked") for number in range(102)))
    one = await statements_for(populated, engagement("hcp-1"))
    hundred = await statements_for(populated, *(engagement(f"hcp-{number}") for number in range(2, 102)))
    assert len(await populated.leads()) == 101
    assert len(hundred) == len(one)
    assert 0 < len(hundred) <= 10


async def test_outcomes_and_opt_outs_cost_the_same_whether_one_comes_or_a_hundred(populated: World) -> None:
    await populated.hear(*(engagement(f"hcp-{number}") for number in range(102)))
    first, *others = await populated.leads()
    one = await statements_for(populated, outcome(first, "contacted"))
    many = await statements_for(populated, *(outcome(lead, "contacted") for lead in others[:50]))
    assert len(many) == len(one)
    withdrawn = await statements_for(populated, opt_out(others[50]["contact_id"]))
    all_withdrawn = await statements_for(populated, *(opt_out(lead["contact_id"]) for lead in others[51:]))
    assert len(all_withdrawn) == len(withdrawn)
    assert [lead["stage"] for lead in await populated.leads()].count("disqualified") == 51


async def test_a_page_of_leads_costs_the_same_however_many_are_on_it(populated: World) -> None:
    await populated.hear(*(engagement(f"hcp-{number}") for number in range(60)))
    with counting() as one:
        await populated.get("leads", limit=1)
    with counting() as fifty:
        await populated.get("leads", limit=50)
    assert len(fifty) == len(one)


async def test_the_models_and_the_migrations_say_the_same(empty_world: World) -> None:
    def differences(connection: Connection) -> list[Any]:
        def ours(_object: Any, name: str | None, kind: str, _reflected: bool, _compared: Any) -> bool:
            return not (kind == "table" and (name in SEAM_TABLES or name == "alembic_version" or str(name).startswith("sent_events")))

        context = MigrationContext.configure(connection, opts={"include_object": ours, "compare_type": True})
        return list(compare_metadata(context, Tables.metadata))

    async with empty_world.service.database.engine.connect() as connection:
        assert await connection.run_sync(differences) == []
