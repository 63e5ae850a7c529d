"""F12, F14: PostgreSQL is away; its connections are cut, in the midst of transactions too."""

from collections import Counter
from datetime import UTC, datetime
from time import monotonic

import psycopg

from tests.faults.drills.drill import Drill
from tests.faults.rig import Rig

_BACK_WITHIN_SECONDS = 5
_CUT_EVERY_SECONDS = 0.3
# Those of the services alone: the witnesses look on.
_CONNECTIONS = "SELECT pid, xact_start IS NOT NULL FROM pg_stat_activity WHERE application_name LIKE 'fullcircle-%' ORDER BY pid"


async def away(rig: Rig) -> None:
    """Nobody is told 2xx, everybody is told when to come again, and soon after it is back everything goes on."""
    seconds = rig.scaled(60, short=6)
    sent, reported = rig.load.sender.sent, rig.load.field_app.reported
    async with rig.fault("F12", f"PostgreSQL is ended at once and away for {seconds:g} s", recovery_seconds=30):
        await rig.do(rig.world.crash_postgres)
        await rig.go_on_for(0.5)  # what was committed before the end is being answered
        acknowledged, statuses = sent.acknowledged, Counter(sent.statuses)
        await rig.go_on_for(seconds)
        taken, answers = sent.acknowledged - acknowledged, Counter(sent.statuses) - statuses
        rig.must("nobody is told 2xx meanwhile", taken == 0, f"{taken} acknowledged; answers {dict(answers)}")
        rig.must("everybody is told 503", answers["503"] == answers.total() > 0, dict(answers))
        await rig.do(rig.world.start_postgres)
    back_at = datetime.now(UTC)
    began = monotonic()
    await rig.until(lambda: (sent.last_acknowledged_at or back_at) > back_at, seconds=30, what="webhooks are taken again")
    webhooks_after = monotonic() - began
    await rig.until(lambda: (reported.last_mention_taken_at or back_at) > back_at, seconds=30, what="adverse events are taken again")
    cases_after = monotonic() - began
    rig.must("webhooks are taken again soon", webhooks_after < _BACK_WITHIN_SECONDS, f"{webhooks_after:.1f} s")
    rig.must("adverse events are taken again soon", cases_after < _BACK_WITHIN_SECONDS, f"{cases_after:.1f} s")
    rig.must("every 503 says when to come again", not sent.without_retry_after, dict(sent.without_retry_after))
    await rig.go_on_for(rig.scaled(5, short=1))


async def connections_cut(rig: Rig) -> None:
    """One connection of a service after the other is ended by the server, half of the time one that is inside a transaction."""
    seconds = rig.scaled(60, short=6)
    cut, inside = 0, 0
    async with rig.fault("F14", f"connections to PostgreSQL are ended for {seconds:g} s", recovery_seconds=30):
        deadline = monotonic() + seconds
        async with await psycopg.AsyncConnection.connect(rig.world.admin_url, autocommit=True, application_name="rig") as administration:
            while monotonic() < deadline:
                rows = await (await administration.execute(_CONNECTIONS)).fetchall()
                at_work = [pid for pid, is_inside in rows if is_inside]
                among = at_work if at_work and rig.chance.random() < 0.5 else [pid for pid, _ in rows]
                chosen = rig.chance.choice(among)
                await administration.execute("SELECT pg_terminate_backend(%s)", (chosen,))
                cut, inside = cut + 1, inside + (chosen in at_work)
                await rig.go_on_for(_CUT_EVERY_SECONDS)
    rig.must("connections were cut inside transactions too", inside > 0, f"{inside} of {cut}")
    await rig.go_on_for(rig.scaled(5, short=1))


DRILLS = (Drill("F12", "PostgreSQL away", away), Drill("F14", "database connections cut", connections_cut))
