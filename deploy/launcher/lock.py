"""Writes both locks anew: the Python packages with their hashes, and Kafka's jars with theirs."""

import subprocess
import tempfile
import venv
from pathlib import Path

from deploy.launcher.jars import resolve_roots, write_lock
from deploy.launcher.places import CHECKOUT

_UV = "uv==0.13.9"  # resolves for every platform at once, which pip can't
_REQUIREMENTS = CHECKOUT / "deploy" / "requirements"
_OPTIONS = (
    "--universal",
    "--python-version=3.11",
    "--generate-hashes",
    "--no-emit-index-url",
    "--no-header",
    "--quiet",
)


def main() -> None:
    with tempfile.TemporaryDirectory() as scratch:
        venv.create(scratch, with_pip=True)
        binaries = Path(scratch) / "bin"
        subprocess.run([binaries / "python", "-m", "pip", "install", "--quiet", _UV], check=True)
        for name in ("services", "development"):
            source = _REQUIREMENTS / f"{name}.in"
            target = source.with_suffix(".txt")
            subprocess.run([binaries / "uv", "pip", "compile", *_OPTIONS, f"--output-file={target}", source], check=True)
    write_lock(resolve_roots())


if __name__ == "__main__":
    main()
