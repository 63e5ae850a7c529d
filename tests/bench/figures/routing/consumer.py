"""consumer: engagements decided (inbox, ledger, lead, owner, brief, clock, events) against the libraries alone with COPY."""

from collections.abc import Iterator

import psycopg

from tests.bench.field import Field
from tests.bench.figures.p10 import TABLE
from tests.bench.ground import Ground
from tests.bench.protocol import Goal, Measured, Plan, Sample, Say, compare
from tests.bench.streams import ACTS, waves

GOAL = Goal(">=", 0.3)

_EVENTS_PER_SECOND = 2_500
"""About what is decided in a second, so that an arm runs for about as long as it is planned to."""
_SPARE_EVENTS = 2_000


def take(ground: Ground, plan: Plan, say: Say) -> Iterator[Measured]:
    """Every twentieth engagement begins a lead. Both arms read the same backlog, each by a group of its own."""
    field = Field(ground)
    warm_up, events = (round(seconds * _EVENTS_PER_SECOND) for seconds in (plan.warm_up_seconds, plan.seconds))
    total = warm_up + events + _SPARE_EVENTS
    field.prepare(contacts=total // ACTS + 1_000)
    plain_url = ground.servers.database_url("feedback")
    with psycopg.connect(plain_url.replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute(TABLE)
    backlog = field.backlog(waves(total))
    say("consumer: engagements decided, one in twenty begins a lead / getmany, COPY into a temporary table, upsert; events per second")

    def deciding(_: Plan) -> Sample:
        field.forget()
        return backlog.run("deciding", warm_up=warm_up, events=events)

    def plain(_: Plan) -> Sample:
        ground.truncate(plain_url, "bench_engagements")
        return backlog.run("raw_consumer", warm_up=warm_up, events=events, database_url=plain_url)

    yield compare("consumer", ours=deciding, theirs=plain, goal=GOAL, plan=plan, say=say)
