"""The job that makes the databases: run once or again, each role reaches its own database and no other."""

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from sqlalchemy.engine import make_url

from deploy.compose.databases import SERVICES, main
from deploy.launcher.servers import servers


@pytest.fixture
def passwords(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The secrets' folder of a deployment whose PostgreSQL server has just been started."""
    with servers(kafka=False) as started:
        admin = make_url(started.admin_url)
        (tmp_path / "postgres_database_password").write_text(f"{admin.password}\n")
        for name in SERVICES:
            (tmp_path / f"{name}_database_password").write_text(f"{name}'s own\n")
        monkeypatch.setenv("FULLCIRCLE_POSTGRES_HOST", str(admin.host))
        monkeypatch.setenv("FULLCIRCLE_POSTGRES_PORT", str(admin.port))
        monkeypatch.setenv("FULLCIRCLE_POSTGRES_ADMIN_PASSWORD_FILE", str(tmp_path / "postgres_database_password"))
        monkeypatch.setenv("FULLCIRCLE_PASSWORDS_DIRECTORY", str(tmp_path))
        monkeypatch.setenv("PGHOST", str(admin.host))
        monkeypatch.setenv("PGPORT", str(admin.port))
        yield tmp_path


def connect(role: str, *, password: str, database: str) -> psycopg.Connection:
    return psycopg.connect(user=f"fullcircle_{role}", password=password, dbname=f"fullcircle_{database}", autocommit=True)


def test_run_again_it_keeps_the_data_and_takes_the_new_password(passwords: Path) -> None:
    main()
    with connect("intake", password="intake's own", database="intake") as connection:
        connection.execute("CREATE TABLE kept ()")
    with pytest.raises(psycopg.OperationalError, match="permission denied"):
        connect("intake", password="intake's own", database="routing")

    (passwords / "intake_database_password").write_text("another\n")
    main()
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        connect("intake", password="intake's own", database="intake")
    with connect("intake", password="another", database="intake") as connection:
        connection.execute("SELECT FROM kept")


def test_an_empty_password_makes_nothing(passwords: Path) -> None:
    (passwords / "routing_database_password").write_text("\n")
    with pytest.raises(SystemExit, match="routing_database_password is empty"):
        main()


def test_a_wrong_administrators_password_is_told_in_a_sentence(passwords: Path) -> None:
    (passwords / "postgres_database_password").write_text("wrong")
    with pytest.raises(SystemExit, match="can't be administered"):
        main()
