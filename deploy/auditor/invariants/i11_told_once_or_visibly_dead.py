"""I11: whoever asked for an event is told it under one id, or it is visibly dead; nothing goes where it may not; nobody is kept waiting."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from deploy.auditor.evidence import Evidence
from deploy.auditor.evidence.events import Event
from deploy.auditor.evidence.reporting import Delivery, Subscription
from deploy.auditor.invariants import fault_times
from deploy.auditor.invariants.lateness import too_many_late
from deploy.auditor.limits import Limits
from deploy.auditor.testimony import Arrival
from deploy.auditor.verdicts import Examination, Verdict

_PROMISE = "each event asked for is told under one id or visibly dead; none at a refused address"
_FORBIDDEN = "/forbidden"
_GONE = 410
# A subscription and an event that came at about the same time: which was first is not told.
_ABOUT_THE_SAME_TIME = timedelta(seconds=5)
# Taken by the endpoint, but whoever was to record that was killed: it goes out again at once.
_RECORDED_WITHIN = timedelta(seconds=30)
# What is filtered by these cannot be told from the event alone.
_NOT_IN_THE_EVENT = frozenset({"external_id", "reason"})


def decide(evidence: Evidence, limits: Limits) -> Verdict:
    """Holds deliveries against the events that were asked for, and against what endpoints saw."""
    examination = Examination("I11", _PROMISE)
    _asked_for(evidence, examination)
    _settled(evidence, limits, examination)
    if evidence.witnessed.arrivals is None:
        examination.leave_untold("no endpoint wrote down what arrived")
    else:
        _arrived(evidence, evidence.witnessed.arrivals, examination)
        _delays(evidence, evidence.witnessed.arrivals, limits, examination)
    return examination.verdict()


def _asked_for(evidence: Evidence, examination: Examination) -> None:
    """Exactly one delivery for each event that a subscription asks for, since it was last saved."""
    journal = {noted.event_id for noted in evidence.reporting.journal}
    deliveries = Counter((delivery.subscription, delivery.event_id) for delivery in evidence.reporting.deliveries)
    for (name, event_id), times in deliveries.items():
        if times > 1:
            examination.find("several deliveries of one event", f"subscription={name} event={event_id}")
    for subscription in evidence.reporting.subscriptions:
        since = subscription.updated_at + _ABOUT_THE_SAME_TIME
        for event in evidence.events.values():
            if event.type in subscription.events and event.id in journal and since < event.recorded_at <= evidence.settled_at:
                examination.look_at()
                if _is_wanted(event, subscription) and not deliveries[subscription.name, event.id]:
                    examination.find("an event that was asked for and not queued", f"subscription={subscription.name} event={event.id}")
    saved = {subscription.name: subscription for subscription in evidence.reporting.subscriptions}
    for delivery in evidence.reporting.deliveries:
        asked = saved[delivery.subscription]
        if delivery.created_at > asked.updated_at and delivery.event_type not in asked.events:
            examination.find("an event that nobody asked for", f"subscription={delivery.subscription} event={delivery.event_id}")


def _is_wanted(event: Event, subscription: Subscription) -> bool:
    """Whether the event surely passes the filter; what the event alone cannot tell is left out."""
    if subscription.filter.keys() & _NOT_IN_THE_EVENT:
        return False
    said: Mapping[str, Any] = {**event.fact, **event.fact.get("scope", {})}
    return all(name in said and type(said[name]) is type(value) and said[name] == value for name, value in subscription.filter.items())


def _settled(evidence: Evidence, limits: Limits, examination: Examination) -> None:
    """What is dead was tried as often as it may be, or its endpoint is gone; every attempt stands on record."""
    attempts: dict[int, list[tuple[int, int | None]]] = defaultdict(list)
    for attempt in evidence.reporting.attempts:
        attempts[attempt.position].append((attempt.number, attempt.status_code))
    for delivery in evidence.reporting.deliveries:
        examination.look_at()
        made = sorted(attempts[delivery.position], key=lambda attempt: attempt[0])
        where = f"delivery={delivery.position} subscription={delivery.subscription} state={delivery.state} attempts={len(made)}"
        if [number for number, _ in made] != list(range(1, delivery.attempts + 1)):
            examination.find("attempts that are not on record", where)
            continue
        last = made[-1][1] if made else None
        took_it = last is not None and 200 <= last < 300
        if (delivery.state == "delivered") != took_it:
            examination.find("a delivery whose state is not what its last attempt says", f"{where} last={last}")
        if delivery.state == "dead" and len(made) < limits.attempts_max and last != _GONE:
            examination.find("a delivery given up too early", f"{where} last={last}")


def _arrived(evidence: Evidence, arrivals: Sequence[Arrival], examination: Examination) -> None:
    """What endpoints saw is what was sent: delivered means taken, taken is recorded, and every id is of a delivery to that address."""
    urls = {subscription.name: subscription.url for subscription in evidence.reporting.subscriptions}
    sent: dict[tuple[str, str], list[Delivery]] = defaultdict(list)
    for delivery in evidence.reporting.deliveries:
        sent[urls[delivery.subscription], delivery.event_id].append(delivery)
    taken: dict[tuple[str, str], Arrival] = {}
    for arrival in arrivals:
        examination.look_at()
        place = arrival.endpoint, arrival.webhook_id
        where = f"endpoint={arrival.endpoint} webhook={arrival.webhook_id}"
        if _FORBIDDEN in arrival.endpoint:
            examination.find("an arrival where nothing may go", where)
        elif not arrival.is_signed_right:
            examination.find("a webhook that was not rightly signed", where)
        elif place not in sent and arrival.endpoint in urls.values():
            examination.find("a webhook that is on no record", where)
        elif arrival.answered is not None and 200 <= arrival.answered < 300:
            taken.setdefault(place, arrival)
    _one_id_each(arrivals, examination)
    witnessed = {arrival.endpoint for arrival in arrivals}
    for place, deliveries in sent.items():
        for delivery in deliveries if place[0] in witnessed else ():
            _as_recorded(evidence, delivery, taken.get(place), examination)


def _one_id_each(arrivals: Sequence[Arrival], examination: Examination) -> None:
    """The same thing told again has the same id: then the endpoint can tell."""
    ids: dict[tuple[str, str], set[str]] = defaultdict(set)
    for arrival in arrivals:
        ids[arrival.endpoint, arrival.body].add(arrival.webhook_id)
    for (endpoint, _), under in ids.items():
        if len(under) > 1:
            examination.find("one thing told under several ids", f"endpoint={endpoint} webhooks={sorted(under)}")


def _as_recorded(evidence: Evidence, delivery: Delivery, arrival: Arrival | None, examination: Examination) -> None:
    where = f"delivery={delivery.position} subscription={delivery.subscription} event={delivery.event_id}"
    if delivery.state == "delivered" and arrival is None:
        examination.find("delivered, but the endpoint never took it", where)
    if arrival is None or delivery.state == "delivered":
        return
    # An answer that came too late was none to us: then the attempt is on record as failed.
    if delivery.attempts == 0 and evidence.taken_at - arrival.at > _RECORDED_WITHIN:
        examination.find("taken by the endpoint, and not on record", where)


def _delays(evidence: Evidence, arrivals: Sequence[Arrival], limits: Limits, examination: Examination) -> None:
    """An endpoint that takes everything is not kept waiting by those that don't."""
    positions = {delivery.position: delivery for delivery in evidence.reporting.deliveries}
    failing = {
        positions[attempt.position].subscription
        for attempt in evidence.reporting.attempts
        if attempt.position in positions and not (attempt.status_code is not None and 200 <= attempt.status_code < 300)
    }
    first: dict[tuple[str, str], Arrival] = {}
    for arrival in arrivals:
        first.setdefault((arrival.endpoint, arrival.webhook_id), arrival)
    disturbed = fault_times.disturbed(evidence)
    for subscription in evidence.reporting.subscriptions:
        if subscription.name in failing:
            continue
        delays = [
            (first[subscription.url, delivery.event_id].at - delivery.created_at).total_seconds()
            for delivery in evidence.reporting.deliveries
            if delivery.subscription == subscription.name
            and (subscription.url, delivery.event_id) in first
            and not disturbed(delivery.created_at)
        ]
        examination.look_at(len(delays))
        if late := too_many_late(delays, bound=limits.delivery_delay_seconds):
            examination.find("an endpoint that takes everything was kept waiting", f"subscription={subscription.name} {late}")
