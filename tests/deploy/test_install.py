"""Installing: what goes wrong is told in one sentence, and what was not installed is not taken for installed."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from deploy.launcher.places import CHECKOUT

INSTALL = Path("deploy/launcher/install.py")
LOCK = Path("deploy/requirements/development.txt")
UNREACHABLE = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": ""}


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A clone that holds only what the installation reads."""
    for file in (INSTALL, LOCK, *(Path(package) / "pyproject.toml" for package in packages())):
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(CHECKOUT / file, tmp_path / file)
    return tmp_path


def packages() -> list[str]:
    return ["shared", *(f"services/{name}" for name in ("intake", "routing", "feedback", "reporting"))]


def test_a_download_that_fails_is_told_in_one_sentence_and_tried_again_next_time(checkout: Path) -> None:
    for _ in range(2):
        failed = subprocess.run(
            [sys.executable, checkout / INSTALL], env=os.environ | UNREACHABLE, capture_output=True, text=True, check=False
        )
        assert failed.returncode == 1
        (sentence,) = [line for line in failed.stderr.splitlines() if not line.endswith("...")]
        assert sentence.startswith("Installing the packages of deploy/requirements/development.txt failed: No matching distribution")
        assert str(checkout / ".venv" / "install.log") in sentence
    assert not (checkout / ".venv" / "installed").exists()


def test_a_python_that_is_too_old_is_told_so_before_anything_is_made(checkout: Path) -> None:
    pretend = f"import runpy, sys; sys.version_info = (3, 10, 0); runpy.run_path({str(checkout / INSTALL)!r}, run_name='__main__')"
    refused = subprocess.run([sys.executable, "-c", pretend], capture_output=True, text=True, check=False)
    assert refused.returncode == 1
    assert "needs Python 3.11 or newer" in refused.stderr
    assert refused.stderr.count("\n") == 1
    assert not (checkout / ".venv").exists()
