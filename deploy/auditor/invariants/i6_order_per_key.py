"""I6: what concerns one person or lead leaves, arrives and has its effect in the order in which it was decided."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from itertools import pairwise

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


def decide(evidence: Evidence, _limits: Limits) -> Verdict:
    """Looks at what stands after what, per key, wherever an order can be seen."""
    examination = Examination("I6", _PROMISE)
    positions = {(telling.service, telling.event.id): telling.position for telling in evidence.told}
    for first in _first_occurrences(evidence.on_topics):
        examination.look_at(len(first))
        for before, after in pairwise(first):
            _as_told(before, after, positions, examination)
    _records(evidence, examination)
    _deliveries(evidence, examination)
    if not evidence.on_topics:
        examination.leave_untold("no topic was read")
    return examination.verdict()


def _first_occurrences(occurrences: Iterable[Occurrence]) -> Iterator[list[Event]]:
    """The events of each key of each topic, in the order in which they first stood there; repetitions are no events."""
    by_key: dict[tuple[str, str], dict[str, Event]] = defaultdict(dict)
    for occurrence in sorted(occurrences, key=lambda each: (each.partition, each.offset)):
        by_key[occurrence.event.topic, occurrence.key].setdefault(occurrence.event.id, occurrence.event)
    for events in by_key.values():
        yield list(events.values())


def _as_told(before: Event, after: Event, positions: dict[tuple[str, str], int], examination: Examination) -> None:
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
