"""The one write every engagement goes through: what was told before is told apart, persons are recognised, consent is honoured.

Deliveries come as a set and cost a constant number of statements, whatever their number and that of their items, so that several
requests can share one commit.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from intake.decisions import machines
from intake.decisions.acts import Act
from intake.decisions.catalog import Catalog, label
from intake.decisions.engagements import Engagement
from intake.decisions.receipts import Delivery, Tally
from intake.decisions.verdicts import Verdict, bounded, judge
from intake.operations import engagements, receipts
from intake.operations.erasures.late import mentioned, set_aside
from intake.operations.erasures.ledger import ErasureLedger
from intake.operations.looking_up import look_up
from intake.operations.neighbours import Neighbours
from intake.operations.recognising import Owners, recognise_persons
from intake.operations.restating import restate_by_evidence
from intake.operations.teaching import Fresh, Lesson, teach
from intake.operations.texts import keep_texts, texts_of
from intake.operations.writing import write_at_once
from shared import outbox
from shared.events import Event
from shared.ids import new_id


async def record(session: AsyncSession, deliveries: Sequence[Delivery], *, erasures: ErasureLedger, now: datetime) -> list[Tally]:
    """Keeps the deliveries and records what is fresh in them, with its events; gives each delivery's tally, in order."""
    arrived = [
        (bounded(item, received_at=delivery.received_at), delivery.received_at) for delivery in deliveries for item in delivery.items
    ]
    items = [item for item, _ in arrived]
    acts = [item for item in items if isinstance(item, Act)]
    times = [item.occurred_at or received_at for item, received_at in arrived if isinstance(item, Act)]
    fresh_ids = [new_id() for _ in items]
    known = await look_up(session, acts, times=times, mentioned=mentioned(deliveries, erasures), erasures=erasures)
    if erasures.learn(is_in_use=known.ledger_as_of is not None):  # the first who was ever erased, by another process
        known = await look_up(session, acts, times=times, mentioned=mentioned(deliveries, erasures), erasures=erasures)
    if known.erased:
        without = set_aside(deliveries, items, hits=known.erased, erasures=erasures, owners=known.owners)
        deliveries, items = without.deliveries, without.items
        await without.keep(session, now=now)
    verdicts = judge(items, register=known.register, fresh_ids=fresh_ids)

    fresh = list(_fresh(deliveries, verdicts))
    recognition, owners = await recognise_persons(session, [one.act.person for one in fresh], owners=known.owners, since=known.ledger_as_of)
    composed = _compose(fresh, contact_ids=recognition.contact_ids, owners=owners, catalog=known.catalog)
    told, gained = _judged(composed, known.neighbours)
    lesson = Lesson.of(told, fresh=fresh, recognition=recognition, owners=owners)
    if lesson.is_empty:
        tallies = list(_tallies(deliveries, verdicts))
        events = [_recorded(engagement, now=now) for engagement in told]
        added = await write_at_once(session, told, _kept(deliveries, tallies), events, pairs=lesson.pairs, now=now)
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
        lesson = Lesson.of(told, fresh=fresh, recognition=recognition, owners=owners)

    snapshots = await teach(session, lesson, now=now)
    tallies = list(_tallies(deliveries, verdicts))
    await receipts.keep(session, _kept(deliveries, tallies))
    await outbox.publish(session, [*snapshots, *(_recorded(engagement, now=now) for engagement in told)])
    await keep_texts(session, texts_of(deliveries, items, verdicts, told=told, owners=known.owners), now=now)
    await restate_by_evidence(session, gained, now=now)
    return tallies


def _fresh(deliveries: Sequence[Delivery], verdicts: Sequence[Verdict]) -> Iterator[Fresh]:
    pending = iter(verdicts)
    for delivery in deliveries:
        for _ in delivery.items:
            verdict = next(pending)
            if verdict.act is not None and verdict.engagement_id is not None:
                yield Fresh(delivery, verdict.act, verdict.engagement_id)


def _tallies(deliveries: Sequence[Delivery], verdicts: Sequence[Verdict]) -> Iterator[Tally]:
    begin = 0
    for delivery in deliveries:
        end = begin + len(delivery.items)
        yield Tally(delivery.receipt_id, verdicts[begin:end])
        begin = end


def _kept(deliveries: Sequence[Delivery], tallies: Sequence[Tally]) -> list[tuple[Delivery, Tally]]:
    pairs = zip(deliveries, tallies, strict=True)
    fresh = [(delivery, tally) for delivery, tally in pairs if not delivery.on_record]
    return [(delivery, tally) for delivery, tally in fresh if delivery.kept_if_refused or not tally.is_refused]


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


def _recorded(engagement: Engagement, *, now: datetime) -> Event:
    return Event.of(engagement.fact(), occurred_at=engagement.occurred_at, recorded_at=now, correlation_id=engagement.receipt_id)
