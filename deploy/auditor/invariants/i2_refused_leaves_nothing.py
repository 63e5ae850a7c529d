"""I2: a webhook that was not acknowledged left no engagement, or one that its retry joined; never two."""

from collections import Counter, defaultdict

from deploy.auditor.evidence import Evidence
from deploy.auditor.evidence.intake import Receipt
from deploy.auditor.invariants.i1_every_item_once import is_acknowledged
from deploy.auditor.limits import Limits
from deploy.auditor.verdicts import Examination, Verdict

_PROMISE = "a webhook not acknowledged leaves nothing, or what its retry joins; never two"
_SERVER_ERRORS = range(500, 600)

Body = tuple[str, str]
"""A source and the hash of a body it sent."""


def decide(evidence: Evidence, _limits: Limits) -> Verdict:
    """Looks for whatever a body left that was refused, or got no answer, at least once."""
    examination = Examination("I2", _PROMISE)
    if evidence.witnessed.webhooks is None:
        examination.leave_untold("no sender wrote down what it was answered")
        return examination.verdict()
    acknowledged: Counter[Body] = Counter()
    # No answer, or the server's own failure: the sender cannot know whether it is on record, and asks again.
    in_doubt: Counter[Body] = Counter()
    refused: Counter[Body] = Counter()
    for tried in evidence.witnessed.webhooks:
        kind = acknowledged if is_acknowledged(tried) else in_doubt if tried.status is None or tried.status in _SERVER_ERRORS else refused
        kind[tried.source, tried.body_sha256] += 1
    receipts: dict[str, list[Receipt]] = defaultdict(list)
    for receipt in evidence.intake.receipts:
        receipts[receipt.body_sha256].append(receipt)
    engagements = _engagements_by_place(evidence)
    for body in sorted(in_doubt.keys() | refused.keys()):
        examination.look_at(in_doubt[body] + refused[body])
        left = [receipt for receipt in receipts[body[1]] if receipt.source in (body[0], None)]
        if len(left) > acknowledged[body] + in_doubt[body]:
            examination.find("a refused webhook left a receipt", f"source={body[0]} body={body[1]} receipts={len(left)}")
        _at_most_one_each(body, left, engagements, examination)
    return examination.verdict()


def _engagements_by_place(evidence: Evidence) -> dict[str, dict[int, tuple[str, str | None]]]:
    """Outcome and engagement of each item, by receipt and position."""
    found: dict[str, dict[int, tuple[str, str | None]]] = defaultdict(dict)
    for item in evidence.intake.items:
        found[item.receipt_id][item.position] = (item.outcome, item.engagement_id)
    return found


def _at_most_one_each(
    body: Body, receipts: list[Receipt], engagements: dict[str, dict[int, tuple[str, str | None]]], examination: Examination
) -> None:
    """The same place in the same body is one engagement, whichever of its tries made it."""
    accepted: Counter[int] = Counter()
    ids: dict[int, set[str | None]] = defaultdict(set)
    for receipt in receipts:
        for position, (outcome, engagement_id) in engagements[receipt.id].items():
            if outcome in ("accepted", "duplicate"):
                accepted[position] += outcome == "accepted"
                ids[position].add(engagement_id)
    for position in sorted(ids):
        if accepted[position] > 1 or len(ids[position]) > 1:
            examination.find("a retry made a second engagement", f"source={body[0]} body={body[1]} item={position}")
