"""An intake service with two connected platforms, and a person at each of its doors."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from intake.decisions.erasures.ledger import LedgerKey
from intake.operations.erasures.ledger import ErasureLedger
from shared.service import Service
from tests.conftest import ERASURE_KEY
from tests.intake.platforms import SECRET, hubspot_headers, mautic_headers, raw

HUBSPOT_URL = "https://hooks.brand.test/hubspot?tenant=1"


@dataclass(frozen=True, slots=True)
class Intake:
    """The service under test, a client of its API, and ways to look behind it."""

    service: Service
    client: httpx.AsyncClient
    token: Callable[..., dict[str, str]]
    outbox_of: Callable[[Service], Awaitable[list[tuple[str, str, dict[str, Any]]]]]

    async def put(self, path: str, body: Any, *, role: str = "integration") -> httpx.Response:
        return await self.client.put(f"/v1/{path}", json=body, headers=self.token(role))

    async def get(self, path: str, *, role: str) -> httpx.Response:
        return await self.client.get(f"/v1/{path}", headers=self.token(role))

    async def post_engagements(self, body: Any, *, role: str = "integration") -> httpx.Response:
        return await self.client.post("/v1/engagements", json=body, headers=self.token(role))

    async def connect(self, name: str, adapter: str, **settings: Any) -> None:
        answer = await self.put(f"sources/{name}", {"adapter": adapter, "secrets": [SECRET], "settings": settings}, role="admin")
        assert answer.status_code in (200, 201), answer.text

    async def mautic(self, body: Any, *, source: str = "mautic", secret: str = SECRET) -> httpx.Response:
        """Posts a signed body of Mautic's: JSON values, or bytes as they are."""
        content = body if isinstance(body, bytes) else raw(body)
        return await self.client.post(f"/v1/webhooks/{source}", content=content, headers=mautic_headers(content, secret))

    async def hubspot(self, body: Any, *, uri: str = HUBSPOT_URL, at: datetime | None = None, source: str = "hs") -> httpx.Response:
        content = body if isinstance(body, bytes) else raw(body)
        headers = hubspot_headers(content, uri=uri, at=at or datetime.now(UTC))
        return await self.client.post(f"/v1/webhooks/{source}", content=content, headers=headers)

    async def published(self, event_type: str) -> list[dict[str, Any]]:
        """The bodies of that type in the outbox, oldest first."""
        return [body for kind, _, body in await self.outbox_of(self.service) if kind == event_type]

    async def rows(self, query: str) -> list[Any]:
        async with self.service.database.reading() as session:
            return list((await session.execute(text(query))).all())

    async def items(self, answer: httpx.Response) -> list[tuple[str, str | None]]:
        """The verdicts and reasons on the receipt an answer names."""
        receipt = await self.get(f"receipts/{answer.json()['receipt_id']}", role="marketing")
        return [(item["verdict"], item["reason"]) for item in receipt.json()["items"]]


@pytest.fixture
async def intake(make_service: Any, client_of: Any, token: Any, outbox_of: Any) -> AsyncIterator[Intake]:
    """Intake with the sources `mautic` and `hs` (a HubSpot reached under an address of its own)."""
    service = await make_service("intake")
    async with client_of(service) as client:
        intake = Intake(service, client, token, outbox_of)
        await intake.connect("mautic", "mautic", brand_id="cardiozan")
        await intake.connect("hs", "hubspot", public_url=HUBSPOT_URL, property_kinds={"webinar_attended": "webinar_attended"})
        yield intake


def new_ledger() -> ErasureLedger:
    """The ledger as a process that has just begun knows it."""
    return ErasureLedger(LedgerKey(ERASURE_KEY.read_text().strip().encode()))


def counts(answer: httpx.Response) -> dict[str, int]:
    """The verdict counts of an answer that are not zero."""
    assert answer.status_code in (200, 202), answer.text
    return {key: answer.json()[key] for key in ("accepted", "duplicate", "ignored", "rejected") if answer.json()[key]}


def contact(contact_id: str = "hcp-1", **changes: Any) -> dict[str, Any]:
    row = {
        "id": contact_id,
        "external_ids": {"npi": "1234567893", "crm": f"crm-{contact_id}"},
        "emails": ["ada@clinic.test"],
        "given_name": "Ada",
        "family_name": "Example",
        "kind": "prescriber",
        "specialty": "cardiology",
        "affiliations": [{"account_id": "acc-1", "primary": True}],
        "postal_code": "60601",
        "country": "US",
    }
    return {**row, **changes}


def asset(asset_id: str = "guide", **changes: Any) -> dict[str, Any]:
    row = {
        "id": asset_id,
        "version": "3",
        "brand_id": "cardiozan",
        "title": "Dosing guide",
        "kind": "pdf",
        "topics": ["dosing"],
        "journey_stage": "consideration",
        "intent": "educational",
        "claims": ["Once a day."],
        "answers": ["dosing_administration"],
        "approval": {"status": "approved", "code": "MLR-1", "regions": ["US"], "expires_on": "2030-12-31"},
        "url": "https://brand.test/guide",
        "keys": [{"kind": "form", "value": "dosingguide"}, {"source": "mautic", "kind": "email", "value": "5"}],
    }
    return {**row, **changes}


def campaign(campaign_id: str = "launch", **changes: Any) -> dict[str, Any]:
    row = {
        "id": campaign_id,
        "brand_id": "cardiozan",
        "indication": "hypertension",
        "name": "Launch",
        "stage_goal": "consideration",
        "channels": [{"channel": "email", "role": "lead"}],
        "asset_ids": ["guide"],
        "activation": {"call_guide": "Begin with dosing.", "meeting_ask": "Fifteen minutes."},
        "starts_on": "2026-01-01",
        "ends_on": "2030-12-31",
        "owner": "marketing-1",
        "keys": [{"kind": "utm_campaign", "value": "spring-launch"}],
    }
    return {**row, **changes}


def engagement(event_id: str = "e-1", **changes: Any) -> dict[str, Any]:
    row = {
        "source": "import",
        "source_event_id": event_id,
        "contact": {"email": "ada@clinic.test"},
        "kind": "webinar_attended",
        "occurred_at": "2026-03-02T10:15:00Z",
    }
    return {**row, **changes}
