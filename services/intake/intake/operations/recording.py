"""The one write every engagement goes through: what was told before is told apart, persons are recognised, consent is honoured.

Deliveries come as a set and cost a constant number of statements, whatever their number and that of their items, so that several
requests can share one commit.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from intake.decisions import consents, machines
from intake.decisions.acts import Act
from intake.decisions.catalog import Catalog, label
from intake.decisions.contacts import Contact, taught
from intake.decisions.engagements import Engagement
from intake.decisions.persons import PersonKey, Recognition
from intake.decisions.receipts import Delivery, Tally
from intake.decisions.verdicts import Verdict, bounded, judge
from intake.operations import engagements, receipts
from intake.operations.contacts import Change, keep_contacts, lock_contacts
from intake.operations.looking_up import look_up
from intake.operations.neighbours import Neighbours
from intake.operations.recognising import Owners, recognise_persons
from intake.operations.restating import restate_by_evidence
from intake.operations.texts import keep_texts, texts_of
from intake.operations.writing import write_at_once
from shared import outbox
from shared.events import Event
from shared.ids import new_id


@dataclass(frozen=True, slots=True)
class _Fresh:
    """An act to be recorded, and the delivery it came in."""

    delivery: Delivery
    act: Act
    engagement_id: UUID


async def record(session: AsyncSession, deliveries: Sequence[Delivery], *, now: datetime) -> list[Tally]:
    """Keeps the deliveries and records what is fresh in them, with its events; gives each delivery's tally, in order."""
    arrived = [
        (bounded(item, received_at=delivery.received_at), delivery.received_at) for delivery in deliveries for item in delivery.items
    ]
    items = [item for item, _ in arrived]
    acts = [item for item in items if isinstance(item, Act)]
    times = [item.occurred_at or received_at for item, received_at in arrived if isinstance(item, Act)]
    fresh_ids = [new_id() for _ in items]
    known = await look_up(session, acts, times=times)
    verdicts = judge(items, register=known.register, fresh_ids=fresh_ids)

    fresh = list(_fresh(deliveries, verdicts))
    recognition, owners = await recognise_persons(session, [one.act.person for one in fresh], owners=known.owners)
    composed = _compose(fresh, contact_ids=recognition.contact_ids, owners=owners, catalog=known.catalog)
    told, gained = _judged(composed, known.neighbours)
    lesson = _Lesson.of(told, fresh=fresh, recognition=recognition)
    if lesson.is_empty:
        tallies = list(_tallies(deliveries, verdicts))
        added = await write_at_once(session, told, _kept(deliveries, tallies), [_recorded(engagement, now=now) for engagement in told])
        if len(added) == len(told):
            await keep_texts(session, texts_of(deliveries, items, verdicts, told=told, owners=known.owners), now=now)
            await restate_by_evidence(session, gained, now=now)
            return tallies
    else:
        added = await engagements.add(session, told)
    if len(added) < len(told):  # somebody told the same at this very moment, and was first
        register = await engagements.told_before(session, acts, but=added)
        verdicts = judge(items, register=register, fresh_ids=fresh_ids)
        told = [engagement for engagement in told if engagement.id in added]
        lesson = _Lesson.of(told, fresh=fresh, recognition=recognition)

    snapshots = await _teach_contacts(session, lesson, now=now)
    tallies = list(_tallies(deliveries, verdicts))
    await receipts.keep(session, _kept(deliveries, tallies))
    await outbox.publish(session, [*snapshots, *(_recorded(engagement, now=now) for engagement in told)])
    await keep_texts(session, texts_of(deliveries, items, verdicts, told=told, owners=known.owners), now=now)
    await restate_by_evidence(session, gained, now=now)
    return tallies


def _fresh(deliveries: Sequence[Delivery], verdicts: Sequence[Verdict]) -> Iterator[_Fresh]:
    pending = iter(verdicts)
    for delivery in deliveries:
        for _ in delivery.items:
            verdict = next(pending)
            if verdict.act is not None and verdict.engagement_id is not None:
                yield _Fresh(delivery, verdict.act, verdict.engagement_id)


def _tallies(deliveries: Sequence[Delivery], verdicts: Sequence[Verdict]) -> Iterator[Tally]:
    begin = 0
    for delivery in deliveries:
        end = begin + len(delivery.items)
        yield Tally(delivery.receipt_id, verdicts[begin:end])
        begin = end


def _kept(deliveries: Sequence[Delivery], tallies: Sequence[Tally]) -> list[tuple[Delivery, Tally]]:
    pairs = zip(deliveries, tallies, strict=True)
    return [(delivery, tally) for delivery, tally in pairs if delivery.kept_if_refused or not tally.is_refused]


def _compose(fresh: Sequence[_Fresh], *, contact_ids: Sequence[str], owners: Owners, catalog: Catalog) -> list[Engagement]:
    return [
        _engagement(one, contact_id=contact_id, country=owners.countries.get(contact_id), catalog=catalog)
        for one, contact_id in zip(fresh, contact_ids, strict=True)
    ]


def _engagement(one: _Fresh, *, contact_id: str, country: str | None, catalog: Catalog) -> Engagement:
    delivery = one.delivery
    occurred_at = one.act.occurred_at or delivery.received_at
    return Engagement(
        id=one.engagement_id,
        receipt_id=delivery.receipt_id,
        act=one.act,
        contact_id=contact_id,
        labels=label(one.act, occurred_at=occurred_at, country=country, catalog=catalog, source_brand_id=delivery.brand_id),
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


@dataclass(frozen=True, slots=True)
class _Lesson:
    """What a batch teaches about contacts: who is new, which keys are whose, what people now allow; and in which journey."""

    contact_ids: Collection[str]
    keys: Mapping[str, Sequence[PersonKey]]
    acts: Mapping[str, Sequence[consents.ConsentAct]]
    journeys: Mapping[str, UUID]

    @classmethod
    def of(cls, told: Sequence[Engagement], *, fresh: Sequence[_Fresh], recognition: Recognition) -> "_Lesson":
        keys: dict[str, list[PersonKey]] = defaultdict(list)
        for key, contact_id in recognition.learnt.items():
            keys[contact_id].append(key)
        acts = _consent_acts(told)
        # Whose only act was told by somebody else first teaches nothing: whoever was first has learnt it.
        contact_ids = {*recognition.new_contact_ids, *keys, *acts} & {engagement.contact_id for engagement in told}
        journeys = {
            contact_id: one.delivery.receipt_id
            for one, contact_id in reversed(list(zip(fresh, recognition.contact_ids, strict=True)))
            if contact_id in contact_ids
        }
        return cls(contact_ids, keys, acts, journeys)

    @property
    def is_empty(self) -> bool:
        return not self.contact_ids


async def _teach_contacts(session: AsyncSession, lesson: _Lesson, *, now: datetime) -> list[Event]:
    """One change per contact; gives the snapshots."""
    if lesson.is_empty:
        return []
    known = await lock_contacts(session, lesson.contact_ids)
    changes = []
    for contact_id in sorted(lesson.contact_ids):
        before = known.get(contact_id, Contact(contact_id))
        after = taught(before, keys=lesson.keys.get(contact_id, ()), acts=lesson.acts.get(contact_id, ()))
        changes.append(Change(before, after, lesson.journeys[contact_id]))
    return await keep_contacts(session, changes, now=now)


def _consent_acts(told: Sequence[Engagement]) -> Mapping[str, list[consents.ConsentAct]]:
    acts: dict[str, list[consents.ConsentAct]] = defaultdict(list)
    for engagement in told:
        act = consents.act_of(
            engagement.act.kind, channel=engagement.act.channel, occurred_at=engagement.occurred_at, machine=engagement.machine
        )
        if act is not None:
            acts[engagement.contact_id].append(act)
    return acts


def _recorded(engagement: Engagement, *, now: datetime) -> Event:
    return Event.of(engagement.fact(), occurred_at=engagement.occurred_at, recorded_at=now, correlation_id=engagement.receipt_id)
