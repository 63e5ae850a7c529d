"""A short-lived world: whole, under the test's control, and gone at the end however it ends."""

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import psycopg
import pytest
from joserfc import jwt
from joserfc.jwk import KeySet

from deploy.launcher.failures import LaunchFailed
from deploy.launcher.loopback import get_status
from deploy.launcher.ports import is_unused
from deploy.launcher.processes import Started
from deploy.launcher.servers import SERVICES
from deploy.launcher.short_lived import short_lived_place
from deploy.launcher.world import World, running_world

HOLDER = """
import sys, time
from deploy.launcher.short_lived import short_lived_place
with short_lived_place() as (place, roster):
    roster.start("sleeper", [sys.executable, "-c", "import time; time.sleep(60)"], environment={})
    print(place, flush=True)
    time.sleep(60)
"""


@pytest.fixture(autouse=True)
def own_servers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FULLCIRCLE_POSTGRES_ADMIN_URL", raising=False)
    monkeypatch.delenv("FULLCIRCLE_KAFKA_BOOTSTRAP", raising=False)


@pytest.fixture
def holder() -> Iterator[subprocess.Popen[str]]:
    """Another process that holds a short-lived place, whose path it prints, with something running in it."""
    with subprocess.Popen([sys.executable, "-c", HOLDER], stdout=subprocess.PIPE, text=True) as process:
        yield process
        process.kill()


def printed_place(holder: subprocess.Popen[str]) -> Path:
    assert holder.stdout is not None
    return Path(holder.stdout.readline().strip())


def port_of(world: World, name: str) -> int:
    return world.ports.of(name)


@pytest.mark.usefixtures("standins")
def test_a_world_is_whole_and_each_part_can_be_stopped_and_started() -> None:
    with running_world() as world:
        assert world.is_new
        assert all(get_status(port_of(world, name), "/readyz") == 200 for name in SERVICES)
        check_token(world)
        check_kill_and_restart(world)
        check_one_more_process(world)
        place = world.log("issuer").parents[1]
        assert place.exists()
        world.stop_kafka()
        assert not world.is_running("kafka")
        world.start_kafka()
        assert world.is_running("kafka")
        with psycopg.connect(world.admin_url) as connection:
            assert connection.info.server_version // 10_000 == 18
    assert not place.exists()
    assert all(is_unused(port_of(world, name)) for name in world.process_names)


def check_token(world: World) -> None:
    token = world.token(role="rep,manager", rep="rep-017", sub="alice")
    keys = KeySet.import_key_set(httpx.get(f"{world.addresses['issuer']}/jwks.json", trust_env=False).json())
    claims = jwt.decode(token, keys, algorithms=["ES256"]).claims
    assert (claims["iss"], claims["roles"], claims["rep_id"]) == (world.addresses["issuer"], ["rep", "manager"], "rep-017")


def check_kill_and_restart(world: World) -> None:
    world.kill("routing")
    assert not world.is_running("routing")
    assert get_status(port_of(world, "routing"), "/readyz") is None
    world.restart("routing", environment={"STANDIN_SAYS": "started again"})
    assert get_status(port_of(world, "routing"), "/readyz") == 200
    assert "started again" in world.log("routing").read_text()


def check_one_more_process(world: World) -> None:
    world.start_another("routing", "routing-second", part="worker", environment={"STANDIN_SAYS": "a second one"})
    world.wait_until_ready("routing", "routing-second")
    assert world.pid("routing") != world.pid("routing-second")
    assert get_status(world.port("routing-second"), "/readyz") == 200
    assert "a second one" in world.log("routing-second").read_text()
    world.stop("routing-second")
    assert world.pid("routing-second") is None
    assert world.is_running("routing")


def test_a_mode_other_than_development_is_refused_before_anything_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FULLCIRCLE_MODE", "production")
    with pytest.raises(LaunchFailed, match="FULLCIRCLE_MODE is 'production'"), running_world():
        pytest.fail("began in production mode")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_nothing_is_left_when_the_holder_is_told_to_stop(number: signal.Signals, holder: subprocess.Popen[str]) -> None:
    place = printed_place(holder)
    sleeper = Started(**json.loads((place / "pids" / "sleeper.json").read_text()))
    assert sleeper.is_running()
    holder.send_signal(number)
    assert holder.wait(20) != 0
    assert not sleeper.is_running()
    assert not place.exists()


def test_what_a_killed_holder_left_is_cleared_away_by_the_next_one(holder: subprocess.Popen[str]) -> None:
    place = printed_place(holder)
    sleeper = Started(**json.loads((place / "pids" / "sleeper.json").read_text()))
    holder.kill()
    holder.wait()
    assert sleeper.is_running()
    with short_lived_place():
        assert not sleeper.is_running()
        assert not place.exists()
