"""Running counts: the same as counting everything, whatever came twice, side by side, or before there were any."""

import asyncio
import base64
from collections.abc import Callable
from datetime import datetime
from typing import Any

import httpx
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import Connection, create_engine, text

from reporting.decisions.dashboard import circle
from reporting.dispatching import Dispatcher
from reporting.queries import dashboard
from reporting.tables import Tables
from shared.events.topics import LEADS
from shared.migrations import SEAM_TABLES
from shared.service import Service
from tests.conftest import ClientOf
from tests.reporting import happened
from tests.reporting.conftest import Deliver, Rows, Tell
from tests.reporting.endpoint import Endpoint, status

COUNTED_EVENTS = "SELECT event_type, sum(count)::int AS events FROM event_counts GROUP BY event_type ORDER BY event_type"
ALL_EVENTS = "SELECT event_type, count(*)::int AS events FROM journal GROUP BY event_type ORDER BY event_type"
COUNTED_DELIVERIES = """
    SELECT subscription, state, sum(count)::int AS deliveries FROM delivery_counts
    GROUP BY subscription, state HAVING sum(count) <> 0 ORDER BY subscription, state
"""
ALL_DELIVERIES = """
    SELECT subscription, state, count(*)::int AS deliveries FROM deliveries GROUP BY subscription, state ORDER BY subscription, state
"""
SECRET = "whsec_" + base64.b64encode(b"a" * 32).decode()


async def test_events_are_counted_once_however_often_and_side_by_side_they_come(
    reporting: Service, deliver: Deliver, rows: Rows, now: datetime
) -> None:
    events = [happened.event(happened.qualified(f"l{number}", f"c{number}", now), now) for number in range(40)]
    batches = [events[start : start + 8] for start in range(0, 40, 8)]
    await asyncio.gather(*(deliver(reporting, LEADS, batch) for batch in [*batches, *batches]))
    assert await rows(COUNTED_EVENTS) == await rows(ALL_EVENTS) == [{"event_type": "lead.qualified", "events": 40}]


async def test_what_reporting_says_itself_is_counted_with_what_it_hears(tell: Tell, rows: Rows, now: datetime) -> None:
    await tell(*(happened.contact(f"c{number}") for number in range(5)))
    await tell(*(happened.objection(f"r{number}", f"c{number}", now, rep_id=f"rep-{number}") for number in range(5)))
    assert await rows(COUNTED_EVENTS) == await rows(ALL_EVENTS)
    counts = {row["event_type"]: row["events"] for row in await rows(COUNTED_EVENTS)}
    assert counts == {"contact.snapshot": 5, "objection.recorded": 5, "theme.emerged": 1, "decision.opened": 1}


async def test_what_only_a_test_told_is_on_record_and_in_no_figure(reporting: Service, tell: Tell, rows: Rows, now: datetime) -> None:
    await tell(happened.engagement("e-1", "c-1", now), happened.engagement("e-2", "c-1", now, flags=["backfill"]))
    for _ in range(2):
        await tell(happened.engagement("e-3", "c-1", now, flags=["test", "asset_expired"]))
    assert await rows(COUNTED_EVENTS) == await rows(ALL_EVENTS) == [{"event_type": "engagement.recorded", "events": 4}]
    async with reporting.database.reading() as session:
        steps = {step.name: step.count for step in circle(await dashboard.event_counts(session), delivered=0)}
    assert steps["engagements"] == 2
    summaries = {row["summary"] for row in await rows("SELECT summary FROM journal WHERE 'e-3' = ANY (subjects)")}
    assert summaries == {"email_clicked by email on asset dosing-guide, a test"}


async def test_deliveries_are_counted_where_they_stand(
    reporting: Service, client_of: ClientOf, token: Callable[..., dict[str, str]], tell: Tell, rows: Rows, now: datetime
) -> None:
    async with client_of(reporting) as client, Endpoint() as endpoint:
        await _subscribe(client, token("marketing"), url=endpoint.url)
        await tell(*(happened.assigned(f"l{number}", f"c{number}", now) for number in range(3)))
        assert await rows(COUNTED_DELIVERIES) == [{"subscription": "mautic", "state": "pending", "deliveries": 3}]
        endpoint.answers.extend([status(204), status(500), status(204)])
        await Dispatcher(database=reporting.database, listed=frozenset({"127.0.0.1"})).run_once()
    found = await rows(COUNTED_DELIVERIES)
    assert found == await rows(ALL_DELIVERIES)
    assert {row["state"]: row["deliveries"] for row in found} == {"pending": 1, "delivered": 2}


async def test_what_was_there_before_the_counts_is_counted_when_they_come(
    reporting: Service, new_database: Callable[..., str], now: datetime
) -> None:
    counts = await asyncio.to_thread(_upgraded_around, reporting, new_database(), now)
    assert counts == {"events": {"lead.qualified": 3, "rep.told": 1}, "deliveries": {"delivered": 2, "dead": 1}}


async def test_models_and_migrations_agree(reporting: Service) -> None:
    async with reporting.database.engine.connect() as connection:
        assert await connection.run_sync(_differences) == []


async def _subscribe(client: httpx.AsyncClient, headers: dict[str, str], *, url: str) -> None:
    body: dict[str, Any] = {"url": url, "events": ["lead.assigned"], "secrets": [SECRET]}
    assert (await client.put("/v1/subscriptions/mautic", json=body, headers=headers)).status_code == 201


_EVENT = text(
    """
    INSERT INTO journal (event_id, event_type, service, correlation_id, occurred_at, recorded_at, subjects, rests_on, summary)
    VALUES (gen_random_uuid(), :event_type, 'routing', gen_random_uuid(), :at, :at, '{}', '{}', '')
    """
)
_SUBSCRIPTION = text(
    "INSERT INTO subscriptions VALUES ('mautic', 'https://example.org', NULL, '{lead.assigned}', '{}', '{s}', 'active', :at)"
)
_DELIVERY = text(
    """
    INSERT INTO deliveries (subscription, event_id, event_type, key, body, state, attempts, created_at, settled_at)
    VALUES ('mautic', gen_random_uuid(), 'lead.assigned', 'l1', '{}', :state, 1, :at, :at)
    """
)


def _upgraded_around(service: Service, url: str, at: datetime) -> dict[str, dict[str, int]]:
    """The counts of a database that was filled before they were introduced, and a little after."""
    config = Config()
    config.set_main_option("script_location", str(service.migrations))
    config.attributes["database_url"] = url
    engine = create_engine(url)
    try:
        command.upgrade(config, "0001")
        with engine.begin() as connection:
            connection.execute(_SUBSCRIPTION, {"at": at})
            connection.execute(_EVENT, [{"event_type": one, "at": at} for one in ("lead.qualified", "rep.told", "lead.qualified")])
            connection.execute(_DELIVERY, [{"state": one, "at": at} for one in ("delivered", "dead")])
        command.upgrade(config, "head")
        with engine.begin() as connection:
            connection.execute(_EVENT, {"event_type": "lead.qualified", "at": at})
            connection.execute(_DELIVERY, {"state": "delivered", "at": at})
            events = connection.execute(text(COUNTED_EVENTS)).all()
            deliveries = connection.execute(text(COUNTED_DELIVERIES)).all()
        return {"events": {row.event_type: row.events for row in events}, "deliveries": {row.state: row.deliveries for row in deliveries}}
    finally:
        engine.dispose()


def _differences(connection: Connection) -> list[object]:
    def is_ours(_: object, name: str | None, kind: str, *__: object) -> bool:
        return kind != "table" or (not (name or "").startswith(("sent_events", "alembic")) and name not in SEAM_TABLES)

    context = MigrationContext.configure(connection, opts={"include_object": is_ours, "compare_type": True})
    return list(compare_metadata(context, Tables.metadata))
