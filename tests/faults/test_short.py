"""A few faults, short and under a small load, one after the other on one world; what must hold is asked at the end."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.launcher.world import World, running_world
from tests.faults.drills import DRILLS
from tests.faults.rig import Plan
from tests.faults.run import Row, run

pytestmark = pytest.mark.alone

# Those that protect most per second. The others take longer, most of it until Kafka gives a dead consumer's partitions to the next.
CHOSEN = ("F1", "F8", "F12", "F17", "F23")
SEED = int(os.environ.get("FULLCIRCLE_TEST_SEED", "7"))


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with pytest.MonkeyPatch.context() as environment:
        # These servers are stopped and crashed: they must be the world's own.
        environment.delenv("FULLCIRCLE_POSTGRES_ADMIN_URL", raising=False)
        environment.delenv("FULLCIRCLE_KAFKA_BOOTSTRAP", raising=False)
        with running_world() as world:
            yield world


@pytest.fixture(scope="module")
async def row(world: World, tmp_path_factory: pytest.TempPathFactory) -> Row:
    said: list[str] = []
    drills = [drill for drill in DRILLS if drill.fault in CHOSEN]
    folder: Path = tmp_path_factory.mktemp("testimony")
    return await run(world, drills, Plan(SEED, is_short=True), folder=folder, say=said.append)


async def test_each_fault_leaves_what_it_must(row: Row) -> None:
    assert [f"{mark.what}: {mark.found}" for mark in row.marks if not mark.held] == []
    assert row.acknowledged >= row.webhooks > 0


async def test_every_invariant_is_kept(row: Row) -> None:
    findings = {verdict.invariant: verdict.findings for verdict in row.verdicts if verdict.state == "broken"}
    assert findings == {}
    assert row.verdicts
