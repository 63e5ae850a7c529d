"""P2: durable intake against a handler that waits for Kafka's acknowledgement of the same body."""

from collections.abc import Iterator
from functools import partial

from tests.bench.ground import Ground
from tests.bench.protocol import Goal, Measured, Plan, Say, compare
from tests.bench.webhooks import CONNECTIONS, Webhooks

GOAL = Goal(">=", 1.0)


def take(ground: Ground, plan: Plan, say: Say) -> Iterator[Measured]:
    """At 32 and 128 connections, the service's relay running."""
    webhooks = Webhooks(ground)
    environment = {"BENCH_KAFKA": ground.servers.kafka_bootstrap}
    say("P2: intake, its relay sending to Kafka meanwhile, / aiokafka's send_and_wait, acks=all, idempotent; webhooks per second")
    for connections in CONNECTIONS:
        yield compare(
            f"P2@c{connections}",
            ours=partial(webhooks.intake, connections),
            theirs=partial(webhooks.plain, "kafka_send", connections, beside="kafka", environment=environment),
            goal=GOAL,
            plan=plan,
            say=say,
        )
