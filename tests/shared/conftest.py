"""A database with the seam tables alone, and events to send."""

from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from uuid import uuid4

import pytest
from sqlalchemy import text

from shared.database import Database
from shared.events import Event
from shared.events.engagements import EngagementRecorded
from shared.migrations import SEAMS_V1, SEAMS_V2


@pytest.fixture(scope="session")
async def seams_template(new_database: Callable[..., str]) -> str:
    """A database that has the seam tables, to copy from."""
    url = new_database()
    database = Database(url, application_name="tests")
    async with database.transaction() as session:
        for statement in (*SEAMS_V1, *SEAMS_V2):
            await session.execute(text(statement))
    await database.close()
    return url.rsplit("/", 1)[1]


@pytest.fixture
async def database(new_database: Callable[..., str], drop_database: Callable[[str], None], seams_template: str) -> AsyncIterator[Database]:
    """A database of its own with the seam tables."""
    url = new_database(seams_template)
    database = Database(url, application_name="tests")
    yield database
    await database.close()
    drop_database(url)


def engagement(number: int, *, contact: str = "hcp-1") -> Event:
    """An event told apart from others by its number."""
    now = datetime.now(UTC)
    fact = EngagementRecorded(
        engagement_id=f"engagement-{number}",
        source="tests",
        source_event_id=f"act-{number}",
        contact_id=contact,
        kind="page_viewed",
        channel="web",
        context="promotional",
        occurred_at=now,
        received_at=now,
        machine=False,
    )
    return Event.of(fact, occurred_at=now, recorded_at=now, correlation_id=uuid4())
