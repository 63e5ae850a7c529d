"""Kafka stops, the platforms keep posting, Kafka starts again: every event is counted, once. `python -m deploy.demo.outage`."""

import sys
import time

import httpx

from deploy.demo.assignments import watch_assignments
from deploy.demo.checks import CannotGoOn, Checks, Say
from deploy.demo.deployment import Deployment
from deploy.demo.marketing import engage
from deploy.demo.preparation import prepare
from deploy.demo.stage import open_stage
from deploy.launcher.failures import LaunchFailed
from deploy.launcher.world import World, running_world


def main() -> int:
    """Tells the story in a world of its own; returns the exit status: 0 when nothing was lost or doubled."""
    try:
        with running_world(say=print) as world:
            checks = _survive(world, say=print)
    except (LaunchFailed, CannotGoOn, httpx.TransportError) as failure:
        print(failure, file=sys.stderr)
        return 1
    print("\n".join(str(failure) for failure in checks.failures) or f"{checks.passed} checks passed: nothing lost, nothing doubled")
    return 1 if checks.failures else 0


def _survive(world: World, *, say: Say) -> Checks:
    with open_stage(Deployment(world.addresses, world.token), say=say) as stage:
        sources = prepare(stage)
        world.stop_kafka()
        say("Kafka is stopped. The platforms keep posting.")
        engage(stage, sources)
        say("Every body was acknowledged and is on disk; the events wait in intake's outbox.")
        world.start_kafka()
        started = time.monotonic()
        watch_assignments(stage)
        say(f"Kafka is back: everybody who should have one has a rep {time.monotonic() - started:.1f} s later.")
        return stage.checks


if __name__ == "__main__":
    sys.exit(main())
