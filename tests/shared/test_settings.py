"""What a service is told by its environment, and the one thing a file may tell it."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from sqlalchemy.engine import make_url

from shared.settings import ServiceSettings, TextSettings

REQUIRED = {"kafka_bootstrap": "kafka:9092", "oidc_issuer": "http://issuer", "port": 8001, "public_url": "http://testserver"}
ADDRESS = "postgresql+psycopg://fullcircle_intake@postgres:5432/fullcircle_intake"


def settings(**given: object) -> ServiceSettings:
    return ServiceSettings.model_validate({"database_url": ADDRESS, **REQUIRED, **given})


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("secrets") / "database_password"


@given(password=st.text(st.characters(min_codepoint=33, max_codepoint=0x2FF), min_size=1).filter(lambda text: text == text.strip()))
def test_the_password_of_the_file_reaches_the_database_whatever_it_is_made_of(password: str, file: Path) -> None:
    file.write_text(f"{password}\n")
    url = make_url(settings(database_password_file=file).database_url.get_secret_value())
    assert (url.password, url.username, url.host, url.database) == (password, "fullcircle_intake", "postgres", "fullcircle_intake")


def test_without_a_file_the_address_is_taken_as_it_is() -> None:
    assert settings().database_url.get_secret_value() == ADDRESS


def test_the_files_name_comes_from_the_environment(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file.write_text("secret")
    for name, value in {**REQUIRED, "database_url": ADDRESS, "database_password_file": file}.items():
        monkeypatch.setenv(f"FULLCIRCLE_{name.upper()}", str(value))
    assert make_url(ServiceSettings().database_url.get_secret_value()).password == "secret"


def test_a_password_shows_in_no_text_of_the_settings(file: Path) -> None:
    file.write_text("correct-horse")
    assert "correct-horse" not in repr(settings(database_password_file=file))


@pytest.mark.parametrize("content", [None, "", " \n"])
def test_a_file_that_is_missing_or_empty_is_refused(content: str | None, tmp_path: Path) -> None:
    if content is not None:
        (tmp_path / "password").write_text(content)
    with pytest.raises(ValidationError, match=r"database_(url|password_file)"):
        settings(database_password_file=tmp_path / "password")


def test_a_refused_address_is_not_repeated_with_its_password() -> None:
    with pytest.raises(ValidationError, match="must start with") as refused:
        settings(database_url="postgresql://someone:correct-horse@postgres/db")
    assert "correct-horse" not in str(refused.value)


def text_settings(**given: object) -> TextSettings:
    return TextSettings.model_validate({"database_url": ADDRESS, **REQUIRED, **given})


def test_the_secret_for_texts_is_a_files_and_shows_in_no_text_of_the_settings(tmp_path: Path) -> None:
    (tmp_path / "text_secret").write_text(f"{'correct-horse' * 4}\n")
    found = text_settings(text_secret_file=tmp_path / "text_secret")
    assert found.text_secret == "correct-horse" * 4
    assert "correct-horse" not in repr(found)


@pytest.mark.parametrize("content", [None, "", "too short", " " * 64])
def test_a_secret_for_texts_that_is_missing_or_short_is_refused_in_production(content: str | None, tmp_path: Path) -> None:
    file = tmp_path / "text_secret"
    if content is not None:
        file.write_text(content)
    with pytest.raises(ValidationError, match="text_secret_file"):
        text_settings(**({} if content is None else {"text_secret_file": file}))


def test_development_needs_no_secret_for_texts() -> None:
    assert len(text_settings(mode="development").text_secret) >= 32
