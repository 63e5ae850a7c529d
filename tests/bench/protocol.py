"""How figures are taken: two arms in turn in one run, A B B A, and what is told is the median of their ratios.

Ratios, never absolute figures: the machine is as noisy to the one arm as to the other. An arm is anything that can be run for some
seconds and gives a `Sample`. A is what we compare ourselves with; where A itself varies by more than twice, nothing can be said.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Literal

# Beyond it the machine was doing something else as well.
SPREAD_MAX = 2.0

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Plan:
    """How often and how long an arm is run."""

    rounds: int
    seconds: float
    warm_up_seconds: float


FULL = Plan(rounds=5, seconds=5.0, warm_up_seconds=2.0)
QUICK = Plan(rounds=1, seconds=0.5, warm_up_seconds=0.3)
"""Proves that a figure can be taken; says nothing about it."""


@dataclass(frozen=True, slots=True)
class Sample:
    """What one run of an arm gave: `value` in the figure's unit, and the CPU each of its processes spent, in microseconds per event."""

    value: float
    cpu_us: Mapping[str, float] = field(default_factory=dict)
    note: str = ""

    def __str__(self) -> str:
        cpu = ", ".join(f"{name} {spent:.0f}" for name, spent in self.cpu_us.items())
        shown = f"{self.value:,.0f}" if self.value >= 100 else f"{self.value:.4g}"
        return shown + (f" (CPU us/event: {cpu})" if cpu else "") + (f" [{self.note}]" if self.note else "")


Arm = Callable[[Plan], Sample]


@dataclass(frozen=True, slots=True)
class Goal:
    """What the ratio ours / theirs should be: `>=` for rates, `<=` for times."""

    direction: Literal[">=", "<="]
    value: float

    def __str__(self) -> str:
        return f"{self.direction} {self.value:g}"


@dataclass(frozen=True, slots=True)
class Measured:
    """A figure, taken: the ratios of its rounds, or why they can't be believed."""

    name: str
    goal: Goal
    ratios: Sequence[float]
    spread_of_a: float

    @property
    def is_comparable(self) -> bool:
        return self.spread_of_a <= SPREAD_MAX

    @property
    def line(self) -> str:
        """The figure as programs read it: `P1@c32 0.47 >= 0.45 min 0.43 max 0.51`."""
        spread = f"min {min(self.ratios):.2f} max {max(self.ratios):.2f}"
        if not self.is_comparable:
            return f"{self.name} not comparable {self.goal} {spread} (what it is compared with varied {self.spread_of_a:.1f}x)"
        return f"{self.name} {median(self.ratios):.2f} {self.goal} {spread}"


def compare(name: str, *, ours: Arm, theirs: Arm, goal: Goal, plan: Plan, say: Say) -> Measured:
    """Runs both arms in turn, round by round, and tells each round as it ends."""
    baselines: list[float] = []
    ratios: list[float] = []
    for number in range(plan.rounds):
        if number % 2:
            own, plain = ours(plan), theirs(plan)
        else:
            plain, own = theirs(plan), ours(plan)
        baselines.append(plain.value)
        ratios.append(own.value / plain.value)
        say(f"  {name} round {number + 1}: {ratios[-1]:.2f} = {own} / {plain}")
    return Measured(name, goal, ratios, max(baselines) / min(baselines))
