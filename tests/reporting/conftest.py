"""Reporting on a database of its own, and the questions its tests ask again and again."""

from collections.abc import Awaitable, Callable, Coroutine, Sequence
from datetime import datetime
from itertools import groupby
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from shared.events import Event, Fact, Topic
from shared.service import Service
from tests.conftest import MakeService
from tests.reporting import happened

Deliver = Callable[[Service, Topic, Sequence[Event]], Coroutine[Any, Any, None]]
Tell = Callable[..., Awaitable[list[Event]]]
Rows = Callable[[str], Awaitable[list[dict[str, Any]]]]


@pytest.fixture
async def reporting(make_service: MakeService) -> Service:
    """Reporting, allowed to send webhooks to this machine."""
    return await make_service("reporting", webhook_allow="127.0.0.1")


@pytest.fixture
def tell(reporting: Service, deliver: Deliver, now: datetime) -> Tell:
    """Has reporting consume facts, one batch per run of the same topic: `await tell(fact, fact, journey=...)`."""

    async def tell(*facts: Fact, journey: UUID | None = None, at: datetime | None = None) -> list[Event]:
        events = [happened.event(fact, at or now, journey=journey) for fact in facts]
        for topic, batch in groupby(events, key=lambda event: event.fact.contract.topic):
            await deliver(reporting, topic, list(batch))
        return events

    return tell


@pytest.fixture
def rows(reporting: Service) -> Rows:
    """What a query finds in reporting's database."""

    async def rows(sql: str) -> list[dict[str, Any]]:
        async with reporting.database.reading() as session:
            return [dict(row) for row in (await session.execute(text(sql))).mappings()]

    return rows
