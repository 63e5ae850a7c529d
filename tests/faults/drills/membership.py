"""F20, F24: strangers join and leave the consumer groups; every service runs twice, and leaders lose their lock."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from time import monotonic

import psycopg
from aiokafka import AIOKafkaConsumer

from deploy.launcher.servers import SERVICES
from shared.events import REGISTRY
from tests.faults.drills.drill import Drill
from tests.faults.proxy import fault_proxy
from tests.faults.rig import Rig

_EVERY_SECONDS = 2.0
_LEAD_WITHIN_SECONDS = 10.0
_LOOK_EVERY_SECONDS = 0.05
_PROGRESS_SECONDS = 10.0
_GROUPS = sorted({f"{service}.{contract.topic.name}" for contract in REGISTRY.values() for service in contract.consumers})
_APPLIED = "SELECT count(*) FROM inbox"

_TWIN = {service: f"{service}-twin" for service in SERVICES}
# Relays, dispatcher and the like: whoever holds a session's advisory lock.
_LEADERS = """
    SELECT a.pid, d.datname FROM pg_locks AS l JOIN pg_stat_activity AS a USING (pid) JOIN pg_database AS d ON d.oid = l.database
    WHERE l.locktype = 'advisory' AND l.granted AND a.application_name LIKE 'fullcircle-%' AND a.state = 'idle'
"""


async def rebalancing(rig: Rig) -> None:
    """A stranger joins every group and leaves it again, takes partitions and does nothing with them."""
    seconds = rig.scaled(120, short=12)
    progress: list[int] = []
    async with rig.fault("F20", f"strangers join and leave every {_EVERY_SECONDS:g} s for {seconds:g} s", recovery_seconds=60):
        watching = asyncio.create_task(_progress_of_routing(rig, seconds, progress))
        deadline = monotonic() + seconds
        while monotonic() < deadline:
            async with AsyncExitStack() as joined:
                await asyncio.gather(*(_join(rig, group, joined) for group in _GROUPS))
                await rig.go_on_for(_EVERY_SECONDS)
            await rig.go_on_for(_EVERY_SECONDS)
        await watching
    rig.must(f"routing goes on in every {_PROGRESS_SECONDS:g} s", bool(progress) and min(progress) > 0, progress)


async def _join(rig: Rig, group: str, joined: AsyncExitStack) -> None:
    topic = group.partition(".")[2]
    stranger = AIOKafkaConsumer(topic, bootstrap_servers=rig.world.kafka_bootstrap, group_id=group, enable_auto_commit=False)
    joined.push_async_callback(stranger.stop)
    await stranger.start()


async def _progress_of_routing(rig: Rig, seconds: float, progress: list[int]) -> None:
    for _ in range(max(1, int(seconds / _PROGRESS_SECONDS))):
        [[before]] = await rig.rows("routing", _APPLIED)
        await rig.go_on_for(_PROGRESS_SECONDS)
        [[after]] = await rig.rows("routing", _APPLIED)
        progress.append(after - before)


async def twins(rig: Rig) -> None:
    """Two processes of each service; the leaders' connections become half-open behind a proxy, then the server ends them."""
    world, pause = rig.world, rig.scaled(15, short=3)
    postgres_port = int(world.admin_url.rpartition(":")[2].partition("/")[0])
    with fault_proxy(postgres_port) as proxy:
        async with rig.fault("F24", "every service is started a second time, and leaders lose their lock", recovery_seconds=60):
            for service, twin in _TWIN.items():
                url = world.database_url(service).replace(f":{postgres_port}/", f":{proxy.port}/")
                await rig.do(world.start_another, service, twin, environment={"FULLCIRCLE_DATABASE_URL": url})
            await rig.do(world.wait_until_ready, *_TWIN.values())
            rig.load.processes.extend(_TWIN.values())
            await _on_all(rig, world.stop)
            before = await _leaders_of_all(rig)
            await _on_all(rig, world.start_service)
            await rig.do(world.wait_until_ready, *SERVICES)
            half_open = await rig.do(proxy.abandon)
            await rig.go_on_for(pause)
            after = await _leaders_of_all(rig)
            all_lead = len(before) == len(after) == len(SERVICES)
            rig.must("others lead when the leaders' connections are half-open", all_lead, f"{half_open} half-open, {before}, {after}")
            left = set().union(*before.values()) & set().union(*after.values())
            rig.must("none of the old leaders is left", not left, left)
            await rig.do(proxy.reset)
            for _ in range(int(rig.scaled(6, short=2))):
                await _end_leaders(rig)
                await rig.go_on_for(pause / 3)
        for twin in _TWIN.values():
            await rig.do(world.stop, twin)
        rig.load.processes[:] = SERVICES


async def _on_all(rig: Rig, act: Callable[[str], None]) -> None:
    acts: list[Awaitable[None]] = [rig.do(act, service) for service in SERVICES]
    await asyncio.gather(*acts)


async def _leaders(rig: Rig) -> dict[str, tuple[int, ...]]:
    """The server's processes that hold offices, by database."""
    async with await psycopg.AsyncConnection.connect(rig.world.admin_url, autocommit=True) as administration:
        rows = await (await administration.execute(_LEADERS)).fetchall()
    return {name: tuple(sorted(pid for pid, database in rows if database == name)) for _, name in sorted(rows)}


async def _leaders_of_all(rig: Rig) -> dict[str, set[int]]:
    """The same, looked for until each service has one or time is up: whoever is at work is not seen as a leader."""
    found: dict[str, set[int]] = {}
    deadline = monotonic() + _LEAD_WITHIN_SECONDS
    while len(found) < len(SERVICES) and monotonic() < deadline:
        for name, pids in (await _leaders(rig)).items():
            found.setdefault(name, set()).update(pids)
        await rig.go_on_for(_LOOK_EVERY_SECONDS)
    return found


async def _end_leaders(rig: Rig) -> None:
    for pids in (await _leaders(rig)).values():
        for pid in pids:
            async with await psycopg.AsyncConnection.connect(rig.world.admin_url, autocommit=True) as administration:
                await administration.execute("SELECT pg_terminate_backend(%s)", (pid,))


DRILLS = (
    Drill("F20", "rebalancing again and again", rebalancing),
    Drill("F24", "every service twice, leaders lose their lock", twins),
)
