"""I6: what concerns one person or lead leaves, arrives and has its effect in the order in which it was decided."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime, timedelta
from itertools import groupby, pairwise

from deploy.auditor.evidence import Evidence
from deploy.auditor.evidence.events import Event, Occurrence
from deploy.auditor.evidence.routing import Record
from deploy.auditor.limits import Limits
from deploy.auditor.verdicts import Examination, Verdict

_PROMISE = "per key, effects appear in the order of events"

# Where those who write about one key take turns, the order of the outbox is the order of what happened. Engagements of one person
# that come at once are recorded side by side: either may be first, and consumers fold them by when they happened.
_TAKING_TURNS = frozenset({"leads", "loop", "cases"})
_SIDE_BY_SIDE = timedelta(seconds=30)
# An event says when the work on it began; whoever then waited for a lock tells of it later than who came after.
_LATE_AT_MOST = timedelta(seconds=120)
# More events than these could not have been told just before a partition's first record, side by side with it.
_AT_ONCE = timedelta(seconds=1)
_AT_ONCE_MAX = 20


def decide(evidence: Evidence, _limits: Limits) -> Verdict:
    """Looks at what stands after what, per key, wherever an order can be seen."""
    examination = Examination("I6", _PROMISE)
    positions = {(telling.service, telling.event.id): telling.position for telling in evidence.told}
    occurrences = sorted(evidence.on_topics, key=lambda each: (each.event.topic, each.partition, each.offset))
    begun_anew = {
        topic
        for (topic, _), in_partition in groupby(occurrences, key=lambda each: (each.event.topic, each.partition))
        if _began_anew(list(in_partition), positions)
    }
    for events in _by_key(occurrences, begun_anew):
        examination.look_at(len(events))
        for before, after in pairwise(events):
            _as_told(before, after, positions, examination)
    _applied(evidence, positions, begun_anew, examination)
    _records(evidence, examination)
    _deliveries(evidence, examination)
    if not evidence.on_topics:
        examination.leave_untold("no topic was read")
    return examination.verdict()


def _began_anew(occurrences: list[Occurrence], positions: Mapping[tuple[str, str], int]) -> bool:
    """Whether the broker lost this partition and was filled again: many an event told before its first record stands behind it."""
    first = occurrences[0].event
    began_at = positions.get((first.service, first.id))
    if began_at is None:
        return False
    earlier = {
        one.event.id
        for one in occurrences
        if positions.get((one.event.service, one.event.id), began_at) < began_at and one.event.recorded_at < first.recorded_at - _AT_ONCE
    }
    return len(earlier) > _AT_ONCE_MAX


def _by_key(occurrences: Iterable[Occurrence], begun_anew: Collection[str]) -> Iterable[list[Event]]:
    """The events of each key of each topic in the order in which they first stood there; what stands there again is no other event.

    A broker that lost its log was sent what was new before all was sent again: there the last time counts, behind which all is in order.
    """
    by_key: dict[tuple[str, str], dict[str, Event]] = defaultdict(dict)
    for occurrence in occurrences:
        events = by_key[occurrence.event.topic, occurrence.key]
        if occurrence.event.topic in begun_anew:
            events.pop(occurrence.event.id, None)
        events.setdefault(occurrence.event.id, occurrence.event)
    return [list(events.values()) for events in by_key.values()]


def _applied(evidence: Evidence, positions: Mapping[tuple[str, str], int], begun_anew: Collection[str], examination: Examination) -> None:
    """Whoever listens applied the events of a key in the order in which they were told."""
    for consumer, applied in evidence.inbox.items():
        topic = consumer.partition(".")[2]
        if topic not in _TAKING_TURNS or topic in begun_anew:
            continue
        by_key: dict[str, list[tuple[datetime, int, str]]] = defaultdict(list)
        for event_id, at in applied.items():
            event = evidence.events.get(event_id)
            if event is not None and (position := positions.get((event.service, event.id))) is not None:
                by_key[event.key].append((at, position, event.id))
        for key, in_time in by_key.items():
            examination.look_at(len(in_time))
            for (_, first, before), (_, second, after) in pairwise(sorted(in_time)):
                if first > second:
                    examination.find("events of one key applied in another order", f"consumer={consumer} key={key} events={before},{after}")


def _as_told(before: Event, after: Event, positions: Mapping[tuple[str, str], int], examination: Examination) -> None:
    where = f"topic={after.topic} key={after.key} events={before.id},{after.id}"
    first, second = positions.get((before.service, before.id)), positions.get((after.service, after.id))
    if before.service == after.service and first is not None and second is not None and first > second:
        apart = abs(before.recorded_at - after.recorded_at)
        if after.topic in _TAKING_TURNS or apart > _SIDE_BY_SIDE:
            examination.find("events of one key in another order than they were told", where)
    if after.type == "contact.snapshot" == before.type and after.fact["version"] < before.fact["version"]:
        examination.find("an older snapshot behind a newer one", where)
    if before.recorded_at - after.recorded_at > _LATE_AT_MOST:
        examination.find("an event recorded long before the one in front of it", where)


def _records(evidence: Evidence, examination: Examination) -> None:
    """A lead's decisions stand in the order of their times."""
    records: dict[str, list[Record]] = defaultdict(list)
    for record in evidence.routing.records:
        records[record.lead_id].append(record)
    for lead_id, history in records.items():
        examination.look_at()
        times = [record.at for record in sorted(history, key=lambda record: record.position)]
        if any(before - after > _LATE_AT_MOST for before, after in pairwise(times)):
            examination.find("decisions about a lead that go back in time", f"lead={lead_id}")


def _deliveries(evidence: Evidence, examination: Examination) -> None:
    """Per subscription and key, what was delivered was taken in the order in which it was queued."""
    taken = _first_taken(evidence)
    urls = {subscription.name: subscription.url for subscription in evidence.reporting.subscriptions}
    gave_up = {(each.subscription, each.key) for each in evidence.reporting.deliveries if each.state == "dead"}
    by_key: dict[tuple[str, str], list[tuple[int, datetime]]] = defaultdict(list)
    for delivery in evidence.reporting.deliveries:
        at = taken.get((urls.get(delivery.subscription, ""), delivery.event_id)) or delivery.settled_at
        if delivery.state == "delivered" and at is not None and (delivery.subscription, delivery.key) not in gave_up:
            by_key[delivery.subscription, delivery.key].append((delivery.position, at))
    for (subscription, key), deliveries in by_key.items():
        examination.look_at()
        times = [at for _, at in sorted(deliveries)]
        if times != sorted(times):
            examination.find("webhooks of one key taken out of order", f"subscription={subscription} key={key}")


def _first_taken(evidence: Evidence) -> dict[tuple[str, str], datetime]:
    """When each endpoint first answered each webhook with success."""
    taken: dict[tuple[str, str], datetime] = {}
    for arrival in evidence.witnessed.arrivals or ():
        if arrival.answered is not None and 200 <= arrival.answered < 300:
            place = arrival.endpoint, arrival.webhook_id
            taken[place] = min(taken.get(place, arrival.at), arrival.at)
    return taken
