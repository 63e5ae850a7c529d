"""Events by the ten thousand, as intake says them: of two thousand contacts, each in the size they have in production."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta

from shared.events import Event
from shared.events.engagements import EngagementRecorded
from shared.ids import new_id

CONTACTS = 2_000


WAVE = 250
ACTS = 20


def engagements(number: int) -> Iterator[Event]:
    """That many engagements, no two the same."""
    return acts(f"hcp-{place % CONTACTS}" for place in range(number))


def waves(number: int) -> Iterator[Event]:
    """The same of contacts who come in waves: each acts twenty times, by turns with 249 others, and is heard of no more.

    By a policy that makes an MQL of whoever acts once, every twentieth engagement begins a lead.
    """
    return acts(f"hcp-{WAVE * (place // (WAVE * ACTS)) + place % WAVE}" for place in range(number))


def acts(contact_ids: Iterable[str]) -> Iterator[Event]:
    """An engagement of each of these contacts, in turn."""
    began = datetime.now(UTC) - timedelta(hours=1)
    for place, contact_id in enumerate(contact_ids):
        at = began + timedelta(milliseconds=place)
        fact = EngagementRecorded(
            engagement_id=str(new_id()),
            source="mautic",
            source_event_id=f"form-{place}",
            contact_id=contact_id,
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
