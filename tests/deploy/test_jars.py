"""Kafka's jars: nothing is missing from the lock, and nothing but the locked bytes is used."""

import re
from pathlib import Path

import pytest

from deploy.launcher.failures import LaunchFailed
from deploy.launcher.jars import LOCK, ROOTS, LockedJar, fetch_jars, jar_cache, read_lock, sha256_of


def test_every_line_of_the_lock_is_a_coordinate_and_a_sha256() -> None:
    lines = LOCK.read_text().splitlines()
    assert len(lines) > len(ROOTS)
    assert all(re.fullmatch(r"[\w.-]+:[\w.-]+:[\w.-]+ [0-9a-f]{64}", line) for line in lines)


def test_the_lock_names_each_jar_once_and_holds_what_it_was_resolved_from() -> None:
    jars = read_lock()
    assert len({jar.filename for jar in jars}) == len(jars)
    assert {root.removesuffix("!") for root in ROOTS} <= {jar.coordinate for jar in jars}


@pytest.mark.parametrize("group", ["org.apache.kafka:kafka", "org.apache.logging.log4j:"])
def test_jars_that_are_released_together_are_locked_at_one_version(group: str) -> None:
    assert len({jar.coordinate.rpartition(":")[2] for jar in read_lock() if jar.coordinate.startswith(group)}) == 1


def test_jars_are_fetched_into_an_empty_cache_and_found_again(tmp_path: Path) -> None:
    smallest = next(jar for jar in read_lock() if jar.filename.startswith("jspecify-"))
    (fetched,) = fetch_jars([smallest], cache=tmp_path / "jars")
    assert sha256_of(fetched) == smallest.sha256
    written_at = fetched.stat().st_mtime_ns
    assert fetch_jars([smallest], cache=tmp_path / "jars") == [fetched]
    assert fetched.stat().st_mtime_ns == written_at
    assert list((tmp_path / "jars").iterdir()) == [fetched]


def test_a_cached_jar_that_was_tampered_with_is_refused_and_removed(tmp_path: Path) -> None:
    jar = next(jar for jar in read_lock() if jar.filename.startswith("kafka-clients-"))
    tampered = tmp_path / jar.filename
    (cached,) = fetch_jars([jar], cache=jar_cache())
    tampered.write_bytes(cached.read_bytes() + b"\0")
    with pytest.raises(LaunchFailed, match=f"{jar.filename} is not the jar {jar.coordinate} of the lock") as refusal:
        fetch_jars([jar], cache=tmp_path)
    assert "\n" not in str(refusal.value)
    assert not tampered.exists()


def test_a_download_that_is_not_the_locked_jar_never_reaches_the_cache(tmp_path: Path) -> None:
    jar = next(jar for jar in read_lock() if jar.filename.startswith("jspecify-"))
    with pytest.raises(LaunchFailed, match=r"locked 0{64}"):
        fetch_jars([LockedJar(jar.coordinate, "0" * 64)], cache=tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_download_that_fails_is_told_in_one_sentence_that_names_the_jar(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")  # the port of the discard service, where nothing listens
    jar = read_lock()[0]
    with pytest.raises(LaunchFailed, match=f"download of Kafka's jar {jar.coordinate} failed") as failure:
        fetch_jars([jar], cache=tmp_path)
    assert "\n" not in str(failure.value)
    assert list(tmp_path.iterdir()) == []
