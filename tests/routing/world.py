"""A small world around routing: its field force, its contacts, what they do, and how the tests look at what routing decided."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
from sqlalchemy import text

from shared.events import Event, Fact, Topic
from shared.events.contacts import Affiliation, Consent, ContactSnapshot
from shared.events.engagements import EngagementRecorded
from shared.events.feedback import OutcomeRecorded
from shared.ids import new_id
from shared.service import Service
from tests.tokens import authorization

BRAND = "cardiolex"
ALWAYS_OPEN = {day: [["00:00", "24:00"]] for day in ("mon", "tue", "wed", "thu", "fri", "sat", "sun")}
SALES_OPS = authorization("sales_ops", sub="olga")
OTHER_SALES_OPS = authorization("sales_ops", sub="piotr")

POLICY: dict[str, Any] = {
    "brand_id": BRAND,
    "title": "Launch",
    "fit": [
        {"id": "specialty", "field": "specialty", "op": "eq", "value": "cardiology", "points": 30},
        {"id": "priority", "field": "account.priority", "op": "eq", "value": "A", "points": 10},
    ],
    "engagement": [
        {"id": "click", "kinds": ["email_clicked"], "points": 10, "half_life_days": 14, "cap": 25},
        {"id": "webinar", "kinds": ["webinar_attended"], "points": 30, "half_life_days": 30},
    ],
    "readiness": [{"id": "asked", "kinds": ["rep_requested"]}],
    "thresholds": {"fit": 30, "engagement": 20},
    "grades": {"fit": [20, 40], "engagement": [20, 40]},
    "clocks": {"first_outreach_seconds": 3600},
    "assignment": ["named_account", "account_owner", "sticky", "territory"],
}


def event(fact: Fact, *, at: datetime | None = None, correlation_id: UUID | None = None) -> Event:
    """An event about the fact, as its producer would have said it."""
    at = at or datetime.now(UTC)
    return Event.of(fact, occurred_at=at, recorded_at=at, correlation_id=correlation_id or new_id())


def engagement(contact_id: str, kind: str = "webinar_attended", *, age: timedelta = timedelta(minutes=5), **changes: Any) -> Event:
    """One act of a contact; by default one that reaches the threshold alone."""
    at = datetime.now(UTC) - age
    facts: dict[str, Any] = {
        "engagement_id": str(new_id()),
        "source": "mautic",
        "source_event_id": str(new_id()),
        "contact_id": contact_id,
        "kind": kind,
        "channel": "email",
        "context": "promotional",
        "brand_id": BRAND,
        "campaign_id": "launch",
        "occurred_at": at,
        "received_at": at,
        "machine": False,
    }
    return event(EngagementRecorded(**facts | changes), at=at)


def contact(contact_id: str, *, version: int = 1, account_id: str | None = None, **changes: Any) -> Event:
    """A cardiologist in Chicago, as the directory describes them."""
    facts: dict[str, Any] = {
        "contact_id": contact_id,
        "version": version,
        "provisional": False,
        "given_name": "Ada",
        "family_name": "Example",
        "kind": "prescriber",
        "specialty": "cardiology",
        "postal_code": "60614",
        "country": "US",
        "affiliations": [Affiliation(account_id=account_id, primary=True)] if account_id else [],
    }
    return event(ContactSnapshot(**facts | changes))


def opt_out(contact_id: str, *, version: int = 2, **changes: Any) -> Event:
    """The same contact, who may not be contacted any more."""
    return contact(contact_id, version=version, consents=[Consent(channel="any", purpose="promotion", state="denied")], **changes)


def outcome(lead: dict[str, Any], code: str, *, after: timedelta = timedelta(), rep_id: str | None = None, **changes: Any) -> Event:
    """What a rep, by default the lead's owner, reported about a lead: `after` its qualification."""
    at = datetime.fromisoformat(lead["qualified_at"]) + after
    facts: dict[str, Any] = {
        "report_id": str(new_id()),
        "lead_id": lead["id"],
        "contact_id": lead["contact_id"],
        "brand_id": lead["brand_id"],
        "rep_id": rep_id or lead["rep_id"],
        "code": code,
        "channel": "phone",
        "occurred_at": at,
        "received_at": at,
    }
    return event(OutcomeRecorded(**facts | changes), at=at)


def territory(territory_id: str, *postal_codes: str, **changes: Any) -> dict[str, Any]:
    facts = {"name": territory_id, "region": "midwest", "timezone": "America/Chicago", "country": "US", "hours": ALWAYS_OPEN}
    return {"id": territory_id, "postal_codes": list(postal_codes), **facts, **changes}


def rep(rep_id: str, *territory_ids: str, **changes: Any) -> dict[str, Any]:
    facts = {"name": rep_id, "role": "rep", "brand_ids": [BRAND], "max_open_leads": 1_000, "weight": 1.0, "active": True}
    return {"id": rep_id, "territory_ids": list(territory_ids), **facts, **changes}


def account(account_id: str, **changes: Any) -> dict[str, Any]:
    return {"id": account_id, "name": account_id, "institution_type": "hospital", "postal_code": "60614", "priority": "A", **changes}


def absence(absence_id: str, rep_id: str = "rep-1", **changes: Any) -> dict[str, Any]:
    """Away for a fortnight around now."""
    today = datetime.now(UTC).date()
    away = {"from": str(today - timedelta(days=7)), "until": str(today + timedelta(days=7))}
    return {"id": absence_id, "rep_id": rep_id, **away, **changes}


def target(target_id: str, contact_id: str = "hcp-1", **changes: Any) -> dict[str, Any]:
    """On the call plan of a cycle around now."""
    today = datetime.now(UTC).date()
    facts = {"brand_id": BRAND, "indication": "hypertension", "segment": "grow", "decile": 8, "planned_calls": 6, "cycle": "this"}
    cycle = {"cycle_from": str(today - timedelta(days=60)), "cycle_until": str(today + timedelta(days=60))}
    return {"id": target_id, "contact_id": contact_id, **facts, **cycle, **changes}


def alignment(alignment_id: str, territory_id: str = "chicago", *postal_codes: str, **changes: Any) -> dict[str, Any]:
    include = {"postal_codes": list(postal_codes) or ["606*"]}
    return {"id": alignment_id, "territory_id": territory_id, "priority": 1, "include": include, **changes}


def pool(pool_id: str, *rep_ids: str, **changes: Any) -> dict[str, Any]:
    return {"id": pool_id, "brand_id": BRAND, "rep_ids": list(rep_ids), **changes}


@dataclass(slots=True)
class World:
    """Routing on a database of its own, with its API and its consumers."""

    service: Service
    client: httpx.AsyncClient
    deliver: Callable[[Service, Topic, Sequence[Event]], Awaitable[None]]
    outbox_of: Callable[[Service], Awaitable[list[tuple[str, str, dict[str, Any]]]]]
    headers: dict[str, str] = field(default_factory=lambda: SALES_OPS)

    async def put(self, collection: str, *rows: Any) -> dict[str, Any]:
        answer = await self.client.put(f"/v1/{collection}", json=list(rows), headers=SALES_OPS)
        assert answer.status_code == 200, answer.text
        verdict: dict[str, Any] = answer.json()
        return verdict

    async def activate(self, **changes: Any) -> str:
        """Drafts a policy and has somebody else activate it; its version."""
        drafted = await self.client.post("/v1/policies", json=POLICY | changes, headers=SALES_OPS)
        assert drafted.status_code == 201, drafted.text
        version: str = drafted.json()["version"]
        activated = await self.client.post(f"/v1/policies/{version}/activate", headers=OTHER_SALES_OPS)
        assert activated.status_code == 200, activated.text
        return version

    async def hear(self, *events: Event) -> None:
        """Applies events in the order given, each run of one topic as one batch."""
        runs: list[tuple[Topic, list[Event]]] = []
        for each in events:
            topic = each.fact.contract.topic
            if not runs or runs[-1][0] != topic:
                runs.append((topic, []))
            runs[-1][1].append(each)
        for topic, batch in runs:
            await self.deliver(self.service, topic, batch)

    async def get(self, path: str, *, headers: dict[str, str] = SALES_OPS, **query: Any) -> Any:
        answer = await self.client.get(f"/v1/{path}", params=query, headers=headers)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def leads(self, **query: Any) -> list[dict[str, Any]]:
        """Oldest first."""
        page = await self.get("leads", limit=500, **query)
        return list(reversed(page["items"]))

    async def lead(self, **query: Any) -> dict[str, Any]:
        """The only lead there is."""
        [only] = await self.leads(**query)
        return await self.reread(only)

    async def reread(self, lead: dict[str, Any]) -> dict[str, Any]:
        answer: dict[str, Any] = await self.get(f"leads/{lead['id']}")
        return answer

    async def history(self, lead: dict[str, Any], *kinds: str) -> list[dict[str, Any]]:
        """What was decided about the lead, oldest first; of these kinds alone where some are named."""
        told: list[dict[str, Any]] = await self.get(f"leads/{lead['id']}/history", limit=500)
        return [entry for entry in told if not kinds or entry["kind"] in kinds]

    async def decided(self, lead: dict[str, Any]) -> list[dict[str, Any]]:
        """The same without its briefs."""
        return [entry for entry in await self.history(lead) if not entry["kind"].startswith("brief_")]

    async def said(self, *types: str) -> list[dict[str, Any]]:
        """What routing published of these types, oldest first, each with its type."""
        return [{"type": kind, **body} for kind, _, body in await self.outbox_of(self.service) if kind in types]

    async def envelopes(self) -> list[dict[str, Any]]:
        """The headers of everything published, oldest first."""
        async with self.service.database.reading() as session:
            rows = await session.scalars(text("SELECT headers FROM outbox ORDER BY position"))
            return list(rows)
