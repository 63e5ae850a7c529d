"""A made-up platform, connected by a mapping, and its mapping as it is mended."""

import hashlib
import hmac
from typing import Any

import httpx

from tests.intake.conftest import Intake
from tests.intake.platforms import SECRET
from tests.intake.test_mappings import PODIUM

SETTINGS: dict[str, Any] = {"brand_id": "cardiozan"}
RENAMED: dict[str, Any] = {**PODIUM, "identity": {"parts": ["ref", "hall"]}}
"""The same platform, with other identities."""


def with_kinds(mapping: dict[str, Any] = PODIUM, **kinds: dict[str, Any]) -> dict[str, Any]:
    """The mapping, with further kinds of events."""
    return {**mapping, "kinds": {**mapping["kinds"], **kinds}}


WITH_COFFEE = with_kinds(COFFEE_SERVED={"kind": "event_attended"})


async def connect(intake: Intake, mapping: dict[str, Any] = PODIUM, **settings: Any) -> None:
    """Connects the platform, or replaces its mapping and settings."""
    body = {"mapping": mapping, "secrets": [SECRET], "settings": {**SETTINGS, **settings}}
    answer = await intake.put("sources/podium", body, role="admin")
    assert answer.status_code in (200, 201), answer.text


async def post(intake: Intake, body: bytes, *, secret: str = SECRET) -> httpx.Response:
    """Posts a body as the platform signs it."""
    signature = hmac.new(secret.encode(), b"v1:" + body, hashlib.sha256).hexdigest()
    headers = {"Content-Type": "application/json", "X-Podium": signature}
    return await intake.client.post("/v1/webhooks/podium", content=body, headers=headers)


async def reprocess(intake: Intake, *, cursor: str | None = None, role: str = "admin", **body: Any) -> httpx.Response:
    """Asks for a range to be read again."""
    query = "" if cursor is None else f"?cursor={cursor}"
    return await intake.client.post(f"/v1/receipts/reprocess{query}", json=body, headers=intake.token(role))


async def reprocess_one(intake: Intake, receipt: httpx.Response, *, role: str = "admin") -> httpx.Response:
    """Asks for the receipt an answer names to be read again."""
    return await intake.client.post(f"/v1/receipts/{receipt.json()['receipt_id']}/reprocess", headers=intake.token(role))
