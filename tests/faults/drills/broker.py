"""F8, F9: the broker is stopped, and comes back with its log or without it."""

from datetime import UTC, datetime, timedelta

from deploy.launcher.servers import SERVICES
from tests.faults.drills.drill import Drill
from tests.faults.rig import Rig

_DRAIN_SECONDS = 30
_CASES_SINCE = "SELECT count(*) FROM cases WHERE kind = 'adverse_event' AND received_at >= %(since)s"


async def stopped(rig: Rig) -> None:
    """Intake and feedback go on from their databases alone; what waited leaves within half a minute."""
    seconds = rig.scaled(60, short=8)
    at = datetime.now(UTC)
    before = (rig.load.sender.sent.acknowledged, rig.load.sender.sent.tries)
    async with rig.fault("F8", f"the broker is stopped for {seconds:g} s", recovery_seconds=_DRAIN_SECONDS):
        await rig.do(rig.world.stop_kafka)
        await rig.go_on_for(seconds)
        acknowledged = rig.load.sender.sent.acknowledged - before[0]
        tries = rig.load.sender.sent.tries - before[1]
        [[cases]] = await rig.rows("feedback", _CASES_SINCE, {"since": at})
        rig.must("intake acknowledges all it is sent meanwhile", acknowledged >= 0.95 * tries > 0, f"{acknowledged} of {tries} tries")
        rig.must("adverse events become cases meanwhile", cases >= 0.8 * seconds, f"{cases} cases in {seconds:g} s")
        await rig.do(rig.world.start_kafka)


async def lost_its_log(rig: Rig) -> None:
    """Everything on the broker is gone: topics, events, offsets. Each service sends again what it had been told was there."""
    began = datetime.now(UTC) - timedelta(hours=1)
    async with rig.fault("F9", "the broker comes back without its log; each service republishes", recovery_seconds=60):
        await rig.go_on_for(rig.scaled(15, short=3))
        await rig.do(rig.world.stop_kafka)
        await rig.do(rig.world.empty_kafka)
        await rig.go_on_for(rig.scaled(15, short=2))
        await rig.do(rig.world.start_kafka)
        for service in SERVICES:
            await rig.do(rig.world.republish, service, since=began)
    await rig.go_on_for(rig.scaled(5, short=1))


DRILLS = (Drill("F8", "broker stopped", stopped), Drill("F9", "broker back without its log", lost_its_log))
