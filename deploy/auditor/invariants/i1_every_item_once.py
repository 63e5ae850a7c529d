"""I1: every item of an acknowledged webhook ends as exactly one thing, and every engagement is told, heard and counted once."""

from collections import Counter, defaultdict

from deploy.auditor.evidence import Evidence
from deploy.auditor.evidence.intake import OUTCOMES, Receipt
from deploy.auditor.limits import Limits
from deploy.auditor.services import COMPACTED, HEARS, UNCOUNTED
from deploy.auditor.testimony import WebhookTry
from deploy.auditor.verdicts import Examination, Verdict

_PROMISE = "every acknowledged item ends once; every engagement is told, heard and counted once"


def decide(evidence: Evidence, _limits: Limits) -> Verdict:
    """Follows every item from the sender's own log to what reporting counts."""
    examination = Examination("I1", _PROMISE)
    _acknowledged(evidence, examination)
    _senders_events(evidence, examination)
    _receipts(evidence, examination)
    _engagements(evidence, examination)
    _told(evidence, examination)
    _restated(evidence, examination)
    _books(evidence, examination)
    _applied(evidence, examination)
    _counted(evidence, examination)
    return examination.verdict()


def _acknowledged(evidence: Evidence, examination: Examination) -> None:
    """What a sender was told is what the receipt says."""
    if evidence.witnessed.webhooks is None:
        examination.leave_untold("no sender wrote down what it was answered")
        return
    receipts = {receipt.id: receipt for receipt in evidence.intake.receipts}
    bodies = {(receipt.source, receipt.body_sha256) for receipt in receipts.values()}
    for tried in evidence.witnessed.webhooks:
        if not is_acknowledged(tried):
            continue
        examination.look_at()
        receipt = receipts.get(tried.receipt_id or "")
        if is_nameless(tried) and (tried.source, tried.body_sha256) in bodies:
            continue
        if receipt is None:
            examination.find("acknowledged, but there is no receipt", f"source={tried.source} receipt={tried.receipt_id} at={tried.at}")
        elif receipt.body_sha256 != tried.body_sha256 or receipt.source not in (tried.source, None):
            examination.find("the receipt holds another body than was acknowledged", f"receipt={receipt.id}")
        else:
            _compare_counts(tried, receipt, examination)


def _compare_counts(tried: WebhookTry, receipt: Receipt, examination: Examination) -> None:
    said = {outcome: tried.counts.get(outcome, 0) for outcome in OUTCOMES}
    if receipt.times_reprocessed:
        # Read again, what was no engagement may be one by now, and a body may turn out to hold more items; never fewer engagements.
        if any(said[outcome] > receipt.counts[outcome] for outcome in ("accepted", "duplicate")):
            examination.find("reading a receipt again lost engagements", f"receipt={receipt.id} told={said} says={receipt.counts}")
    elif said != receipt.counts:
        examination.find("the sender was told other counts than the receipt holds", f"receipt={receipt.id} told={said}")
    if sum(said.values()) != len(tried.items):
        examination.find("the counts do not add up to the items sent", f"receipt={receipt.id} items={len(tried.items)} told={said}")


def _senders_events(evidence: Evidence, examination: Examination) -> None:
    """One name of the sender's is one engagement, however often it was sent."""
    outcomes: dict[str, dict[int, tuple[str, str | None]]] = defaultdict(dict)
    for item in evidence.intake.items:
        outcomes[item.receipt_id][item.position] = (item.outcome, item.engagement_id)
    engagements: dict[tuple[str, str], set[str | None]] = defaultdict(set)
    accepted: Counter[tuple[str, str]] = Counter()
    acknowledged = (tried for tried in evidence.witnessed.webhooks or () if is_acknowledged(tried) and not is_nameless(tried))
    for receipt_id, tried in {tried.receipt_id: tried for tried in acknowledged}.items():
        for position, name in enumerate(tried.items):
            outcome, engagement_id = outcomes[receipt_id or ""].get(position, ("missing", None))
            if outcome in ("accepted", "duplicate"):
                engagements[tried.source, name].add(engagement_id)
            accepted[tried.source, name] += outcome == "accepted"
    for (source, name), ids in engagements.items():
        examination.look_at()
        if len(ids) > 1 or accepted[source, name] > 1:
            examination.find("one event of a sender became several engagements", f"{source} {name}: {sorted(str(one) for one in ids)}")


def _receipts(evidence: Evidence, examination: Examination) -> None:
    """The sums of a receipt are those of its items, each of which stands once."""
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for item in evidence.intake.items:
        counts[item.receipt_id][item.outcome] += 1
    for receipt in evidence.intake.receipts:
        examination.look_at()
        found = {outcome: counts[receipt.id][outcome] for outcome in receipt.counts}
        if found != receipt.counts:
            examination.find("a receipt's counts are not those of its items", f"receipt={receipt.id} says={receipt.counts} items={found}")
    known = Counter(receipt.id for receipt in evidence.intake.receipts)
    examination.find_each("items of a receipt that is not there", counts.keys() - known.keys())
    examination.find_each("a receipt that stands twice", (receipt_id for receipt_id, times in known.items() if times > 1))


def _engagements(evidence: Evidence, examination: Examination) -> None:
    """Accepted items and engagements stand one to one; a duplicate repeats an engagement that is there."""
    receipt_of = {engagement.id: engagement.receipt_id for engagement in evidence.intake.engagements}
    accepted = Counter((item.engagement_id, item.receipt_id) for item in evidence.intake.items if item.outcome == "accepted")
    for (engagement_id, receipt_id), times in accepted.items():
        if receipt_of.get(engagement_id or "") != receipt_id:
            examination.find("an accepted item without its engagement", f"receipt={receipt_id} engagement={engagement_id}")
        if times > 1:
            examination.find("an engagement that several items of a receipt claim", f"engagement={engagement_id}")
    for engagement_id, receipt_id in receipt_of.items():
        examination.look_at()
        if not accepted[engagement_id, receipt_id]:
            examination.find("an engagement that no accepted item accounts for", f"engagement={engagement_id} receipt={receipt_id}")
    for item in evidence.intake.items:
        if item.outcome == "duplicate" and item.engagement_id not in receipt_of:
            examination.find("a duplicate of an engagement that is not there", f"receipt={item.receipt_id} item={item.position}")
    identities = Counter((engagement.source, engagement.source_event_id) for engagement in evidence.intake.engagements)
    examination.find_each("an act on record twice", (identity for identity, times in identities.items() if times > 1))


def _told(evidence: Evidence, examination: Examination) -> None:
    """Every engagement is told under one event id, and heard by routing unless it was set aside there."""
    ids: dict[str, set[str]] = defaultdict(set)
    for event in evidence.events.values():
        if event.type == "engagement.recorded":
            ids[event.fact["engagement_id"]].add(event.id)
    heard = Counter(engagement.engagement_id for engagement in evidence.routing.engagements)
    parked = evidence.parked_for.get("routing", frozenset())
    for engagement_id in (each.id for each in evidence.intake.engagements if evidence.is_settled(each.received_at)):
        told = ids[engagement_id]
        if len(told) != 1:
            wrong = "an engagement that was told to nobody" if not told else "an engagement told under several event ids"
            examination.find(wrong, f"engagement={engagement_id} events={sorted(told)}")
        if told and engagement_id not in heard and not told & parked:
            examination.find("an engagement that routing does not have", f"engagement={engagement_id}")
    examination.find_each("an engagement that routing has twice", (each for each, times in heard.items() if times > 1))
    known = {engagement.id for engagement in evidence.intake.engagements}
    excused = {each for each, told in ids.items() if told & evidence.injected or not _all_settled(evidence, told)}
    examination.find_each("an engagement that intake never recorded", (heard.keys() | ids.keys()) - known - excused)


def _restated(evidence: Evidence, examination: Examination) -> None:
    """Whether a machine did it, routing knows as intake does, however often and in whatever order it was told anew."""
    told: dict[str, set[str]] = defaultdict(set)
    for event in evidence.events.values():
        if event.type == "engagement.restated":
            told[event.fact["engagement_id"]].add(event.id)
    heard = {engagement.engagement_id: engagement.machine for engagement in evidence.routing.engagements}
    parked = evidence.parked_for.get("routing", frozenset()) | evidence.injected
    for engagement in evidence.intake.engagements:
        events = told.get(engagement.id, set())
        if engagement.id in heard and not events & parked and _all_settled(evidence, events):
            examination.look_at()
            if heard[engagement.id] != engagement.machine:
                examination.find("a machine's act that routing takes for a person's, or the reverse", f"engagement={engagement.id}")


def _all_settled(evidence: Evidence, event_ids: set[str]) -> bool:
    return all(evidence.events[event_id].recorded_at <= evidence.settled_at for event_id in event_ids)


def _books(evidence: Evidence, examination: Examination) -> None:
    """What is on a topic stands in the books of the service that said it, once; of compacted topics only the latest per key does."""
    copies = Counter(telling.event.id for telling in evidence.told)
    examination.find_each("an event that stands in the books twice", (event_id for event_id, times in copies.items() if times > 1))
    for event in {occurrence.event.id: occurrence.event for occurrence in evidence.on_topics}.values():
        examination.look_at()
        was_kept = event.topic not in COMPACTED and evidence.is_settled(event.recorded_at)
        if was_kept and event.id not in copies and event.id not in evidence.injected:
            examination.find("an event on a topic that stands in no service's books", f"event={event.id} type={event.type}")


def _applied(evidence: Evidence, examination: Examination) -> None:
    """Parked and done is received: whatever was sent was applied or set aside by each who listens."""
    for telling in evidence.told:
        event = telling.event
        if telling.place == "outbox" or not evidence.is_settled(event.recorded_at):
            continue
        for service, topics in HEARS.items():
            if event.topic not in topics:
                continue
            examination.look_at()
            consumer = f"{service}.{event.topic}"
            done = event.id in evidence.inbox.get(consumer, {})
            if not done and event.id not in evidence.parked_for.get(service, frozenset()):
                examination.find("an event neither applied nor set aside", f"consumer={consumer} event={event.id} type={event.type}")


def _counted(evidence: Evidence, examination: Examination) -> None:
    """Reporting's journal holds every event once, and counts what it holds."""
    journal = Counter(noted.event_id for noted in evidence.reporting.journal)
    examination.find_each("an event that reporting has twice", (event_id for event_id, times in journal.items() if times > 1))
    parked = evidence.parked_for.get("reporting", frozenset())
    for telling in evidence.told:
        event = telling.event
        if event.topic in UNCOUNTED:
            continue
        if telling.place != "outbox" and evidence.is_settled(event.recorded_at) and event.id not in journal and event.id not in parked:
            examination.find("an event that reporting does not count", f"event={event.id} type={event.type}")
    for noted in evidence.reporting.journal:
        of_lost_kind = noted.event_type.endswith(".snapshot")  # only the latest per key is still on record
        if noted.event_id not in evidence.events and evidence.is_settled(noted.recorded_at) and not of_lost_kind:
            examination.find("reporting counts an event that nobody told", f"event={noted.event_id} type={noted.event_type}")
    held = Counter(noted.event_type for noted in evidence.reporting.journal)
    counted: Counter[str] = Counter()
    for part in evidence.reporting.event_counts:
        counted[part.event_type] += part.count
    for event_type in sorted(held.keys() | counted.keys()):
        examination.look_at()
        if held[event_type] != counted[event_type]:
            examination.find(
                "reporting counts other than it holds", f"type={event_type} held={held[event_type]} counted={counted[event_type]}"
            )


def is_acknowledged(tried: WebhookTry) -> bool:
    """Whether the sender was told that it is on record."""
    return tried.status is not None and 200 <= tried.status < 300


def is_nameless(tried: WebhookTry) -> bool:
    """Whether the answer ended behind its status, or was one without words: then the receipt is known by its body alone."""
    return tried.receipt_id is None
