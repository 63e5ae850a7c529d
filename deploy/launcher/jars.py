"""Kafka's jars: read from the committed lock, fetched by their Maven coordinates, and never used unless their sha256 is the locked one."""

import hashlib
import os
import tempfile
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import requests
from jgo.maven import MavenContext

from deploy.launcher.failures import LaunchFailed

LOCK = Path(__file__).with_name("kafka-jars.lock")

# What the lock is resolved from. "!" tells jgo to leave out the version preferences that each of them states for
# other projects; taken over, log4j's would turn kafka-clients into an older one than the broker.
# The binding is what makes the broker log at all; its version is that of the log4j-core that Kafka brings.
ROOTS = ("org.apache.kafka:kafka_2.13:4.3.1!", "org.apache.logging.log4j:log4j-slf4j-impl:2.25.4!")

_REQUEST_TIMEOUT_SECONDS = 60
_DOWNLOADS_AT_ONCE = 8


@dataclass(frozen=True, order=True)
class LockedJar:
    """One line of the lock: `group:artifact:version sha256`."""

    coordinate: str
    sha256: str

    @property
    def filename(self) -> str:
        _, artifact, version = self.coordinate.split(":")
        return f"{artifact}-{version}.jar"


def read_lock(lock: Path = LOCK) -> list[LockedJar]:
    """Every jar that Kafka needs at run time."""
    return [LockedJar(*line.split(" ")) for line in lock.read_text().splitlines()]


def jar_cache() -> Path:
    """The folder in which all clones of this user keep their jars."""
    caches = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(caches) / "fullcircle" / "jars"


def fetch_jars(jars: Iterable[LockedJar], *, cache: Path) -> list[Path]:
    """The files of these jars, downloaded where the cache has none, each one's sha256 checked now.

    Fails on a download that does not come and on a file that is not the locked one, which is removed.
    """
    cache.mkdir(parents=True, exist_ok=True)
    wanted = {jar: cache / jar.filename for jar in jars}
    missing = [jar for jar, path in wanted.items() if not path.exists()]
    if missing:
        _download(missing, cache=cache)
    for jar, path in wanted.items():
        _require_locked_content(jar, path)
    return list(wanted.values())


def resolve_roots() -> list[LockedJar]:
    """The jars that the roots need at run time, downloaded afresh: the content of a new lock."""
    with tempfile.TemporaryDirectory() as scratch:
        context = MavenContext(repo_cache=Path(scratch), timeout=_REQUEST_TIMEOUT_SECONDS)
        roots, others = context.resolver.resolve([context.create_dependency(root) for root in ROOTS])
        needed = [*roots, *others]
        with ThreadPoolExecutor(_DOWNLOADS_AT_ONCE) as downloads:
            paths = downloads.map(lambda dependency: dependency.artifact.resolve(), needed)
            return sorted(
                LockedJar(f"{dependency.groupId}:{dependency.artifactId}:{dependency.version}", sha256_of(path))
                for dependency, path in zip(needed, paths, strict=True)
            )


def write_lock(jars: Iterable[LockedJar], lock: Path = LOCK) -> None:
    lock.write_text("".join(f"{jar.coordinate} {jar.sha256}\n" for jar in jars))


def sha256_of(path: Path) -> str:
    with path.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def _download(jars: list[LockedJar], *, cache: Path) -> None:
    # Fetched beside the cache and moved in whole: a download cut short never looks like a jar.
    with tempfile.TemporaryDirectory(dir=cache, prefix=".arriving-") as scratch:
        context = MavenContext(repo_cache=Path(scratch), timeout=_REQUEST_TIMEOUT_SECONDS)

        def fetch(jar: LockedJar) -> None:
            group, artifact, version = jar.coordinate.split(":")
            arriving = context.project(group, artifact).at_version(version).artifact()
            try:
                arrived = context.resolver.download(arriving)
            except (requests.RequestException, RuntimeError) as failure:  # jgo raises the latter for "not found"
                raise LaunchFailed(f"The download of Kafka's jar {jar.coordinate} failed: {_first_line(failure)}") from failure
            if arrived is None:
                raise LaunchFailed(f"The download of Kafka's jar {jar.coordinate} brought no file.")
            _require_locked_content(jar, arrived)
            arrived.replace(cache / jar.filename)

        with ThreadPoolExecutor(_DOWNLOADS_AT_ONCE) as downloads:
            pending = [downloads.submit(fetch, jar) for jar in jars]
            try:
                for download in pending:
                    download.result()
            finally:
                downloads.shutdown(cancel_futures=True)


def _require_locked_content(jar: LockedJar, path: Path) -> None:
    found = sha256_of(path)
    if found != jar.sha256:
        path.unlink()
        raise LaunchFailed(
            f"{path} is not the jar {jar.coordinate} of the lock (sha256 {found}, locked {jar.sha256}); it has been removed."
        )


def _first_line(failure: Exception) -> str:
    return str(failure).partition("\n")[0]
