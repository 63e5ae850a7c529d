"""P9: from an engagement posted to its lead's owner committed in routing, against a pipeline of the same hops without any logic."""

from collections.abc import Iterator

from tests.bench.bodies import CONTACTS
from tests.bench.ground import Ground
from tests.bench.journeys import Arrived
from tests.bench.pipelines import Pipelines
from tests.bench.protocol import FULL, Goal, Measured, Plan, Say

_GOALS = {"p50": Goal("<=", 1.5), "p99": Goal("<=", 2.0)}
_STEADY_PER_SECOND = 100.0


def take(ground: Ground, plan: Plan, say: Say) -> Iterator[Measured]:
    """At 100 a second, and at half of what the circle can take. intake and routing run whole; so do the two halves of the other."""
    pipelines = Pipelines(ground)
    pipelines.prepare()
    try:
        everything = round(CONTACTS * plan.seconds / FULL.seconds)
        most, _ = pipelines.circle(rate=None, warm_up=0, counted=everything)
        say(f"P9: webhook posted until the owner is committed / the same hops without logic; ms; at most {most.per_second:.0f} a second")
        yield from _at(pipelines, "100", _STEADY_PER_SECOND, plan, say)
        yield from _at(pipelines, "half", most.per_second / 2, plan, say)
    finally:
        pipelines.leave()


def _at(pipelines: Pipelines, name: str, rate: float, plan: Plan, say: Say) -> Iterator[Measured]:
    """Both quantiles of the same runs, the arms in turn."""
    seconds = min(plan.seconds, CONTACTS / rate - plan.warm_up_seconds)
    warm_up, counted = round(rate * plan.warm_up_seconds), round(rate * seconds)
    ours: list[Arrived] = []
    theirs: list[Arrived] = []
    for number in range(plan.rounds):
        for arm in ("circle", "null") if number % 2 else ("null", "circle"):
            pipeline, taken = (pipelines.circle, ours) if arm == "circle" else (pipelines.null, theirs)
            arrived, cpu_us = pipeline(rate=rate, warm_up=warm_up, counted=counted)
            taken.append(arrived)
            cpu = ", ".join(f"{process} {spent:.0f}" for process, spent in cpu_us.items())
            say(f"  P9@{name} round {number + 1} {arm}: p50 {arrived.p50_ms:.1f} p99 {arrived.p99_ms:.1f} ms (CPU us/event: {cpu})")
    for quantile, goal in _GOALS.items():
        own, plain = ([getattr(arrived, f"{quantile}_ms") for arrived in arm] for arm in (ours, theirs))
        ratios = [one / other for one, other in zip(own, plain, strict=True)]
        yield Measured(f"P9{quantile}@{name}", goal, ratios, max(plain) / min(plain))
