"""F25: transactions stay open while the relay polls, and commit in another order than their events were numbered in."""

import asyncio
from contextlib import suppress
from itertools import count

import httpx

from tests.faults.drills.drill import Drill
from tests.faults.load.population import Person
from tests.faults.rig import Rig

_WRITERS = 12
_SECOND = "intake-second"
_AGAIN_SECONDS = 0.2

# At commit, when the events have their positions and nobody sees them yet: the window in which a relay by position would pass them by.
_DELAY = """
    CREATE FUNCTION drill_delay() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN PERFORM pg_sleep(random() * 0.4); RETURN NULL; END $$;
    CREATE CONSTRAINT TRIGGER drill_delay AFTER INSERT ON outbox DEFERRABLE INITIALLY DEFERRED
        FOR EACH ROW WHEN (right(NEW.event_id::text, 1) IN ('0', '4', '8', 'c')) EXECUTE FUNCTION drill_delay()
"""
_NO_DELAY = "DROP TRIGGER drill_delay ON outbox; DROP FUNCTION drill_delay()"
_OPEN = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'"


async def slow_commits(rig: Rig) -> None:
    """Twelve writers on two processes of intake beside the load; a quarter of all events takes its time to be committed."""
    seconds = rig.scaled(45, short=5)
    most = 0
    await rig.do(rig.world.start_another, "intake", _SECOND, part="api")
    await rig.do(rig.world.wait_until_ready, _SECOND)
    rig.load.processes.append(_SECOND)
    async with rig.fault("F25", f"{_WRITERS} writers with transactions that stay open, for {seconds:g} s", recovery_seconds=30):
        await rig.change("intake", _DELAY)
        writing = [
            asyncio.create_task(_write(rig, person, process=("intake", _SECOND)[place % 2]))
            for place, person in enumerate(rig.chance.sample(rig.load.people.people, _WRITERS))
        ]
        try:
            for _ in range(int(seconds * 4)):
                await rig.go_on_for(0.25)
                [[open_now]] = await rig.rows("intake", _OPEN)
                most = max(most, open_now)
        finally:
            for writer in writing:
                writer.cancel()
            await asyncio.gather(*writing, return_exceptions=True)
            await rig.change("intake", _NO_DELAY)
    rig.load.processes.remove(_SECOND)
    await rig.do(rig.world.stop, _SECOND)
    rig.must("several transactions stayed open at once", most >= _WRITERS // 3, f"{most} at once")


async def _write(rig: Rig, person: Person, *, process: str) -> None:
    """States the same contact again and again, always changed: each time a transaction with an event of its own."""
    address = f"http://127.0.0.1:{rig.world.port(process)}/v1/contacts"
    for wave in count(1):
        row = {**person.row(), "segments": [f"wave-{wave}"]}
        with suppress(httpx.HTTPError):
            answer = await rig.load.client.put(address, json=[row], headers=rig.load.who.of("integration"), timeout=30)
            if answer.is_success:
                continue
        await asyncio.sleep(_AGAIN_SECONDS)


DRILLS = (Drill("F25", "transactions stay open while the relay polls", slow_commits),)
