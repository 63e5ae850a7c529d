"""History replayed under a policy: when a contact would have become an MQL, decided anew after each engagement, in one pass.

`decide_qualification` reads a whole ledger each time it is asked. Here what a contact has earned is carried along from one engagement to
the next, and the ledger is read, to the last ten-thousandth of a point, only where what it can be worth at most reaches the threshold.
The verdicts are the same; all rules and all arithmetic are those of `scoring` and `qualification`.

Times are whole microseconds since 1970; points are whole ten-thousandths ("units").
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Hashable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from decimal import ROUND_CEILING, Decimal
from typing import Any, NamedTuple

from routing.decisions.facts import Engagement, Subject
from routing.decisions.policies.document import EngagementRule, Policy
from routing.decisions.qualification.deciding import Cycle, Gated, asks_for_rep, decide_qualification
from routing.decisions.qualification.scoring import POINT_UNIT, contributions, decay_step, worth_after

MICROSECOND = timedelta(microseconds=1)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
DAY_US = timedelta(days=1) // MICROSECOND

# What floating point may lose in a sum of a few thousand numbers, and more.
_FLOAT_SLACK = 1.000001


class Seen(NamedTuple):
    """An engagement as replayed: of those that earn alike all have one `shape`, numbered by `Shapes`."""

    at: int
    engagement_id: str
    campaign_id: str | None
    shape: int


class Crossing(NamedTuple):
    """When a contact would have become an MQL: which engagement carried it over, and the newest campaign among those that count."""

    at: int
    engagement_id: str
    campaign_id: str | None
    rep_requested: bool


class _Earned(NamedTuple):
    """What engagements of one shape earn: rules by their place in the policy, with the units each gives."""

    by_rule: tuple[tuple[int, int], ...]
    backfilled: bool
    asks_for_rep: bool


class Shapes(dict[Hashable, int]):
    """The different engagements of a replay: however many there are, they are of few shapes. `shapes[shape]` is a shape's number.

    A shape is told by everything but id, contact, campaign and time; `engagement` makes one of a shape when it is new.
    """

    def __init__(self, engagement: Callable[[Any], Engagement]) -> None:
        super().__init__()
        self._engagement = engagement
        self.engagements: list[Engagement] = []
        """One of each shape; its id and time mean nothing."""

    def __missing__(self, shape: Hashable) -> int:
        number = self[shape] = len(self.engagements)
        self.engagements.append(self._engagement(shape))
        return number


class _Rule:
    """An engagement rule made ready: how its points fade, and where they are cut off."""

    __slots__ = ("_rule", "cap", "half_life", "max_per_day", "most", "step", "worths")

    def __init__(self, rule: EngagementRule) -> None:
        self._rule = rule
        self.step = decay_step(rule) // MICROSECOND
        self.half_life = float(timedelta(days=float(rule.half_life_days)) // MICROSECOND)
        # Points fade in steps, so they are worth at most what they would be one step earlier.
        self.most = 2 ** (self.step / self.half_life) * _FLOAT_SLACK
        self.cap = None if rule.cap is None else _units(rule.cap)
        self.max_per_day = rule.max_per_day
        self.worths: dict[tuple[int, int], int] = {}

    def worth(self, units: int, steps: int) -> int:
        worth = self.worths.get((units, steps))
        if worth is None:
            points = worth_after(steps, rule=self._rule, points=units * POINT_UNIT)
            worth = self.worths[units, steps] = int(points / POINT_UNIT)
        return worth


class _Account:
    """What a contact has earned by one rule: every row (time, units, the engagement if it happened live), and their faded sum."""

    __slots__ = ("day", "of_day", "rows", "sum", "summed_at")

    def __init__(self, at: int) -> None:
        self.rows: list[tuple[int, int, Seen | None]] = []
        self.sum = 0.0
        self.summed_at = at
        self.day = self.of_day = 0


class Standing:
    """What one contact has earned with one brand so far. Engagements are added in the order of time and id."""

    __slots__ = ("_accounts", "_most", "_replay", "request")

    def __init__(self, replay: "Replay") -> None:
        self._replay = replay
        self._accounts: dict[int, _Account] = {}
        self._most = 0
        self.request: Seen | None = None
        """The latest one by which a rep was asked for."""

    def take(self, seen: Seen) -> None:
        """Take one more engagement."""
        earned = self._replay.earned[seen.shape]
        if earned.asks_for_rep:
            self.request = seen
        for place, units in earned.by_rule:
            self._earn(place, units, seen.at, None if earned.backfilled else seen)

    def is_reached(self, at: int) -> bool:
        """Whether the threshold is reached, by something that happened live, when the last one was taken."""
        # Most contacts never earn enough, even if nothing faded; of the others most have let it fade.
        return self._most >= self._replay.threshold and self._can_reach(at) and self._reaches(at)

    def carriers(self, at: int) -> list[Seen]:
        """The engagements that happened live and are worth something at `at`, newest first."""
        rules = self._replay.rules
        found = {
            carrier
            for place, account in self._accounts.items()
            for earned_at, units, carrier in account.rows
            if carrier is not None and rules[place].worth(units, (at - earned_at) // rules[place].step) > 0
        }
        return sorted(found, key=_in_time, reverse=True)

    def crossing(self, last: Seen) -> Crossing:
        """An MQL, with the engagement that was taken last."""
        carriers = self.carriers(last.at) or ([] if self.request is None else [self.request])
        campaign_id = next((each.campaign_id for each in carriers if each.campaign_id is not None), None)
        return Crossing(last.at, last.engagement_id, campaign_id, rep_requested=self.request is not None)

    def _earn(self, place: int, units: int, at: int, carrier: Seen | None) -> None:
        account = self._accounts.get(place)
        if account is None:
            account = self._accounts[place] = _Account(at)
        rule = self._replay.rules[place]
        if rule.max_per_day is not None:
            if at // DAY_US != account.day:
                account.day, account.of_day = at // DAY_US, 0
            account.of_day += 1
            if account.of_day > rule.max_per_day:
                return
        account.sum = account.sum * 2 ** ((account.summed_at - at) / rule.half_life) + units
        account.summed_at = at
        account.rows.append((at, units, carrier))
        if units > 0:
            self._most += units

    def _can_reach(self, at: int) -> bool:
        """Whether the threshold is reached if every row is worth the most it can be."""
        rules, most = self._replay.rules, {}
        for place, account in self._accounts.items():
            rule = rules[place]
            faded = account.sum * 2 ** ((account.summed_at - at) / rule.half_life)
            # Each row is rounded by half a unit at most.
            worth = (faded * rule.most if faded > 0 else faded / _FLOAT_SLACK) + len(account.rows) / 2 + 1
            most[place] = worth if rule.cap is None else min(worth, float(rule.cap))
        return self._within_groups(most) >= self._replay.threshold

    def _reaches(self, at: int) -> bool:
        """Read the ledger: whether the threshold is reached, and by something that happened live."""
        rules, worths, is_live = self._replay.rules, {}, False
        for place, account in self._accounts.items():
            rule, total = rules[place], 0
            step = rule.step
            for earned_at, units, carrier in account.rows:
                worth = rule.worth(units, (at - earned_at) // step)
                total += worth
                is_live |= worth > 0 and carrier is not None
            worths[place] = total if rule.cap is None else min(total, rule.cap)
        return is_live and self._within_groups(worths) >= self._replay.threshold

    def _within_groups(self, worths: dict[int, float] | dict[int, int]) -> float:
        total = sum(worths.values())
        for places, cap in self._replay.groups:
            of_group = sum(worths.get(place, 0) for place in places)
            if of_group > cap:
                total += cap - of_group
        return total


class Replay:
    """A policy made ready to be replayed over any number of contacts."""

    def __init__(self, policy: Policy, shapes: Shapes) -> None:
        self.policy = policy
        self.rules = [_Rule(rule) for rule in policy.engagement]
        self._places = {rule.id: place for place, rule in enumerate(policy.engagement)}
        self.groups = [([self._places[rule_id] for rule_id in group.rule_ids], _units(group.cap)) for group in policy.groups]
        self.threshold = int((Decimal(str(policy.thresholds.engagement)) / POINT_UNIT).to_integral_value(ROUND_CEILING))
        self.earned: list[_Earned] = []
        self._shapes = shapes

    def first_crossing(self, subject: Subject, engagements: Sequence[Seen], *, reopens: bool = False) -> Crossing | None:
        """Return when the contact would first have become an MQL in a cycle that begins with nothing; None if never.

        The engagements are all of one brand and cycle, in the order of time and id. Facts about the contact are as they are now. In a cycle
        that follows another (`reopens`) asking for a rep is enough.
        """
        self.know_shapes()
        standing = Standing(self)
        opens: dict[int, bool] = {}
        is_asked = False
        for seen in engagements:
            standing.take(seen)
            if reopens and not is_asked and standing.request is not None:
                is_asked, opens = True, {}
            day = seen.at // DAY_US
            if opens.get(day, True) and (is_asked or standing.is_reached(seen.at)):
                if day not in opens:
                    opens[day] = self._opens(subject, moment_of(seen.at), is_asked=is_asked)
                if opens[day]:
                    return standing.crossing(seen)
        return None

    def know_shapes(self) -> None:
        """Look at the shapes that were numbered since the last time."""
        for engagement in self._shapes.engagements[len(self.earned) :]:
            rows = contributions(self.policy, engagement)
            self.earned.append(
                _Earned(
                    by_rule=tuple((self._places[row.rule_id], int(row.points / POINT_UNIT)) for row in rows),
                    backfilled=any(row.backfilled for row in rows),
                    asks_for_rep=asks_for_rep(engagement, brand_id=self.policy.brand_id),
                )
            )

    def _opens(self, subject: Subject, now: datetime, *, is_asked: bool) -> bool:
        """Whether gates and fit (gates alone, of who asks for a rep again) let somebody become an MQL.

        They don't depend on what else the contact does, and change by the day at most.
        """
        before = decide_qualification(self.policy, subject=subject, ledger=(), now=now, cycle=Cycle())
        return not isinstance(before, Gated) and (is_asked or before.score.fit >= Decimal(str(self.policy.thresholds.fit)))


def in_order(engagements: Iterable[Seen]) -> list[Seen]:
    """Return the engagements in the order in which they are replayed."""
    return sorted(engagements, key=_in_time)


def count_before(engagements: Sequence[Seen], at: int) -> int:
    """Return how many of the engagements, in their order, happened before a moment."""
    return bisect_left(engagements, at, key=_at)


def count_until(engagements: Sequence[Seen], at: int) -> int:
    """Return how many of them happened until a moment, those at it included."""
    return bisect_right(engagements, at, key=_at)


def _at(seen: Seen) -> int:
    return seen.at


def _in_time(seen: Seen) -> tuple[int, str]:
    return seen.at, seen.engagement_id


def microseconds(moment: datetime) -> int:
    """Return a moment as engagements are timed here."""
    return (moment - EPOCH) // MICROSECOND


def moment_of(at: int) -> datetime:
    """Return the moment of a time that `microseconds` gave."""
    return EPOCH + at * MICROSECOND


def _units(points: float) -> int:
    return int((Decimal(str(points)) / POINT_UNIT).to_integral_value())
