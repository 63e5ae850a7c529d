"""Evidence: all that the auditor holds against the invariants, as plain values. Nothing in here was computed by a service."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property

from deploy.auditor.evidence.events import Event, Occurrence, Telling
from deploy.auditor.evidence.feedback import Feedback
from deploy.auditor.evidence.intake import Intake
from deploy.auditor.evidence.reporting import Reporting
from deploy.auditor.evidence.routing import Routing
from deploy.auditor.evidence.seams import Parked
from deploy.auditor.evidence.sightings import Search
from deploy.auditor.testimony import Arrival, Backlog, Fault, Injected, MoveTry, Probe, ReportTry, Sample, WebhookTry

# What was acknowledged is kept 30 days; of what is older only its effects are left, and nobody can say any more what was told.
_TOLD_KEPT = timedelta(days=29)


@dataclass(frozen=True, slots=True)
class Witnessed:
    """What those outside of the services wrote down. None: nobody was there to see that kind of thing."""

    webhooks: Sequence[WebhookTry] | None = None
    reports: Sequence[ReportTry] | None = None
    arrivals: Sequence[Arrival] | None = None
    probes: Sequence[Probe] | None = None
    samples: Sequence[Sample] | None = None
    backlog: Sequence[Backlog] | None = None
    faults: Sequence[Fault] = ()
    injected: Sequence[Injected] = ()
    moves: Sequence[MoveTry] | None = None


@dataclass(frozen=True)
class Evidence:
    """Everything, taken at about one moment. What was recorded after `settled_at` may still have been on its way.

    `inbox` holds, per consumer, when each event was applied; `told` every row of the outboxes and of what left them.
    """

    taken_at: datetime
    settled_at: datetime
    intake: Intake = field(default_factory=Intake)
    routing: Routing = field(default_factory=Routing)
    feedback: Feedback = field(default_factory=Feedback)
    reporting: Reporting = field(default_factory=Reporting)
    told: Sequence[Telling] = ()
    on_topics: Sequence[Occurrence] = ()
    inbox: Mapping[str, Mapping[str, datetime]] = field(default_factory=dict)
    parked: Sequence[Parked] = ()
    search: Search | None = None
    witnessed: Witnessed = field(default_factory=Witnessed)

    @cached_property
    def events(self) -> Mapping[str, Event]:
        """Every event by its id, from the services' own books and from the topics."""
        return {event.id: event for event in (*(one.event for one in self.on_topics), *(one.event for one in self.told))}

    @cached_property
    def parked_for(self) -> Mapping[str, frozenset[str]]:
        """The ids of the events that each service set aside."""
        found: dict[str, set[str]] = {}
        for one in self.parked:
            if one.event_id is not None:
                found.setdefault(one.consumer.partition(".")[0], set()).add(one.event_id)
        return {service: frozenset(ids) for service, ids in found.items()}

    @cached_property
    def injected(self) -> frozenset[str]:
        """The ids of events that no service told, because a witness put them there."""
        return frozenset(one.event_id for one in self.witnessed.injected if one.event_id is not None)

    @property
    def told_since(self) -> datetime:
        """From here on everything that was told is still on record."""
        return self.taken_at - _TOLD_KEPT

    def is_settled(self, at: datetime) -> bool:
        """Whether what was recorded then must be everywhere by now, with what was told of it still on record."""
        return self.told_since <= at <= self.settled_at
