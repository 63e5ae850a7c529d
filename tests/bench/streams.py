"""Events by the ten thousand, as intake says them: of two thousand contacts, each in the size they have in production."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import count, islice

from shared.events import Event
from shared.events.engagements import EngagementRecorded
from shared.ids import new_id

CONTACTS = 2_000


def engagements(number: int) -> Iterator[Event]:
    """That many engagements, no two the same."""
    began = datetime.now(UTC) - timedelta(hours=1)
    for place in islice(count(), number):
        at = began + timedelta(milliseconds=place)
        fact = EngagementRecorded(
            engagement_id=str(new_id()),
            source="mautic",
            source_event_id=f"form-{place}",
            contact_id=f"hcp-{place % CONTACTS}",
            kind="form_submitted",
            channel="web",
            context="promotional",
            asset_id="launch-page",
            campaign_id="launch",
            brand_id="cardiolex",
            topics=["efficacy"],
            occurred_at=at,
            received_at=at,
            machine=False,
        )
        yield Event.of(fact, occurred_at=at, recorded_at=at, correlation_id=new_id())
