"""A batch, and what it comes to as far as is known whose the keys in it are: engagements with labels and evidence, and what they teach."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from intake.decisions import machines
from intake.decisions.acts import Act, Item
from intake.decisions.catalog import Catalog, label
from intake.decisions.engagements import Engagement
from intake.decisions.persons import PersonKey, Recognition
from intake.decisions.receipts import Delivery, Tally
from intake.decisions.verdicts import Verdict, bounded
from intake.operations.looking_up import Known
from intake.operations.neighbours import Neighbours
from intake.operations.people import told_change
from intake.operations.recognising import Owners, recognised
from intake.operations.teaching import Fresh, Lesson
from intake.operations.writing import Outcome
from shared.events import Event


@dataclass(frozen=True, slots=True)
class Batch:
    """Deliveries, the items of all of them one behind the other, and when each of the acts among these happened."""

    deliveries: Sequence[Delivery]
    items: Sequence[Item]
    acts: Sequence[Act]
    times: Sequence[datetime]

    @classmethod
    def of(cls, deliveries: Sequence[Delivery]) -> "Batch":
        """Items whose time can't be are rejected."""
        arrived = [
            (bounded(item, received_at=delivery.received_at), delivery.received_at) for delivery in deliveries for item in delivery.items
        ]
        acts = [(item, item.occurred_at or received_at) for item, received_at in arrived if isinstance(item, Act)]
        return cls(deliveries, [item for item, _ in arrived], [act for act, _ in acts], [at for _, at in acts])

    def fresh(self, verdicts: Sequence[Verdict]) -> list[Fresh]:
        """The acts to be recorded by these verdicts, which are the items'."""
        places = (delivery for delivery in self.deliveries for _ in delivery.items)
        return [
            Fresh(delivery, verdict.act, verdict.engagement_id)
            for delivery, verdict in zip(places, verdicts, strict=True)
            if verdict.act is not None and verdict.engagement_id is not None
        ]

    def tallies(self, verdicts: Sequence[Verdict]) -> list[Tally]:
        """What these verdicts come to, delivery by delivery."""
        tallies, begin = [], 0
        for delivery in self.deliveries:
            end = begin + len(delivery.items)
            tallies.append(Tally(delivery.receipt_id, verdicts[begin:end]))
            begin = end
        return tallies

    def kept(self, tallies: Sequence[Tally]) -> list[tuple[Delivery, Tally]]:
        """The deliveries whose receipts are to be kept, with their tallies."""
        return [
            (delivery, tally)
            for delivery, tally in zip(self.deliveries, tallies, strict=True)
            if not delivery.on_record and (delivery.kept_if_refused or not tally.is_refused)
        ]


@dataclass(frozen=True, slots=True)
class Reading:
    """The fresh acts of a batch, as far as these are the owners of their keys. `gained` is what evidence they are about engagements on
    record."""

    fresh: Sequence[Fresh]
    owners: Owners
    recognition: Recognition
    told: Sequence[Engagement]
    gained: Mapping[UUID, frozenset[machines.MachineEvidence]]
    lesson: Lesson
    keys: Collection[PersonKey]

    @classmethod
    def of(cls, fresh: Sequence[Fresh], known: Known, *, owners: Owners) -> "Reading":
        """`owners` may be known better by now than all else that was looked up."""
        persons = [one.act.person for one in fresh]
        recognition = recognised(persons, owners)
        composed = _compose(fresh, contact_ids=recognition.contact_ids, owners=owners, catalog=known.catalog)
        told, gained = _judged(composed, known.neighbours)
        lesson = Lesson.of(told, fresh=fresh, recognition=recognition, owners=owners)
        return cls(fresh, owners, recognition, told, gained, lesson, {key for person in persons for key in person})

    @property
    def is_usual(self) -> bool:
        """Whether all it teaches is that there are people nobody knew, if even that: then it has an `outcome`."""
        return self.lesson.is_of_strangers and self.owners.unknown(self.keys) == self.recognition.learnt.keys()

    def outcome(self, kept: Sequence[tuple[Delivery, Tally]], *, since: datetime | None, now: datetime) -> Outcome:
        """What is to be written of a usual batch."""
        strangers = self.lesson.strangers()
        snapshots = [told_change(one, journey=self.lesson.journeys[one.told.id], now=now) for one in strangers]
        events = [*snapshots, *(recorded(engagement, now=now) for engagement in self.told)]
        return Outcome(self.told, kept, events, self.lesson.pairs, strangers, self.recognition.learnt, since)


def recorded(engagement: Engagement, *, now: datetime) -> Event:
    """The event that tells it."""
    return Event.of(engagement.fact(), occurred_at=engagement.occurred_at, recorded_at=now, correlation_id=engagement.receipt_id)


def _compose(fresh: Sequence[Fresh], *, contact_ids: Sequence[str], owners: Owners, catalog: Catalog) -> list[Engagement]:
    return [
        _engagement(one, shown_as=contact_id, owners=owners, catalog=catalog) for one, contact_id in zip(fresh, contact_ids, strict=True)
    ]


def _engagement(one: Fresh, *, shown_as: str, owners: Owners, catalog: Catalog) -> Engagement:
    delivery, contact_id = one.delivery, owners.survivors.get(shown_as, shown_as)
    country = owners.countries.get(contact_id)
    occurred_at = one.act.occurred_at or delivery.received_at
    return Engagement(
        id=one.engagement_id,
        receipt_id=delivery.receipt_id,
        act=one.act,
        contact_id=contact_id,
        shown_as=shown_as,
        labels=label(
            one.act,
            occurred_at=occurred_at,
            country=country,
            catalog=catalog,
            source_brand_id=delivery.brand_id,
            source_flags=delivery.flags,
        ),
        occurred_at=occurred_at,
        received_at=delivery.received_at,
    )


def _judged(
    composed: Sequence[Engagement], neighbours: Neighbours
) -> tuple[list[Engagement], Mapping[UUID, frozenset[machines.MachineEvidence]]]:
    """The engagements with all evidence of machines, and what evidence they are about those on record."""
    traces = [trace for engagement in composed if (trace := engagement.trace) is not None]
    shared = machines.shared_evidence([*traces, *neighbours.traces]) if traces else {}
    told = [engagement.judged(shared.get(engagement.id, ())) for engagement in composed]
    return told, machines.gained(neighbours.evidence, shared)
