"""The commands behind `make up`, `make down` and their kind, on a place and ports of the test's own."""

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import psycopg
import pytest

from deploy.launcher import external_kafka
from deploy.launcher.ports import Ports, is_unused
from deploy.launcher.processes import Roster
from deploy.launcher.servers import SERVICES, Servers, servers

EVERYTHING = {*SERVICES, "issuer", "kafka", "postgres"}


@pytest.fixture(autouse=True)
def world_of_the_test(place: Path, ports: Ports, standins: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("FULLCIRCLE_STATE_DIR", str(place))
    monkeypatch.delenv("FULLCIRCLE_POSTGRES_ADMIN_URL", raising=False)
    monkeypatch.delenv("FULLCIRCLE_KAFKA_BOOTSTRAP", raising=False)
    yield
    launcher("down")


def launcher(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "deploy.launcher", *arguments], capture_output=True, text=True, check=False, timeout=100)


def running(place: Path) -> set[str]:
    return set(Roster(place).running())


def migrations_counted(place: Path, ports: Ports) -> int:
    password = json.loads((place / "passwords.json").read_text())["routing"]
    address = f"postgresql://fullcircle_routing:{password}@127.0.0.1:{ports.postgres}/fullcircle_routing"
    with psycopg.connect(address) as connection:
        row = connection.execute("SELECT count(*) FROM migrations").fetchone()
        assert row is not None
        return int(row[0])


def assert_nothing_is_left(place: Path, ports: Ports) -> None:
    assert running(place) == set()
    assert all(is_unused(port) for port in asdict(ports).values())


def test_a_world_is_started_once_found_stopped_and_started_again_with_its_data(place: Path, ports: Ports) -> None:
    assert launcher("addresses").returncode == 1
    assert start_twice_at_once() == ["Full Circle already runs:", "Full Circle runs:"]
    assert running(place) == EVERYTHING

    printed = launcher("addresses").stdout
    assert printed.count("\n") == 1
    addresses = json.loads(printed)
    assert set(addresses) == EVERYTHING
    assert (addresses["intake"], addresses["kafka"]) == (f"http://127.0.0.1:{ports.intake}", f"127.0.0.1:{ports.kafka}")
    assert launcher("token", "--role=rep", "--rep=", "--sub=").stdout.count(".") == 2
    refused = launcher("clean-state")
    assert refused.returncode == 1
    assert "make down" in refused.stderr

    assert launcher("down").returncode == 0
    assert_nothing_is_left(place, ports)
    assert launcher("up").returncode == 0
    assert migrations_counted(place, ports) == 2

    Roster(place).kill(["feedback"])
    assert set(json.loads(launcher("addresses").stdout)) == EVERYTHING - {"feedback"}
    again = launcher("up")
    assert "feedback ended since the last start" in again.stderr
    assert running(place) == EVERYTHING
    launcher("down")
    assert launcher("clean-state").returncode == 0
    assert [path.name for path in place.iterdir()] == ["lock"]


def start_twice_at_once() -> list[str]:
    command = [sys.executable, "-m", "deploy.launcher", "up"]
    starts = [subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(2)]
    return sorted(start.communicate(timeout=100)[0].partition("\n")[0] for start in starts)


@pytest.fixture(scope="module")
def other_servers() -> Iterator[Servers]:
    """Servers that the launcher under test did not start."""
    with pytest.MonkeyPatch.context() as environment:
        environment.delenv("FULLCIRCLE_POSTGRES_ADMIN_URL", raising=False)
        environment.delenv("FULLCIRCLE_KAFKA_BOOTSTRAP", raising=False)
        with servers() as started:
            yield started


@pytest.fixture
def found(other_servers: Servers, monkeypatch: pytest.MonkeyPatch) -> Servers:
    """The environment names servers that already run."""
    monkeypatch.setenv("FULLCIRCLE_POSTGRES_ADMIN_URL", other_servers.admin_url)
    monkeypatch.setenv("FULLCIRCLE_KAFKA_BOOTSTRAP", other_servers.kafka_bootstrap)
    return other_servers


def test_a_service_that_fails_is_told_with_its_log_and_nothing_is_left(place: Path, ports: Ports, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STANDIN_FAILS", "routing starting")
    failed = launcher("up")
    assert failed.returncode == 1
    assert "routing ended before it was ready" in failed.stderr
    assert "a setting that makes no sense" in failed.stderr
    assert str(place / "logs" / "routing.log") in failed.stderr
    assert "Traceback" not in failed.stderr
    assert_nothing_is_left(place, ports)


@pytest.mark.usefixtures("found")
def test_a_migration_that_fails_is_told_with_its_log_and_nothing_is_left(
    place: Path, ports: Ports, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STANDIN_FAILS", "routing migrating")
    failed = launcher("up")
    assert failed.returncode == 1
    assert "routing-migrate failed with exit status 1" in failed.stderr
    assert "a migration that can't be applied" in failed.stderr
    assert_nothing_is_left(place, ports)


def test_a_port_in_use_is_told_before_anything_starts(place: Path, ports: Ports) -> None:
    with subprocess.Popen([sys.executable, "-m", "http.server", "--bind=127.0.0.1", str(ports.intake)], stderr=subprocess.DEVNULL) as other:
        try:
            while is_unused(ports.intake):
                assert other.poll() is None
            failed = launcher("up")
        finally:
            other.kill()
    assert failed.returncode == 1
    assert f"Port {ports.intake} " in failed.stderr
    assert "FULLCIRCLE_INTAKE_PORT" in failed.stderr
    assert running(place) == set()


def test_nothing_is_left_of_a_start_that_is_interrupted(place: Path, ports: Ports) -> None:
    with subprocess.Popen([sys.executable, "-m", "deploy.launcher", "up"], stderr=subprocess.PIPE, text=True) as starting:
        assert starting.stderr is not None
        assert any("Migrating" in line for line in starting.stderr)
        starting.send_signal(signal.SIGTERM)
        assert starting.wait(30) == 130
    assert_nothing_is_left(place, ports)


def test_servers_that_already_run_are_used_and_left_running(found: Servers, place: Path) -> None:
    up = launcher("up")
    assert up.returncode == 0, up.stderr
    assert running(place) == {*SERVICES, "issuer"}
    addresses = json.loads(launcher("addresses").stdout)
    assert (addresses["kafka"], addresses["postgres"]) == (found.kafka_bootstrap, found.addresses["postgres"])

    services_environment = Path(f"/proc/{pid_of('intake', place)}/environ").read_bytes()
    assert found.kafka_bootstrap.encode() in services_environment
    assert found.admin_url.encode() not in services_environment

    assert launcher("down").returncode == 0
    with psycopg.connect(found.admin_url) as connection:
        rows = connection.execute("SELECT datname FROM pg_database WHERE datname = 'fullcircle_routing'").fetchall()
    assert rows == [("fullcircle_routing",)]
    assert external_kafka.topics(found.kafka_bootstrap) == set()


def pid_of(name: str, place: Path) -> int:
    pid: int = json.loads((place / "pids" / f"{name}.json").read_text())["pid"]
    return pid


def test_production_mode_is_refused(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FULLCIRCLE_MODE", "production")
    refused = launcher("up")
    assert refused.returncode == 1
    assert "FULLCIRCLE_MODE" in refused.stderr
    assert refused.stderr.count("\n") == 1
    assert running(place) == set()
