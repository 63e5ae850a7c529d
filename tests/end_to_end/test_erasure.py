"""A person is forgotten by every service and by the broker's own files; what must stay stays, and what comes late leaves nothing."""

from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from sqlalchemy.ext.asyncio import create_async_engine

from deploy.launcher.servers import SERVICES
from deploy.launcher.world import World
from tests.end_to_end.circle import Circle
from tests.plaintext import places_of
from tests.polling import until

PERSON = "forgotten-1"
WORDS = ["zenobia.q@clinic.example", "Zenobia", "Quillfeather", "1568412344", "crm-zq-1"]

# What an operator would leave at minutes; the broker looks for what it can compact every 15 seconds whatever stands here.
QUICK = {"segment.ms": "1000", "max.compaction.lag.ms": "2000", "file.delete.delay.ms": "1000"}


@pytest.fixture(scope="module")
async def quick_compaction(world: World) -> AsyncIterator[None]:
    admin = AIOKafkaAdminClient(bootstrap_servers=world.kafka_bootstrap)
    await admin.start()
    try:
        settings = {"cleanup.policy": "compact", **QUICK}
        await admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, "contacts", configs=settings)])
        yield
    finally:
        await admin.close()


def row(**changes: Any) -> dict[str, Any]:
    stated = {
        "id": PERSON,
        "external_ids": {"mautic": PERSON, "npi": "1568412344", "crm": "crm-zq-1"},
        "emails": ["zenobia.q@clinic.example"],
        "given_name": "Zenobia",
        "family_name": "Quillfeather",
        "kind": "prescriber",
        "specialty": "cardiology",
        "postal_code": "60601",
        "country": "US",
    }
    return {**stated, **changes}


async def put(circle: Circle, **changes: Any) -> Any:
    return await circle.call("intake", "PUT", "/v1/contacts", role="integration", json=[row(**changes)])


def files_with(folder: Path, words: Sequence[str]) -> set[str]:
    """`file: word` for each word in the broker's files."""
    found = set()
    for file in folder.rglob("*"):
        if file.is_file():
            try:
                content = file.read_bytes()
            except FileNotFoundError:
                continue  # the broker has just thrown it away
            found |= {f"{file.parent.name}/{file.name}: {word}" for word in words if word.encode() in content}
    return found


async def in_databases(world: World) -> set[str]:
    found = set()
    for service in SERVICES:
        engine = create_async_engine(world.database_url(service))
        try:
            found |= {f"{service}.{place}" for place in await places_of(engine, WORDS)}
        finally:
            await engine.dispose()
    return found


async def reported(circle: Circle) -> dict[str, Any]:
    """Their lead, a note about them, and an adverse event they told of; gives the lead."""

    async def is_assigned() -> bool:
        return any(lead["contact_id"] == PERSON and lead["rep_id"] for lead in await circle.leads())

    await until(is_assigned, seconds=40, what="a lead with an owner")
    lead = await circle.lead_of(PERSON)
    rep = {"role": "rep", "rep": lead["rep_id"], "sub": lead["rep_id"]}
    now = datetime.now(UTC).isoformat()
    objection = {"topic": "efficacy", "nature": "concern", "reaction": "neutral", "occurred_at": now, "medical_question": False}

    async def is_heard_of() -> bool:
        report = {**objection, "lead_id": lead["id"], "note": "Quillfeather likes mornings.", "adverse_event": False}
        answer = await circle.call("feedback", "POST", "/v1/objections", **rep, json=report)
        return bool(answer["state"] == "recorded")

    await until(is_heard_of, what="feedback knows the lead")
    unwell = {**objection, "lead_id": lead["id"], "note": "The patient of that doctor got a rash.", "adverse_event": True}
    await circle.call("feedback", "POST", "/v1/objections", **rep, json=unwell)
    return lead


async def test_a_person_is_forgotten_by_everybody(world: World, circle: Circle, quick_compaction: None) -> None:
    await put(circle, consents=[{"channel": "sms", "state": "denied", "at": "2026-01-01T00:00:00Z"}])
    body = circle.form_body([PERSON]).replace(f"{PERSON}@clinic.example".encode(), b"zenobia.q@clinic.example")
    assert (await circle.post_webhook(body)).json()["accepted"] == 1
    lead = await reported(circle)
    entered = await circle.entered("mql")
    assert files_with(world.kafka_files, WORDS), "the broker keeps what it is told"
    assert await in_databases(world)

    asked = {"contact_id": PERSON, "reason": "a letter of Zenobia Quillfeather"}
    erasure = await circle.call("intake", "POST", "/v1/erasures", role="privacy", sub="alice", json=asked)
    await circle.call("intake", "POST", f"/v1/erasures/{erasure['id']}/approve", role="privacy", sub="bert")

    async def erasure_now() -> Any:
        return await circle.call("intake", "GET", f"/v1/erasures/{erasure['id']}", role="privacy")

    async def is_certified() -> bool:
        return bool((await erasure_now())["state"] == "certified")

    await until(is_certified, seconds=180, what="the certificate")
    certificate = (await erasure_now())["certificate"]
    assert files_with(world.kafka_files, WORDS) == set()
    assert await in_databases(world) == set()
    assert {word for service in SERVICES for word in WORDS if word in world.log(service).read_text()} == set()

    assert {name for name, of in certificate["services"].items() if of["erased_at"]} == set(SERVICES)
    assert certificate["services"]["feedback"]["erased"]["notes"] >= 1
    assert certificate["services"]["feedback"]["kept"]["cases"] == 1
    cases = (await circle.call("feedback", "GET", "/v1/cases?limit=500", role="safety"))["items"]
    assert [case["text"] for case in cases if "rash" in (case["text"] or "")], "safety comes before privacy"
    assert await circle.entered("mql") == entered
    assert (await circle.call("routing", "GET", f"/v1/leads/{lead['id']}", role="sales_ops"))["stage"] == "disqualified"

    assert (await circle.post_webhook(body)).json()["ignored"] == 1
    assert (await put(circle, consents=[{"channel": "sms", "state": "granted"}]))["created"] == 1
    engine = create_async_engine(world.database_url("routing"))
    try:
        async with engine.connect() as connection:

            async def is_known_again() -> bool:
                rows = await connection.exec_driver_sql("SELECT contact_id, consents FROM contacts WHERE family_name = 'Quillfeather'")
                known = rows.all()
                await connection.rollback()
                return [(one.contact_id != PERSON, [act["state"] for act in one.consents]) for one in known] == [(True, ["denied"])]

            await until(is_known_again, what="somebody new, who still denies")
    finally:
        await engine.dispose()
