"""Whether somebody may be an MQL now, told by their newest ledger rows alone: most answers need no more.

A row is worth no more than a newer one of its rule, so what older rows can add has a bound. Where even the bound doesn't reach the
threshold, reading them would change nothing.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from routing.decisions.facts import Subject
from routing.decisions.policies.document import EngagementRule, Policy
from routing.decisions.qualification.deciding import Cycle, closed_gate
from routing.decisions.qualification.scoring import Contribution, Score, points_of, score, worth_of

UNCOUNTED = 10**9
"""More rows than any ledger has."""


@dataclass(frozen=True, slots=True)
class Older:
    """The rows of a ledger that were not read: how many there are by rule (None: nobody counted), none of them after `until`."""

    by_rule: Mapping[str, int] | None
    until: datetime


def may_qualify(policy: Policy, *, subject: Subject, rows: Sequence[Contribution], older: Older, now: datetime, cycle: Cycle) -> bool:
    """Tell whether `decide_qualification` could answer Qualified on these rows and the older ones; False is certain."""
    if closed_gate(policy, subject, now=now) is not None:
        return False
    if cycle.previous_ended_at is not None and (cycle.rep_requested or cycle.returns):
        return True
    reading = score(policy, subject=subject, ledger=rows, now=now, counting_after=cycle.previous_ended_at)
    if reading.fit < Decimal(str(policy.thresholds.fit)):
        return False
    most = reading.engagement + _most_of(older, policy, reading, now=now, cycle=cycle)
    return most >= Decimal(str(policy.thresholds.engagement))


def _most_of(older: Older, policy: Policy, reading: Score, *, now: datetime, cycle: Cycle) -> Decimal:
    """No less than the older rows could add to the engagement."""
    if cycle.previous_ended_at is not None and older.until <= cycle.previous_ended_at:
        return Decimal(0)
    most = Decimal(0)
    for rule, room in _room(policy, reading):
        number = UNCOUNTED if older.by_rule is None else older.by_rule.get(rule.id, 0)
        if rule.points > 0:
            added = number * worth_of(rule, occurred_at=older.until, now=now)
            most += added if room is None else min(added, room)
        elif rule.max_per_day and number:
            # Of a day cut in two an older row may take the place of a newer one, which took more away.
            most -= rule.max_per_day * points_of(rule.points)
    return most


def _room(policy: Policy, reading: Score) -> Iterator[tuple[EngagementRule, Decimal | None]]:
    """Each rule with what it could still give under its own cap and its group's, alone; None where nothing limits it."""
    worth: defaultdict[str, Decimal] = defaultdict(Decimal)
    for line in reading.lines:
        if line.kind == "engagement":
            worth[line.rule_id] += line.points
    rooms: dict[str, Decimal] = {}
    for rule in policy.engagement:
        if rule.cap is not None:
            rooms[rule.id] = max(Decimal(0), points_of(rule.cap) - worth[rule.id])
            worth[rule.id] = min(worth[rule.id], points_of(rule.cap))
    for group in policy.groups:
        left = max(Decimal(0), points_of(group.cap) - sum(worth[rule_id] for rule_id in group.rule_ids))
        rooms |= {rule_id: min(left, rooms.get(rule_id, left)) for rule_id in group.rule_ids}
    return ((rule, rooms.get(rule.id)) for rule in policy.engagement)
