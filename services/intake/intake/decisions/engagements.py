"""The canonical engagement: an act, once we know whose it is and what it is about."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from intake.decisions.acts import Act
from intake.decisions.catalog import Labels
from shared.events.engagements import EngagementRecorded


@dataclass(frozen=True, slots=True)
class Engagement:
    """One observed act of a contact."""

    id: UUID
    receipt_id: UUID
    act: Act
    contact_id: str
    labels: Labels
    occurred_at: datetime
    received_at: datetime

    def fact(self) -> EngagementRecorded:
        """What the `engagements` topic says of it: codes and numbers, no word anybody typed."""
        return EngagementRecorded(
            engagement_id=str(self.id),
            source=self.act.source,
            source_event_id=self.act.identity,
            contact_id=self.contact_id,
            kind=self.act.kind,
            channel=self.act.channel,
            context=self.labels.context,
            asset_id=self.labels.asset_id,
            campaign_id=self.labels.campaign_id,
            brand_id=self.labels.brand_id,
            topics=list(self.labels.topics),
            occurred_at=self.occurred_at,
            received_at=self.received_at,
            machine=self.act.machine,
            attributes=dict(self.act.attributes),
            flags=list(self.labels.flags),
        )
