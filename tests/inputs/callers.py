"""Asking as somebody who may, which is what most tests of this folder do before they spoil something."""

from typing import Any

import httpx

from tests.inputs.doors import Doors
from tests.inputs.permissions import permitted
from tests.inputs.requests import good_requests
from tests.tokens import authorization

REPS = {"rep": "rep-1", "manager": "boss-1"}


def as_role(role: str) -> dict[str, str]:
    """The header of somebody with this one role; a rep is rep-1, a manager boss-1."""
    return authorization(role, rep=REPS.get(role), sub=f"sub-{role}")


def as_permitted(service: str, operation: str) -> dict[str, str]:
    """The header of somebody who may call the address."""
    return as_role(min(permitted(service)[operation]))


async def send(doors: Doors, service: str, operation: str, content: bytes, *, headers: dict[str, str] | None = None) -> httpx.Response:
    """Sends these bytes as JSON to an address, as somebody who may. `headers` label them otherwise, or not at all."""
    method, _ = operation.split()
    path = good_requests(service)[operation].path.format_map(doors.known)
    labels = {"Content-Type": "application/json"} if headers is None else headers
    sent = [(name.encode(), value.encode("latin-1")) for name, value in (as_permitted(service, operation) | labels).items()]
    return await doors[service].client.request(method, path, content=content, headers=sent)


def problem(answer: httpx.Response, status: int) -> dict[str, Any]:
    """The problem an answer is, which must have this status."""
    assert answer.status_code == status, answer.text[:500]
    assert answer.headers["content-type"] == "application/problem+json"
    document: dict[str, Any] = answer.json()
    assert document["status"] == status
    assert document["detail"]
    return document
