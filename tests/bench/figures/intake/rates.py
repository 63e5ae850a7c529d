"""How many webhooks a second: against a FastAPI POST that does nothing, and against the plain way to be durable."""

from collections.abc import Iterator
from functools import partial

from tests.bench.ground import Ground
from tests.bench.mail import Mail
from tests.bench.protocol import Goal, Measured, Plan, Sample, Say, compare
from tests.bench.webhooks import CONNECTIONS

_BARE = Goal(">=", 0.45)
_TWO_INSERTS = Goal(">=", 2)


def take(ground: Ground, plan: Plan, say: Say) -> Iterator[Measured]:
    """At 32 and 128 connections, the relay running; then once more with nothing behind the door."""
    mail = Mail(ground)
    mail.prepare()
    database_url = ground.servers.database_url("routing")

    def two_inserts(connections: int, plan: Plan) -> Sample:
        ground.start_arm("two_inserts", environment={"BENCH_DATABASE_URL": database_url})
        ground.truncate(database_url, "plain_receipts", "plain_outbox")
        return mail.plain("two_inserts", connections, plan)

    say("opened e-mails of 100,000 known people and 1 % new ones, a webhook each, the relay sending meanwhile; webhooks per second")
    for connections in CONNECTIONS:
        ours = partial(mail.whole, connections)
        bare = partial(mail.plain, "bare", connections)
        yield compare(f"bare@c{connections}", ours=ours, theirs=bare, goal=_BARE, plan=plan, say=say)
        inserts = partial(two_inserts, connections)
        yield compare(f"two-inserts@c{connections}", ours=ours, theirs=inserts, goal=_TWO_INSERTS, plan=plan, say=say)
        say(f"  without a relay behind it, c{connections}: {mail.without_relay(connections, plan)}")
        say(f"  so, and two processes on one port, c{connections}: {mail.without_relay(connections, plan, doors=2)}")
