"""F25: transactions stay open while the relay polls, and commit in another order than they were numbered in."""

import asyncio
from contextlib import suppress

from tests.faults.drills.drill import Drill
from tests.faults.load.sender import Sender
from tests.faults.rig import Rig

_WRITERS = 12
_SECOND = "intake-second"

# At commit, when the events have their positions and nobody sees them yet: the window in which a relay by position would pass them by.
_DELAY = """
    CREATE FUNCTION drill_delay() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN PERFORM pg_sleep(random() * 0.4); RETURN NULL; END $$;
    CREATE CONSTRAINT TRIGGER drill_delay AFTER INSERT ON outbox DEFERRABLE INITIALLY DEFERRED
        FOR EACH ROW WHEN (NEW.topic = 'engagements' AND right(NEW.event_id::text, 1) IN ('0', '4', '8', 'c'))
        EXECUTE FUNCTION drill_delay()
"""
_NO_DELAY = "DROP TRIGGER drill_delay ON outbox; DROP FUNCTION drill_delay()"
_OPEN = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'"


async def slow_commits(rig: Rig) -> None:
    """Twelve writers in two processes of intake, a quarter of whose commits take their time."""
    seconds = rig.scaled(45, short=4)
    most = 0
    await rig.do(rig.world.start_another, "intake", _SECOND, part="api")
    await rig.do(rig.world.wait_until_ready, _SECOND)
    async with rig.fault("F25", f"twelve writers with transactions that stay open, for {seconds:g} s", recovery_seconds=30):
        await rig.change("intake", _DELAY)
        try:
            async with rig.crowd(_WRITERS // 2) as first, rig.crowd(_WRITERS // 2, intake=_SECOND) as second:
                writing = [asyncio.create_task(_write(rig, sender)) for sender in (first, second) for _ in range(_WRITERS // 2)]
                for _ in range(int(seconds * 4)):
                    await rig.go_on_for(0.25)
                    [[open_now]] = await rig.rows("intake", _OPEN)
                    most = max(most, open_now)
                for writer in writing:
                    writer.cancel()
                for writer in writing:
                    with suppress(asyncio.CancelledError):
                        await writer
        finally:
            await rig.change("intake", _NO_DELAY)
    await rig.do(rig.world.stop, _SECOND)
    rig.must("several transactions stayed open at once", most >= _WRITERS // 3, f"{most} at once")


async def _write(rig: Rig, sender: Sender) -> None:
    while True:
        await asyncio.shield(sender.begin(rig.load.script.submission(rig.chance.choice(rig.load.people.people))))


DRILLS = (Drill("F25", "transactions stay open while the relay polls", slow_commits),)
