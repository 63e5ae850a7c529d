"""Writes the locks anew: the Python packages with their hashes, and Kafka's jars with theirs."""

import subprocess
import tempfile
import venv
from pathlib import Path

from deploy.launcher.jars import resolve_roots, write_lock
from deploy.launcher.places import CHECKOUT

_UV = "uv==0.13.9"  # resolves for every platform at once, which pip can't
_REQUIREMENTS = Path("deploy/requirements")
_SERVICES = _REQUIREMENTS / "services.txt"
_DEVELOPMENT = _REQUIREMENTS / "development.txt"
_OPTIONS = ("--universal", "--python-version=3.11", "--generate-hashes", "--no-emit-index-url", "--no-header", "--quiet")


def main() -> None:
    with tempfile.TemporaryDirectory() as scratch:
        venv.create(scratch, with_pip=True)
        binaries = Path(scratch) / "bin"
        subprocess.run([binaries / "python", "-m", "pip", "install", "--quiet", _UV], check=True)
        _compile(binaries / "uv", _SERVICES)
        # What developers run is what is deployed, and more.
        _compile(binaries / "uv", _DEVELOPMENT, f"--constraint={_SERVICES}")
    write_lock(resolve_roots())


def _compile(uv: Path, lock: Path, *options: str) -> None:
    command = [str(uv), "pip", "compile", *_OPTIONS, *options, f"--output-file={lock}", str(lock.with_suffix(".in"))]
    # Relative paths, because uv writes them into the lock.
    subprocess.run(command, cwd=CHECKOUT, check=True)


if __name__ == "__main__":
    main()
