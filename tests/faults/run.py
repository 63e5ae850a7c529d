"""One run: a drill, or several one after the other, on one world; and the row that tells of it."""

import asyncio
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from time import monotonic
from typing import Any

import httpx
import psycopg
from aiokafka.errors import KafkaError

from deploy.auditor.auditing import Sources, audit
from deploy.auditor.limits import Limits
from deploy.auditor.verdicts import Verdict
from deploy.launcher.failures import LaunchFailed
from deploy.launcher.servers import SERVICES
from deploy.launcher.world import Say, World
from tests.faults.drills.drill import Drill
from tests.faults.rig import Mark, NeverCame, Plan, Rig, rig

_LOAD_BEFORE_SECONDS = 3.0
_LOAD_AFTER_SECONDS = 2.0
# What a drill meets when a service or server does not do what the drill rests on: the run goes on to its audit.
_CUT_SHORT = (NeverCame, LaunchFailed, psycopg.Error, KafkaError, httpx.HTTPError)
# A thousand requests at once have a connection each.
_LIMITS = Limits(open_files_max=2_000)
# Everything has settled by then, but for endpoints that never take anything.
_QUIET_WITHIN_SECONDS = 3.0


@dataclass(frozen=True, slots=True)
class Row:
    """What a run found. `drain_seconds`: from the end of the last fault until nothing was on its way."""

    fault: str
    what: str
    seed: int
    is_short: bool
    webhooks: int
    acknowledged: int
    tries: int
    adverse_events: int
    engagements: int
    leads: int
    drain_seconds: float
    took_seconds: float
    marks: list[Mark]
    verdicts: list[Verdict]

    @property
    def passed(self) -> bool:
        """Whether everything held."""
        return all(mark.held for mark in self.marks) and not any(verdict.state == "broken" for verdict in self.verdicts)

    def as_json(self) -> dict[str, Any]:
        """For the file of results."""
        return {**asdict(self), "passed": self.passed}


async def run(world: World, drills: Sequence[Drill], plan: Plan, *, folder: Path, say: Say) -> Row:
    """Runs the drills under one load on a new world, lets everything settle, and asks what must hold."""
    began = monotonic()
    needs_room = any(drill.needs_room for drill in drills)
    async with rig(world, plan, folder=folder, needs_room=needs_room, say=say) as made:
        made.load.begin()
        await made.go_on_for(_LOAD_BEFORE_SECONDS)
        for place, drill in enumerate(drills):
            try:
                if place:
                    await made.breathe()
                await drill.run(made)
            except _CUT_SHORT as reason:
                made.must(f"{drill.fault} runs to its end", False, reason)
        await made.go_on_for(made.scaled(_LOAD_AFTER_SECONDS, short=_LOAD_AFTER_SECONDS / 2))
        gone = [service for service in SERVICES if not world.is_running(service)]
        made.must("every service runs in the end", not gone, ", ".join(gone) or "all do")
        drain_seconds = await made.settle()
        row = await _row(made, drills, seed=plan.seed, drain_seconds=drain_seconds)
    # The load and its connections are gone by now: the audit has the machine to itself.
    verdicts = await _audit(world, folder, say)
    return replace(row, verdicts=verdicts, took_seconds=round(monotonic() - began, 1))


async def _audit(world: World, folder: Path, say: Say) -> list[Verdict]:
    databases = {service: world.database_url(service) for service in SERVICES}
    sources = Sources(databases, world.kafka_bootstrap, world.log(SERVICES[0]).parent)
    verdicts = await audit(sources, testimony=folder, limits=_LIMITS, quiet_within_seconds=_QUIET_WITHIN_SECONDS)
    for verdict in verdicts:
        for finding in verdict.findings:
            say(f"      BROKEN {verdict.invariant}: {finding.wrong}: {finding.total}, as in {'; '.join(finding.examples[:3])}")
    return verdicts


async def _row(made: Rig, drills: Sequence[Drill], *, seed: int, drain_seconds: float) -> Row:
    sent = made.load.sender.sent
    [[engagements]] = await made.rows("intake", "SELECT count(*) FROM engagements")
    [[leads]] = await made.rows("routing", "SELECT count(*) FROM leads")
    return Row(
        fault="+".join(drill.fault for drill in drills),
        what="; ".join(drill.what for drill in drills),
        seed=seed,
        is_short=made.is_short,
        webhooks=sent.posts,
        acknowledged=sent.acknowledged,
        tries=sent.tries,
        adverse_events=made.load.field_app.reported.mentions,
        engagements=engagements,
        leads=leads,
        drain_seconds=round(drain_seconds, 1),
        took_seconds=0.0,
        marks=made.marks,
        verdicts=[],
    )


def run_to_end(world: World, drills: Sequence[Drill], plan: Plan, *, folder: Path, say: Say) -> Row:
    """The same, for a caller without an event loop."""
    return asyncio.run(run(world, drills, plan, folder=folder, say=say))
