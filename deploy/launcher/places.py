"""Where a world keeps its files: one lasting place per clone, and short-lived ones for tests and the demo."""

import hashlib
import os
import stat
from pathlib import Path

from deploy.launcher.failures import LaunchFailed

CHECKOUT = Path(__file__).resolve().parents[2]

# Others may pass through (PostgreSQL's unprivileged account must, under root) but neither list nor write.
_PASSABLE = 0o711
_PRIVATE = 0o700


def user_directory() -> Path:
    """This user's folder for every world on this machine.

    It lies where an unprivileged account can reach it, because PostgreSQL refuses to run as root and a checkout or
    home directory is often closed to others.
    """
    return owned_directory(Path("/var/tmp") / f"fullcircle-{os.geteuid()}")  # noqa: S108 - owner and mode are checked


def lasting_place() -> Path:
    """The folder of this clone's own world: the same one each time, other clones have others."""
    chosen = os.environ.get("FULLCIRCLE_STATE_DIR")
    if chosen:
        return owned_directory(Path(chosen).absolute())
    digest = hashlib.sha256(str(CHECKOUT).encode()).hexdigest()[:10]
    return owned_directory(user_directory() / f"{CHECKOUT.name}-{digest}")


def temporary_places() -> Path:
    """The folder in which short-lived worlds make theirs."""
    return owned_directory(user_directory() / "temporary")


def owned_directory(path: Path) -> Path:
    """Makes the folder when it is missing; refuses one that somebody else prepared or can write to."""
    path.mkdir(mode=_PASSABLE, parents=True, exist_ok=True)
    found = path.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid() or found.st_mode & 0o022:
        raise LaunchFailed(f"{path} must be a folder of your own that nobody else can write to; remove it, or fix its owner and mode.")
    path.chmod(_PASSABLE)
    return path


def private_directory(path: Path) -> Path:
    """Makes the folder, closed to everyone else, when it is missing."""
    path.mkdir(mode=_PRIVATE, exist_ok=True)
    return path


def write_privately(path: Path, content: str) -> None:
    """Replaces the file in one step, readable by its owner alone."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as opened:
        opened.write(content)
    draft.replace(path)
