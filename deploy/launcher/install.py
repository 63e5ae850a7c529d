"""Installs what the commands need into `.venv`, unless that is done already. Runs before anything is installed.

Called with any Python: one that is too old must be able to read this file and say so.
"""

import hashlib
import subprocess
import sys
import venv
from pathlib import Path

_OLDEST_PYTHON = (3, 11)
_CHECKOUT = Path(__file__).resolve().parents[2]
_VENV = _CHECKOUT / ".venv"
_PYTHON = _VENV / "bin" / "python"
_LOCK = _CHECKOUT / "deploy" / "requirements" / "development.txt"
_PACKAGES = ["shared", *(f"services/{name}" for name in ("intake", "routing", "feedback", "reporting"))]
_STAMP = _VENV / "installed"
_LOG = _VENV / "install.log"


def main() -> None:
    if sys.version_info < _OLDEST_PYTHON:
        sys.exit(
            f"Full Circle needs Python 3.11 or newer, and {sys.executable} is {sys.version_info[0]}.{sys.version_info[1]}; "
            "name another one, as in `make up PYTHON=python3.12`."
        )
    wanted = _fingerprint()
    if _STAMP.exists() and _STAMP.read_text() == wanted:
        return
    _make_environment()
    _say("Installing the locked packages into .venv ...")
    _pip("--require-hashes", "--only-binary=:all:", "--requirement", str(_LOCK), what=f"the packages of {_LOCK.relative_to(_CHECKOUT)}")
    local = [argument for package in _PACKAGES for argument in ("--editable", str(_CHECKOUT / package))]
    _pip("--no-deps", "--no-build-isolation", *local, what="the packages of this checkout")
    _STAMP.write_text(wanted)


def _fingerprint() -> str:
    """Changes with all that the installation depends on: the interpreter, the place, the lock, the packages' descriptions."""
    digest = hashlib.sha256(repr((sys.version, str(_CHECKOUT))).encode())
    for file in (_LOCK, *(_CHECKOUT / package / "pyproject.toml" for package in _PACKAGES)):
        digest.update(hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()


def _make_environment() -> None:
    """Keeps an environment of this very Python; what the lock has changed is then all there is to install."""
    _STAMP.unlink(missing_ok=True)
    if _PYTHON.exists():
        tried = subprocess.run([_PYTHON, "-c", "import sys; print(sys.version)"], capture_output=True, text=True, check=False)
        if tried.stdout.strip() == sys.version:
            return
    _say(f"Making .venv with Python {sys.version_info.major}.{sys.version_info.minor} ...")
    try:
        venv.create(_VENV, with_pip=True, clear=True)
    except (OSError, subprocess.CalledProcessError) as failure:
        sys.exit(f"Python's venv could not make {_VENV}; some systems need a package such as python3-venv for it: {failure}")


def _pip(*arguments: str, what: str) -> None:
    """Installs, keeping pip's own words in a log; ends the program with one sentence when it fails."""
    with _LOG.open("w") as log:
        done = subprocess.run([_PYTHON, "-m", "pip", "install", *arguments], stdout=log, stderr=subprocess.STDOUT, check=False)
    if done.returncode:
        errors = [line for line in _LOG.read_text().splitlines() if line.startswith("ERROR: ")]
        reason = errors[-1].removeprefix("ERROR: ") if errors else f"pip ended with status {done.returncode}"
        sys.exit(f"Installing {what} failed: {reason} (all of pip's output: {_LOG})")


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
