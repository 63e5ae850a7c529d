"""A feedback service that knows a small field: two reps of a manager's, one elsewhere, and their leads."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from shared.events import Event, Topic, topics
from shared.service import Service
from tests.feedback import world


@dataclass(frozen=True, slots=True)
class Feedback:
    """The service under test, a client of its API, and ways to look behind it."""

    service: Service
    client: httpx.AsyncClient
    token: Callable[..., dict[str, str]]
    deliver: Callable[[Service, Topic, list[Event]], Awaitable[None]]
    outbox_of: Callable[[Service], Awaitable[list[tuple[str, str, dict[str, Any]]]]]

    async def post(self, path: str, body: Any, *, rep: str = "rep-1", role: str = "rep", key: str | None = None) -> httpx.Response:
        headers = self.token(role, rep=rep, sub=f"sub-{rep}")
        return await self.client.post(f"/v1/{path}", json=body, headers=headers | ({"Idempotency-Key": key} if key else {}))

    async def get(self, path: str, *, role: str, rep: str | None = None) -> httpx.Response:
        return await self.client.get(f"/v1/{path}", headers=self.token(role, rep=rep, sub=f"sub-{rep or role}"))

    async def cases(self, role: str = "safety") -> list[dict[str, Any]]:
        """The cases this role sees, without what they share with every other."""
        items: list[dict[str, Any]] = (await self.get("cases?limit=500", role=role)).json()["items"]
        return items

    async def feed(self, rep: str = "rep-1") -> list[dict[str, Any]]:
        items: list[dict[str, Any]] = (await self.get("me/feed", role="rep", rep=rep)).json()["items"]
        return items

    async def hear(self, topic: Topic, *events: Event) -> None:
        await self.deliver(self.service, topic, list(events))

    async def published(self, event_type: str | None = None) -> list[dict[str, Any]]:
        """The bodies of what waits in the outbox, of one type or all."""
        return [body for kind, _, body in await self.outbox_of(self.service) if event_type in (None, kind)]

    async def rows(self, query: str) -> list[Any]:
        async with self.service.database.reading() as session:
            return list((await session.execute(text(query))).all())


@pytest.fixture
async def feedback(make_service: Any, client_of: Any, token: Any, deliver: Any, outbox_of: Any) -> AsyncIterator[Feedback]:
    """A feedback service that has heard of `world`."""
    service = await make_service("feedback")
    async with client_of(service) as client:
        feedback = Feedback(service, client, token, deliver, outbox_of)
        await feedback.hear(topics.FIELD_FORCE, *world.field_force())
        await feedback.hear(topics.CONTACTS, *world.contacts())
        await feedback.hear(topics.LEADS, *world.leads())
        yield feedback
