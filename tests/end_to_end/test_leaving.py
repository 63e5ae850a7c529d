"""Services are asked to go under load. The client's own log of what was acknowledged is the judge."""

import asyncio
import json
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

import httpx
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from deploy.launcher.world import World
from tests.end_to_end.circle import Circle
from tests.polling import until

CONTACTS = 600
CLIENTS = 24
GONE_WITHIN_SECONDS = 15


@dataclass(slots=True)
class AckLog:
    """What a sender of webhooks saw."""

    acknowledged: dict[str, UUID] = field(default_factory=dict)
    broken_after_status: list[str] = field(default_factory=list)
    unanswered: int = 0

    async def post(self, circle: Circle, client: httpx.AsyncClient, address: str, contact_id: str) -> None:
        """One webhook, sent once: what isn't answered is not sent again, so that nothing is mended by a retry."""
        body = circle.form_body([contact_id])
        status = None
        try:
            async with client.stream("POST", address, content=body, headers=circle.signed_headers(body)) as answer:
                status = answer.status_code
                content = await answer.aread()
        except httpx.TransportError:
            if status is None:
                self.unanswered += 1
            else:
                self.broken_after_status.append(contact_id)
            return
        if status == 202:
            self.acknowledged[contact_id] = UUID(json.loads(content)["receipt_id"])
        else:
            self.unanswered += 1


async def _load(circle: Circle, world: World, contacts: list[str], log: AckLog) -> None:
    left = iter(contacts)
    address = f"{world.addresses['intake']}/v1/webhooks/mautic"

    async def send() -> None:
        async with httpx.AsyncClient(timeout=20) as client:
            for contact_id in left:
                await log.post(circle, client, address, contact_id)
                if contact_id not in log.acknowledged:
                    await _until_intake_listens(client, world)

    await asyncio.gather(*(send() for _ in range(CLIENTS)))


async def _until_intake_listens(client: httpx.AsyncClient, world: World) -> None:
    async def listens() -> bool:
        try:
            return (await client.get(f"{world.addresses['intake']}/livez")).is_success
        except httpx.TransportError:
            return False

    await until(listens, seconds=40, what="intake listens again")


async def _kept(world: World, receipt_ids: list[UUID]) -> int:
    engine = create_async_engine(world.database_url("intake"))
    try:
        async with engine.connect() as connection:
            count = await connection.scalar(text("SELECT count(*) FROM receipts WHERE id = ANY (:ids)"), {"ids": receipt_ids})
            return int(count or 0)
    finally:
        await engine.dispose()


def _seconds_to_leave(world: World, service: str) -> float:
    """From the signal to the last word of the process that went; fails unless it went in good order."""
    told = world.log(service).with_name(f"{service}.previous.log").read_text()
    assert "ended without waiting" not in told
    assert "Traceback" not in told
    lines = [json.loads(line) for line in told.splitlines()]
    [stopping] = [line for line in lines if line["event"] == "stopping"]
    return (datetime.fromisoformat(lines[-1]["at"]) - datetime.fromisoformat(stopping["at"])).total_seconds()


async def test_nothing_acknowledged_is_lost_when_services_are_asked_to_go_under_load(world: World, circle: Circle) -> None:
    contacts = [f"leaving-{number}" for number in range(CONTACTS)]
    await circle.put_contacts(contacts)
    log = AckLog()
    loading = asyncio.create_task(_load(circle, world, contacts, log))
    for service in ("intake", "routing"):
        already = len(log.acknowledged)
        await until(lambda already=already: len(log.acknowledged) > already + 20, what="the load runs")  # type: ignore[misc]
        await asyncio.to_thread(world.restart, service)
        assert _seconds_to_leave(world, service) < GONE_WITHIN_SECONDS
    await loading

    assert log.broken_after_status == []
    assert await _kept(world, list(log.acknowledged.values())) == len(log.acknowledged) > CONTACTS / 2

    async def each_has_an_owner() -> bool:
        owned = {lead["contact_id"] for lead in await circle.leads() if lead["rep_id"]}
        return owned >= log.acknowledged.keys()

    await until(each_has_an_owner, seconds=60, what="every acknowledged contact has a lead with an owner")
    about = [lead["contact_id"] for lead in await circle.leads() if lead["contact_id"] in contacts]
    assert len(about) == len(set(about)), "nobody became two leads"
