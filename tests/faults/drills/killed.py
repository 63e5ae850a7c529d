"""F1 to F7: processes are killed at the moments that hurt most, at random, and all at once."""

from collections import Counter

from deploy.auditor.testimony import Arrival, heard
from deploy.launcher.servers import SERVICES
from tests.faults.drills.drill import Drill
from tests.faults.rig import Rig
from tests.records import times_told

_WEBHOOK_MOMENTS = ("webhook.arrived", "webhook.parsed", "webhook.committing", "webhook.committed", "webhook.answered")
_TOLD_BY = {"intake": ("engagements", "contacts"), "routing": ("leads",), "feedback": ("feedback", "cases")}
_ROUTING_MOMENTS = ("consumer.applying", "consumer.applied")
_REPORTING_MOMENTS = ("consumer.applying", "rollups.shifted", "consumer.applied")
_CASE_TIMES = "SELECT report_id, awareness_at, due_at FROM cases WHERE kind = 'adverse_event'"


async def intake(rig: Rig) -> None:
    """At each step of a webhook, then whenever."""
    times = int(rig.scaled(100, short=2))
    async with rig.fault("F1", f"intake is killed at each step of a webhook, then at random, {times} times", recovery_seconds=30):
        for moment in _WEBHOOK_MOMENTS * int(rig.scaled(3, short=1)):
            await rig.kill_at("intake", moment)
        await rig.do(rig.world.restart, "intake")
        for _ in range(times):
            await rig.go_on_for(rig.chance.uniform(0.2, 1.2))
            await rig.do(rig.world.kill, "intake")
            await rig.do(rig.world.restart, "intake")
    sent = rig.load.sender.sent
    rig.must("what was cut off is sent again", sent.tries > sent.acknowledged, f"{sent.tries} tries for {sent.posts} webhooks")


async def relays(rig: Rig) -> None:
    """Kafka has the events and the outbox has them still."""
    async with rig.fault("F2", "the relays are killed between Kafka's acknowledgement and their commit", recovery_seconds=30):
        for service in _TOLD_BY:
            for _ in range(int(rig.scaled(3, short=1))):
                await rig.kill_at(service, "relay.acknowledged")
            await rig.do(rig.world.restart, service)

    async def told_twice() -> None:
        for service, topics in _TOLD_BY.items():
            times: Counter[str] = Counter()
            for topic in topics:
                times.update(await times_told(rig.world.kafka_bootstrap, topic))
            again = sum(1 for told in times.values() if told > 1)
            rig.must(f"{service}'s relay had told the same events before", again > 0, f"{again} of {len(times)} events told again")

    rig.afterwards(told_twice)


async def routing(rig: Rig) -> None:
    """Before its effect is committed, and after that but before its offset is."""
    async with rig.fault("F3", "routing is killed before its effect and between effect and offset", recovery_seconds=45):
        for moment in _ROUTING_MOMENTS * int(rig.scaled(2, short=1)):
            await rig.kill_at("routing", moment)
            await rig.do(rig.world.restart, "routing")


async def feedback(rig: Rig) -> None:
    """A case is written and not committed; it is committed and nobody was told."""
    known: dict[object, list[object]] = {}
    async with rig.fault("F4", "feedback is killed between a case's rows and its answer", recovery_seconds=45):
        for moment in ("case.opening", "case.opened") * int(rig.scaled(3, short=1)):
            await rig.kill_at("feedback", moment)
            known |= {report_id: times for report_id, *times in await rig.rows("feedback", _CASE_TIMES)}
            await rig.do(rig.world.restart, "feedback")

    async def clocks_unchanged() -> None:
        now: dict[object, list[object]] = {report_id: times for report_id, *times in await rig.rows("feedback", _CASE_TIMES)}
        changed = [report_id for report_id, times in known.items() if now.get(report_id) != times]
        rig.must("no case's clock was changed by the restart", not changed, f"{len(changed)} of {len(known)}")
        [[open_cases]] = await rig.rows("feedback", "SELECT count(*) FROM cases WHERE kind = 'adverse_event'")
        mentions = rig.load.field_app.reported.mentions
        rig.must("every adverse event is a case", open_cases >= mentions, f"{open_cases} cases of {mentions} mentions")

    rig.afterwards(clocks_unchanged)


async def reporting(rig: Rig) -> None:
    """In mid-batch, and when rollups have moved but nothing is committed."""
    async with rig.fault("F5", "reporting is killed in mid-batch and in mid-rollup", recovery_seconds=45):
        for moment in _REPORTING_MOMENTS * int(rig.scaled(2, short=1)):
            await rig.kill_at("reporting", moment)
            await rig.do(rig.world.restart, "reporting")


async def dispatcher(rig: Rig) -> None:
    """The endpoint has the webhook and nobody has written that down."""
    times = int(rig.scaled(6, short=2))
    async with rig.fault("F6", f"the dispatcher is killed between delivery and its record, {times} times", recovery_seconds=45):
        for _ in range(times):
            await rig.kill_at("reporting", "dispatcher.delivered")
        await rig.do(rig.world.restart, "reporting")

    async def same_id() -> None:
        arrived = [one for one in heard(rig.folder, Arrival) if one.endpoint == rig.load.zoo.url("well")]
        times = Counter(one.webhook_id for one in arrived)
        again = sum(1 for number in times.values() if number > 1)
        rig.must("webhooks arrive again under their id", again > 0, f"{again} of {len(times)} arrived twice")
        ids_by_body: dict[str, set[str]] = {}
        for one in arrived:
            ids_by_body.setdefault(one.body, set()).add(one.webhook_id)
        renamed = sum(1 for ids in ids_by_body.values() if len(ids) > 1)
        rig.must("no webhook ever has two ids", renamed == 0, f"{renamed} of {len(ids_by_body)}")

    rig.afterwards(same_id)


async def everybody(rig: Rig) -> None:
    """The whole company loses power, again and again."""
    times, every = int(rig.scaled(20, short=1)), rig.scaled(15, short=5)
    async with rig.fault("F7", f"all four services are killed at once, {times} times", recovery_seconds=45):
        for _ in range(times):
            await rig.go_on_for(rig.chance.uniform(0.2, every / 5))
            await rig.do(rig.world.kill, *SERVICES)
            for service in SERVICES:
                await rig.do(rig.world.start_service, service)
            await rig.do(rig.world.wait_until_ready, *SERVICES)


DRILLS = (
    Drill("F1", "intake killed at each step, then at random", intake),
    Drill("F2", "relays killed after Kafka's acknowledgement", relays),
    Drill("F3", "routing killed around its effect", routing),
    Drill("F4", "feedback killed around a case", feedback),
    Drill("F5", "reporting killed in mid-batch, mid-rollup", reporting),
    Drill("F6", "dispatcher killed after delivery", dispatcher),
    Drill("F7", "all four killed at once", everybody),
)
