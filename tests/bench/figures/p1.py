"""P1: durable intake (signature, checks, dedupe, receipt, engagement and outbox committed) against a bare FastAPI POST."""

from collections.abc import Iterator
from functools import partial

from tests.bench.ground import Ground
from tests.bench.protocol import Goal, Measured, Plan, Say, compare
from tests.bench.webhooks import CONNECTIONS, Webhooks

GOAL = Goal(">=", 0.45)


def take(ground: Ground, plan: Plan, say: Say) -> Iterator[Measured]:
    """At 32 and 128 connections, the service's relay running."""
    webhooks = Webhooks(ground)
    say("P1: intake, its relay sending to Kafka meanwhile, / a FastAPI POST that reads the body; webhooks per second")
    for connections in CONNECTIONS:
        yield compare(
            f"P1@c{connections}",
            ours=partial(webhooks.intake, connections),
            theirs=partial(webhooks.plain, "bare", connections),
            goal=GOAL,
            plan=plan,
            say=say,
        )
