"""What the four services know: two regions with a rep and a manager each, a lead for either, some reports, two cases, one decision."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta
from itertools import groupby
from typing import Any

from shared.events import Event, Topic, topics
from shared.service import Service
from tests.feedback import world as field
from tests.inputs.doors import Doors
from tests.intake.conftest import asset, campaign, contact
from tests.intake.platforms import SECRET, email_opened, mautic_headers, raw
from tests.reporting import happened
from tests.routing import world as region
from tests.tokens import authorization

Deliver = Callable[[Service, Topic, Sequence[Event]], Awaitable[None]]

HUBSPOT_URL = "https://hooks.brand.test/hubspot"


async def populate(doors: Doors, deliver: Deliver) -> None:
    """Fills the four databases and notes the ids of what the tests ask for."""
    await _tell_intake(doors)
    await _tell_routing(doors, deliver)
    await _tell_feedback(doors, deliver)
    await _tell_reporting(doors, deliver)


async def _tell_intake(doors: Doors) -> None:
    async def put(path: str, body: Any, role: str) -> None:
        answer = await doors["intake"].client.put(f"/v1/{path}", json=body, headers=authorization(role))
        assert answer.is_success, answer.text

    await put("sources/mautic", {"adapter": "mautic", "secrets": [SECRET], "settings": {"brand_id": "cardiozan"}}, "admin")
    mapped = {"public_url": HUBSPOT_URL, "property_kinds": {"webinar_attended": "webinar_attended"}}
    await put("sources/hs", {"adapter": "hubspot", "secrets": [SECRET], "settings": mapped}, "admin")
    await put("sources/events", {"adapter": "cloudevents", "secrets": [SECRET]}, "admin")
    await put("contacts", [contact()], "integration")
    await put("assets", [asset()], "integration")
    await put("campaigns", [campaign()], "integration")
    body = raw({"mautic.email_on_open": [email_opened()]})
    receipt = await doors["intake"].client.post("/v1/webhooks/mautic", content=body, headers=mautic_headers(body))
    doors.known["receipt"] = receipt.json()["receipt_id"]
    shown = await doors["intake"].client.get(f"/v1/receipts/{doors.known['receipt']}", headers=authorization("marketing"))
    doors.known["engagement"] = shown.json()["items"][0]["engagement_id"]


async def _tell_routing(doors: Doors, deliver: Deliver) -> None:
    async def no_outbox(_: Service) -> list[Any]:
        return []

    world = region.World(doors["routing"].service, doors["routing"].client, deliver, no_outbox)
    await world.put("territories", region.territory("chicago", "606*"), region.territory("boston", "021*"))
    await world.put(
        "reps",
        region.rep("rep-1", "chicago", manager_id="boss-1"),
        region.rep("rep-3", "boston", manager_id="boss-2"),
        region.rep("boss-1", "chicago", role="manager", brand_ids=[]),
        region.rep("boss-2", "boston", role="manager", brand_ids=[]),
    )
    await world.put("accounts", region.account("spare"))
    await world.put("absences", region.absence("spare", "nobody"))
    await world.put("targets", region.target("spare", "somebody"))
    await world.put("alignments", region.alignment("spare", "nowhere", "9*"))
    await world.put("pools", region.pool("spare", brand_id="other"))
    await world.activate()
    for contact_id, postal_code in (("hcp-1", "60601"), ("hcp-3", "02115")):
        await world.hear(region.contact(contact_id, postal_code=postal_code), region.engagement(contact_id))
    leads = {lead["rep_id"]: lead["id"] for lead in await world.leads()}
    window = {"from": "2026-01-01T00:00:00Z", "until": "2099-01-01T00:00:00Z"}
    simulated = await world.client.post("/v1/policies/1/simulate", json=window, headers=region.SALES_OPS)
    doors.known |= {"lead_of_rep_1": leads["rep-1"], "lead_of_rep_3": leads["rep-3"], "simulation": simulated.json()["id"]}


async def _tell_feedback(doors: Doors, deliver: Deliver) -> None:
    door = doors["feedback"]
    for topic, events in (
        (topics.FIELD_FORCE, field.field_force()),
        (topics.CONTACTS, field.contacts()),
        (topics.LEADS, field.leads()),
    ):
        await deliver(door.service, topic, events)
    for kind, body in {
        "adverse_event": field.objection(note="My patient got a rash.", adverse_event=True),
        "medical_inquiry": field.objection(note="Is there data in children?", medical_question=True),
    }.items():
        answer = await door.client.post("/v1/objections", json=body, headers=authorization("rep", rep="rep-1", sub="sub-rep-1"))
        doors.known[f"{kind}_case"] = answer.json()["case_id"]


async def _tell_reporting(doors: Doors, deliver: Deliver) -> None:
    now = datetime.now(UTC)
    at = now - timedelta(days=1)
    facts = [
        happened.contact("c-1"),
        happened.engagement("e-1", "c-1", at),
        happened.qualified("l-1", "c-1", at),
        happened.assigned("l-1", "c-1", at),
        *(happened.objection(f"r-{number}", "c-1", at, rep_id=f"rep-{number % 3 + 1}") for number in range(1, 7)),
    ]
    events = [happened.event(fact, at) for fact in facts]
    for topic, batch in groupby(events, key=lambda event: event.fact.contract.topic):
        await deliver(doors["reporting"].service, topic, list(batch))
    answer = await doors["reporting"].client.get("/v1/decisions", headers=authorization("marketing"))
    [decision] = answer.json()["items"]
    doors.known["decision"] = decision["id"]
