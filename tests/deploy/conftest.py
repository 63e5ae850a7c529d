"""What the launcher's tests share: services that can be started before any real one, and a folder PostgreSQL may enter."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import pytest

from deploy.launcher.places import CHECKOUT, user_directory
from deploy.launcher.ports import Ports, unused_ports
from deploy.launcher.servers import SERVICES


@pytest.fixture
def place() -> Iterator[Path]:
    """A folder where a clone's world could live; pytest's own lie where PostgreSQL's account can't go."""
    made = Path(tempfile.mkdtemp(dir=user_directory()))
    yield made
    shutil.rmtree(made)


@pytest.fixture
def standins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`python -m intake` and the other three start stand-ins."""
    for name in SERVICES:
        shutil.copy(Path(__file__).with_name("standin_service.py"), tmp_path / f"{name}.py")
    path = [str(tmp_path), str(CHECKOUT), os.environ.get("PYTHONPATH", "")]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, path)))


@pytest.fixture
def ports(monkeypatch: pytest.MonkeyPatch) -> Ports:
    """Ports that nothing else uses, given to whatever the test starts."""
    found = unused_ports()
    for name, port in asdict(found).items():
        monkeypatch.setenv(f"FULLCIRCLE_{name.upper()}_PORT", str(port))
    return found
