"""A small honest world, in memory: everything a few contacts, reps and endpoints leave behind when every promise is kept.

It is made by hand, step by step, and knows nothing of how the auditor decides; tests then spoil one thing in it.
"""

import uuid
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import orjson

from deploy.auditor.evidence import Evidence, Witnessed, feedback, intake, reporting, routing
from deploy.auditor.evidence.events import Event, Occurrence, Telling, read_event
from deploy.auditor.evidence.seams import Parked
from deploy.auditor.evidence.sightings import Search, Searching
from deploy.auditor.services import ERASED_VERSION
from deploy.auditor.testimony import Arrival, Backlog, Canary, Fault, MoveTry, Probe, ReportTry, Sample, WebhookTry

BEGIN = datetime(2026, 11, 3, 9, 0, tzinfo=UTC)
BRAND, CAMPAIGN, REGION, SPECIALTY = "cardiolex", "launch", "midwest", "cardiology"
GONE = "gone-1"
"""Somebody who was erased before any of this."""
URL = "http://127.0.0.1:9999/webhooks"
CANARY = Canary(at=BEGIN, text="the patient fainted twice", kind="free_text", allowed_in=["feedback.case_texts"])

_HEARD_BY = {
    "contacts": ("routing", "feedback", "reporting"),
    "field-force": ("feedback", "reporting"),
    "engagements": ("routing", "reporting"),
    "leads": ("feedback", "reporting"),
    "feedback": ("intake", "routing", "reporting"),
    "sealed-texts": ("feedback",),
    "cases": ("reporting",),
    "loop": ("feedback",),
}


@dataclass(repr=False)
class World:
    """What was left behind so far. Each step takes a second."""

    now: datetime = BEGIN
    receipts: list[intake.Receipt] = field(default_factory=list)
    items: list[intake.Item] = field(default_factory=list)
    engagements: list[intake.Engagement] = field(default_factory=list)
    consents: list[intake.Consent] = field(default_factory=list)
    texts: list[intake.TypedText] = field(default_factory=list)
    aliases: list[intake.Alias] = field(default_factory=list)
    people: list[intake.KnownPerson] = field(default_factory=lambda: [intake.KnownPerson(GONE, is_named=False)])
    keys: list[intake.KeyOfPerson] = field(default_factory=list)
    erasure: intake.Erasure = field(default_factory=lambda: intake.Erasure("erasure-1", (GONE,), BEGIN))
    heard: list[routing.HeardEngagement] = field(default_factory=list)
    contacts: list[routing.KnownContact] = field(default_factory=lambda: [routing.KnownContact(GONE, ERASED_VERSION, [])])
    ledgers: list[routing.Ledger] = field(default_factory=list)
    points: list[routing.Points] = field(default_factory=list)
    leads: list[routing.Lead] = field(default_factory=list)
    records: list[routing.Record] = field(default_factory=list)
    clocks: list[routing.Clock] = field(default_factory=list)
    reps: list[routing.Rep] = field(default_factory=list)
    briefs: list[routing.Brief] = field(default_factory=list)
    reports: list[feedback.Report] = field(default_factory=list)
    cases: list[feedback.Case] = field(default_factory=list)
    owned: list[feedback.OwnedLead] = field(default_factory=list)
    notes: list[feedback.Note] = field(default_factory=list)
    journal: list[reporting.Noted] = field(default_factory=list)
    counted_contacts: list[reporting.CountedContact] = field(
        default_factory=lambda: [reporting.CountedContact(GONE, ERASED_VERSION, SPECIALTY)]
    )
    event_counts: Counter[str] = field(default_factory=Counter)
    cells: Counter[tuple[str, str]] = field(default_factory=Counter)
    entered: dict[str, dict[str, datetime]] = field(default_factory=dict)
    objections: list[reporting.CountedObjection] = field(default_factory=list)
    decisions: list[reporting.Decision] = field(default_factory=list)
    decision_evidence: list[reporting.EvidenceOf] = field(default_factory=list)
    subscriptions: list[reporting.Subscription] = field(default_factory=list)
    deliveries: list[reporting.Delivery] = field(default_factory=list)
    attempts: list[reporting.Attempt] = field(default_factory=list)
    delivery_counts: Counter[tuple[str, str]] = field(default_factory=Counter)
    told: list[Telling] = field(default_factory=list)
    on_topics: list[Occurrence] = field(default_factory=list)
    inbox: dict[str, dict[str, datetime]] = field(default_factory=dict)
    parked: list[Parked] = field(default_factory=list)
    searching: Searching = field(default_factory=lambda: Searching([CANARY]))
    webhooks: list[WebhookTry] = field(default_factory=list)
    report_tries: list[ReportTry] = field(default_factory=list)
    arrivals: list[Arrival] = field(default_factory=list)
    probes: list[Probe] = field(default_factory=list)
    samples: list[Sample] = field(default_factory=list)
    backlog: list[Backlog] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    moves: list[MoveTry] = field(default_factory=list)
    numbers: "count[int]" = field(default_factory=count)

    def __repr__(self) -> str:
        return f"<a world of {len(self.contacts)} contacts, {len(self.leads)} leads, {len(self.reports)} reports>"

    def new_id(self) -> str:
        """Another UUID, the same in every run."""
        return str(uuid.UUID(int=next(self.numbers) + (7 << 76)))

    def pass_second(self) -> datetime:
        """Time goes on."""
        self.now += timedelta(seconds=1)
        return self.now

    def tell(self, service: str, event_type: str, topic: str, key: str, fact: dict[str, Any], *, compacted: bool = False) -> Event:
        """An event leaves a service, reaches its topic, and is applied and counted by each who listens."""
        event = made_event(self.new_id(), service, event_type, topic, key, fact, at=self.now)
        self.told.append(Telling(service, "snapshots" if compacted else "sent", len(self.told), event))
        self.on_topics.append(Occurrence(0, len(self.on_topics), key, event))
        for listener in _HEARD_BY[topic]:
            self.inbox.setdefault(f"{listener}.{topic}", {})[event.id] = self.now
        if "reporting" in _HEARD_BY[topic] or service == "reporting":
            self.journal.append(reporting.Noted(event.id, event_type, self.now))
            self.event_counts[event_type] += 1
        for subscription in self.subscriptions:
            if event_type in subscription.events:
                self._deliver(subscription, event)
        return event

    def _deliver(self, subscription: reporting.Subscription, event: Event) -> None:
        body = orjson.dumps({"type": event.type, "timestamp": event.recorded_at, "data": event.fact}).decode()
        position = len(self.deliveries)
        queued = {"key": event.key, "body": body, "state": "delivered", "attempts": 1, "created_at": self.now, "settled_at": self.now}
        self.deliveries.append(reporting.Delivery(position, subscription.name, event.id, event.type, **queued))  # type: ignore[arg-type]
        self.attempts.append(reporting.Attempt(position, 1, self.now, 204))
        self.delivery_counts[subscription.name, "delivered"] += 1
        arrived = {"webhook_id": event.id, "is_signed_right": True, "body": body, "answered": 204}
        self.arrivals.append(Arrival(at=self.now, endpoint=subscription.url, **arrived))

    def evidence(self) -> Evidence:
        """All of it, as the auditor would have read it a minute later."""
        return Evidence(
            taken_at=self.now + timedelta(seconds=60),
            settled_at=self.now + timedelta(seconds=50),
            intake=intake.Intake(
                self.receipts,
                self.items,
                self.engagements,
                self.consents,
                self.texts,
                self.aliases,
                self.people,
                self.keys,
                [self.erasure],
            ),
            routing=routing.Routing(
                self.heard, self.contacts, self.ledgers, self.points, self.leads, self.records, self.clocks, self.reps, self.briefs
            ),
            feedback=feedback.Feedback(self.reports, self.cases, self.owned, self.notes),
            reporting=self._reporting(),
            told=self.told,
            on_topics=self.on_topics,
            inbox=self.inbox,
            parked=self.parked,
            search=self.search,
            witnessed=Witnessed(
                self.webhooks, self.report_tries, self.arrivals, self.probes, self.samples, self.backlog, self.faults, moves=self.moves
            ),
        )

    @property
    def search(self) -> Search:
        """What the search for canaries found."""
        return self.searching.result()

    def _reporting(self) -> reporting.Reporting:
        owners = {lead.lead_id: lead.rep_id for lead in self.owned}
        return reporting.Reporting(
            journal=self.journal,
            contacts=self.counted_contacts,
            event_counts=[reporting.EventCount(event_type, number) for event_type, number in self.event_counts.items()],
            delivery_counts=[reporting.DeliveryCount(*key, number) for key, number in self.delivery_counts.items()],
            rollups=[
                reporting.Rollup(BEGIN.date(), measure, item, BRAND, CAMPAIGN, SPECIALTY, REGION, number)
                for (measure, item), number in self.cells.items()
            ],
            leads=[funnel_lead(lead_id, owners.get(lead_id), entered) for lead_id, entered in self.entered.items()],
            objections=self.objections,
            signals=[reporting.Signal("objection_rising", 5, 3, 2.0, 28)],
            decisions=self.decisions,
            decision_evidence=self.decision_evidence,
            subscriptions=self.subscriptions,
            deliveries=self.deliveries,
            attempts=self.attempts,
        )


def made_event(event_id: str, service: str, event_type: str, topic: str, key: str, fact: dict[str, Any], *, at: datetime) -> Event:
    """An event as it would be read from a record."""
    headers = {
        "ce_specversion": "1.0",
        "ce_id": event_id,
        "ce_type": event_type,
        "ce_source": f"/fullcircle/{service}",
        "ce_time": at.isoformat(),
        "ce_recordedtime": at.isoformat(),
    }
    return read_event(topic=topic, key=key, headers=headers, body=orjson.dumps(fact))


def funnel_lead(lead_id: str, rep_id: str | None, entered: dict[str, datetime]) -> reporting.FunnelLead:
    """A lead as reporting keeps it."""
    times = {f"{stage}_at": entered.get(stage) for stage in reporting.STAGES}
    return reporting.FunnelLead(lead_id=lead_id, rep_id=rep_id, **times)
