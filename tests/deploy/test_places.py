"""Places: one per clone, and never a folder that somebody else prepared."""

from pathlib import Path

import pytest

from deploy.launcher.failures import LaunchFailed
from deploy.launcher.places import CHECKOUT, lasting_place, owned_directory, write_privately


def test_a_clone_finds_the_same_place_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FULLCIRCLE_STATE_DIR", raising=False)
    assert lasting_place() == lasting_place()
    assert lasting_place().name.startswith(CHECKOUT.name)


def test_others_may_pass_through_a_place_but_not_list_it(tmp_path: Path) -> None:
    assert owned_directory(tmp_path / "made").stat().st_mode & 0o777 == 0o711


def test_a_folder_that_others_can_write_to_is_refused(tmp_path: Path) -> None:
    shared = tmp_path / "shared"
    shared.mkdir()
    shared.chmod(0o777)
    with pytest.raises(LaunchFailed, match="nobody else can write to"):
        owned_directory(shared)


def test_a_link_to_a_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path)
    with pytest.raises(LaunchFailed, match="must be a folder of your own"):
        owned_directory(tmp_path / "link")


def test_what_is_written_privately_can_be_read_by_its_owner_alone(tmp_path: Path) -> None:
    write_privately(tmp_path / "passwords", "secret")
    assert (tmp_path / "passwords").read_text() == "secret"
    assert (tmp_path / "passwords").stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.iterdir()) == [tmp_path / "passwords"]
