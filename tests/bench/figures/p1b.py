"""P1b: durable intake against the plain way to be durable: a handler that commits two inserts per request."""

from collections.abc import Iterator
from functools import partial

from tests.bench.ground import Ground
from tests.bench.protocol import Goal, Measured, Plan, Sample, Say, compare
from tests.bench.webhooks import CONNECTIONS, Webhooks

GOAL = Goal(">=", 2)


def take(ground: Ground, plan: Plan, say: Say) -> Iterator[Measured]:
    """At 32 and 128 connections, the service's relay running. The plain one keeps its rows in a database of another service."""
    webhooks = Webhooks(ground)
    database_url = ground.servers.database_url("routing")
    say("P1b: intake, its relay sending to Kafka meanwhile, / a handler that commits two inserts; webhooks per second")

    def two_inserts(connections: int, plan: Plan) -> Sample:
        environment = {"BENCH_DATABASE_URL": database_url}
        ground.start_arm("two_inserts", environment=environment)
        ground.truncate(database_url, "plain_receipts", "plain_outbox")
        return webhooks.plain("two_inserts", connections, plan, beside="postgres")

    for connections in CONNECTIONS:
        yield compare(
            f"P1b@c{connections}",
            ours=partial(webhooks.intake, connections),
            theirs=partial(two_inserts, connections),
            goal=GOAL,
            plan=plan,
            say=say,
        )
