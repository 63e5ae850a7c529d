"""Folding into PostgreSQL: incremental and recomputed counts are the same to the unit, whatever the order and the splits."""

import asyncio
import random
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import CheckConstraint, Connection, text

from reporting.decisions.contributions import Cell, contributions
from reporting.decisions.dossiers import folded
from reporting.operations import dossiers
from reporting.tables import Tables
from shared.events import Event, Fact
from shared.migrations import SEAM_TABLES
from shared.service import Service
from tests.reporting import happened
from tests.reporting.conftest import Deliver, Rows, Tell

START = datetime(2026, 11, 1, 20, tzinfo=UTC)
STAGES = ["accepted", "contacted", "sql", "meeting_booked", "meeting_held", "opportunity"]


def a_day_of_facts(seed: int, *, contacts: int = 12) -> list[Fact]:
    """Leads that get as far as they get, objections on them, and contacts that are learnt of in several versions."""
    dice = random.Random(seed)
    facts: list[Fact] = []
    for number in range(contacts):
        contact_id, at = f"c{number}", START + timedelta(minutes=dice.randrange(600))
        facts += [happened.contact(contact_id, version=one, specialty=dice.choice([None, "cardiology", "oncology"])) for one in (1, 2, 3)]
        for lead_id in (f"l{number}a", f"l{number}b"):
            brand = {"brand_id": dice.choice(["cardiox", "oncora"])}
            campaign = {"campaign_id": dice.choice([None, "launch", "relaunch"])}
            facts.append(happened.qualified(lead_id, contact_id, at, region=dice.choice([None, "north"]), **brand, **campaign))
            facts.append(happened.assigned(lead_id, contact_id, at + timedelta(hours=1), region=dice.choice([None, "south"]), **brand))
            for step, stage in enumerate(STAGES[: dice.randrange(len(STAGES))], 2):
                facts.append(happened.entered(lead_id, contact_id, stage, at + timedelta(hours=step), **brand))
            facts.append(happened.objection(f"r-{lead_id}", contact_id, at + timedelta(hours=2), lead_id=lead_id, **brand))
    return facts


async def rollups(rows: Rows) -> Counter[Cell]:
    found = await rows("SELECT day, measure, item, brand_id, campaign_id, specialty, region, count FROM rollups WHERE count <> 0")
    return Counter({Cell(**{name: value for name, value in row.items() if name != "count"}): row["count"] for row in found})


async def recomputed(service: Service, rows: Rows) -> Counter[Cell]:
    contact_ids = [row["contact_id"] for row in await rows("SELECT contact_id FROM contacts")]
    counts: Counter[Cell] = Counter()
    async with service.database.transaction() as session:
        for dossier in (await dossiers.lock(session, contact_ids)).values():
            counts.update(contributions(dossier))
    return counts


async def consume(service: Service, deliver: Deliver, events: list[Event], dice: random.Random) -> None:
    """The events in random batches, several of them at work at once."""
    batches: list[list[Event]] = []
    while events:
        size = dice.randrange(1, 40)
        batches.append(events[:size])
        events = events[size:]
    for group in (batches[place : place + 4] for place in range(0, len(batches), 4)):
        async with asyncio.TaskGroup() as tasks:
            for batch in group:
                for topic in {event.fact.contract.topic for event in batch}:
                    tasks.create_task(deliver(service, topic, [one for one in batch if one.fact.contract.topic == topic]))


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_counts_are_those_of_a_recompute_whatever_the_order_the_duplicates_and_the_batches(
    seed: int, reporting: Service, deliver: Deliver, rows: Rows
) -> None:
    dice = random.Random(seed)
    events = [happened.event(fact, START) for fact in a_day_of_facts(seed=7)]
    shuffled = dice.sample(events, len(events)) + dice.sample(events, 20)
    await consume(reporting, deliver, shuffled, dice)
    found = await rollups(rows)
    assert found == await recomputed(reporting, rows)
    in_order: Counter[Cell] = Counter()
    for dossier in folded({}, (event.fact for event in events)).values():
        in_order.update(contributions(dossier))
    assert found == in_order


async def test_the_same_facts_under_new_event_ids_change_nothing(tell: Tell, rows: Rows) -> None:
    facts = a_day_of_facts(seed=4, contacts=3)
    await tell(*facts)
    before = await rollups(rows)
    await tell(*facts)
    assert await rollups(rows) == before


async def test_nothing_that_names_a_contact_is_kept(tell: Tell, rows: Rows) -> None:
    await tell(happened.contact("c1", external_ids={"mautic-us": "4711"}))
    [journalled] = await rows("SELECT * FROM journal")
    [contact] = await rows("SELECT * FROM contacts")
    assert contact["external_ids"] == {"mautic-us": "4711"}
    assert not any(name in str(journalled) + str(contact) for name in ("Ada", "Byron", "example.org"))


async def test_the_migration_makes_the_tables_the_models_describe(reporting: Service) -> None:
    def is_ours(name: str | None, kind: str, _: object) -> bool:
        return kind != "table" or (name not in SEAM_TABLES | {"alembic_version"} and not str(name).startswith("sent_events_"))

    def differences(connection: Connection) -> list[object]:
        context = MigrationContext.configure(connection, opts={"include_name": is_ours, "compare_server_default": True})
        return list(compare_metadata(context, Tables.metadata))

    async with reporting.database.engine.connect() as connection:
        assert await connection.run_sync(differences) == []
        checks = set((await connection.scalars(text("SELECT conname FROM pg_constraint WHERE contype = 'c'"))).all())
    for table in Tables.metadata.tables.values():
        assert {str(one.name) for one in table.constraints if isinstance(one, CheckConstraint)} <= checks
