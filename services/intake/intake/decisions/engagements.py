"""The canonical engagement: an act, once we know whose it is and what it is about."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from intake.decisions.acts import Act
from intake.decisions.catalog import Labels
from intake.decisions.machines import MachineEvidence, Trace, ordered, own_evidence, trace
from shared.events.engagements import EngagementRecorded


@dataclass(frozen=True, slots=True)
class Engagement:
    """One observed act of a contact. `evidence` beside what the act tells of itself is what others on record tell of it.

    `shown_as` is the contact whose key showed it, `contact_id` who stands for them: the same, unless they were merged.
    """

    id: UUID
    receipt_id: UUID
    act: Act
    contact_id: str
    shown_as: str
    labels: Labels
    occurred_at: datetime
    received_at: datetime
    evidence: tuple[MachineEvidence, ...] = ()

    @property
    def machine(self) -> bool:
        """Whether it was a machine's."""
        return bool(self.evidence)

    @property
    def trace(self) -> Trace | None:
        """What others' verdicts may rest on; None if none does."""
        return trace(self.act, engagement_id=self.id, contact_id=self.shown_as, at=self.occurred_at)

    def judged(self, shared: Iterable[MachineEvidence]) -> "Engagement":
        """The same with its evidence: the act's own, and that of others."""
        evidence = {*own_evidence(self.act), *shared}
        return replace(self, evidence=ordered(evidence)) if evidence else self

    def fact(self) -> EngagementRecorded:
        """What the `engagements` topic says of it: codes and numbers, no word anybody typed."""
        return EngagementRecorded(
            engagement_id=str(self.id),
            source=self.act.source,
            source_event_id=self.act.identity,
            contact_id=self.contact_id,
            original_contact_id=None if self.shown_as == self.contact_id else self.shown_as,
            kind=self.act.kind,
            channel=self.act.channel,
            context=self.labels.context,
            asset_id=self.labels.asset_id,
            campaign_id=self.labels.campaign_id,
            brand_id=self.labels.brand_id,
            topics=list(self.labels.topics),
            occurred_at=self.occurred_at,
            received_at=self.received_at,
            machine=self.machine,
            machine_evidence=list(self.evidence),
            attributes=dict(self.act.attributes),
            flags=list(self.labels.flags),
        )
