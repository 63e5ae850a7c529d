"""P4: what the stack around every endpoint costs: the same application with and without it."""

from collections.abc import Iterator
from functools import partial

from tests.bench.ground import Ground
from tests.bench.protocol import Goal, Measured, Plan, Sample, Say, compare
from tests.bench.webhooks import CONNECTIONS, Webhooks

GOAL = Goal(">=", 0.85)


def take(ground: Ground, plan: Plan, say: Say) -> Iterator[Measured]:
    """At 32 and 128 connections."""
    webhooks = Webhooks(ground)
    say("P4: an endpoint that does nothing, with the service's middleware / without any; requests per second")

    def stack(variant: str, connections: int, plan: Plan) -> Sample:
        name = f"stack@{variant}"
        port = ground.start_arm(name, environment={**ground.service_environment("intake"), "BENCH_STACK": variant})
        return webhooks.under_load(port, connections, plan, {variant: ground.pid(name)}, path="/v1/nothing")

    for connections in CONNECTIONS:
        yield compare(
            f"P4@c{connections}",
            ours=partial(stack, "full", connections),
            theirs=partial(stack, "none", connections),
            goal=GOAL,
            plan=plan,
            say=say,
        )
