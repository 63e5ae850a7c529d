"""How far back engagements can still matter: what is older is worth nothing, to the last ten-thousandth of a point."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from routing.decisions.effective import day_of
from routing.decisions.policies.document import EngagementRule, Policy
from routing.decisions.qualification.replay import EPOCH
from routing.decisions.qualification.scoring import decay_step, points_of, worth_after

BEGINNING = EPOCH
"""Before all there is: no platform tells of anything older, and a half-life of a century is as good as none."""


def reach_of(policy: Policy) -> timedelta:
    """Return the age from which on nothing the policy gives is worth anything."""
    return max((_reach(rule) for rule in policy.engagement), default=timedelta())


def looks_back_to(policies: Iterable[Policy], moment: datetime) -> datetime:
    """Return the moment before which nothing can count, under any of the policies, from `moment` on: the beginning of a day (UTC).

    Of a day the first engagements count where a rule says how many may, so a day is taken whole.
    """
    reach = max(map(reach_of, policies), default=timedelta())
    if reach >= moment - BEGINNING:
        return min(BEGINNING, moment)
    day = day_of(moment - reach)
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def _reach(rule: EngagementRule) -> timedelta:
    """The fewest steps of fading after which the rule's points are rounded to nothing, as time."""
    worth_something, worthless = -1, 1
    points = points_of(rule.points)
    while worth_after(worthless, rule=rule, points=points):
        worth_something, worthless = worthless, 2 * worthless
    while worthless - worth_something > 1:
        middle = (worth_something + worthless) // 2
        if worth_after(middle, rule=rule, points=points):
            worth_something = middle
        else:
            worthless = middle
    return worthless * decay_step(rule)
